"""What an image says of itself to the engine: the names of its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_runner.checkout.tree import digest_files

if TYPE_CHECKING:
    from notebook_runner.images.catalogue import ImageSpec

# Ours: how a built image is found again.
IMAGE = "org.galaxy-notebook.image"
VARIANT = "org.galaxy-notebook.variant"
CONTENT_ID = "org.galaxy-notebook.content-id"
LOCK_HASH = "org.galaxy-notebook.lock-hash"

# Those of the OCI image specification.
TITLE = "org.opencontainers.image.title"
DESCRIPTION = "org.opencontainers.image.description"
VERSION = "org.opencontainers.image.version"
LICENSES = "org.opencontainers.image.licenses"
CREATED = "org.opencontainers.image.created"
SOURCE = "org.opencontainers.image.source"
REVISION = "org.opencontainers.image.revision"


def lock_hash(spec: ImageSpec) -> str:
    """Digest the three lock files that an image is made from, as they are now.

    Returns
    -------
    str
        SHA-256, hexadecimal.
    """
    environments = (spec.environment_lock("server"), spec.environment_lock("runner"))
    return digest_files([*environments, spec.lock])
