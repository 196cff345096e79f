"""Notebooks made on the spot, and real runs of the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

RUNNER = Path(sys.executable).with_name("notebook-runner")


@dataclass(frozen=True)
class Finished:
    """What a run of the command left."""

    returncode: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.folder / "run.json").read_text())

    @property
    def node(self) -> NotebookNode:
        return nbformat.read(self.folder / "notebook.ipynb", as_version=4)

    @property
    def text(self) -> str:
        """All that the executed notebook's cells printed or returned."""
        return "".join(
            str(o.get("text", "") or o.get("data", {}).get("text/plain", ""))
            for cell in self.node.cells
            for o in cell.get("outputs", [])
        )

    def all_text(self) -> str:
        """Everything in the folder of the run, as one text."""
        files = [f for f in self.folder.rglob("*") if f.is_file()]
        return "\n".join(f.read_bytes().decode("utf-8", "replace") for f in files)


@pytest.fixture
def make_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a notebook of the given cells."""

    def make(
        *cells: str,
        parameters: str | None = None,
        name: str = "notebook.ipynb",
        kernel: str = "python3",
        language: str = "python",
    ) -> Path:
        node = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": language}}
        )
        if parameters is not None:
            node.cells.append(
                nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
            )
        node.cells += [nbformat.v4.new_code_cell(source) for source in cells]
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        nbformat.write(node, folder / name)
        return folder / name

    return make


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts ``notebook-runner run`` into ``tmp_path/run``."""

    def start(notebook: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
        command = [str(RUNNER), "run", str(notebook), "-o", str(tmp_path / "run"), *arguments]
        if "--report" not in arguments:
            command.append("--no-report")
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **env},
        )

    return start


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> Callable[..., Finished]:
    """Return a function that runs ``notebook-runner run`` to its end."""

    def run(notebook: Path, *arguments: str, **env: str) -> Finished:
        process = start(notebook, *arguments, **env)
        stdout, stderr = process.communicate(timeout=120)
        return Finished(process.returncode, stdout, stderr, tmp_path / "run")

    return run
