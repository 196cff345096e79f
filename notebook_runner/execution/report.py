"""Write the report of a run: a page that anybody may open, and its pictures beside it."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import OutputError
from notebook_runner.record.layout import REPORT_FILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

_loading = Lock()


def preload() -> None:
    """Import and compile all that :func:`write_report` needs.

    It may be called in a thread while the notebook runs; without it, the first report
    does the same.
    """
    # Two threads that render the same first page would each do all of the work.
    with _loading:
        _load()


@cache
def _load() -> None:
    from notebook_runner.execution.report_page import render_report

    # A first page compiles the template and the expressions that read Markdown and Python.
    cells = [
        {"cell_type": "markdown", "source": "*x*"},
        {"cell_type": "code", "source": "x = 1"},
    ]
    render_report({"cells": cells}, {}, Path())


def write_report(notebook: NotebookNode, record: Mapping[str, Any], target: Path) -> None:
    """Write the report of a run.

    Nothing that the notebook made is run or loaded when the report is opened: HTML, SVG and
    Markdown go through allow-lists, pictures are checked and become files.

    Parameters
    ----------
    notebook
        The executed notebook, also one that failed or is not quite valid.
    record
        The run record (``run.json``), also one that is not complete.
    target
        The file to write. Beside it the folder ``report_files`` is made anew.

    Raises
    ------
    OutputError
        The files cannot be written.
    """
    preload()
    from notebook_runner.execution.report_page import render_report

    page, files = render_report(notebook, record, target.parent)
    mark = secrets.token_hex(4)
    fresh_page = target.with_name(f".{target.name}.{mark}")
    fresh_folder = target.with_name(f".{REPORT_FILES}.{mark}")
    old_folder = target.with_name(f".{REPORT_FILES}.{mark}.old")
    folder = target.with_name(REPORT_FILES)
    try:
        _write_new(fresh_page, page.encode("utf-8", "replace"))
        fresh_folder.mkdir()
        for name, content in files.items():
            _write_new(fresh_folder / name, content)
        # Whatever stood there moves aside, a link included, and nothing behind it is touched.
        if os.path.lexists(folder):
            folder.rename(old_folder)
        fresh_folder.rename(folder)
        fresh_page.replace(target)
    except OSError as error:
        raise OutputError(
            f"Cannot write the report {target}: {error.strerror or error}. "
            "Make room or choose another --output-dir, or pass --no-report."
        ) from None
    finally:
        for path in (fresh_page, fresh_folder, old_folder):
            _remove(path)


def _write_new(path: Path, content: bytes) -> None:
    # "x" follows no link and overwrites nothing; the rights are those of any new file.
    with path.open("xb") as file:
        file.write(content)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
