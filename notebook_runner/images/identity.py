"""What an image says of itself: computed from what is in it, baked into its last layer."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import DeclarationError
from notebook_runner.images import labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from notebook_runner.images.catalogue import ImageSpec

#: Where an image's identity lies in it, and the variable that says so.
IDENTITY_FILE = "/opt/notebook/image.json"
_LICENSE = "MIT"
_USER = "1000"


@dataclass(frozen=True)
class Identity:
    """What a process in an image can know of it.

    ``content_id`` digests the layers below the one that carries the
    identity, ``lock_hash`` the lock files that they were made from.
    """

    name: str
    tag: str
    content_id: str
    lock_hash: str
    flavour: str
    variant: str

    @property
    def reference(self) -> str:
        """Name and tag."""
        return f"{self.name}:{self.tag}"


@dataclass(frozen=True)
class Sources:
    """The commit that an image is made from, where it is one, and its date (RFC 3339)."""

    revision: str | None
    date: str


def content_id(layers: Sequence[str]) -> str:
    """Digest the layers of an image.

    Parameters
    ----------
    layers
        The digests of the uncompressed layers, the lowest first, as the
        engine lists them (``RootFS.Layers``).
    """
    return f"sha256:{hashlib.sha256(chr(10).join(layers).encode()).hexdigest()}"


def stage_identity(
    spec: ImageSpec,
    identity: Identity,
    draft: str,
    folder: Path,
    sources: Sources,
) -> None:
    """Write the context of the last layer: who the image is, its labels, its environment.

    Parameters
    ----------
    draft
        The reference of the image below.
    folder
        An empty folder.
    sources
        What the image is made from.
    """
    file = folder / "image.json"
    file.write_text(json.dumps(asdict(identity), indent=1) + "\n")
    file.chmod(0o644)
    # The same identity makes the same layer.
    os.utime(file, (0, 0))
    named = {
        labels.TITLE: spec.image.title,
        labels.DESCRIPTION: f"{spec.image.title} ({spec.variant})",
        labels.VERSION: identity.tag,
        labels.LICENSES: _LICENSE,
        labels.IMAGE: spec.name,
        labels.VARIANT: spec.variant,
        labels.CONTENT_ID: identity.content_id,
        labels.LOCK_HASH: identity.lock_hash,
        labels.CREATED: sources.date,
        # Empty rather than that of the base image.
        labels.REVISION: sources.revision or "",
        **spec.definition.labels,
    }
    lines = [
        f"FROM {draft}",
        *(f"ENV {name}={_quoted(value)}" for name, value in spec.environment.items()),
        *(f"LABEL {name}={_quoted(value)}" for name, value in named.items()),
        f"COPY image.json {IDENTITY_FILE}",
    ]
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")


def verify(attributes: Mapping[str, Any], identity: Mapping[str, str]) -> None:
    """Hold an image's identity against the layers that the engine knows it by.

    Parameters
    ----------
    attributes
        What the engine says of the image (``docker image inspect``).
    identity
        What the image says of itself.

    Raises
    ------
    DeclarationError
        When the content id is not that of the layers, labels and file differ, or the image
        does not run as the user that it was made for.
    """
    user = attributes["Config"]["User"]
    if user != _USER:
        raise DeclarationError(f"The image runs as the user {user or 'root'!r}, not as {_USER}.")
    computed = content_id(attributes["RootFS"]["Layers"][:-1])
    label = (attributes["Config"]["Labels"] or {}).get(labels.CONTENT_ID)
    for source, declared in (("file", identity.get("content_id")), ("label", label)):
        if declared != computed:
            raise DeclarationError(
                f"The image's {source} names the content id {declared}, and its layers have "
                f"{computed}: it was changed after it was built."
            )


def _quoted(value: str) -> str:
    """Quote a value for a line of a Dockerfile."""
    for character in ("\\", '"', "$"):
        value = value.replace(character, f"\\{character}")
    return f'"{value}"'
