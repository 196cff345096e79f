"""The lock files of the images: what each is made from, and whether it still is the one of that.

A lock begins with a digest of all it was resolved from, so that a changed request shows
without a network. ``lock_renewal`` resolves.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebook_runner.errors import CatalogueError, LockError, UnknownImageError
from notebook_runner.images.catalogue import find_containers, read_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from notebook_runner.images.catalogue import Catalogue, ImageSpec

#: What a lock is resolved for: an image is one Linux with one Python, so that a lock is one
#: list without conditions, in which "the same version everywhere" can be checked. Packages
#: with CUDA have wheels for nothing else. glibc 2.28 is older than that of any base.
PLATFORM = "x86_64-manylinux_2_28"

_HEADER = "# inputs: "
_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Lock:
    """One lock file and what it is resolved from."""

    path: Path
    python: str
    requirements: tuple[str, ...]
    pins: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    #: A lock all of whose packages are in this one too, in the same versions.
    base: Path | None = None

    @property
    def name(self) -> str:
        """The name by which pins and commands call it."""
        return self.path.stem

    def inputs_digest(self) -> str:
        """Digest everything that decides what is in the lock, but for the day it was resolved."""
        inputs = {
            "platform": PLATFORM,
            "python": self.python,
            "requirements": sorted(self.requirements),
            "pins": sorted(self.pins),
            "left_out": sorted(self.left_out),
            "base": sorted(read_lock(self.base).items()) if self.base else None,
        }
        return "sha256:" + hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def is_current(self) -> bool:
        """Whether the file is there, can be read, and was resolved from these inputs."""
        try:
            return _read_text(self.path).partition("\n")[0] == self.header()
        except LockError:
            return False

    def header(self) -> str:
        """Return the first line of the file."""
        return _HEADER + self.inputs_digest()


def locks_of(path: Path | None = None) -> list[Lock]:
    """List the locks that ``images.yml`` asks for, in the order they are resolved in.

    Parameters
    ----------
    path
        ``images.yml``; default: the checkout's.

    Raises
    ------
    CatalogueError
        When ``images.yml`` cannot be read, or asks for an extra that the package has not.
    """
    path = path or find_containers() / "images.yml"
    catalogue = read_catalogue(path)
    extras = _read_extras(path.parent.parent / "pyproject.toml")
    server, kernels, runner = (
        _environment_lock(path.parent, catalogue, extras, name)
        for name in ("server", "kernels", "runner")
    )
    return [server, kernels, runner] + [
        _make_lock(
            (path.parent / variant.lock).resolve(),
            catalogue,
            (*kernels.requirements, *variant.requests),
            base=kernels,
        )
        for image in catalogue.images.values()
        for variant in image.variants.values()
    ]


def locks_for(spec: ImageSpec) -> list[Lock]:
    """List the locks that one image in one variant is made from."""
    environments = spec.catalogue.environments
    paths = {spec.lock, *(spec.environment_lock(name) for name in environments)}
    return [lock for lock in locks_of(spec.folder / "images.yml") if lock.path in paths]


def choose(locks: Iterable[Lock], names: Iterable[str]) -> list[Lock]:
    """Keep the locks of some images, in all their variants, or of an environment.

    Parameters
    ----------
    names
        ``lab-torch``, ``lab-torch-gpu``, ``server`` …; none of them: all locks.

    Raises
    ------
    UnknownImageError
        When a name fits no lock.
    """
    locks = list(locks)
    wanted: set[str] = set()
    for name in names:
        found = {name, f"{name}-cpu", f"{name}-gpu"} & {lock.name for lock in locks}
        if not found:
            known = ", ".join(lock.name for lock in locks)
            raise UnknownImageError(f"There is no lock {name!r}. There is: {known}.")
        wanted |= found
    return [lock for lock in locks if not wanted or lock.name in wanted]


def check(locks: Iterable[Lock]) -> None:
    """Require that every lock is the one of what is requested. Asks no network.

    Raises
    ------
    LockError
        When one is missing, unreadable or stale, with the command that renews it.
    """
    stale = [lock.name for lock in locks if not lock.is_current()]
    if stale:
        raise LockError(
            "Missing, unreadable, or not resolved from what containers/images.yml and "
            f"pyproject.toml ask for now: {', '.join(stale)}. Renew with `notebook-runner image "
            f"lock {' '.join(stale)}`."
        )


def read_lock(path: Path) -> dict[str, str]:
    """Read which version of each package a lock holds.

    Raises
    ------
    LockError
        When it cannot be read.
    """
    return dict(_PINNED.findall(_read_text(path)))


def lock_hash(spec: ImageSpec) -> str:
    """Digest the locks of all environments of an image.

    Returns
    -------
    str
        ``sha256:`` and the SHA-256 of the SHA-256s of the server's, the runner's and the
        kernels' lock, in this order.

    Raises
    ------
    LockError
        When one of them cannot be read.
    """
    digest = hashlib.sha256()
    for path in (spec.environment_lock("server"), spec.environment_lock("runner"), spec.lock):
        digest.update(hashlib.sha256(_read_text(path).encode()).digest())
    return f"sha256:{digest.hexdigest()}"


def _read_text(path: Path) -> str:
    try:
        # As bytes: a digest is of the file's own ends of lines.
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise _unreadable(path, "it is no text in UTF-8") from error
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error


def _unreadable(path: Path, reason: str) -> LockError:
    return LockError(
        f"The lock {path} cannot be read ({reason}): `notebook-runner image lock {path.stem}` "
        "makes it anew."
    )


def _environment_lock(
    folder: Path, catalogue: Catalogue, extras: dict[str, list[str]], name: str
) -> Lock:
    environment = next(found for key, found in catalogue.environments.items() if key == name)
    missing = set(environment.extras) - set(extras)
    if missing:
        raise CatalogueError(f"environments.{name}: pyproject.toml has no extra {min(missing)!r}.")
    asked = [request for extra in ("", *environment.extras) for request in extras[extra]]
    path = (folder / environment.lock).resolve()
    return _make_lock(path, catalogue, (*asked, *environment.requests))


def _make_lock(
    path: Path, catalogue: Catalogue, requirements: tuple[str, ...], base: Lock | None = None
) -> Lock:
    names = {path.stem} | ({base.name} if base else set())
    return Lock(
        path,
        python=catalogue.base.python,
        requirements=requirements,
        pins=tuple(
            pin.package + pin.specifier
            for pin in catalogue.pins
            if names.intersection(pin.environments)
        ),
        left_out=tuple(
            package
            for decision in catalogue.left_out
            if names.intersection(decision.environments)
            for package in decision.packages
        ),
        base=base.path if base else None,
    )


def _read_extras(pyproject: Path) -> dict[str, list[str]]:
    """Read what the package itself asks for (under ``""``) and what each of its extras adds."""
    try:
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        return {"": project["dependencies"], **project["optional-dependencies"]}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise CatalogueError(f"{pyproject} cannot be read: {error}") from error
