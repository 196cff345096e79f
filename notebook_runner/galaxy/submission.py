"""A notebook and what belongs to it go to a Galaxy, and are run there as a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import GalaxyError, GalaxyUploadError
from notebook_runner.galaxy.datatypes import datatype_of
from notebook_runner.galaxy.histories import NewHistory, create_history
from notebook_runner.galaxy.progress import Progress, Silence
from notebook_runner.galaxy.tool import (
    TOOL_ID,
    FormInput,
    Tool,
    fill_form,
    find_tool,
    whole_seconds,
)
from notebook_runner.galaxy.uploads import FileUpload, ListUpload, Uploaded, upload
from notebook_runner.galaxy.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notebook_runner.galaxy.connection import Connection


@dataclass(frozen=True)
class InputFiles:
    """A named input: one file, or a list of files with their identifiers."""

    name: str
    files: tuple[tuple[str, Path], ...]
    is_list: bool


@dataclass(frozen=True)
class Submission:
    """What to run in Galaxy.

    Attributes
    ----------
    parameters
        Name and value as typed; they win over ``params_file``.
    params_file
        A JSON or YAML file.
    timeout, cell_timeout
        Limits in seconds, for the run and for each cell.
    gpu
        Whether the job fails where there is no GPU.
    """

    notebook: Path
    history_name: str
    inputs: Sequence[InputFiles] = ()
    parameters: Sequence[tuple[str, str]] = ()
    params_file: Path | None = None
    timeout: float | None = None
    cell_timeout: float | None = None
    report: bool = True
    gpu: bool = False
    tool_id: str = TOOL_ID

    def __post_init__(self) -> None:
        """Refuse what is no time limit, before anything is sent."""
        for limit in (self.timeout, self.cell_timeout):
            if limit is not None:
                whole_seconds(limit)


@dataclass(frozen=True)
class SubmittedRun:
    """A job that was started.

    Attributes
    ----------
    outputs, collections
        Name of the tool's output -> id in the history.
    """

    history: NewHistory
    tool: Tool
    job_id: str
    job_url: str
    outputs: dict[str, str]
    collections: dict[str, str]


def submit(
    gi: Connection,
    submission: Submission,
    *,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> SubmittedRun:
    """Make a history, upload everything into it, and start the job; do not wait for the job.

    Parameters
    ----------
    gi
        From ``connect``.
    submission
        What to run.
    patience
        How long the uploads may take; without it as long as they need.
    progress
        Is told what goes on.

    Raises
    ------
    GalaxyToolMissingError
        The server cannot run notebooks; no history was made.
    GalaxyUploadError
        A file did not become a dataset in state ``ok``; nothing was started.
    GalaxyTimeoutError
        The uploads are not done in time.
    GalaxyError
        Galaxy refuses to start the job.
    """
    progress = progress or Silence()
    tool = find_tool(gi, submission.tool_id)
    history = create_history(gi, submission.history_name)
    progress.note(f"History {history.name!r}: {history.url}")
    form = _upload(gi, history, submission, patience or Patience(), progress)
    progress.status("starting the job")
    with gi.explained("start the job"):
        answer = gi.tools.run_tool(history.id, tool.id, form, input_format="21.01")
    job_id = _job_id(answer, history)
    progress.note(f"Job {job_id} of {tool.id} {tool.version}")
    return SubmittedRun(
        history=history,
        tool=tool,
        job_id=job_id,
        job_url=gi.link_to_job(job_id),
        outputs=_ids(answer["outputs"]),
        collections=_ids(answer["output_collections"]),
    )


def _upload(
    gi: Connection,
    history: NewHistory,
    submission: Submission,
    patience: Patience,
    progress: Progress,
) -> dict[str, Any]:
    """Upload what the job needs, and return the form that refers to it."""
    singles = [item for item in submission.inputs if not item.is_list]
    lists = [item for item in submission.inputs if item.is_list]
    files = [FileUpload(submission.notebook, submission.notebook.name, "ipynb")]
    if submission.params_file is not None:
        kind = "json" if submission.params_file.suffix.lower() == ".json" else "yaml"
        files.append(FileUpload(submission.params_file, submission.params_file.name, kind))
    files += [_file(*item.files[0]) for item in singles]
    uploaded = upload(
        gi,
        history.id,
        [*files, *(ListUpload(item.name, tuple(_file(*f) for f in item.files)) for item in lists)],
        patience=patience,
        progress=progress,
    )
    _check(uploaded, history)
    count = len(files) + sum(len(item.files) for item in lists)
    progress.note(f"Uploaded {count} {'file' if count == 1 else 'files'}")
    ids = [dataset.id for dataset in uploaded.datasets]
    notebook_id = ids.pop(0)
    params_file_id = ids.pop(0) if submission.params_file is not None else None
    return fill_form(
        notebook_id=notebook_id,
        params_file_id=params_file_id,
        inputs=[
            *(FormInput(i.name, d, is_list=False) for i, d in zip(singles, ids, strict=True)),
            *(
                FormInput(item.name, collection.id, is_list=True)
                for item, collection in zip(lists, uploaded.collections, strict=True)
            ),
        ],
        parameters=submission.parameters,
        timeout=submission.timeout,
        cell_timeout=submission.cell_timeout,
        report=submission.report,
        gpu=submission.gpu,
    )


def _file(identifier: str, path: Path) -> FileUpload:
    return FileUpload(path, identifier, datatype_of(path.name))


def _check(uploaded: Uploaded, history: NewHistory) -> None:
    failure = uploaded.failure()
    if failure is not None:
        raise GalaxyUploadError(
            f"The upload failed, and nothing was started. {failure} "
            f"What did arrive is in {history.url}"
        )


def _job_id(answer: dict[str, Any], history: NewHistory) -> str:
    jobs = answer.get("jobs") or []
    if len(jobs) != 1:
        said = answer.get("errors") or f"it started {len(jobs)} jobs instead of one"
        raise GalaxyError(f"Galaxy did not start the job: {said}. The history is {history.url}")
    return str(jobs[0]["id"])


def _ids(outputs: list[dict[str, Any]]) -> dict[str, str]:
    return {str(output["output_name"]): str(output["id"]) for output in outputs}
