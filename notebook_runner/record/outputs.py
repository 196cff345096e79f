"""Find what a notebook wrote below ``outputs/``."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notebook_runner.record.files import hash_file

#: Folder below ``outputs/`` whose ``*.onnx`` files are models.
MODELS_FOLDER = "models"


@dataclass
class Outputs:
    """The files below ``outputs/``, and what lies there without being an output.

    Attributes
    ----------
    files
        ``{"path", "size", "sha256"}`` per file; the path is relative to
        ``outputs/`` with forward slashes, the size is in bytes.
    left_out
        ``{"path", "reason"}`` for links, special files and unreadable ones.
    """

    files: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)


def is_model(path: str) -> bool:
    """Tell whether the output ``path`` (relative to ``outputs/``) is a model."""
    return path.startswith(f"{MODELS_FOLDER}/") and path.endswith(".onnx")


def collect_outputs(folder: Path) -> Outputs:
    """List the regular files below ``folder``, sorted by path.

    Links are never followed: a link is a way to hand out a file that the
    notebook was only allowed to read, so each is left out and named.
    """
    found = Outputs()
    if folder.is_symlink():
        found.left_out.append({"path": ".", "reason": "outputs/ was replaced by a symbolic link"})
        return found
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names + [f for f in folders if (Path(parent) / f).is_symlink()]):
            _sort_in(found, folder, Path(parent) / name)
    found.files.sort(key=lambda entry: str(entry["path"]))
    return found


def _sort_in(found: Outputs, folder: Path, path: Path) -> None:
    """Put one directory entry with the outputs or with what is left out."""
    relative = path.relative_to(folder).as_posix()
    shown = relative.encode("utf-8", errors="replace").decode()
    try:
        reason = _reason_to_leave_out(path, relative)
        if reason is None:
            size = path.stat(follow_symlinks=False).st_size
            found.files.append({"path": relative, "size": size, "sha256": hash_file(path)})
            return
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    found.left_out.append({"path": shown, "reason": reason})


def _reason_to_leave_out(path: Path, relative: str) -> str | None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"a symbolic link (to {os.fsencode(path.readlink()).decode(errors='replace')})"
    if not stat.S_ISREG(mode):
        return "not a regular file"
    try:
        relative.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not valid UTF-8"
    return None
