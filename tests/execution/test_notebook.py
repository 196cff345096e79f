"""What is not a notebook, or not a runnable one, is said in one line."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"not json", "not valid JSON"),
        (b"[1, 2]", "has no 'nbformat'"),
        (b'{"a": 1}', "has no 'nbformat'"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b'{"nbformat": 99, "nbformat_minor": 0, "cells": [], "metadata": {}}', "cannot be read"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {}}', "no code cell"),
        (
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "x"}]}',
            "notebook",
        ),
        (b'{"nbformat": 4, "cells": [' + b"[" * 100_000, "not valid JSON"),
    ],
)
def test_what_is_not_a_notebook_ends_with_3(run, tmp_path, content, message):
    notebook = tmp_path / "broken.ipynb"
    notebook.write_bytes(content)
    finished = run(notebook)
    assert finished.returncode == 3
    assert message in finished.stderr
    assert "broken.ipynb" in finished.stderr
    assert len(finished.stderr.splitlines()) <= 2
    assert not finished.folder.exists()


def test_a_missing_notebook_ends_with_3(run, tmp_path):
    finished = run(tmp_path / "absent.ipynb")
    assert finished.returncode == 3
    assert "There is no notebook at" in finished.stderr


def test_a_folder_is_not_a_notebook(run, tmp_path):
    assert "is a folder" in run(tmp_path).stderr


def test_no_notebook_is_wrong_usage(start):
    import subprocess
    import sys
    from pathlib import Path

    runner = Path(sys.executable).with_name("notebook-runner")
    ended = subprocess.run([runner, "run"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Name the NOTEBOOK" in ended.stderr


def test_an_unknown_kernel_ends_with_8_and_names_those_there(make_notebook, run):
    finished = run(make_notebook("1"), "--kernel", "fortran")
    assert finished.returncode == 8
    assert "There is no kernel 'fortran' here. Kernels:" in finished.stderr
    assert "python3" in finished.stderr


def test_a_kernel_of_another_language_that_is_not_here_is_not_replaced(make_notebook, run):
    finished = run(make_notebook("1", kernel="ir", language="R"))
    assert finished.returncode == 8
    assert "'ir'" in finished.stderr


def test_a_python_kernel_of_another_name_is_replaced_and_recorded(make_notebook, run):
    finished = run(make_notebook("1", kernel="my-environment"))
    assert finished.returncode == 0
    assert "Kernel 'my-environment' is not here; running on 'python3' instead." in finished.stderr
    assert finished.record["kernel"]["requested"] == "my-environment"


def test_a_kernel_that_does_not_start_ends_with_8(make_notebook, run, tmp_path):
    spec = tmp_path / "jupyter" / "kernels" / "broken"
    spec.mkdir(parents=True)
    argv = ["/bin/false", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Broken", "language": "python"})
    )
    finished = run(make_notebook("1"), "--kernel", "broken", JUPYTER_PATH=str(tmp_path / "jupyter"))
    assert finished.returncode == 8
    assert "did not start" in finished.stderr
    assert finished.record["status"] == "failed"
    assert "Traceback" not in finished.stderr


@pytest.mark.skipif(
    __import__("pathlib").Path("/dev/nvidiactl").exists(), reason="there is a GPU here"
)
def test_asking_for_a_gpu_where_there_is_none_ends_with_9(make_notebook, run):
    finished = run(make_notebook("1"), "--gpu")
    assert finished.returncode == 9
    assert not finished.folder.exists()
