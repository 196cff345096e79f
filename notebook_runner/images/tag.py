"""The tag of an image, from what was found in it: a tag cannot say what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_runner.errors import DeclarationError
from notebook_runner.images.catalogue import FRAMEWORKS

if TYPE_CHECKING:
    from notebook_runner.images.catalogue import ImageSpec
    from notebook_runner.images.manifest import Manifest


def compute_tag(spec: ImageSpec, manifest: Manifest, version: str) -> str:
    """Put the tag together.

    Parameters
    ----------
    version
        The version of this package.

    Returns
    -------
    str
        ``0.1.0-tf2.21-cuda12.9-py3.11``: the framework where the image has
        one, the CUDA runtime or ``cpu``, the kernels' Python.

    Raises
    ------
    DeclarationError
        When the image's framework is not in it.
    """
    parts = [version]
    if spec.image.framework is not None:
        found = framework_version(spec.image.framework, manifest)
        if found is None:
            raise DeclarationError(
                f"The image {spec.name} ({spec.variant}) is to have the framework "
                f"{spec.image.framework}, and none was found in it."
            )
        parts.append(f"{FRAMEWORKS[spec.image.framework][0]}{major_minor(found)}")
    runtime = manifest.cuda.runtime
    parts.append("cpu" if runtime is None else f"cuda{runtime}")
    parts.append(f"py{major_minor(manifest.python)}")
    return "-".join(parts)


def framework_version(framework: str, manifest: Manifest) -> str | None:
    """Return the version of a framework among the kernels' packages, ``None`` without it."""
    packages = manifest.kernels.packages
    return next((packages[name] for name in FRAMEWORKS[framework][1] if name in packages), None)


def major_minor(version: str) -> str:
    """Shorten ``2.21.0`` to ``2.21``."""
    return ".".join(version.split(".")[:2])
