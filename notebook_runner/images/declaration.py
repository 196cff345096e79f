"""What ``images.yml`` and the locks declare of an image, against what was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_version

from notebook_runner.errors import DeclarationError
from notebook_runner.images.declaration_packages import NamedRequirement, requested_packages
from notebook_runner.images.lock import read_lock
from notebook_runner.images.tag import framework_version, major_minor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_runner.images.catalogue import EnvironmentName, ImageSpec
    from notebook_runner.images.manifest import Manifest

#: This package itself: it is in every environment, and in no lock.
_THIS_PACKAGE = "galaxy-notebook-runner"
_ABSENT = "absent"


class Difference(NamedTuple):
    """One thing that was declared, and what was found instead."""

    what: str
    declared: str
    probed: str

    def __str__(self) -> str:
        return f"{self.what}: declared {self.declared}, found {self.probed}"


def check_declaration(spec: ImageSpec, manifest: Manifest) -> None:
    """See that an image is what it was declared to be.

    Raises
    ------
    DeclarationError
        When it is not, with each declared value beside the one that was found.
    """
    differences = compare(spec, manifest)
    if differences:
        listed = "".join(f"\n  {difference}" for difference in differences)
        raise DeclarationError(
            f"{spec.name} ({spec.variant}) is not what images.yml and the locks declare:{listed}"
        )


def compare(spec: ImageSpec, manifest: Manifest) -> list[Difference]:
    """List where an image differs from its declaration: versions, CUDA, packages.

    Raises
    ------
    LockError
        When a lock is missing or cannot be read.
    """
    return [
        *_compare_versions(spec, manifest),
        *_compare_cuda(spec, manifest),
        *_compare_requests(spec, manifest),
        *_compare_locks(spec, manifest),
    ]


def _compare_versions(spec: ImageSpec, manifest: Manifest) -> Iterator[Difference]:
    declared = spec.catalogue.base.python
    for name in spec.catalogue.environments:
        found = manifest.environments.get(name)
        if found is None:
            yield Difference(f"the environment {name}", "present", _ABSENT)
        elif major_minor(found.python) != declared:
            yield Difference(f"Python in {name}", declared, found.python)
    framework, wanted = spec.image.framework, spec.definition.framework_version
    if framework is not None and wanted is not None:
        version = framework_version(framework, manifest)
        if version is None or major_minor(version) != wanted:
            yield Difference(framework, wanted, version or _ABSENT)


# ---- CUDA -------------------------------------------------------------------------


def _compare_cuda(spec: ImageSpec, manifest: Manifest) -> Iterator[Difference]:
    cuda = manifest.cuda
    for library, error in cuda.errors.items():
        yield Difference(f"import of {library}", "works", error)
    declared = spec.definition.cuda
    if declared is None:
        found = {**cuda.runtimes, **{f"seen by {k}": v for k, v in cuda.seen_by.items() if v}}
        if cuda.cudnn is not None:
            found["cuDNN"] = cuda.cudnn
        for place, version in found.items():
            yield Difference(f"CUDA ({place})", "none", version)
        return
    if cuda.runtime != declared:
        yield Difference("CUDA runtime", declared, cuda.runtime or _ABSENT)
    for place, version in cuda.runtimes.items():
        if major_minor(version) != cuda.runtime:
            yield Difference(f"CUDA runtime of {place}", declared, version)
    major = declared.partition(".")[0]
    for library in sorted(_expected_to_see_cuda(manifest) - set(cuda.errors)):
        seen = cuda.seen_by.get(library)
        if seen is None or seen.partition(".")[0] != major:
            yield Difference(f"CUDA that {library} is built for", f"{major}.*", seen or "none")


def _expected_to_see_cuda(manifest: Manifest) -> set[str]:
    """Name the libraries that are there: in a gpu image each of them has to use CUDA."""
    packages = set(manifest.kernels.packages)
    named = {"torch", "jax", "tensorflow", "onnxruntime"} & packages
    optional = {
        "tensorflow": "tensorflow-cpu" in packages,
        "onnxruntime": "onnxruntime-gpu" in packages,
        "numba": "numba-cuda" in packages,
        "cupy": any(name == "cupy" or name.startswith("cupy-cuda") for name in packages),
    }
    return named | {library for library, present in optional.items() if present}


# ---- packages ---------------------------------------------------------------------


def _compare_requests(spec: ImageSpec, manifest: Manifest) -> Iterator[Difference]:
    for environment in spec.catalogue.environments:
        for request in requested_packages(spec, environment, manifest):
            yield from _compare_request(request, environment, manifest)


def _compare_request(
    request: NamedRequirement, environment: EnvironmentName, manifest: Manifest
) -> Iterator[Difference]:
    version = _packages(manifest, environment).get(request.name)
    if version is None or not request.specifier.contains(version, prereleases=True):
        wanted = str(request.specifier) or "any version"
        yield Difference(f"{request.name} requested in {environment}", wanted, version or _ABSENT)


def _compare_locks(spec: ImageSpec, manifest: Manifest) -> Iterator[Difference]:
    for environment in spec.catalogue.environments:
        lock = spec.lock if environment == "kernels" else spec.environment_lock(environment)
        locked = read_lock(lock)
        found = _packages(manifest, environment)
        for name in sorted({*locked, *found} - {_THIS_PACKAGE}):
            if _canonical(locked.get(name)) != _canonical(found.get(name)):
                yield Difference(
                    f"{name} in {environment}",
                    locked.get(name, f"{_ABSENT} (not in {lock.name})"),
                    found.get(name, _ABSENT),
                )


def _packages(manifest: Manifest, environment: str) -> dict[str, str]:
    found = manifest.environments.get(environment)
    return {} if found is None else found.packages


def _canonical(version: str | None) -> str | None:
    """Write a version in the one form that all ways of writing it have."""
    return None if version is None else canonicalize_version(version)
