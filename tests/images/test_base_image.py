"""``make base-image`` makes a small base from the packages of a release, or says why not."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

CONTAINERS = Path(__file__).parents[2] / "containers"

pytestmark = pytest.mark.docker


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


def make(
    *arguments: str, containers: Path = CONTAINERS, **variables: str
) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "BASE_IMAGE"}
    return subprocess.run(
        [containers / "base-image", *arguments],
        env=env | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def last_line(ended: subprocess.CompletedProcess[str]) -> str:
    return ended.stderr.splitlines()[-1]


@pytest.fixture(scope="module", autouse=True)
def _engine():
    if shutil.which("docker") is None or docker("version").returncode != 0:
        pytest.skip("there is no container engine")


@pytest.fixture(scope="module")
def base():
    """The base image of this machine, made where it is not there yet."""
    made = make("notebook-base:bookworm")
    assert made.returncode == 0, made.stderr
    return "notebook-base:bookworm"


def inside(image: str, script: str) -> str:
    ended = docker("run", "--rm", "--network", "none", image, "sh", "-euc", script)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_base_is_the_release_that_its_tag_names(base):
    assert "VERSION_CODENAME=bookworm" in inside(base, "cat /etc/os-release").splitlines()


def test_the_base_says_what_it_is_and_since_when(base):
    labels = json.loads(docker("image", "inspect", "-f", "{{json .Config.Labels}}", base).stdout)
    named = {key.removeprefix("org.opencontainers.image."): text for key, text in labels.items()}
    assert named["title"] == "notebook-base"
    assert named["version"] == inside(base, "cat /etc/debian_version").strip()
    assert dt.datetime.fromisoformat(named["created"]) < dt.datetime.now(dt.UTC)


def test_manuals_translations_and_package_lists_are_left_out_and_licences_stay(base):
    left_out = "/usr/share/man /usr/share/locale /var/lib/apt/lists"
    assert inside(base, f"find {left_out} -type f ! -name lock 2>/dev/null || true") == ""
    assert inside(base, "ls /usr/share/doc/coreutils") == "copyright\n"


def test_later_packages_leave_the_same_out(base):
    kept = inside(base, "cat /etc/dpkg/dpkg.cfg.d/*")
    assert "path-exclude=/usr/share/man/*" in kept.splitlines()


def test_the_base_has_sources_of_its_release_and_a_working_apt(base):
    sources = [line.split() for line in inside(base, "cat /etc/apt/sources.list").splitlines()]
    assert "bookworm" in {source[2] for source in sources}
    assert all(source[2].startswith("bookworm") for source in sources)
    assert "apt " in inside(base, "apt-get --version && apt-get check -qq")


def test_the_base_does_not_know_the_machine_that_made_it(base):
    # While a container runs, its engine puts files of its own over these.
    created = docker("create", base).stdout.strip()
    with (
        subprocess.Popen(["docker", "export", created], stdout=subprocess.PIPE) as exported,
        tarfile.open(fileobj=exported.stdout, mode="r|") as archive,
    ):
        sizes = {member.name: member.size for member in archive}
    docker("rm", created)
    assert sizes["etc/debian_version"] > 0
    assert sizes.get("etc/hostname", 0) == 0
    assert sizes.get("etc/resolv.conf", 0) == 0


def test_a_base_that_is_there_is_left_as_it_is(base):
    identity = docker("image", "inspect", "-f", "{{.Id}}", base).stdout.strip()
    again = make(BASE_IMAGE=base)
    assert (again.returncode, again.stderr) == (0, "")
    assert identity in again.stdout
    assert docker("image", "inspect", "-f", "{{.Id}}", base).stdout.strip() == identity


@pytest.mark.slow
def test_a_release_with_another_python_is_refused(tmp_path):
    (tmp_path / "base-image").symlink_to(CONTAINERS / "base-image")
    catalogue = (CONTAINERS / "images.yml").read_text()
    assert 'python: "3.11"' in catalogue
    (tmp_path / "images.yml").write_text(catalogue.replace('python: "3.11"', 'python: "3.9"'))
    name = f"notebook-base:other-{os.getpid()}"
    made = make("--suite", "bookworm", name, containers=tmp_path)
    assert made.returncode == 44
    assert "The release bookworm has Python 3.11" in last_line(made)
    assert "declares 3.9" in last_line(made)
    assert docker("image", "inspect", name).returncode != 0


def test_a_release_that_does_not_exist_is_refused():
    made = make("notebook-base:nonsuch")
    assert made.returncode == 44
    assert last_line(made).startswith("Error: The base image notebook-base:nonsuch cannot be made")


def test_a_base_that_is_not_here_and_cannot_be_pulled_is_refused():
    made = make(BASE_IMAGE="registry.invalid/base:1")
    assert made.returncode == 44
    assert last_line(made).startswith("Error: The base image registry.invalid/base:1 is neither")


def test_without_an_engine_there_is_one_line():
    made = make(DOCKER_HOST="tcp://127.0.0.1:9")
    assert (made.returncode, made.stdout) == (43, "")
    assert made.stderr == "Error: No container engine answers: make docker-engine.\n"
