"""Which packages an image was declared to have: what was requested, and what was locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from notebook_runner.errors import CatalogueError, LockError

if TYPE_CHECKING:
    from pathlib import Path

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


def locked_packages(lock: Path, manifest: Manifest) -> dict[str, str]:
    """Read from a lock which version of each package the probed place is to have.

    Raises
    ------
    LockError
        When the lock is missing, or a line of it pins nothing.
    """
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LockError(
            f"The lock {lock} cannot be read: {error.strerror}. "
            "`notebook-runner image lock` makes it."
        ) from error
    versions = {}
    for line in lines:
        # Hashes and comments are indented, or begin with a number sign.
        if not line or line[0].isspace() or line.startswith(("#", "-")):
            continue
        pin, version = _read_pin(lock, line.rstrip("\\ "))
        if _applies(pin, manifest):
            versions[canonicalize_name(pin.name)] = version
    return dict(sorted(versions.items()))


def _read_pin(lock: Path, line: str) -> tuple[Requirement, str]:
    try:
        pin = Requirement(line)
    except InvalidRequirement as error:
        raise LockError(f"{lock}: this line is no requirement: {line}") from error
    exact = [specifier.version for specifier in pin.specifier if specifier.operator == "=="]
    if len(exact) != 1 or len(pin.specifier) != 1:
        raise LockError(f"{lock}: this line pins no version: {line}")
    return pin, exact[0]


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
