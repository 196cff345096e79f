"""Which image a run was in, as the record tells it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from notebook_runner.record.machine import added_packages, image_identity

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = {
    "name": "galaxy-lab",
    "tag": "0.1.0-cpu-py3.11",
    "content_id": f"sha256:{'1' * 64}",
    "lock_hash": f"sha256:{'2' * 64}",
    "flavour": "plain",
    "variant": "cpu",
}
DIGEST = f"registry.example.org/galaxy-lab@sha256:{'3' * 64}"


@pytest.fixture
def image(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in an image."""
    file = tmp_path / "image.json"
    file.write_text(json.dumps(IDENTITY))
    return {"NOTEBOOK_RUNNER_IMAGE": str(file)}


def test_outside_of_an_image_there_is_no_identity() -> None:
    assert image_identity({}) is None


def test_an_image_says_what_it_is(image: dict[str, str]) -> None:
    assert image_identity(image) == IDENTITY


def test_the_digest_is_what_the_destination_told(image: dict[str, str]) -> None:
    told = {**image, "NOTEBOOK_RUNNER_IMAGE_DIGEST": DIGEST}

    assert image_identity(told) == {**IDENTITY, "digest": DIGEST}


@pytest.mark.parametrize("told", ["", "<none>@<none>", "galaxy-lab:latest", "sha256:12"])
def test_what_is_no_digest_is_left_out(image: dict[str, str], told: str) -> None:
    assert image_identity({**image, "NOTEBOOK_RUNNER_IMAGE_DIGEST": told}) == IDENTITY


@pytest.mark.parametrize("content", ["", "not json", "[1]"])
def test_a_damaged_identity_is_none(image: dict[str, str], content: str, tmp_path: Path) -> None:
    (tmp_path / "image.json").write_text(content)

    assert image_identity(image) is None


def test_packages_that_a_session_added_are_named_with_their_versions(tmp_path):
    folder = tmp_path / "lib" / "python3.11" / "site-packages" / "umap_learn-0.5.7.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: umap-learn\nVersion: 0.5.7\n")
    assert added_packages({"NOTEBOOK_PACKAGES": str(tmp_path)}) == {"umap-learn": "0.5.7"}


def test_without_a_session_of_an_image_nothing_was_added(tmp_path):
    assert added_packages({}) == {}
    assert added_packages({"NOTEBOOK_PACKAGES": str(tmp_path)}) == {}
