"""The demo notebook: fit to be committed, and it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "workflows" / "train_digits"
NOTEBOOK = FOLDER / "train_digits.ipynb"
RUNNER = Path(sys.executable).with_name("notebook-runner")


@pytest.fixture(scope="module")
def notebook():
    """The notebook as it is committed."""
    node = nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)
    nbformat.validate(node)
    return node


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder that a run with a smaller network left."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    done = subprocess.run(
        [RUNNER, "run", NOTEBOOK, "-o", folder, "-p", "hidden", "32", "--no-report"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_it_is_committed_without_outputs(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_every_cell_has_an_id_of_its_own(notebook):
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_the_readme_names_every_parameter(notebook):
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    names = [line.partition(":")[0] for line in cells[0].source.splitlines()]
    readme = (FOLDER / "README.md").read_text()
    assert [name for name in names if f"| `{name}` |" not in readme] == []


def test_it_reads_nearly_all_digits(run):
    assert json.loads((run / "metrics.json").read_text())["accuracy"] > 0.92


def test_it_records_the_metrics_that_the_readme_names(run):
    readme = (FOLDER / "README.md").read_text()
    metrics = json.loads((run / "metrics.json").read_text())
    assert [name for name in metrics if f"`{name}`" not in readme] == []


def test_its_model_agrees_with_the_original(run):
    assert json.loads((run / "metrics.json").read_text())["onnx_max_difference"] < 1e-6


def test_it_leaves_a_model_a_table_and_a_picture(run):
    outputs = run / "outputs"
    files = sorted(p.relative_to(outputs).as_posix() for p in outputs.rglob("*") if p.is_file())
    assert files == ["confusion.png", "models/digits.onnx", "scores_per_digit.csv"]


def test_its_table_has_a_row_per_digit(run):
    lines = (run / "outputs" / "scores_per_digit.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["digit", *"0123456789"]


def test_it_warns_of_nothing(run):
    node = nbformat.read(run / "notebook.ipynb", as_version=4)
    streams = [o.name for c in node.cells for o in c.get("outputs", []) if "name" in o]
    assert set(streams) == {"stdout"}
