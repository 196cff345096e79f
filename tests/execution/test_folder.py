"""The folder of a run is made, and never takes away what is not a run's."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import nbformat
import pytest

from notebook_runner.execution.folder import default_folder


def test_an_earlier_run_is_not_overwritten(make_notebook, run):
    notebook = make_notebook("print('first')")
    assert run(notebook).returncode == 0
    again = run(notebook)
    assert again.returncode == 7
    assert "--overwrite" in again.stderr
    assert "first" in again.text


def test_overwrite_takes_away_only_the_earlier_run(make_notebook, run, tmp_path):
    first = run(make_notebook("open('outputs/old.txt', 'w').write('')"))
    (first.folder / "mine.txt").write_text("mine")
    again = run(make_notebook("open('outputs/new.txt', 'w').write('')"), "--overwrite")
    assert again.returncode == 0, again.stderr
    assert [entry["path"] for entry in again.record["outputs"]] == ["new.txt"]
    assert (again.folder / "mine.txt").read_text() == "mine"


def test_the_notebook_itself_is_never_overwritten(make_notebook, run, tmp_path):
    notebook = make_notebook("1")
    inside = tmp_path / "run" / "notebook.ipynb"
    inside.parent.mkdir()
    inside.write_bytes(notebook.read_bytes())
    finished = run(inside, "--overwrite")
    assert finished.returncode == 7
    assert inside.read_bytes() == notebook.read_bytes()


def test_the_default_folder_is_the_first_free_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert default_folder(Path("x/nb.ipynb")) == Path("nb-run")
    Path("nb-run").mkdir()
    Path("nb-run-2").mkdir()
    assert default_folder(Path("nb.ipynb")) == Path("nb-run-3")


def test_a_folder_that_cannot_be_made_ends_with_7(make_notebook, run, tmp_path):
    (tmp_path / "run").write_text("a file is in the way")
    finished = run(make_notebook("1"))
    assert finished.returncode == 7
    assert "Cannot use" in finished.stderr


def test_links_and_special_files_are_left_out_of_the_outputs(make_notebook, run, tmp_path):
    (tmp_path / "private.txt").write_text("private")
    source = (
        f"import os\nos.symlink({str(tmp_path / 'private.txt')!r}, 'outputs/leak.txt')\n"
        f"os.symlink({str(tmp_path)!r}, 'outputs/leak')\nos.mkfifo('outputs/pipe')\n"
        "open('outputs/fine.txt', 'w').write('fine')"
    )
    finished = run(make_notebook(source))
    assert finished.returncode == 0, finished.stderr
    assert [entry["path"] for entry in finished.record["outputs"]] == ["fine.txt"]
    left_out = {entry["path"]: entry["reason"] for entry in finished.record["outputs_left_out"]}
    assert set(left_out) == {"leak", "leak.txt", "pipe"}
    assert "symbolic link" in left_out["leak"]
    assert left_out["pipe"] == "not a regular file"


def test_an_outputs_folder_that_became_a_link_is_left_out(make_notebook, run, tmp_path):
    source = f"import os\nos.rmdir('outputs')\nos.symlink({str(tmp_path)!r}, 'outputs')"
    finished = run(make_notebook(source))
    assert finished.record["outputs"] == []
    assert "replaced by a symbolic link" in finished.record["outputs_left_out"][0]["reason"]


def test_the_executed_notebook_is_written_as_nbformat_writes_it(make_notebook, run):
    finished = run(make_notebook("print('a\\nb')", "import this", "{'a': 1}"))
    text = (finished.folder / "notebook.ipynb").read_text()
    node = nbformat.reads(text, as_version=4)
    nbformat.validate(node)
    assert text == nbformat.writes(node) + "\n"


def test_json_prints_a_summary_and_nothing_else_on_standard_output(make_notebook, run):
    finished = run(make_notebook("open('outputs/a.txt', 'w').write('')"), "--json")
    summary = json.loads(finished.stdout)
    assert summary["status"] == "ok"
    assert summary["outputs"] == ["a.txt"]
    assert summary["folder"] == str(finished.folder)


def test_a_log_has_one_line_per_cell(make_notebook, run):
    lines = run(make_notebook("1", "2", "3")).stderr.splitlines()
    assert [re.sub(r"[0-9:.]+ s$", "N s", line.split(" ", 1)[1]) for line in lines] == [
        "running 3 code cells",
        "cell 1/3 ok N s",
        "cell 2/3 ok N s",
        "cell 3/3 ok N s",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_disk_ends_with_7_and_keeps_the_notebook_so_far(make_notebook, start, tmp_path):
    small = tmp_path / "run"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        process = start(make_notebook("print('reached')", "print('x' * 1_000_000)", "print('no')"))
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 7
        assert "No space left on device" in stderr
        assert "Traceback" not in stderr
        assert "reached" in (small / "notebook.ipynb").read_text()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_run_leaves_what_it_promises_and_nothing_else(make_notebook, run):
    source = "from notebook_runner import log_metric\nlog_metric('accuracy', 0.9)"
    finished = run(make_notebook(source), "--report")
    assert sorted(path.name for path in finished.folder.iterdir()) == [
        "metrics.json",
        "notebook.ipynb",
        "outputs",
        "report.html",
        "report_files",
        "run.json",
    ]
    assert finished.record["metrics"] == {"accuracy": 0.9}


def test_a_run_without_metrics_leaves_an_empty_object(make_notebook, run):
    finished = run(make_notebook("1"))
    assert json.loads((finished.folder / "metrics.json").read_text()) == {}


def test_files_beside_the_outputs_are_named(make_notebook, run):
    source = "import os\nopen('scores.csv', 'w').write('a')\nos.mkdir('plots')"
    finished = run(make_notebook(source))
    named = {entry["path"]: entry["reason"] for entry in finished.record["outputs_left_out"]}
    assert set(named) == {"../scores.csv", "../plots/"}
    assert "Left out of the outputs: ../scores.csv (it lies beside outputs/" in finished.stderr


def test_overwrite_without_a_folder_uses_the_first_name():
    assert default_folder(Path("nb.ipynb"), overwrite=True) == Path("nb-run")
