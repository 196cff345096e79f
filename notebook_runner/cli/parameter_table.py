"""Show which parameters a notebook takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from notebook_runner.errors import ParameterError
from notebook_runner.execution.notebook import language_of, read_notebook
from notebook_runner.execution.parameters import declared_parameters

if TYPE_CHECKING:
    from pathlib import Path


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
        listed = [
            {"name": p.name, "type": str(p.type), "default": p.default, "help": p.help}
            for p in parameters
        ]
        print(json.dumps(listed, indent=1))  # noqa: T201
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
