"""What a submitted run came to: its datasets, and the same as a folder on this machine."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import GalaxyError, GalaxyTimeoutError, OutputError
from notebook_runner.galaxy.datasets import Dataset, read_collection, read_dataset
from notebook_runner.galaxy.downloads import download_dataset, download_extra_files, safe_path
from notebook_runner.galaxy.histories import WrittenHistory
from notebook_runner.galaxy.jobs import JobEnd, follow_job
from notebook_runner.galaxy.progress import Progress, Silence
from notebook_runner.galaxy.waiting import Patience
from notebook_runner.record.files import write_json_atomically
from notebook_runner.record.layout import METRICS, NOTEBOOK, OUTPUTS, RECORD, REPORT, REPORT_FILES
from notebook_runner.record.outputs import MODELS_FOLDER

if TYPE_CHECKING:
    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.submission import SubmittedRun

#: The tool's outputs that are a file of the run's folder.
_SINGLES = {"executed_notebook": NOTEBOOK, "html_report": REPORT, "record": RECORD}
_LISTS = {"files": Path(OUTPUTS), "models": Path(OUTPUTS, MODELS_FOLDER)}

#: After a job that failed, Galaxy needs a moment to sort what is left. It may never finish, and
#: after a job that was deleted or is paused it does not begin.
_LEFTOVERS_S = 10.0
_LEAVES_SOMETHING = ("error", "failed", "stopped")


@dataclass(frozen=True)
class FinishedRun:
    """A job that has ended, and its outputs.

    Attributes
    ----------
    outputs
        Name of the tool's output -> dataset.
    elements
        Name of the tool's output -> the datasets of its collection.
    error
        Why it is not a success; ``None`` when job and all outputs are ``ok``.
    """

    run: SubmittedRun
    end: JobEnd
    outputs: dict[str, Dataset]
    elements: dict[str, tuple[Dataset, ...]]
    error: GalaxyError | None

    @property
    def written(self) -> WrittenHistory:
        """The history with all outputs."""
        elements = [dataset for listed in self.elements.values() for dataset in listed]
        return WrittenHistory(self.run.history, (*self.outputs.values(), *elements))


def finish(
    gi: Connection,
    run: SubmittedRun,
    *,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> FinishedRun:
    """Wait for the end of a job, and look at its outputs.

    A job that failed is an answer, not an exception: see ``FinishedRun.error``.

    Raises
    ------
    GalaxyTimeoutError
        The job, or the work on its outputs, does not end in time.
    GalaxyUnreachableError
        The server cannot be reached any more.
    """
    patience, progress = patience or Patience(), progress or Silence()
    end = follow_job(gi, run.job_id, patience=patience, progress=progress)
    error = end.error(run.history.url)
    progress.status("looking at the results")
    if error is None:
        finished = patience.wait(lambda: _final(_read(gi, run, end, None)), "the job's outputs")
        return _checked(finished)
    moment = _LEFTOVERS_S if end.state in _LEAVES_SOMETHING else 0.0
    try:
        return Patience(moment).wait(lambda: _final(_read(gi, run, end, error)), "outputs")
    except GalaxyTimeoutError:
        return _read(gi, run, end, error)[1]


def check_fetch_folder(folder: Path) -> None:
    """Refuse a folder that holds a run already, or that nothing can be written to.

    Raises
    ------
    OutputError
        It does, or is no folder, or cannot be made or written to.
    """
    try:
        _check_fetch_folder(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written to: {error.strerror}. Choose another folder for --fetch."
        ) from None


def _check_fetch_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is not a folder. Choose another one for --fetch.")
    if there := fetched_results(folder):
        raise OutputError(
            f"{folder} already holds {', '.join(there)}. Choose another folder for --fetch."
        )

    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    finally:
        # Only tried out: nothing may come to be fetched.
        for path in made:
            with suppress(OSError):
                path.rmdir()


def fetched_results(folder: Path) -> list[str]:
    """Name what a folder has of a run."""
    names = (NOTEBOOK, REPORT, REPORT_FILES, RECORD, METRICS, OUTPUTS)
    return [name for name in names if (folder / name).exists()]


def fetch_results(gi: Connection, finished: FinishedRun, folder: Path) -> None:
    """Download the outputs, those of a failed job too, as the folder of a run.

    Raises
    ------
    GalaxyError
        Something could not be downloaded; everything else was.
    OutputError
        Something could not be written.
    """
    history_id = finished.run.history.id
    failures: list[str] = []

    def fetch(dataset: Dataset, target: Path) -> None:
        # A failed job's own outputs are all there, the empty ones were not written; of its
        # collections only what was written is there, and may well be empty.
        empty = not dataset.size and not (dataset.state == "error" and dataset.collection)
        if dataset.state == "deleted" or (not dataset.is_ok and empty):
            return
        try:
            download_dataset(gi, dataset.id, target)
            if target == folder / REPORT:
                download_extra_files(gi, history_id, dataset.id, folder)
        except GalaxyError as error:
            failures.append(str(error))

    for name, dataset in finished.outputs.items():
        if name in _SINGLES:
            fetch(dataset, folder / _SINGLES[name])
    for name, datasets in finished.elements.items():
        for dataset in datasets:
            fetch(dataset, folder / _LISTS.get(name, Path(OUTPUTS)) / safe_path(dataset.name))
    _write_metrics(folder)
    if failures:
        more = f" ({len(failures) - 1} more like it.)" if len(failures) > 1 else ""
        raise GalaxyError(f"Not everything could be downloaded. {failures[0]}{more}")


def _write_metrics(folder: Path) -> None:
    """Take the metrics out of the record: in Galaxy they are a table with the parameters."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        metrics = record["metrics"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    write_json_atomically(folder / METRICS, metrics)


def _read(
    gi: Connection, run: SubmittedRun, end: JobEnd, error: GalaxyError | None
) -> tuple[bool, FinishedRun]:
    """Return the outputs as they are now, and whether none of them changes any more."""
    outputs = {name: read_dataset(gi, dataset_id) for name, dataset_id in run.outputs.items()}
    collections = {name: read_collection(gi, one) for name, one in run.collections.items()}
    final = all(dataset.is_final for dataset in outputs.values())
    final = final and all(collection.is_final for collection in collections.values())
    failed = [one for one in collections.values() if one.state == "failed"]
    if error is None and failed:
        error = GalaxyError(
            f"The job is ok, but Galaxy could not make the collection {failed[0].name!r}: "
            f"{failed[0].message or 'no message'}. Look at it in {run.history.url}"
        )
    elements = {name: collection.elements for name, collection in collections.items()}
    return final, FinishedRun(run, end, outputs, elements, error)


def _final(read: tuple[bool, FinishedRun]) -> FinishedRun | None:
    return read[1] if read[0] else None


def _checked(finished: FinishedRun) -> FinishedRun:
    bad = [dataset for dataset in finished.written.datasets if not dataset.is_ok]
    if not bad or finished.error is not None:
        return finished
    error = GalaxyError(
        f"The job is ok, but its output {bad[0].name!r} is in state {bad[0].state}: "
        f"{bad[0].message or 'no message'}. Look at it in {finished.run.history.url}"
    )
    return FinishedRun(finished.run, finished.end, finished.outputs, finished.elements, error)
