"""`notebook-runner image size` and `list`, on a real image under a catalogue of its own."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from rich.text import Text

from notebook_runner.cli.image import image as image_group
from notebook_runner.errors import BudgetError, UnknownImageError
from notebook_runner.images import catalogue
from notebook_runner.images.catalogue import select


@pytest.fixture
def own_catalogue(monkeypatch, tmp_path, declared):
    """Let the commands read the small catalogue; its plain image is the tiny one."""
    monkeypatch.setattr(catalogue, "find_containers", lambda: tmp_path)
    return declared("plain", "cpu")


@pytest.fixture
def command():
    """Run an image command as a person does, in this process."""

    def run(*arguments):
        return CliRunner().invoke(image_group, arguments, catch_exceptions=True)

    return run


def test_layers_packages_and_budget_are_told(own_catalogue, label_tiny, command):
    label_tiny(own_catalogue)
    ended = command("size", "plain", "--top", "2")
    assert ended.exit_code == 0, ended.output
    assert "apt-get update -qq" in ended.output
    assert "MB of 1,000.0 MB" in ended.output
    packages = ended.output.split("Largest packages")[1]
    assert (
        packages.count(" kernels ") + packages.count(" server ") + packages.count(" runner ") == 2
    )


def test_all_of_it_is_there_as_json(own_catalogue, label_tiny, command):
    built = label_tiny(own_catalogue)
    told = json.loads(command("size", "plain", "--json").stdout)
    assert told["image"] == built.tags[0]
    assert told["size"] == sum(layer["size"] for layer in told["layers"])
    assert told["budget"] == 1_000_000_000
    assert {"size": 27, "name": "numpy", "environment": "kernels"} in told["packages"]


def test_an_image_over_its_budget_is_shown_and_refused(
    own_catalogue, label_tiny, command, tmp_path
):
    label_tiny(own_catalogue)
    file = tmp_path / "images.yml"
    file.write_text(file.read_text().replace("budget_gb: 1}", "budget_gb: 0.001}"))
    ended = command("size", "plain")
    assert "Layers of" in ended.output
    assert isinstance(ended.exception, BudgetError)
    assert ended.exception.exit_code == 46


def test_the_list_tells_what_is_built(own_catalogue, label_tiny, command):
    built = label_tiny(own_catalogue)
    told = {
        (entry["image"], entry["variant"]): entry["built"]
        for entry in json.loads(command("list", "--json").stdout)
    }
    assert told[("plain", "cpu")]["reference"] == built.tags[0]
    assert told[("plain", "cpu")]["is_current"] is True
    assert told[("demo", "cpu")] is None
    table = command("list").output
    assert "locks current" in table
    assert "not built" in table


def test_a_reference_in_the_list_stays_whole_on_a_terminal_of_100_columns(
    own_catalogue, label_tiny, command, monkeypatch, tmp_path
):
    file = tmp_path / "images.yml"
    file.write_text(file.read_text().replace("registry.example.org/galaxy-", f"galaxy-{'x' * 30}-"))
    built = label_tiny(select("plain", "cpu", file))
    # What rich takes for a terminal of this width.
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    lines = [Text.from_ansi(line).plain for line in command("list").output.splitlines()]
    assert any(line.split()[:1] == built.tags for line in lines)
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", ["plain", "plain/cpu", "{reference}"])
def test_every_command_takes_a_name_and_a_reference(own_catalogue, label_tiny, command, name):
    reference = label_tiny(own_catalogue).tags[0]
    named = name.format(reference=reference)
    for arguments in (["size", named], ["probe", named]):
        ended = command(*arguments, "--json")
        assert ended.exit_code == 0, ended.output
        assert reference in ended.stdout
    ended = command("diff", named, reference, "--no-policy")
    assert ended.exit_code == 0, ended.output
    assert "The packages are the same." in ended.output


def test_the_size_of_an_image_without_a_budget_is_not_judged(own_catalogue, tiny, command):
    ended = command("size", tiny)
    assert isinstance(ended.exception, UnknownImageError)
    assert f"{tiny} was not built of containers/images.yml" in str(ended.exception)


@pytest.mark.parametrize("arguments", [["probe", "demo"], ["diff", "demo", "demo"]])
def test_an_image_that_is_not_built_is_not_to_be_pulled(own_catalogue, engine, command, arguments):
    ended = command(*arguments, *(["--no-policy"] if arguments[0] == "diff" else []))
    assert isinstance(ended.exception, UnknownImageError)
    assert "notebook-runner image build demo" in str(ended.exception)
    assert "pull" not in str(ended.exception)
