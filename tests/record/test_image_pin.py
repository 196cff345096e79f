"""The pin of an image in a notebook's metadata."""

from __future__ import annotations

import pytest

from notebook_runner.record.image_pin import compare_pin, read_pin, write_pin

HERE = {
    "name": "galaxy-lab",
    "tag": "0.1.0-cpu-py3.11",
    "content_id": "aaa",
    "lock_hash": "bbb",
    "flavour": "plain",
    "variant": "cpu",
}
PIN = {"image": "galaxy-lab", "tag": "0.1.0-cpu-py3.11", "content_id": "aaa", "lock_hash": "bbb"}


def test_a_pin_names_image_tag_content_and_lock():
    metadata = {"kernelspec": {"name": "python3"}}
    write_pin(metadata, HERE)
    assert metadata == {"kernelspec": {"name": "python3"}, "galaxy_notebook": PIN}


def test_outside_an_image_a_pin_is_left_as_it_is():
    metadata = {"galaxy_notebook": dict(PIN)}
    write_pin(metadata, None)
    assert metadata == {"galaxy_notebook": PIN}


def test_a_new_pin_replaces_the_old_and_keeps_what_stands_beside_it():
    old = {"image": "other", "tag": "1", "content_id": "ccc", "lock_hash": "ddd", "note": "mine"}
    metadata = {"galaxy_notebook": old}
    write_pin(metadata, HERE)
    assert metadata["galaxy_notebook"] == {**PIN, "note": "mine"}


def test_what_a_session_added_is_named_and_forgotten_with_the_session():
    metadata: dict = {}
    write_pin(metadata, HERE, {"umap-learn": "0.5.7"})
    assert metadata["galaxy_notebook"]["added_packages"] == {"umap-learn": "0.5.7"}
    write_pin(metadata, HERE)
    assert metadata["galaxy_notebook"] == PIN


@pytest.mark.parametrize("broken", [None, "galaxy-lab", [], {}, {"image": 7}])
def test_what_is_no_pin_is_read_as_none_and_replaced(broken):
    metadata = {"galaxy_notebook": broken}
    assert read_pin(metadata) is None
    write_pin(metadata, HERE)
    assert read_pin(metadata) == PIN


def test_another_image_is_named_in_one_line():
    elsewhere = {**HERE, "tag": "0.2.0-cpu-py3.11", "content_id": "eee"}
    assert compare_pin({"galaxy_notebook": PIN}, elsewhere) == (
        "The notebook was saved in the image galaxy-lab:0.1.0-cpu-py3.11 "
        "and now runs in galaxy-lab:0.2.0-cpu-py3.11."
    )


def test_the_same_tag_with_another_content_is_another_image():
    assert compare_pin({"galaxy_notebook": PIN}, {**HERE, "content_id": "eee"}) == (
        "The notebook was saved in the image galaxy-lab:0.1.0-cpu-py3.11 "
        "and now runs in another one of that name, of other content."
    )


def test_a_run_outside_every_image_is_another_place():
    assert compare_pin({"galaxy_notebook": PIN}, None) == (
        "The notebook was saved in the image galaxy-lab:0.1.0-cpu-py3.11 "
        "and now does not run in an image."
    )


@pytest.mark.parametrize("metadata", [{}, {"galaxy_notebook": PIN}])
def test_without_a_pin_or_in_the_same_image_there_is_nothing_to_say(metadata):
    assert compare_pin(metadata, HERE) is None
