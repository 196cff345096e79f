"""``notebook-runner submit``, as a person calls it, on the local Galaxy."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.local_galaxy.instance import LocalGalaxy

#: What a shell, a form, a template, a web page or JSON could change on the way.
HOSTILE = "'a' \"b\" $(id) `id` ${HOME}\n line\ttab \\n é漢🙂 <b> &amp; __dq__ #if {0} "

WRITE_ALL = """
import json, pathlib
from notebook_runner import inputs, log_metric, outputs_dir
seen = {
    "table": pathlib.Path(inputs["table"]).read_text(),
    "many": [[e["identifier"], pathlib.Path(e["path"]).read_text()] for e in inputs["many"]],
    "text": text,
    "count": count,
    "flag": flag,
}
(outputs_dir / "seen.json").write_text(json.dumps(seen))
(outputs_dir / "sub").mkdir()
(outputs_dir / "sub" / "'q\\" <b> é.csv").write_text("a\\r\\n")
(outputs_dir / "models").mkdir(exist_ok=True)
(outputs_dir / "models" / "m.onnx").write_bytes(b"\\x08\\x01")
log_metric("accuracy", 0.5)
"""


def links(text: str) -> list[str]:
    return re.findall(r"http\S+/histories/view\?id=\w+", text)


# ---- a run that succeeds ----------------------------------------------------------


@dataclass(frozen=True)
class Success:
    """A submission with everything, as --json tells it and --fetch brought it."""

    ended: Any
    folder: Path


@pytest.fixture(scope="module")
def success(
    galaxy: LocalGalaxy, tmp_path_factory: pytest.TempPathFactory, command: Any, write_notebook: Any
) -> Success:
    here = tmp_path_factory.mktemp("success")
    (here / "table.csv").write_text("a,b\r\n1,2")
    (here / "many" / "deep").mkdir(parents=True)
    (here / "many" / "x.csv").write_text("x")
    (here / "many" / "deep" / "é y.txt").write_text("y")
    (here / "values.yaml").write_text("count: 1\nflag: true\n")
    parameters = "text = 'none'\ncount = 0\nflag = False"
    notebook = write_notebook(here / "all of it.ipynb", WRITE_ALL, parameters=parameters)
    arguments = ["-i", "table=table.csv", "-i", "many=many", "--params-file", "values.yaml"]
    arguments += ["-p", "text", HOSTILE, "-p", "count", "3", "--timeout", "60"]
    arguments += ["--history-name", "All ' of <b> it", "--fetch", "out", "--json"]
    ended = command.run(
        here, "submit", notebook, "--galaxy", galaxy.url, *arguments, key=galaxy.api_key
    )
    assert ended.code == 0, ended.err
    return Success(ended, here / "out")


@pytest.mark.galaxy
def test_a_success_is_summed_up_as_json(success: Success) -> None:
    summary = success.ended.summary
    assert (summary["status"], summary["error"]) == ("ok", None)
    assert (summary["job"]["state"], summary["job"]["exit_code"]) == ("ok", 0)
    assert summary["history"]["name"] == "All ' of <b> it"


@pytest.mark.galaxy
def test_all_outputs_land_with_their_datatypes(success: Success) -> None:
    name = "all of it.ipynb"
    assert [
        (d["collection"], d["name"], d["datatype"], d["state"])
        for d in success.ended.summary["datasets"]
    ] == [
        (None, f"{name}: executed notebook", "ipynb", "ok"),
        (None, f"{name}: report", "html", "ok"),
        (None, f"{name}: run record", "json", "ok"),
        (None, f"{name}: metrics", "tabular", "ok"),
        (f"{name}: files", "seen.json", "json", "ok"),
        (f"{name}: files", "sub/'q\" <b> é.csv", "csv", "ok"),
        (f"{name}: models", "m.onnx", "onnx", "ok"),
    ]


@pytest.mark.galaxy
def test_parameters_and_inputs_arrive_unchanged(success: Success) -> None:
    assert json.loads((success.folder / "outputs" / "seen.json").read_text()) == {
        "table": "a,b\n1,2",
        "many": [["deep/é y.txt", "y"], ["x.csv", "x"]],
        "text": HOSTILE,
        "count": 3,
        "flag": True,
    }


@pytest.mark.galaxy
def test_fetched_results_are_the_folder_of_a_run(success: Success) -> None:
    files = {str(p.relative_to(success.folder)) for p in success.folder.rglob("*") if p.is_file()}
    assert files == {
        "notebook.ipynb",
        "report.html",
        "report_files/style.css",
        "run.json",
        "metrics.json",
        "outputs/seen.json",
        "outputs/sub/'q\" <b> é.csv",
        "outputs/models/m.onnx",
    }


@pytest.mark.galaxy
def test_fetched_files_are_the_same_bytes(success: Success) -> None:
    assert (success.folder / "outputs" / "sub" / "'q\" <b> é.csv").read_bytes() == b"a\r\n"
    assert (success.folder / "outputs" / "models" / "m.onnx").read_bytes() == b"\x08\x01"


@pytest.mark.galaxy
def test_fetched_metrics_are_those_of_the_run(success: Success) -> None:
    assert json.loads((success.folder / "metrics.json").read_text()) == {"accuracy": 0.5}


@pytest.mark.galaxy
def test_each_change_is_one_line_of_a_log(success: Success) -> None:
    lines = [line.split(" ", 1)[1] for line in success.ended.err.splitlines()]
    assert len(lines) == len(set(lines))
    assert lines[-3:] == ["job ok", "looking at the results", "downloading the results"]


# ---- a run that fails -------------------------------------------------------------


@dataclass(frozen=True)
class Failure:
    ended: Any
    folder: Path


@pytest.fixture(scope="module")
def failure(
    galaxy: LocalGalaxy, tmp_path_factory: pytest.TempPathFactory, command: Any, write_notebook: Any
) -> Failure:
    here = tmp_path_factory.mktemp("failure")
    notebook = write_notebook(
        here / "nb.ipynb",
        "from notebook_runner import outputs_dir\n(outputs_dir / 'before.txt').write_text('b')\n"
        "(outputs_dir / 'empty.txt').touch()\n"
        "raise ValueError('no such gene')",
    )
    arguments = ["--galaxy", galaxy.url, "--no-report", "--fetch", "out"]
    ended = command.run(here, "submit", notebook, *arguments, key=galaxy.api_key)
    return Failure(ended, here / "out")


@pytest.mark.galaxy
def test_a_failed_job_ends_with_its_own_code(failure: Failure) -> None:
    assert failure.ended.code == 25


@pytest.mark.galaxy
def test_a_failed_job_is_told_with_exit_code_cell_and_traceback(failure: Failure) -> None:
    assert "state error with exit code 10 (a cell raised an exception)" in failure.ended.err
    assert "Cell 1 failed: ValueError: no such gene" in failure.ended.err
    assert "----> 4 raise ValueError('no such gene')" in failure.ended.err


@pytest.mark.galaxy
def test_the_table_shows_what_a_failed_job_left(failure: Failure) -> None:
    row = next(line for line in failure.ended.out.splitlines() if "before.txt" in line)
    assert row.split() == ["nb.ipynb:", "files", "/", "before.txt", "txt", "error", "1", "byte"]
    assert len(links(failure.ended.out)) == 1


@pytest.mark.galaxy
def test_what_a_failed_job_left_is_fetched(failure: Failure) -> None:
    assert (failure.folder / "outputs" / "before.txt").read_text() == "b"
    assert (failure.folder / "outputs" / "empty.txt").read_text() == ""
    assert json.loads((failure.folder / "run.json").read_text())["status"] == "failed"


@pytest.mark.galaxy
def test_a_report_that_was_not_wanted_is_not_made(failure: Failure) -> None:
    assert not (failure.folder / "report.html").exists()
