"""Read a notebook, and say clearly why one cannot be read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nbformat

from notebook_runner.errors import NotebookError

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

PARAMETERS_TAG = "parameters"
_SHOWN = 80


@dataclass(frozen=True)
class SourceNotebook:
    """A notebook as it was read.

    Attributes
    ----------
    node
        The notebook in nbformat 4.
    sha256, size
        Of the file, in bytes.
    """

    node: NotebookNode
    sha256: str
    size: int


def read_notebook(path: Path, name: str | None = None) -> SourceNotebook:
    """Read and check a notebook.

    Parameters
    ----------
    path
        The file.
    name
        What the user knows it by, where that is not its path.

    Raises
    ------
    NotebookError
        There is no such file, it cannot be read, or it is not a notebook.
    """
    shown = name or str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotebookError(f"There is no notebook at {path}. Check the path.") from None
    except IsADirectoryError:
        raise NotebookError(f"{shown} is a folder; name the .ipynb file in it.") from None
    except OSError as error:
        raise NotebookError(f"Cannot read {shown}: {error.strerror}.") from None
    node = _parse(shown, data)
    return SourceNotebook(node, hashlib.sha256(data).hexdigest(), len(data))


def _parse(name: str, data: bytes) -> NotebookNode:
    if not data.strip():
        raise NotebookError(f"{name} is empty; expected a Jupyter notebook (.ipynb).")
    try:
        raw = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotebookError(
            f"{name} is not text in UTF-8; expected a Jupyter notebook (.ipynb)."
        ) from None
    except (ValueError, RecursionError) as error:
        raise NotebookError(
            f"{name} is not a Jupyter notebook: it is not valid JSON ({error}). "
            "Save it again as .ipynb in JupyterLab."
        ) from None
    if not isinstance(raw, dict) or "nbformat" not in raw:
        raise NotebookError(
            f"{name} is JSON but not a Jupyter notebook: it has no 'nbformat'. "
            "Pass the .ipynb file itself."
        )
    try:
        node: NotebookNode = nbformat.reads(json.dumps(raw), as_version=4)
    except Exception as error:  # noqa: BLE001 - nbformat raises many kinds for a broken notebook
        raise NotebookError(
            f"{name} cannot be read as a notebook: {_first_line(error)}. "
            "Open it in JupyterLab and save it again."
        ) from None
    _check(name, node)
    return node


def _check(name: str, node: NotebookNode) -> None:
    try:
        nbformat.validate(node)
    except nbformat.ValidationError as error:
        raise NotebookError(
            f"{name} is not a valid notebook: {_first_line(error)}. "
            "Open it in JupyterLab and save it again."
        ) from None
    if not any(cell.cell_type == "code" and cell.source.strip() for cell in node.cells):
        raise NotebookError(f"{name} has no code cell, so there is nothing to run.")


def find_parameters_cell(node: NotebookNode) -> int | None:
    """Return the position of the first code cell tagged ``parameters``, if there is one."""
    for index, cell in enumerate(node.cells):
        if cell.cell_type == "code" and PARAMETERS_TAG in cell.metadata.get("tags", []):
            return index
    return None


def language_of(node: NotebookNode, default: str = "python") -> str:
    """Return the language that the notebook says it is written in, in lower case."""
    kernelspec = node.metadata.get("kernelspec", {})
    language_info = node.metadata.get("language_info", {})
    return str(kernelspec.get("language") or language_info.get("name") or default).lower()


def _first_line(error: BaseException) -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
