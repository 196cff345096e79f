"""The results of a local run are written into a new history."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import GalaxyUploadError
from notebook_runner.galaxy.datatypes import datatype_of
from notebook_runner.galaxy.histories import WrittenHistory, create_history
from notebook_runner.galaxy.progress import Progress, Silence
from notebook_runner.galaxy.run_folder import RunFolder
from notebook_runner.galaxy.uploads import FileUpload, ListUpload, upload
from notebook_runner.galaxy.waiting import Patience
from notebook_runner.record.layout import NOTEBOOK, RECORD, REPORT, REPORT_FILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.run_folder import Element

__all__ = ["IncompleteHistoryError", "WrittenHistory", "write_run"]

#: An upload has no end of its own when the server's queue is stuck.
_WAIT_LIMIT_S = 3600.0


class IncompleteHistoryError(GalaxyUploadError):
    """Not all of a run arrived in its history.

    Attributes
    ----------
    written
        The history, with what arrived and what did not.
    """

    def __init__(self, message: str, written: WrittenHistory) -> None:
        super().__init__(message)
        self.written = written


def write_run(
    gi: Connection,
    run_dir: Path,
    history_name: str,
    *,
    tags: Sequence[str] = (),
    progress: Progress | None = None,
    wait_limit: float | None = _WAIT_LIMIT_S,
) -> WrittenHistory:
    """Write what a run left into a new history, and wait until each dataset is ``ok``.

    Written are the executed notebook, the report with its pictures, the run
    record, the metrics as a table, the files as one collection and the models
    as another; what the run did not leave is not written.

    Parameters
    ----------
    gi
        From ``connect``.
    run_dir
        The folder of the run.
    history_name
        Name of the new history.
    tags
        Of the history, its datasets and its collections.
    progress
        Is told what goes on.
    wait_limit
        In seconds; ``None`` to wait for ever.

    Raises
    ------
    IncompleteHistoryError
        A dataset is not ``ok``; what arrived stays, and is in ``written``.
    GalaxyUploadError
        A file cannot be sent.
    GalaxyTimeoutError
        Galaxy is not done in time.
    """
    progress = progress or Silence()
    folder = RunFolder.read(run_dir)
    history = create_history(gi, history_name, tags)
    with tempfile.TemporaryDirectory(prefix="galaxy-upload-") as scratch:
        items = _items(folder, Path(scratch), tuple(tags))
        uploaded = upload(gi, history.id, items, patience=Patience(wait_limit), progress=progress)
    written = WrittenHistory(history, uploaded.everything())
    failure = uploaded.failure()
    if failure is not None:
        raise IncompleteHistoryError(
            f"Not everything arrived in the history {history.name!r}: {failure}\n"
            f"Arrived, and stays in {history.url}: {_arrived(written)}",
            written,
        )
    return written


def _arrived(written: WrittenHistory) -> str:
    return ", ".join(d.name for d in written.datasets if d.is_ok) or "nothing"


def _items(
    folder: RunFolder, scratch: Path, tags: tuple[str, ...]
) -> list[FileUpload | ListUpload]:
    label = folder.notebook_name
    report, metrics = folder.path / REPORT, scratch / "metrics.tabular"
    metrics.write_text(folder.metrics_table(), encoding="utf-8", errors="replace")
    singles = [
        FileUpload(folder.path / NOTEBOOK, f"{label}: executed notebook", "ipynb", tags),
        FileUpload(report, f"{label}: report", "html", tags, beside=folder.path / REPORT_FILES),
        FileUpload(folder.path / RECORD, f"{label}: run record", "json", tags),
        FileUpload(metrics, f"{label}: metrics", "tabular", tags),
    ]
    lists = [
        ListUpload(f"{label}: {name}", _uploads(folder, elements, tags), tags)
        for name, elements in (("files", folder.files()), ("models", folder.models()))
        if elements
    ]
    there = [file for file in singles if file.path.is_file() and file.path.stat().st_size]
    return [*there, *lists]


def _uploads(
    folder: RunFolder, elements: list[Element], tags: tuple[str, ...]
) -> tuple[FileUpload, ...]:
    return tuple(
        FileUpload(folder.path / element.path, element.identifier, datatype_of(element.path), tags)
        for element in elements
    )
