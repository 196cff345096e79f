"""The folder of a run: made, checked, and cleared of an earlier run when asked."""

from __future__ import annotations

import shutil
from pathlib import Path

from notebook_runner.errors import OutputError
from notebook_runner.record.layout import METRICS, NOTEBOOK, OUTPUTS, RECORD, REPORT, REPORT_FILES

_FILES = (NOTEBOOK, REPORT, METRICS, RECORD)
_FOLDERS = (REPORT_FILES, OUTPUTS)


def default_folder(notebook: Path) -> Path:
    """Return the first free name of ``NAME-run``, ``NAME-run-2`` … in the current folder."""
    base = Path(f"{notebook.stem}-run")
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
    folder = folder.absolute()
    earlier = [name for name in (*_FILES, *_FOLDERS) if (folder / name).exists()]
    target = folder / NOTEBOOK
    if notebook.exists() and target.exists() and notebook.samefile(target):
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


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
