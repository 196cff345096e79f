"""What a person names to have probed: a manifest file, an image of ours, any image, a container."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import CatalogueError
from notebook_runner.images.catalogue import every_spec, select
from notebook_runner.images.engine import connect, find_container, find_image
from notebook_runner.images.manifest import Manifest, read_manifest
from notebook_runner.images.probe import probe
from notebook_runner.images.runners import ContainerRunner, ImageRunner, LocalRunner

if TYPE_CHECKING:
    from notebook_runner.images.catalogue import ImageSpec


def load_manifest(name: str) -> Manifest:
    """Read the manifest that a name stands for, or make it by a probe.

    Parameters
    ----------
    name
        A manifest's file, ``IMAGE/VARIANT`` of ``images.yml``, or the
        reference of an image on this machine.

    Raises
    ------
    ImageError
        When the file is no manifest, or there is no such image.
    """
    path = Path(name)
    if path.is_file() or path.suffix == ".json":
        return read_manifest(path)
    image, separator, variant = name.rpartition("/")
    if separator and image in _image_names():
        return probe_image(select(image, variant))
    return probe_reference(name)


def probe_image(spec: ImageSpec) -> Manifest:
    """Probe an image of ours as it was built last, from the locks of today."""
    client = connect()
    image = find_image(client, spec)
    return probe(ImageRunner(client, next(iter(image.tags), image.id)))


def probe_reference(reference: str) -> Manifest:
    """Probe any image that is on this machine."""
    return probe(ImageRunner(connect(), reference))


def probe_container(name: str) -> Manifest:
    """Probe a running container."""
    client = connect()
    return probe(ContainerRunner(client, find_container(client, name)))


def probe_environment(folder: Path) -> Manifest:
    """Probe a local environment."""
    return probe(LocalRunner(folder))


def _image_names() -> set[str]:
    """Name the images of the checkout; none where there is no checkout."""
    try:
        return {spec.name for spec in every_spec()}
    except CatalogueError:
        return set()
