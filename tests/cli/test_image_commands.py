"""The image commands: what they print, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from notebook_runner.images.manifest import Manifest

COMMAND = Path(sys.executable).with_name("notebook-runner")
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/engine.sock"}


def run(*arguments, **env):
    """Run an image command and return how it ended."""
    return subprocess.run(
        [COMMAND, "image", *map(str, arguments)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def write_manifest(tmp_path):
    """Write a manifest with these packages, and a size in bytes, into a file."""

    def write(name, size=100, **packages):
        kernels = {
            "python": "3.11.2",
            "executable": "/opt/kernels/bin/python",
            "packages": packages,
            "sizes": dict.fromkeys(packages, 10),
        }
        system = {"id": "debian", "version": "12", "name": "Debian 12", "architecture": "x86_64"}
        manifest = Manifest.model_validate(
            {
                "probed": name,
                "os": system,
                "python": "3.11.2",
                "environments": {"kernels": kernels},
                "cuda": {},
                "size": size,
            }
        )
        file = tmp_path / f"{name}.json"
        file.write_text(manifest.model_dump_json())
        return file

    return write


# ---- errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["probe", "lab"], 43, "There is no container engine at unix:///nowhere/engine.sock"),
        (["probe", "--reference", "any:1"], 43, "There is no container engine"),
        (["probe", "--container", "any"], 43, "There is no container engine"),
        (["probe", "lap"], 43, "There is no container engine"),
        (["probe", "lap", "--variant", "cpu"], 42, "There is no image 'lap'. There is: lab, "),
        (["probe", "lab/gpu", "--variant", "cpu"], 42, "lab/gpu is not the variant 'cpu'"),
        (["probe", "lab/tpu"], 42, "has no variant 'tpu'. It has: cpu, gpu."),
        (["probe", "galaxy-lab:1"], 43, "There is no container engine"),
        (["probe", "lab", "--variant", "tpu"], 42, "has no variant 'tpu'. It has: cpu, gpu."),
        (["probe", "--environment", "/usr/share"], 40, "there is no bin/python in it"),
        (["probe"], 2, "Name one thing to probe"),
        (["probe", "lab", "--container", "any"], 2, "Name one thing to probe"),
        (["size", "lab"], 43, "There is no container engine"),
        (["size", "lab/tpu"], 42, "has no variant 'tpu'"),
        (["diff", "/etc/hostname", "/etc/hostname"], 40, "/etc/hostname is not a manifest"),
        (["diff", "gone.json", "gone.json"], 40, "gone.json cannot be read: No such file"),
        (["diff", "lab/tpu", "lab/cpu"], 42, "has no variant 'tpu'"),
        (["diff", "lab/cpu", "lab/gpu"], 43, "There is no container engine"),
        (["diff", "--policy", "gone.yml", "a", "b"], 40, "The policy gone.yml cannot be read"),
        (["diff", "--policy", "p", "--no-policy", "a", "b"], 2, "exclude each other"),
    ],
)
def test_a_mistake_is_told_in_a_line_with_its_exit_code(arguments, code, message):
    ended = run(*arguments, **NO_ENGINE)
    assert ended.returncode == code, ended.stderr
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    if code != 2:
        assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("package", "arguments", "code"),
    [
        ("docker", ["size", "lab"], 43),
        ("pydantic", ["list"], 40),
        ("packaging", ["diff", "a", "b"], 40),
    ],
)
def test_a_package_that_is_not_installed_is_told(package, arguments, code):
    source = (
        f"import sys; sys.modules[{package!r}] = None\n"
        f"sys.argv = ['notebook-runner', 'image', *{arguments}]\n"
        "from notebook_runner.cli.main import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code, ended.stderr
    assert "pip install 'galaxy-notebook-runner[images]'" in ended.stderr
    assert "Traceback" not in ended.stderr


# ---- list -------------------------------------------------------------------------


def test_images_are_listed_without_an_engine_too():
    ended = run("list", **NO_ENGINE)
    assert ended.returncode == 0
    assert "lab-tensorflow" in ended.stdout
    assert ended.stderr.startswith("Note: which images are built cannot be told.")


def test_the_list_is_there_as_json():
    listed = json.loads(run("list", "--json", **NO_ENGINE).stdout)
    assert {"image": "lab", "variant": "cpu"}.items() <= listed[0].items()
    assert all(entry["budget"] > 0 and entry["built"] is None for entry in listed)


# ---- probe ------------------------------------------------------------------------


def test_a_probe_of_an_environment_is_a_table_and_a_file(tmp_path):
    file = tmp_path / "manifest.json"
    ended = run("probe", "--environment", sys.prefix, "-o", file)
    assert ended.returncode == 0, ended.stderr
    assert f"Packages of kernels (Python {sys.version.split()[0]}" in ended.stdout
    manifest = Manifest.model_validate_json(file.read_text())
    assert manifest.kernels.packages["pytest"] == pytest.__version__


def test_a_probe_is_there_as_json():
    ended = run("probe", "--environment", sys.prefix, "--json")
    assert Manifest.model_validate_json(ended.stdout).kernels.packages["pytest"]


def test_a_manifest_that_cannot_be_written_is_told(tmp_path):
    file = tmp_path / "nowhere" / "manifest.json"
    ended = run("probe", "--environment", sys.prefix, "-o", file)
    assert ended.returncode == 7
    assert f"{file} cannot be written: No such file or directory." in ended.stderr


# ---- diff -------------------------------------------------------------------------


def test_two_manifests_that_differ_in_what_may_change_end_well(write_manifest):
    before, after = write_manifest("one", numpy="2.4.0"), write_manifest("two", numpy="2.5.0")
    ended = run("diff", before, after, **NO_ENGINE)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-5:] == ["changed", "kernels", "numpy", "2.4.0", "2.5.0"]


def test_a_forbidden_change_is_shown_and_ends_with_its_rule(write_manifest):
    before, after = write_manifest("one", numpy="2.4.0"), write_manifest("two", numpy="1.26.0")
    ended = run("diff", before, after)
    assert ended.returncode == 47
    assert "major downgrade" in ended.stdout
    assert "major-downgrade: numpy 2.4.0 → 1.26.0 in kernels" in ended.stderr


def test_a_policy_of_ones_own_decides(write_manifest, tmp_path):
    policy = tmp_path / "policy.yml"
    policy.write_text("forbid: []\nmax_growth_percent: 5\n")
    before = write_manifest("one", size=100, numpy="2.4.0")
    assert run("diff", before, write_manifest("two", 105), "--policy", policy).returncode == 0
    ended = run("diff", before, write_manifest("three", 106), "--policy", policy)
    assert ended.returncode == 47
    assert "max_growth_percent: 6.0 % larger; 5 % are allowed" in ended.stderr


def test_without_a_policy_everything_may_change(write_manifest):
    before, after = write_manifest("one", numpy="2.4.0"), write_manifest("two", size=10**6)
    ended = run("diff", before, after, "--no-policy", "--json")
    assert ended.returncode == 0
    (change,) = json.loads(ended.stdout)["packages"]
    assert (change["kind"], change["name"]) == ("removed", "numpy")


@pytest.mark.parametrize("name", ["x[/x]", "[bold]x", "[link=a", "a\x1b[2J\nb"])
def test_what_an_image_is_called_is_shown_as_it_stands(name, write_manifest, tmp_path):
    before = write_manifest("one", numpy="2.4.0")
    content = json.loads(before.read_text())
    content["probed"] = name
    content["environments"]["kernels"]["packages"] = {"numpy": "9" * 5000, name: name}
    after = tmp_path / "two.json"
    after.write_text(json.dumps(content))
    ended = run("diff", before, after, "--no-policy", COLUMNS="20000")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    shown = name.replace("\x1b", "_").replace("\n", "_")
    assert ended.stdout.count(shown) == 4, "two columns, the package and its version"
