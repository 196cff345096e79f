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
    """The newest build of an image in a variant.

    ``size`` is in bytes, ``created`` in ISO 8601; ``is_current`` tells
    whether it was made from the lock files of today.
    """

    tag: str
    size: int
    created: str
    is_current: bool


def find_built(client: DockerClient, spec: ImageSpec) -> BuiltVariant | None:
    """Describe the newest build of ``spec``; ``None`` when it was never built here."""
    built = built_images(client, spec)
    if not built:
        return None
    current = lock_hash(spec)
    fresh = [image for image in built if image.labels.get(labels.LOCK_HASH) == current]
    image = (fresh or built)[0]
    names = (name.rpartition(":") for name in image.tags)
    tag = next((tag for name, _, tag in names if name == spec.repository), image.short_id)
    with explained(client):
        return BuiltVariant(tag, sum_layers(image), str(image.attrs["Created"]), bool(fresh))
