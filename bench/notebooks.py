"""The notebooks that are measured."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

DEMO = Path(__file__).parents[1] / "workflows" / "train_digits" / "train_digits.ipynb"


def write_trivial(target: Path, cells: int = 20) -> Path:
    """Write a notebook of trivial cells: what it takes to run is all overhead."""
    node = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
        cells=[nbformat.v4.new_code_cell(f"x = {n}\nprint(x)") for n in range(cells)],
    )
    nbformat.write(node, target)
    return target


def write_kernelspec(folder: Path, python: Path) -> Path:
    """Write a kernelspec ``python3`` for an interpreter; return what JUPYTER_PATH has to be."""
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    return folder
