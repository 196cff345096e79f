"""Both ends of a job of the Galaxy tool ``run_notebook``.

The tool writes one JSON file that says what to run; the run leaves what
Galaxy collects: ``galaxy.json``, ``metrics.tabular`` and the report's pictures.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import GalaxyError
from notebook_runner.galaxy.datatypes import datatype_of
from notebook_runner.galaxy.run_folder import RunFolder
from notebook_runner.record.files import write_atomically, write_json_atomically
from notebook_runner.record.layout import REPORT_FILES

if TYPE_CHECKING:
    from notebook_runner.galaxy.run_folder import Element

PROVIDED_METADATA = "galaxy.json"
METRICS_TABLE = "metrics.tabular"

_KINDS = ("dataset", "datasets", "collection")


@dataclass(frozen=True)
class JobFile:
    """A dataset by its path and the name it has in the history."""

    path: Path
    name: str


@dataclass(frozen=True)
class JobElement:
    """One dataset of an input, with its datatype; ``outer/inner`` identifies a nested one."""

    path: Path
    identifier: str
    ext: str


@dataclass(frozen=True)
class JobInput:
    """What the notebook gets under one name: a path (``dataset``), or else a list."""

    name: str
    kind: str
    elements: tuple[JobElement, ...]


@dataclass(frozen=True)
class JobParameterFile:
    """A dataset with parameters; ``ext`` is ``json`` or ``yaml``, the name is the history's."""

    path: Path
    ext: str
    name: str | None = None


@dataclass(frozen=True)
class GalaxyJob:
    """What a job is to run.

    Attributes
    ----------
    parameters
        Name and value as typed into the form.
    timeout, cell_timeout
        Limits in seconds.
    report_extra_files_path
        Where Galaxy collects the files that belong to the report.
    """

    notebook: JobFile
    inputs: tuple[JobInput, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    params_file: JobParameterFile | None = None
    timeout: float | None = None
    cell_timeout: float | None = None
    report: bool = True
    gpu: bool = False
    report_extra_files_path: Path | None = None


def read_galaxy_job(path: Path) -> GalaxyJob:
    """Read the job file that the tool wrote.

    Raises
    ------
    GalaxyError
        The file cannot be read, or does not say what a job has to say.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GalaxyError(f"Cannot read the job file {path}: {error.strerror}.") from None
    except ValueError as error:
        raise GalaxyError(
            f"The job file {path} is not valid JSON ({error}). "
            "It has to be the one that the Galaxy tool run_notebook writes."
        ) from None
    try:
        return _job(content)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise GalaxyError(
            f"The job file {path} is not as the Galaxy tool run_notebook writes it: {reason}. "
            "Install the version of the tool that belongs to this runner."
        ) from None


def write_job_results(job: GalaxyJob, run_dir: Path, cwd: Path) -> None:
    """Write what Galaxy collects from a run, also from one that failed or left no record.

    Parameters
    ----------
    job
        What was to be run.
    run_dir
        The folder of the run, below ``cwd``.
    cwd
        The job's working directory; ``galaxy.json`` and ``metrics.tabular`` go there.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    folder = RunFolder.read(run_dir)
    base = os.path.relpath(run_dir.absolute(), cwd.absolute())
    provided = {
        "files": {"elements": _provided(folder.files(), base)},
        "models": {"elements": _provided(folder.models(), base)},
    }
    write_json_atomically(cwd / PROVIDED_METADATA, provided)
    write_atomically(cwd / METRICS_TABLE, folder.metrics_table().encode("utf-8", "replace"))
    if job.report_extra_files_path is not None:
        _copy_report_files(run_dir / REPORT_FILES, job.report_extra_files_path / REPORT_FILES)


def _provided(elements: list[Element], base: str) -> list[dict[str, str]]:
    """Return the entries of a collection as Galaxy's provided metadata has them."""
    return [
        {
            "name": element.identifier,
            "filename": f"{base}/{element.path}",
            "ext": datatype_of(element.path),
        }
        for element in elements
    ]


def _copy_report_files(source: Path, target: Path) -> None:
    # The notebook could have put a link here, to have a file of somebody else's copied.
    if source.is_symlink() or not source.is_dir():
        return
    shutil.copytree(source, target, ignore=_links, dirs_exist_ok=True)


def _links(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if (Path(folder) / name).is_symlink()}


def _job(content: Any) -> GalaxyJob:
    job = _typed(content, dict, "the job")
    notebook = _typed(job["notebook"], dict, "notebook")
    params_file = job.get("params_file")
    extra = job.get("report_extra_files_path")
    return GalaxyJob(
        notebook=JobFile(_path(notebook), _typed(notebook["name"], str, "notebook.name")),
        inputs=tuple(_input(entry) for entry in _typed(job.get("inputs", []), list, "inputs")),
        parameters=tuple(
            (_typed(entry["name"], str, "name"), _typed(entry["value"], str, "value"))
            for entry in _typed(job.get("parameters", []), list, "parameters")
        ),
        params_file=None if params_file is None else _parameter_file(params_file),
        timeout=_seconds(job, "timeout"),
        cell_timeout=_seconds(job, "cell_timeout"),
        report=_typed(job.get("report", True), bool, "report"),
        gpu=_typed(job.get("gpu", False), bool, "gpu"),
        report_extra_files_path=Path(_typed(extra, str, "report_extra_files_path"))
        if extra
        else None,
    )


def _input(entry: Any) -> JobInput:
    kind = entry["kind"]
    if kind not in _KINDS:
        raise ValueError(f"the kind of an input is {kind!r}, not one of {', '.join(_KINDS)}")
    elements = tuple(
        JobElement(_path(element), str(element["identifier"]), str(element["ext"]))
        for element in _typed(entry["elements"], list, "elements")
    )
    if kind == "dataset" and len(elements) != 1:
        raise ValueError(f"an input of kind 'dataset' has {len(elements)} elements, not 1")
    return JobInput(_typed(entry["name"], str, "name of an input"), kind, elements)


def _parameter_file(entry: Any) -> JobParameterFile:
    name = entry.get("name")
    return JobParameterFile(
        _path(entry),
        _typed(entry["ext"], str, "params_file.ext"),
        None if name is None else _typed(name, str, "params_file.name"),
    )


def _path(entry: Any) -> Path:
    return Path(_typed(_typed(entry, dict, "a dataset")["path"], str, "path"))


def _seconds(job: dict[str, Any], name: str) -> float | None:
    value = job.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{name} is {value!r}, not a number of seconds")
    return float(value)


def _typed(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{what} is {type(value).__name__}, not {kind.__name__}")
    return value
