"""How images are named: as images.yml names them, or by a reference; and how to get them."""

from __future__ import annotations

import pytest

from notebook_runner.errors import CatalogueError, UnknownImageError
from notebook_runner.images import catalogue
from notebook_runner.images.image_names import find_spec, how_to_get

PULL = "docker pull it"


@pytest.fixture(autouse=True)
def own_catalogue(monkeypatch, tmp_path, declared):
    """Let the names be those of the small catalogue: plain and demo."""
    declared("plain", "cpu")
    monkeypatch.setattr(catalogue, "find_containers", lambda: tmp_path)


@pytest.fixture
def no_catalogue(monkeypatch, own_catalogue):
    """Be installed outside of a checkout."""

    def find_none():
        raise CatalogueError("There is none.")

    monkeypatch.setattr(catalogue, "find_containers", find_none)


@pytest.mark.parametrize(
    ("name", "variant", "meant"),
    [
        ("demo", None, ("demo", "cpu")),
        ("demo", "gpu", ("demo", "gpu")),
        ("demo/gpu", None, ("demo", "gpu")),
        ("demo/gpu", "gpu", ("demo", "gpu")),
    ],
)
def test_a_name_of_the_catalogue_is_an_image_in_a_variant(name, variant, meant):
    spec = find_spec(name, variant)
    assert (spec.name, spec.variant) == meant


@pytest.mark.parametrize(
    "name", ["demo:1", "debian", "debian:12", "registry.example.org/galaxy-demo:1", "other/demo"]
)
def test_anything_else_is_a_reference(name):
    assert find_spec(name) is None


@pytest.mark.parametrize(
    ("name", "variant", "message"),
    [
        ("demo/tpu", None, "'demo' has no variant 'tpu'. It has: cpu, gpu."),
        ("demo/", None, "'demo' has no variant ''"),
        ("demo/gpu", "cpu", "demo/gpu is not the variant 'cpu': name only one."),
        ("debian:12", "cpu", "There is no image 'debian:12'. There is: plain, demo."),
    ],
)
def test_a_variant_that_is_not_there_is_told(name, variant, message):
    with pytest.raises(UnknownImageError) as refused:
        find_spec(name, variant)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "reference",
    [
        "demo",
        "demo/gpu",
        "demo:cpu",
        "registry.example.org/galaxy-demo:1",
        "registry.example.org/galaxy-demo@sha256:0",
    ],
)
def test_an_image_of_the_catalogue_is_built_and_not_pulled(reference):
    advice = how_to_get(reference, PULL)
    assert advice.endswith("notebook-runner image build demo")
    assert "pull" not in advice


def test_a_word_that_is_no_name_gets_the_names():
    assert (
        how_to_get("dimo", PULL) == f"containers/images.yml has: plain, demo. For any other: {PULL}"
    )


@pytest.mark.parametrize("reference", ["debian:12", "example.org:5000/demo", "a/b"])
def test_any_other_image_is_pulled(reference):
    assert how_to_get(reference, PULL) == f"Get it first: {PULL}"


def test_without_a_checkout_every_name_is_a_reference(no_catalogue):
    assert find_spec("demo") is None
    assert how_to_get("demo", PULL) == f"Get it first: {PULL}"
