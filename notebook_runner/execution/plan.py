"""Whether a run can be started, found out before anything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import GpuError
from notebook_runner.execution.folder import prepare_folder
from notebook_runner.execution.kernel import KernelChoice, choose_kernel
from notebook_runner.execution.notebook import SourceNotebook, read_notebook
from notebook_runner.execution.parameters import (
    convert_parameters,
    declared_parameters,
    default_values,
)
from notebook_runner.record.gpu import list_gpus

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.execution.request import RunRequest


@dataclass(frozen=True)
class Plan:
    """A request that was found possible."""

    source: SourceNotebook
    parameters: dict[str, Any]
    defaults: dict[str, Any]
    choice: KernelChoice
    gpus: list[dict[str, Any]] | None
    folder: Path


def make_plan(request: RunRequest) -> Plan:
    """Check everything that can be checked before anything is started, and make the folder.

    Raises
    ------
    NotebookError, ParameterError, KernelError, GpuError, OutputError
        The run cannot be started.
    """
    source = read_notebook(request.notebook, request.name)
    declared = declared_parameters(source.node)
    parameters = convert_parameters(declared, request.parameter_texts, request.parameter_values)
    choice = choose_kernel(source.node, request.kernel)
    if parameters and choice.language != "python":
        from notebook_runner.execution.translators import check_translation

        check_translation(parameters, choice.name, choice.language)
    gpus = list_gpus()
    if request.gpu and gpus is None:
        raise GpuError(
            "A GPU was asked for, and the NVIDIA driver shows none here. Run on a machine with a "
            "GPU (in Galaxy: a GPU destination), or leave the GPU out."
        )
    folder = prepare_folder(request.output_dir, request.notebook, overwrite=request.overwrite)
    return Plan(source, parameters, default_values(declared), choice, gpus, folder)
