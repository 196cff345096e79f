"""A manifest survives being written and read; what is none is refused in a line."""

from __future__ import annotations

import json

import pytest

from notebook_runner.errors import ImageError
from notebook_runner.images.manifest import read_manifest


def test_a_manifest_is_the_same_after_writing_and_reading(make_manifest, tmp_path):
    manifest = make_manifest(identity={"name": "galaxy-demo"})
    file = tmp_path / "manifest.json"
    file.write_text(manifest.model_dump_json())
    assert read_manifest(file) == manifest


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"nowhere\.json cannot be read: No such file"):
        read_manifest(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"root:x:0:0", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[1]", "the file: "),
        (b'{"probed": "x"}', "os: Field required"),
        (json.dumps({"manifest_version": 2}).encode(), "manifest_version: "),
    ],
)
def test_what_is_no_manifest_is_refused_with_the_reason(content, reason, tmp_path):
    file = tmp_path / "other.json"
    file.write_bytes(content)
    with pytest.raises(ImageError, match="is not a manifest") as refused:
        read_manifest(file)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
