"""What a job of the Galaxy tool asks for, as a request to run."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from notebook_runner.execution.inputs import InputElement, NamedInput, check_input_name
from notebook_runner.execution.parameter_files import read_parameter_file
from notebook_runner.execution.request import RunRequest
from notebook_runner.galaxy.datatypes import datatype_of

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.galaxy.job import GalaxyJob, JobInput


def request_of_job(job: GalaxyJob, folder: Path) -> RunRequest:
    """Return the run that a job asks for, into ``folder``.

    Raises
    ------
    InputError
        A name is no variable name.
    ParameterError
        The file with parameters cannot be read.
    """
    file = job.params_file
    return RunRequest(
        notebook=job.notebook.path,
        output_dir=folder,
        name=job.notebook.name,
        parameter_texts=job.parameters,
        parameter_values=read_parameter_file(file.path, file.ext, file.name) if file else {},
        inputs=_gather(job.inputs),
        timeout=job.timeout,
        cell_timeout=job.cell_timeout,
        report=job.report,
        gpu=job.gpu,
    )


def _gather(given: tuple[JobInput, ...]) -> list[NamedInput]:
    """Put what was given under one name together: the same name twice makes a list."""
    gathered: dict[str, NamedInput] = {}
    for entry in given:
        check_input_name(entry.name)
        elements = tuple(
            InputElement(e.path, e.identifier, _ending(e.identifier, e.ext)) for e in entry.elements
        )
        before = gathered.get(entry.name)
        is_list = entry.kind != "dataset" or before is not None
        known = before.elements if before else ()
        gathered[entry.name] = NamedInput(entry.name, (*known, *elements), is_list)
    return list(gathered.values())


def _ending(identifier: str, datatype: str) -> str:
    """Keep a usual ending that a name has: ``tsv`` for ``tabular``, ``jpeg`` for ``jpg``."""
    suffixes = PurePosixPath(identifier).suffixes
    for count in (1, 2):
        ending = "".join(suffixes[-count:])
        if ending and datatype_of(f"name{ending}") == datatype:
            return ending.removeprefix(".")
    return datatype
