"""The folder of a run: made, checked, and cleared of an earlier run when asked."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import OutputError
from notebook_runner.record.layout import (
    METRICS,
    METRICS_LOCK,
    NOTEBOOK,
    OUTPUTS,
    RECORD,
    REPORT,
    REPORT_FILES,
)

if TYPE_CHECKING:
    from collections.abc import Collection

#: Leaves room for the names of a folder and its sockets in 108 bytes.
_LONGEST_FOLDER = 60
_FILES = (NOTEBOOK, REPORT, METRICS, RECORD)
_FOLDERS = (REPORT_FILES, OUTPUTS)


def default_folder(notebook: Path, *, overwrite: bool = False) -> Path:
    """Return the first free name of ``NAME-run``, ``NAME-run-2`` … in the current folder.

    When an earlier run is to be overwritten, it is the first.
    """
    base = Path(f"{notebook.stem}-run")
    if overwrite:
        return base
    number = 1
    folder = base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def prepare_folder(folder: Path, notebook: Path, *, overwrite: bool) -> Path:
    """Make the folder of a run with an empty ``outputs/`` in it.

    Parameters
    ----------
    folder
        Where the run goes; it may exist, and hold other files.
    notebook
        The notebook to run, which is never overwritten.
    overwrite
        Whether to take away what an earlier run left there.

    Returns
    -------
    Path
        The folder, absolute.

    Raises
    ------
    OutputError
        It cannot be made or written to, or holds an earlier run.
    """
    try:
        folder = folder.absolute()
        earlier = [name for name in (*_FILES, *_FOLDERS) if os.path.lexists(folder / name)]
        target = folder / NOTEBOOK
        is_source = notebook.exists() and target.exists() and notebook.samefile(target)
    except OSError as error:
        raise OutputError(
            f"Cannot use {str(folder)[:80]} as output folder: {error.strerror or error}. "
            "Choose another --output-dir."
        ) from None
    if is_source:
        raise OutputError(
            f"The executed notebook would overwrite {notebook}. Choose another --output-dir."
        )
    if earlier and not overwrite:
        raise OutputError(
            f"{folder} already holds {', '.join(earlier)}. "
            "Choose another --output-dir, or pass --overwrite to replace an earlier run."
        )
    try:
        for name in earlier:
            _remove(folder / name)
        (folder / OUTPUTS).mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            f"Cannot use {folder} as output folder: {error.strerror or error}. "
            "Choose another --output-dir."
        ) from None
    return folder


def short_folder() -> str | None:
    """Return where a run's temporary folder goes, if the usual place has too long a name.

    The kernel's sockets lie there, and the system cuts their names.
    """
    usual = tempfile.gettempdir()
    fallback = Path("/tmp")  # noqa: S108 - the folder made in it is private
    return str(fallback) if len(usual) > _LONGEST_FOLDER and os.access(fallback, os.W_OK) else None


def find_strays(folder: Path, before: Collection[str]) -> list[Path]:
    """List what a notebook wrote into its working folder beside ``outputs/``.

    Parameters
    ----------
    folder
        The folder of the run.
    before
        The names that were there when the run began.
    """
    known = {*before, *_FILES, *_FOLDERS, METRICS_LOCK}
    return [path for path in sorted(folder.iterdir()) if path.name not in known]


def describe_stray(path: Path, folder: Path) -> dict[str, str]:
    """Return the run record's entry for something that lies outside ``outputs/``."""
    name = path.relative_to(folder).as_posix() + ("/" if path.is_dir() else "")
    shown = name.encode("utf-8", errors="replace").decode()
    reason = f"it lies beside {OUTPUTS}/; write it to {OUTPUTS}/ to hand it out"
    return {"path": f"../{shown}", "reason": reason}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
