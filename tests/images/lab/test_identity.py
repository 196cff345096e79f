"""An image says what it is, and that is what was found in it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from notebook_runner import __version__
from notebook_runner.errors import DeclarationError
from notebook_runner.images import labels
from notebook_runner.images.declaration import check_declaration
from notebook_runner.images.identity import verify
from notebook_runner.images.lock import lock_hash
from notebook_runner.images.probe import probe
from notebook_runner.images.runners import ContainerRunner, ImageRunner
from notebook_runner.images.tag import compute_tag


@pytest.fixture(scope="module")
def manifest(image, engine):
    return probe(ImageRunner(engine, image.reference))


def test_the_tag_is_the_one_that_a_probe_computes(image, manifest):
    assert image.reference.split(":")[1] == compute_tag(image.spec, manifest, __version__)


def test_what_is_declared_is_what_is_found(image, manifest):
    check_declaration(image.spec, manifest)


def test_a_lying_declaration_is_caught(image, manifest):
    lying = image.spec.definition.model_copy(
        update={"cuda": "13.0", "framework_version": "1.0" if image.spec.image.framework else None}
    )
    images = {
        **image.spec.catalogue.images,
        image.spec.name: image.spec.image.model_copy(
            update={"variants": {"cpu": lying, "gpu": lying}}
        ),
    }
    catalogue = image.spec.catalogue.model_copy(update={"images": images})
    spec = type(image.spec)(catalogue, image.spec.folder, image.spec.name, image.spec.variant)
    with pytest.raises(DeclarationError, match=r"13\.0"):
        check_declaration(spec, manifest)


def test_a_process_inside_knows_name_tag_locks_and_content(image, inside):
    code, output = inside.exec_run(["sh", "-c", 'cat "$NOTEBOOK_RUNNER_IMAGE"'])
    assert code == 0
    identity = json.loads(output)
    assert f"{identity['name']}:{identity['tag']}" == image.reference
    assert identity["lock_hash"] == image.labels[labels.LOCK_HASH] == lock_hash(image.spec)
    assert identity["variant"] == image.spec.variant
    assert identity["flavour"] == (image.spec.image.framework or "plain")
    verify(image.attributes, identity)


def test_a_changed_image_does_not_keep_its_content_id(image, inside):
    identity = json.loads(inside.exec_run(["cat", "/opt/notebook/image.json"])[1])
    layers = [*image.attributes["RootFS"]["Layers"], "sha256:" + "0" * 64]
    changed = {**image.attributes, "RootFS": {"Layers": layers}}
    with pytest.raises(DeclarationError, match="changed after it was built"):
        verify(changed, identity)


def test_a_running_container_gives_the_same_answers_as_its_image(inside, manifest, engine):
    running = probe(ContainerRunner(engine, inside))
    assert running.environments == manifest.environments
    assert running.identity == manifest.identity


def test_the_labels_name_title_version_and_licence(image):
    assert image.labels[labels.VERSION] == image.reference.split(":")[1]
    assert image.labels[labels.TITLE] == image.spec.image.title
    assert image.labels[labels.LICENSES] == "MIT"


def test_the_gpu_is_asked_for_where_the_image_can_use_one(image):
    environment = dict(line.split("=", 1) for line in image.attributes["Config"]["Env"])
    if image.spec.variant == "gpu":
        assert environment["NVIDIA_VISIBLE_DEVICES"] == "all"
        assert environment["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
    else:
        assert environment["NVIDIA_VISIBLE_DEVICES"] == "void"


def test_the_image_keeps_to_its_budget(image):
    assert image.attributes["Size"] <= image.spec.budget


def test_the_tools_name_the_image_by_its_computed_tag(image):
    macros = Path(__file__).parents[3] / "tools" / "macros.xml"
    tokens = [token.text or "" for token in ET.parse(macros).iter("token")]
    named = {text for text in tokens if text.startswith(f"{image.spec.repository}:")}
    if (image.spec.name, image.spec.variant) == ("lab", "cpu"):
        assert named == {image.reference}
    else:
        assert named <= {image.reference}
