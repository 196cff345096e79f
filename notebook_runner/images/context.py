"""What a build is given: the folder that the Dockerfile copies from, and its secrets."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_wheel_filename

from notebook_runner.checkout.tree import Checkout
from notebook_runner.checkout.uv import find_uv
from notebook_runner.checkout.wheel import build_wheel
from notebook_runner.errors import BuildError
from notebook_runner.images.lock import read_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_runner.images.catalogue import ImageSpec

#: Settings of a package index that may hold a password: they reach a build as a secret.
_NETWORK_SETTINGS = {
    "UV_DEFAULT_INDEX": "UV_DEFAULT_INDEX",
    "UV_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "UV_INDEX": "UV_INDEX",
    "UV_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
}
_WHEEL_FOLDERS = ("UV_FIND_LINKS", "PIP_FIND_LINKS")
_NAMES = {"plain": "Python 3", "tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}


def stage(spec: ImageSpec, folder: Path) -> Path:
    """Lay out the context of a build.

    Parameters
    ----------
    folder
        An empty folder.

    Returns
    -------
    Path
        The context. It holds nothing that is secret.

    Raises
    ------
    LockError
        When a lock file is missing or cannot be read.
    BuildError
        When the disk is full, or a folder with a wheel that the lock needs is not there.
    InstallError
        When there is no uv, or the wheel of this package cannot be built.
    """
    with _disk_explained(folder):
        return _stage(spec, folder / "context")


def _stage(spec: ImageSpec, context: Path) -> Path:
    context.mkdir()
    shutil.copy(spec.folder / "Dockerfile", context)
    for name in ("build", "notebook", "lab"):
        shutil.copytree(spec.folder / name, context / name)
    _stage_locks(spec, context / "locks")
    trims = "".join(f"{trim.match}\n" for trim in spec.catalogue.trims)
    (context / "build" / "trim.txt").write_text(trims)
    _stage_wheels(spec, context / "wheels")
    _stage_package(context / "package")
    _write_kernelspec(spec, context / "kernels" / "python3")
    shutil.copy(find_uv().resolve(), context / "uv")
    _open_to_all(context)
    return context


def secrets(folder: Path) -> dict[str, Path]:
    """Write the files that only steps of the build may read.

    Where a proxy inspects what goes over TLS, its certificate is needed for the time of a
    step and must be in no layer; an index's address may hold a password.
    """
    found: dict[str, Path] = {}
    bundle = next(
        (os.environ[name] for name in ("SSL_CERT_FILE", "PIP_CERT") if os.environ.get(name)), None
    )
    if bundle and Path(bundle).is_file():
        found["certificates"] = Path(bundle)
    settings = {
        target: os.environ[name]
        for name, target in _NETWORK_SETTINGS.items()
        if os.environ.get(name)
    }
    if settings:
        path = folder / "environment"
        with _disk_explained(folder):
            path.touch(mode=0o600)
            path.write_text("".join(f"{name}={shlex.quote(v)}\n" for name, v in settings.items()))
        found["environment"] = path
    return found


def flavour(spec: ImageSpec) -> str:
    """Name the flavour of an image: its framework, or ``plain``."""
    return spec.image.framework or "plain"


def _stage_locks(spec: ImageSpec, target: Path) -> None:
    target.mkdir()
    locks = {
        "server.txt": spec.environment_lock("server"),
        "runner.txt": spec.environment_lock("runner"),
        "kernels.txt": spec.environment_lock("kernels"),
        "image.txt": spec.lock,
    }
    for name, lock in locks.items():
        read_lock(lock)
        shutil.copy(lock, target / name)


def _stage_wheels(spec: ImageSpec, target: Path) -> None:
    """Take along the wheels of local folders that the image's lock names."""
    target.mkdir()
    wanted = set(read_lock(spec.lock).items())
    found: set[tuple[str, str]] = set()
    folders = _wheel_folders()
    for _, folder in folders:
        for wheel in sorted(folder.glob("*.whl")):
            package = _packed_in(wheel)
            if package in wanted:
                shutil.copy(wheel, target)
                found.add(package)
    # A local version (2.13.0+cpu) is seldom in an index: its folder was most likely mistyped.
    missing = sorted(f"{name} {version}" for name, version in wanted - found if "+" in version)
    gone = [f"{folder} ({variable})" for variable, folder in folders if not folder.is_dir()]
    if missing and gone:
        raise BuildError(
            f"There is no folder {', '.join(gone)}, and {spec.lock.name} needs the wheel of "
            f"{', '.join(missing)}: name the folder that has it."
        )


def _wheel_folders() -> list[tuple[str, Path]]:
    """List the folders that may have wheels, each with the variable that names it."""
    return [
        (variable, Path(place))
        for variable in _WHEEL_FOLDERS
        for place in os.environ.get(variable, "").replace(",", " ").split()
        # The address of a page may hold a password, and is for uv.
        if "://" not in place
    ]


def _packed_in(wheel: Path) -> tuple[str, str] | None:
    """Tell a wheel's package and version by its name; ``None`` where that is no wheel's."""
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except ValueError:
        return None
    return canonicalize_name(name), str(version)


@contextmanager
def _disk_explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Copying a tree raises a list of (source, target, reason).
        failures = error.args[0] if isinstance(error, shutil.Error) else [(error,)]
        raise BuildError(
            f"What the build is given cannot be laid out in {folder}: {failures[0][-1]}. Where "
            f"{tempfile.gettempdir()} is full, make room, or name another folder in TMPDIR."
        ) from error


def _stage_package(target: Path) -> None:
    checkout = Checkout.find()
    # Beside the caches of other tools, so that it is built once per state of the sources.
    wheels = checkout.path / "build" / "wheels"
    wheel = build_wheel(checkout, wheels, checkout.package_digest())
    target.mkdir()
    shutil.copy(wheel, target)


def _write_kernelspec(spec: ImageSpec, target: Path) -> None:
    target.mkdir(parents=True)
    name = _NAMES[flavour(spec)]
    kernel = {
        "argv": [
            "/opt/notebook/bin/python",
            *("-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ],
        "display_name": f"{name} ({spec.variant.upper()})",
        "language": "python",
        "metadata": {"debugger": True},
    }
    (target / "kernel.json").write_text(json.dumps(kernel, indent=1) + "\n")


def _open_to_all(context: Path) -> None:
    """Give every file the rights that it has in the image, whatever the caller's umask."""
    for path in [context, *context.rglob("*")]:
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)
