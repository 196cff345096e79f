"""A manifest survives being written and read; what is none is refused in a line."""

from __future__ import annotations

import json
from pathlib import Path

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
        (b"[" * 100_000, "it is no JSON"),
        (b'{"a":' * 100_000, "it is no JSON"),
        (b'{"probed": "\\ud800"}', "it is no JSON"),
        (b'{"size": ' + b"9" * 5000 + b"}", "it is no JSON"),
        (b"", "it is no JSON"),
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


@pytest.mark.parametrize("size", [10**400, 2**63, -1, 1.5])
def test_a_size_is_a_number_of_bytes(size, make_manifest, tmp_path):
    content = make_manifest().model_dump()
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({**content, "size": size}))
    with pytest.raises(ImageError, match=r"is not a manifest \(size: [^\n]+$"):
        read_manifest(file)
    content["environments"]["kernels"]["sizes"]["numpy"] = size
    file.write_text(json.dumps(content))
    with pytest.raises(ImageError, match=r"kernels\.sizes\.numpy: [^\n]+$"):
        read_manifest(file)


def test_of_a_very_large_file_no_more_is_read_than_needed():
    with pytest.raises(ImageError, match=r"/dev/zero is not a manifest .*more than") as refused:
        read_manifest(Path("/dev/zero"))
    assert refused.value.exit_code == 40


def test_a_name_does_not_break_the_line_that_refuses_it(make_manifest, tmp_path):
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({**make_manifest().model_dump(), "variables": {"a\nb": 1}}))
    with pytest.raises(ImageError, match=r"is not a manifest \(variables\.a_b: [^\n]+$"):
        read_manifest(file)
