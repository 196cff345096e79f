"""A run in an image says in the executed notebook which image that was."""

from __future__ import annotations

import json

import nbformat
import pytest

IDENTITY = {"name": "galaxy-lab", "tag": "0.1.0", "content_id": "aaa", "lock_hash": "bbb"}
PIN = {"image": "galaxy-lab", "tag": "0.1.0", "content_id": "aaa", "lock_hash": "bbb"}


@pytest.fixture
def in_image(tmp_path):
    """Environment variables as in an image."""
    file = tmp_path / "image.json"
    file.write_text(json.dumps(IDENTITY))
    return {"NOTEBOOK_RUNNER_IMAGE": str(file)}


def pin(notebook, **changes):
    """Pin a notebook as if it had been saved in an image."""
    node = nbformat.read(notebook, as_version=4)
    node.metadata["galaxy_notebook"] = {**PIN, **changes}
    nbformat.write(node, notebook)
    return notebook


def test_the_executed_notebook_is_pinned_to_the_image_it_ran_in(make_notebook, run, in_image):
    finished = run(make_notebook("1"), **in_image)
    assert finished.returncode == 0
    assert finished.node.metadata["galaxy_notebook"] == PIN
    assert "saved in the image" not in finished.stderr


def test_also_a_run_that_failed_is_pinned(make_notebook, run, in_image):
    finished = run(make_notebook("1 / 0"), **in_image)
    assert finished.returncode == 10
    assert finished.node.metadata["galaxy_notebook"] == PIN


def test_a_run_in_another_image_than_the_pinned_says_so_and_goes_on(make_notebook, run, in_image):
    notebook = pin(make_notebook("1"), tag="0.0.9", content_id="old")
    finished = run(notebook, **in_image)
    assert finished.returncode == 0
    assert finished.stderr.count("saved in the image galaxy-lab:0.0.9") == 1
    assert "now runs in galaxy-lab:0.1.0." in finished.stderr
    assert finished.node.metadata["galaxy_notebook"] == PIN


def test_outside_an_image_the_pin_stays_and_is_told(make_notebook, run):
    finished = run(pin(make_notebook("1")))
    assert finished.returncode == 0
    assert "galaxy-lab:0.1.0 and now does not run in an image." in finished.stderr
    assert finished.node.metadata["galaxy_notebook"] == PIN
