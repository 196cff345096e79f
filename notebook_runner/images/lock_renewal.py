"""Resolving the lock files of the images anew, with uv."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.checkout.tree import Checkout
from notebook_runner.checkout.uv import run_uv
from notebook_runner.errors import InstallError, LockError
from notebook_runner.images.lock import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebook_runner.images.lock import Lock


def renew(lock: Lock, *, upgrade: bool = False, wheels: Iterable[str] = ()) -> bool:
    """Resolve a lock, and write it when it differs. What is current is left alone.

    Parameters
    ----------
    upgrade
        Take the newest versions, also of what is current. Without it, what is in the file
        and still fits stays.
    wheels
        Folders, or addresses of pages, with wheels that the package index does not have.
        They leave no trace but the hashes of what is used from them.

    Returns
    -------
    bool
        Whether the file has changed.

    Raises
    ------
    LockError
        When it cannot be resolved, with what uv says, or not be read or written.
    """
    if lock.is_current() and not upgrade:
        return False
    try:
        old = _read_old(lock)
        new = _resolve(lock, None if upgrade else old, wheels)
        if new == old:
            return False
        lock.path.parent.mkdir(parents=True, exist_ok=True)
        lock.path.write_text(new, encoding="utf-8")
    except OSError as error:
        raise LockError(f"The lock {lock.path} cannot be made: {error}.") from error
    return True


def _read_old(lock: Lock) -> str | None:
    """Read the file as it is; ``None`` where there is none, or what is there is no text."""
    if not lock.path.exists():
        return None
    try:
        return lock.path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def _resolve(lock: Lock, old: str | None, wheels: Iterable[str]) -> str:
    """Let uv resolve a lock; what is in ``old`` and still fits stays."""
    # First, because it says so where the lock below cannot be read.
    header = lock.header()
    with tempfile.TemporaryDirectory(prefix="lock-") as folder:
        # Relative names: a lock says where each package comes from, and no path of a machine.
        draft = Path(folder, lock.path.name)
        arguments = _write_inputs(lock, draft.parent)
        if old is not None:
            draft.write_text(old, encoding="utf-8")
        for place in wheels:
            local = Path(place)
            arguments += ["--find-links", str(local.resolve()) if local.exists() else place]
        try:
            run_uv(
                Checkout(draft.parent),
                *("pip", "compile", "--quiet", "--no-config"),
                *("--generate-hashes", "--no-header", "--no-emit-index-url"),
                *("--no-emit-find-links", "--python-version", lock.python),
                *("--python-platform", PLATFORM, *arguments, "--output-file", draft.name),
            )
        except InstallError as error:
            raise LockError(
                f"{lock.path.name} cannot be resolved: {error} Change what is requested or pinned "
                "in containers/images.yml, or name a folder with more wheels (--find-links)."
            ) from error
        # uv keeps no comment of an earlier lock, so the header is not doubled.
        return f"{header}\n{draft.read_text(encoding='utf-8')}"


def _write_inputs(lock: Lock, folder: Path) -> list[str]:
    """Write the files that uv reads, and return the arguments that name them."""
    requested = f"{lock.name}.in"
    Path(folder, requested).write_text("\n".join(lock.requirements) + "\n", encoding="utf-8")
    arguments = [requested]
    for option, name, lines in (
        ("--constraints", "pins.txt", lock.pins),
        ("--excludes", "left-out.txt", lock.left_out),
    ):
        if lines:
            Path(folder, name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            arguments += [option, name]
    if lock.base:
        Path(folder, lock.base.name).write_bytes(lock.base.read_bytes())
        arguments += ["--constraints", lock.base.name]
    return arguments
