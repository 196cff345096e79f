"""What an image says of itself to the engine: the names of its labels."""

from __future__ import annotations

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
