"""Show which parameters a notebook takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from notebook_runner.errors import ParameterError
from notebook_runner.execution.notebook import language_of, read_notebook
from notebook_runner.execution.parameters import Parameter, declared_parameters

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.execution.types import ParameterType


def print_parameters(notebook: Path, *, as_json: bool) -> None:
    """Print name, type, default and help of every parameter on standard output.

    Raises
    ------
    NotebookError
        The notebook or its ``parameters`` cell cannot be read.
    ParameterError
        The notebook is not in Python.
    """
    node = read_notebook(notebook).node
    parameters = declared_parameters(node)
    if parameters is None:
        raise ParameterError(
            f"The parameters of a notebook in {language_of(node)} cannot be listed; "
            "only those of Python notebooks can. Look into its cell tagged 'parameters'."
        )
    if as_json:
        print(json.dumps([_as_json(p) for p in parameters], indent=1))  # noqa: T201
        return
    console = Console()
    if not parameters:
        console.print(
            Text(f"{notebook.name} takes no parameters (no cell is tagged 'parameters').")
        )
        return
    table = Table(
        "parameter", "type", "default", "help", title=Text(f"Parameters of {notebook.name}")
    )
    for p in parameters:
        default = "(must be given)" if p.default is None else p.default
        table.add_row(*(Text(text) for text in (p.name, str(p.type), default, p.help)))
    console.print(table)


def _as_json(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "type": str(parameter.type),
        "required": parameter.default is None,
        "default": parameter.value,
        "default_source": parameter.default,
        "choices": _choices(parameter.type),
        "help": parameter.help,
    }


def _choices(type_: ParameterType) -> list[Any] | None:
    """List all values that are taken, where they are named."""
    if type_.kind == "literal":
        return list(type_.choices)
    if type_.kind == "union" and {member.kind for member in type_.arguments} <= {"literal", "none"}:
        # Of a literal its values, of None itself.
        return [choice for member in type_.arguments for choice in member.choices or (None,)]
    return None
