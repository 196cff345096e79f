"""A notebook runs headlessly in the container, by the same command as anywhere."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import nbformat
import pytest

from notebook_runner.images import labels

DEMO = Path(__file__).parents[3] / "workflows" / "train_digits" / "train_digits.ipynb"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder that any user may write into."""
    tmp_path.chmod(0o777)
    return tmp_path


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, path)
    return path


def run_notebook(image, work: Path, notebook: Path, *options: str, **settings):
    """Run a notebook of the folder in a container of its own."""
    settings = {"user": "12345:0", "volumes": [f"{work}:/work"], **settings}
    command = ["notebook-runner", "run", notebook.name, "-o", "result", *options]
    return image.run(*command, **settings)


@pytest.fixture(scope="module")
def demo(image, tmp_path_factory):
    """The demo, run: trained with scikit-learn, saved as ONNX, and the ONNX model run."""
    work = tmp_path_factory.mktemp("demo")
    work.chmod(0o777)
    shutil.copy(DEMO, work)
    (work / DEMO.name).chmod(0o644)
    ended = run_notebook(image, work, DEMO, "-p", "hidden", "8")
    assert ended.code == 0, ended.output
    return work / "result"


def test_the_demo_trains_and_its_model_is_proven(demo):
    assert list((demo / "outputs" / "models").glob("*.onnx"))
    metrics = json.loads((demo / "metrics.json").read_text())
    assert metrics


def test_the_record_and_the_notebook_name_the_image(image, demo):
    record = json.loads((demo / "run.json").read_text())
    pin = nbformat.read(demo / "notebook.ipynb", as_version=4).metadata["galaxy_notebook"]
    name, tag = image.reference.split(":")
    assert (record["image"]["name"], record["image"]["tag"]) == (name, tag)
    assert record["image"]["content_id"] == image.labels[labels.CONTENT_ID]
    assert (pin["image"], pin["tag"]) == (name, tag)
    assert pin["content_id"] == image.labels[labels.CONTENT_ID]
    assert pin["lock_hash"] == image.labels[labels.LOCK_HASH]


def test_the_digest_is_recorded_where_the_destination_tells_it(image, work):
    notebook = write_notebook(work / "n.ipynb", "1 + 1")
    digest = "registry.example.org/galaxy-lab@sha256:" + "a" * 64
    ended = run_notebook(
        image, work, notebook, environment={"NOTEBOOK_RUNNER_IMAGE_DIGEST": digest}
    )
    assert ended.code == 0, ended.output
    assert json.loads((work / "result" / "run.json").read_text())["image"]["digest"] == digest


def test_a_read_only_disk_and_no_network_are_enough(image, work):
    cell = "import sklearn.svm as s, matplotlib.pyplot as p; p.plot([1, 2]); print(s.__name__)"
    notebook = write_notebook(work / "n.ipynb", cell)
    ended = run_notebook(
        image, work, notebook, read_only=True, tmpfs={"/home/notebook": "mode=1777"}
    )
    assert ended.code == 0, ended.output
    assert (work / "result" / "report.html").is_file()


def test_a_failing_cell_ends_with_its_exit_code_and_keeps_the_notebook(image, work):
    notebook = write_notebook(work / "n.ipynb", "print('before')", "1 / 0")
    ended = run_notebook(image, work, notebook)
    assert ended.code == 10, ended.output
    assert "ZeroDivisionError" in ended.output
    executed = nbformat.read(work / "result" / "notebook.ipynb", as_version=4)
    assert executed.cells[-2].outputs[0].text == "before\n" or "before" in str(executed.cells)


@pytest.mark.parametrize(
    ("signal", "owner", "code"),
    [("SIGTERM", 1000, 143), ("SIGTERM", 4321, 143), ("SIGTERM", 0, 143), ("SIGINT", 4321, 130)],
)
def test_a_stopped_container_leaves_notebook_and_record(image, work, signal, owner, code):
    """Also where it works as the owner of the folder, who is nobody that the image knows."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of somebody else")
    notebook = write_notebook(
        work / "n.ipynb",
        "from pathlib import Path; Path('/work/waiting').touch(); import time; time.sleep(600)",
    )
    work.chmod(0o755)
    os.chown(work, owner, owner)
    container = image.start(
        *("notebook-runner", "run", notebook.name, "-o", "result"), volumes=[f"{work}:/work"]
    )
    try:
        for _ in range(600):
            if (work / "waiting").exists():
                break
            time.sleep(0.1)
        assert (work / "waiting").exists(), container.logs().decode()
        container.kill(signal)
        assert container.wait(timeout=60)["StatusCode"] == code, container.logs().decode()
    finally:
        container.remove(force=True)
    record = json.loads((work / "result" / "run.json").read_text())
    assert record["exit_code"] == code
    assert (work / "result" / "notebook.ipynb").is_file()
    assert (work / "result" / "report.html").is_file()
