"""Which of the images that ``images.yml`` declares are built on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notebook_runner.images import labels
from notebook_runner.images.engine import built_images, explained
from notebook_runner.images.lock import lock_hash
from notebook_runner.images.runners import sum_layers

if TYPE_CHECKING:
    from docker import DockerClient

    from notebook_runner.images.catalogue import ImageSpec


class BuiltVariant(NamedTuple):
    """A build of an image in a variant.

    ``reference`` is its name with the tag, or its ID where it has none;
    ``size`` is in bytes, ``created`` in ISO 8601; ``is_current`` tells
    whether it was made from the lock files of today.
    """

    reference: str
    size: int
    created: str
    is_current: bool


def find_built(client: DockerClient, spec: ImageSpec) -> BuiltVariant | None:
    """Describe the build that is used of ``spec``; ``None`` when it was never built here."""
    built = built_images(client, spec)
    if not built:
        return None
    current = lock_hash(spec)
    fresh = [image for image in built if image.labels.get(labels.LOCK_HASH) == current]
    image = (fresh or built)[0]
    ours = (tag for tag in image.tags if tag.startswith(f"{spec.repository}:"))
    reference = next(ours, image.short_id)
    with explained(client):
        created = str(image.attrs["Created"])
        return BuiltVariant(reference, sum_layers(image), created, bool(fresh))
