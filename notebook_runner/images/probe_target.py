"""What a person names to have probed: a manifest file, an image of ours, any image, a container."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import UnknownImageError
from notebook_runner.images import labels
from notebook_runner.images.catalogue import select
from notebook_runner.images.engine import connect, find_container, find_image, find_reference
from notebook_runner.images.image_names import find_spec
from notebook_runner.images.manifest import Manifest, read_manifest
from notebook_runner.images.probe import probe
from notebook_runner.images.runners import ContainerRunner, ImageRunner, LocalRunner

if TYPE_CHECKING:
    from docker.models.images import Image

    from notebook_runner.images.catalogue import ImageSpec


def load_manifest(name: str) -> Manifest:
    """Read the manifest that a name stands for, or make it by a probe.

    Parameters
    ----------
    name
        A manifest's file, or what `probe_named` takes.

    Raises
    ------
    ImageError
        When the file is no manifest, or there is no such image.
    """
    path = Path(name)
    if path.is_file() or path.suffix == ".json":
        return read_manifest(path)
    return probe_named(name)


def probe_named(name: str, variant: str | None = None) -> Manifest:
    """Probe ``NAME`` or ``NAME/VARIANT`` of ``images.yml``, or the image of a reference.

    Raises
    ------
    UnknownImageError
        When there is no such image or variant.
    """
    spec = find_spec(name, variant)
    return probe_reference(name) if spec is None else probe_image(spec)


def find_ours(name: str, variant: str | None = None) -> tuple[ImageSpec, Image]:
    """Return what was built of ``images.yml``, by a name as `probe_named` takes it.

    Raises
    ------
    UnknownImageError
        When there is no such image, or it was not built of ``images.yml``.
    """
    spec = find_spec(name, variant)
    if spec is not None:
        return spec, find_image(connect(), spec)
    image = find_reference(connect(), name)
    if not {labels.IMAGE, labels.VARIANT} <= image.labels.keys():
        raise UnknownImageError(
            f"{name} was not built of containers/images.yml, which would say how large it may be. "
            f"What is in it: notebook-runner image probe {name}"
        )
    return select(image.labels[labels.IMAGE], image.labels[labels.VARIANT]), image


def probe_image(spec: ImageSpec) -> Manifest:
    """Probe an image of ours as it was built last, from the locks of today."""
    return probe_built(find_image(connect(), spec))


def probe_built(image: Image) -> Manifest:
    """Probe an image that was found."""
    return probe(ImageRunner(image.client, next(iter(image.tags), image.id)))


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
