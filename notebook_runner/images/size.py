"""What makes an image large: its layers and its packages, against its budget."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple

from notebook_runner.errors import BudgetError, ImageError
from notebook_runner.images.catalogue import GB

if TYPE_CHECKING:
    from docker.models.images import Image

    from notebook_runner.images.catalogue import ImageSpec
    from notebook_runner.images.manifest import Manifest

_LARGEST = 5
# What a Dockerfile's instruction is wrapped in by the builders, old and new.
_SHELL = re.compile(r"^(RUN )?/bin/(ba)?sh (-\S+ |pipefail )+|# buildkit$|#\(nop\) +")


class Layer(NamedTuple):
    """One layer: its bytes, the command that made it, and when."""

    size: int
    command: str
    created: dt.datetime


class PackageSize(NamedTuple):
    """One package of one environment, with its bytes on disk."""

    size: int
    name: str
    environment: str


def list_layers(image: Image) -> list[Layer]:
    """List the layers that have bytes, the largest first."""
    layers = [
        Layer(
            int(entry["Size"]),
            _clean(str(entry["CreatedBy"] or entry["Comment"])),
            dt.datetime.fromtimestamp(entry["Created"], tz=dt.UTC),
        )
        for entry in image.history()
        if entry["Size"]
    ]
    return sorted(layers, reverse=True)


def list_packages(manifest: Manifest) -> list[PackageSize]:
    """List the packages of all environments, the largest first."""
    sizes = [
        PackageSize(size, name, environment)
        for environment, found in manifest.environments.items()
        for name, size in found.sizes.items()
    ]
    return sorted(sizes, key=lambda package: (-package.size, package.name, package.environment))


def check_budget(spec: ImageSpec, manifest: Manifest) -> None:
    """See that an image is not larger than ``images.yml`` allows.

    Raises
    ------
    BudgetError
        When it is, with its largest packages.
    """
    if manifest.size is None:
        raise ImageError(f"Nobody has counted the bytes of {manifest.probed}: probe the image.")
    if manifest.size <= spec.budget:
        return
    largest = ", ".join(
        f"{package.name} {in_gb(package.size)} ({package.environment})"
        for package in list_packages(manifest)[:_LARGEST]
    )
    raise BudgetError(
        f"{spec.name} ({spec.variant}) has {in_gb(manifest.size)}, "
        f"{in_gb(manifest.size - spec.budget)} more than its budget of {in_gb(spec.budget)}. "
        f"The largest packages: {largest}."
    )


def in_gb(size: int) -> str:
    """Write bytes as gigabytes (10⁹), with the megabytes."""
    return f"{size / GB:.3f} GB"


def _clean(command: str) -> str:
    return " ".join(_SHELL.sub("", command).split())
