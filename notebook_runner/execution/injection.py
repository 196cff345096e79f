"""Put parameters and inputs into the notebook that is going to run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from nbformat import from_dict
from papermill import __version__ as papermill_version
from papermill.parameterize import parameterize_notebook

from notebook_runner.execution.parameters import INPUTS_PARAMETER
from notebook_runner.execution.translators import register_translators

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbformat import NotebookNode

    from notebook_runner.execution.inputs import NamedInput
    from notebook_runner.execution.kernel import KernelChoice


def inject(
    node: NotebookNode,
    parameters: Mapping[str, Any],
    inputs: Sequence[NamedInput],
    choice: KernelChoice,
) -> NotebookNode:
    """Return the notebook with a cell that assigns parameters and ``GALAXY_INPUTS``.

    The cell stands behind the one tagged ``parameters``, else at the top.
    Nothing is put in where nothing was given and nothing is asked for.
    """
    _add_papermill_metadata(node)
    values = dict(parameters)
    if choice.language == "python" and (inputs or _mentions_inputs(node)):
        values[INPUTS_PARAMETER] = {named.name: named.as_value() for named in inputs}
    if not values:
        return node
    register_translators()
    # What papermill warns of (no cell tagged 'parameters') is as it should be for inputs.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    injected: NotebookNode = parameterize_notebook(
        node, values, kernel_name=choice.name, language=choice.language
    )
    _add_papermill_metadata(injected)
    return injected


def list_cells(node: NotebookNode) -> list[dict[str, Any]]:
    """List the code cells that are going to run, as the run record has them."""
    indices = [
        index
        for index, cell in enumerate(node.cells)
        if cell.cell_type == "code"
        and cell.source.strip()
        and "skip-execution" not in cell.metadata.get("tags", [])
    ]
    return [
        {"index": index, "number": number, "status": "skipped", "start": None, "duration_s": None}
        for number, index in enumerate(indices, start=1)
    ]


def _mentions_inputs(node: NotebookNode) -> bool:
    return any(c.cell_type == "code" and INPUTS_PARAMETER in c.source for c in node.cells)


def _add_papermill_metadata(node: NotebookNode) -> None:
    """Add what papermill's engine expects to find in a notebook it has loaded itself."""
    if not isinstance(node.metadata.get("papermill"), dict):
        node.metadata["papermill"] = from_dict(
            {
                "default_parameters": {},
                "parameters": {},
                "environment_variables": {},
                "version": papermill_version,
            }
        )
    for cell in node.cells:
        cell.metadata.setdefault("tags", [])
        if not isinstance(cell.metadata.get("papermill"), dict):
            cell.metadata["papermill"] = from_dict({})
