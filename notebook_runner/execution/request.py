"""What to run, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from notebook_runner.errors import NotebookRunnerError
    from notebook_runner.execution.inputs import NamedInput


@dataclass(frozen=True)
class RunRequest:
    """What to run, and with what.

    Attributes
    ----------
    notebook
        Path of the notebook.
    output_dir
        Folder of the run.
    name
        What the notebook is called, where its file has another name.
    parameter_texts, parameter_values
        Parameters as typed, and as read from a file; the first win.
    secrets
        Name and value; given to the kernel as environment variables.
    timeout, cell_timeout
        Limits in seconds for the run and for each cell.
    gpu
        Whether to refuse to run without a GPU.
    hidden
        Further values that must appear in nothing that is written.
    """

    notebook: Path
    output_dir: Path
    name: str | None = None
    parameter_texts: Sequence[tuple[str, str]] = ()
    parameter_values: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[NamedInput] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    kernel: str | None = None
    timeout: float | None = None
    cell_timeout: float | None = None
    report: bool = True
    gpu: bool = False
    overwrite: bool = False
    hidden: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True)
class RunResult:
    """How a run ended: its folder, its record, and the error if there was one."""

    folder: Path
    record: dict[str, Any]
    error: NotebookRunnerError | None
