"""What the kernel is told: its inputs, where outputs and metrics go, its environment."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from notebook_runner.errors import InputError
from notebook_runner.execution.parameters import INPUTS_PARAMETER
from notebook_runner.record.files import write_json_atomically
from notebook_runner.record.layout import METRICS, OUTPUTS
from notebook_runner.record.session import CONTEXT_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from notebook_runner.execution.inputs import NamedInput


#: Linux takes no longer ones (MAX_ARG_STRLEN, less the name).
_LONGEST_VARIABLE = 120_000
#: A notebook has no business with the key that its results are written back with.
KEY_VARIABLES = ("GALAXY_API_KEY", "GALAXY_KEY")


def write_context(target: Path, folder: Path, inputs: Iterable[NamedInput]) -> None:
    """Write the file that ``notebook_runner.inputs`` and its siblings read.

    Parameters
    ----------
    target
        The file to write.
    folder
        Folder of the run, absolute.
    """
    context = {
        "inputs": {named.name: named.as_value() for named in inputs},
        "outputs_dir": str(folder / OUTPUTS),
        "metrics_file": str(folder / METRICS),
    }
    write_json_atomically(target, context)


def kernel_environment(
    env: Mapping[str, str],
    *,
    secrets: Mapping[str, str],
    context: Path,
    inputs: Iterable[NamedInput],
    notebook_folder: Path,
    interpreter: str | None,
    language: str,
) -> dict[str, str]:
    """Return the environment variables of the kernel.

    The inputs are there as JSON too, for kernels that are not Python's.
    Modules that lie beside the notebook can be imported, as in JupyterLab,
    and ``python`` and ``pip`` on the path are the kernel's.
    """
    result = {name: value for name, value in env.items() if name not in KEY_VARIABLES}
    result.update(secrets)
    result[CONTEXT_VARIABLE] = str(context)
    if language != "python":
        result[INPUTS_PARAMETER] = _as_variable(inputs, language)
    python_path = [env.get("PYTHONPATH", ""), str(notebook_folder)]
    result["PYTHONPATH"] = os.pathsep.join(part for part in python_path if part)
    if interpreter and os.path.isabs(interpreter):  # noqa: PTH117
        result["PATH"] = os.pathsep.join([os.path.dirname(interpreter), env.get("PATH", "")])  # noqa: PTH120
    return result


def _as_variable(inputs: Iterable[NamedInput], language: str) -> str:
    text = json.dumps({named.name: named.as_value() for named in inputs})
    if len(text.encode()) > _LONGEST_VARIABLE:
        raise InputError(
            f"These are too many inputs for a {language} kernel, which reads them from an "
            "environment variable. Pass fewer files, or one that lists them."
        )
    return text
