"""Every notebook that is saved in an image says which image that was."""

from __future__ import annotations

import json

import pytest
from nbformat.v4 import new_code_cell, new_notebook

PIN = {
    "image": "galaxy-lab",
    "tag": "0.1.0-cpu-py3.11",
    "content_id": "0123456789abcdef",
    "lock_hash": "fedcba9876543210",
}


def save(lab, name: str, **metadata: object) -> dict:
    """Save a notebook by the contents API; return the metadata that is then in the file."""
    node = new_notebook(cells=[new_code_cell("1")], metadata=metadata)
    model = {"type": "notebook", "format": "json", "content": node}
    assert lab.request("PUT", f"api/contents/{name}", model).status == 201
    return json.loads((lab.folder / name).read_text())["metadata"]


@pytest.fixture
def lab_in_image(make_lab, tmp_path, identity):
    with make_lab(tmp_path / "work", NOTEBOOK_RUNNER_IMAGE=str(identity)) as lab:
        yield lab


def test_a_notebook_saved_in_an_image_is_pinned_to_it(lab_in_image):
    assert save(lab_in_image, "new.ipynb", title="mine") == {
        "title": "mine",
        "galaxy_notebook": PIN,
    }


def test_a_pin_to_another_image_is_renewed(lab_in_image):
    old = {**PIN, "tag": "0.0.9", "content_id": "old"}
    assert save(lab_in_image, "old.ipynb", galaxy_notebook=old)["galaxy_notebook"] == PIN


def test_outside_an_image_the_pin_stays(lab):
    old = {**PIN, "tag": "0.0.9", "content_id": "old"}
    assert save(lab, "kept.ipynb", galaxy_notebook=old)["galaxy_notebook"] == old
    assert "galaxy_notebook" not in save(lab, "none.ipynb")


def test_an_image_that_cannot_be_told_keeps_nobody_from_saving(make_lab, tmp_path):
    broken = tmp_path / "image.json"
    broken.write_text("[not json")
    with make_lab(tmp_path / "work", NOTEBOOK_RUNNER_IMAGE=str(broken)) as lab:
        assert "galaxy_notebook" not in save(lab, "saved.ipynb")


def test_a_text_file_is_saved_as_it_is(lab_in_image):
    model = {"type": "file", "format": "text", "content": "plain"}
    assert lab_in_image.request("PUT", "api/contents/plain.txt", model).status == 201
    assert (lab_in_image.folder / "plain.txt").read_text() == "plain"


@pytest.mark.browser
def test_the_pin_survives_editing_in_the_browser(lab_in_image, page, write_notebook, expect_saved):
    """The file is not what the browser sent, and still it is not taken for somebody else's."""
    file = lab_in_image.folder / "edited.ipynb"
    write_notebook(file, "first = 1")
    page.goto(lab_in_image.url(f"lab/tree/{file.name}?token={lab_in_image.token}"))
    for text in ("second", "third"):
        editor = page.locator(".jp-Notebook .cm-content").first
        editor.click()
        page.keyboard.press("Control+End")
        page.keyboard.type(f"\n{text} = 1")
        page.keyboard.press("Control+S")
        expect_saved(file, text)
        assert json.loads(file.read_text())["metadata"]["galaxy_notebook"] == PIN
    assert page.locator(".jp-Dialog").count() == 0
