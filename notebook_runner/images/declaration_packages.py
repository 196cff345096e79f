"""Which packages ``images.yml`` asks for in an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from notebook_runner.errors import CatalogueError

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from notebook_runner.images.catalogue import EnvironmentName, ImageSpec
    from notebook_runner.images.manifest import Manifest


class NamedRequirement(NamedTuple):
    """A package under its normalised name, and which versions are wanted."""

    name: str
    specifier: SpecifierSet


def requested_packages(
    spec: ImageSpec, environment: EnvironmentName, manifest: Manifest
) -> list[NamedRequirement]:
    """List what ``images.yml`` asks for in one environment of an image.

    Raises
    ------
    CatalogueError
        When a request cannot be understood.
    """
    requests = list(spec.catalogue.environments[environment].requests)
    if environment == "kernels":
        requests += spec.definition.requests
    try:
        parsed = [Requirement(request) for request in requests]
    except InvalidRequirement as error:
        raise CatalogueError(f"images.yml: a request of {spec.name}: {error}") from error
    return [
        NamedRequirement(canonicalize_name(request.name), request.specifier)
        for request in parsed
        if _applies(request, manifest)
    ]


def _applies(requirement: Requirement, manifest: Manifest) -> bool:
    """Whether a requirement's conditions hold in the probed place, which need not be this one."""
    if requirement.marker is None:
        return True
    return requirement.marker.evaluate(
        {
            "python_version": ".".join(manifest.python.split(".")[:2]),
            "python_full_version": manifest.python,
            "platform_machine": manifest.os.architecture,
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "extra": "",
        }
    )
