"""Writing a file so that a reader sees the old or the new one, never half of it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from notebook_runner.errors import OutputError

_CHUNK = 1 << 20


def write_atomically(target: Path, data: bytes) -> None:
    """Replace ``target`` by ``data`` in one step.

    Parameters
    ----------
    target
        The file; its folder must exist.
    data
        The new content.

    Raises
    ------
    OutputError
        The file cannot be written (no space, no permission, no folder).
        What stood there before is still there.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101
        os.replace(temporary, target)  # noqa: PTH105
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(
            f"Cannot write {target}: {reason}. Free some space or choose another --output-dir."
        ) from error


def write_json_atomically(target: Path, value: Any) -> None:
    """Replace ``target`` by ``value`` as indented JSON, in one step.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(target, (text + "\n").encode("utf-8", errors="replace"))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _umask() -> int:
    """Read the process's umask without changing it (Linux says it in /proc)."""
    for line in (
        Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    ):
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022
