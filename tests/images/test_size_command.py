"""`notebook-runner image size` and `list`, on a real image under a catalogue of its own."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from notebook_runner.cli.image import image as image_group
from notebook_runner.errors import BudgetError
from notebook_runner.images import catalogue


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
    assert told[("plain", "cpu")]["tag"] == built.tags[0].rpartition(":")[2]
    assert told[("plain", "cpu")]["is_current"] is True
    assert told[("demo", "cpu")] is None
    table = command("list").output
    assert "current" in table
    assert "not built" in table
