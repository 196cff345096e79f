"""A tag says what was found, and nothing else."""

from __future__ import annotations

import pytest

from notebook_runner.errors import DeclarationError
from notebook_runner.images.tag import compute_tag


@pytest.mark.parametrize(
    ("name", "variant", "tag"),
    [
        ("plain", "cpu", "0.1.0-cpu-py3.11"),
        ("demo", "cpu", "0.1.0-tf2.21-cpu-py3.11"),
        ("demo", "gpu", "0.1.0-tf2.21-cuda12.9-py3.11"),
    ],
)
def test_a_tag_names_framework_cuda_and_python(name, variant, tag, declared, make_manifest):
    manifest = make_manifest(f"{name}-{variant}")
    assert compute_tag(declared(name, variant), manifest, "0.1.0") == tag


def test_a_tag_follows_what_was_found_and_not_what_was_declared(declared, make_manifest):
    manifest = make_manifest(
        packages={"tensorflow": "2.22.1"}, cuda={"runtime": "13.0"}, python="3.12.4"
    )
    tag = compute_tag(declared("demo", "gpu"), manifest, "0.2.0")
    assert tag == "0.2.0-tf2.22-cuda13.0-py3.12"


def test_a_version_of_a_local_build_leaves_no_trace_in_the_tag(declared, make_manifest):
    manifest = make_manifest("demo-cpu", packages={"tensorflow-cpu": "2.21.0+cpu"})
    assert compute_tag(declared("demo", "cpu"), manifest, "0.1.0") == "0.1.0-tf2.21-cpu-py3.11"


def test_an_image_without_its_framework_has_no_tag(declared, make_manifest):
    manifest = make_manifest(packages={"tensorflow": None})
    with pytest.raises(DeclarationError, match=r"demo \(gpu\) is to have the framework tensorflow"):
        compute_tag(declared("demo", "gpu"), manifest, "0.1.0")
