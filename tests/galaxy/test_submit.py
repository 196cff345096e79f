"""``notebook-runner submit``, as a person calls it, on the local Galaxy."""

from __future__ import annotations

import json
import re
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.errors import GalaxyJobDeletedError, GalaxyTimeoutError
from notebook_runner.galaxy.histories import NewHistory
from notebook_runner.galaxy.results import finish
from notebook_runner.galaxy.submission import Submission, SubmittedRun, submit
from notebook_runner.galaxy.tool import Tool
from notebook_runner.galaxy.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notebook_runner.galaxy.connection import Connection
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


# ---- what is refused before anything is sent --------------------------------------


@pytest.fixture
def untouched(serve_galaxy: Any) -> Iterator[str]:
    """The address of a Galaxy that nothing may be asked of."""
    server = serve_galaxy(lambda _: (500, {}, b""))
    yield server.url
    assert server.asked == []


def test_an_unknown_parameter_is_found_here(
    untouched: str, run_command: Any, make_notebook: Any
) -> None:
    notebook = make_notebook("1", parameters="alpha = 1")
    ended = run_command("submit", notebook, "--galaxy", untouched, "-p", "alfa", "1")
    assert ended.code == 4
    assert "Did you mean 'alpha'?" in ended.err


def test_a_value_of_the_wrong_type_is_found_here(
    untouched: str, run_command: Any, make_notebook: Any
) -> None:
    notebook = make_notebook("1", parameters="alpha = 1")
    ended = run_command("submit", notebook, "--galaxy", untouched, "-p", "alpha", "x")
    assert ended.code == 4


def test_a_notebook_that_is_none_is_found_here(
    untouched: str, run_command: Any, tmp_path: Path
) -> None:
    (tmp_path / "nb.ipynb").write_text("no")
    assert run_command("submit", "nb.ipynb", "--galaxy", untouched).code == 3


def test_an_input_that_is_not_there_is_found_here(
    untouched: str, run_command: Any, make_notebook: Any
) -> None:
    ended = run_command("submit", make_notebook("1"), "--galaxy", untouched, "-i", "a=absent")
    assert ended.code == 5


def test_a_secret_is_refused_with_the_reason(
    untouched: str, run_command: Any, make_notebook: Any
) -> None:
    ended = run_command("submit", make_notebook("1"), "--galaxy", untouched, "--secret", "TOKEN")
    assert ended.code == 6
    assert "Galaxy keeps all that a job is given" in ended.err


def test_a_folder_with_an_earlier_run_is_not_written_over(
    untouched: str, run_command: Any, make_notebook: Any, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").touch()
    ended = run_command("submit", make_notebook("1"), "--galaxy", untouched, "--fetch", "out")
    assert ended.code == 7


def test_fetching_without_waiting_is_refused(
    untouched: str, run_command: Any, make_notebook: Any
) -> None:
    arguments = ("--galaxy", untouched, "--fetch", "out", "--no-wait")
    assert run_command("submit", make_notebook("1"), *arguments).code == 2


def test_a_missing_key_is_told(untouched: str, run_command: Any, make_notebook: Any) -> None:
    ended = run_command("submit", make_notebook("1"), "--galaxy", untouched, key=None)
    assert ended.code == 22
    assert "No Galaxy API key: set GALAXY_API_KEY" in ended.err


def test_a_missing_address_is_told(run_command: Any, make_notebook: Any) -> None:
    ended = run_command("submit", make_notebook("1"))
    assert ended.code == 2
    assert "--galaxy" in ended.err


@pytest.mark.parametrize("option", ["--api-key", "--key", "-k"])
def test_no_option_takes_the_key_itself(
    option: str, untouched: str, run_command: Any, make_notebook: Any
) -> None:
    key = "0123456789abcdef" * 2
    ended = run_command("submit", make_notebook("1"), "--galaxy", untouched, option, key, key=None)
    assert ended.code == 2
    assert key not in ended.err


# ---- what a server refuses --------------------------------------------------------


def test_a_server_that_is_down_is_told(run_command: Any, make_notebook: Any) -> None:
    ended = run_command("submit", make_notebook("1"), "--galaxy", "http://127.0.0.1:1")
    assert ended.code == 21
    assert "the connection is refused" in ended.err


def test_a_server_that_is_no_galaxy_is_told(
    serve: Any, run_command: Any, make_notebook: Any
) -> None:
    server = serve(lambda _: (200, {"content-type": "text/html"}, b"<html>"))
    ended = run_command("submit", make_notebook("1"), "--galaxy", server.url)
    assert ended.code == 21
    assert "is no Galaxy" in ended.err


@pytest.mark.galaxy
def test_a_refused_key_is_told(galaxy: LocalGalaxy, run_command: Any, make_notebook: Any) -> None:
    ended = run_command("submit", make_notebook("1"), "--galaxy", galaxy.url, key="f" * 32)
    assert ended.code == 22
    assert "refuses the API key" in ended.err


@pytest.mark.galaxy
def test_a_missing_tool_is_told_and_leaves_no_history(
    galaxy: LocalGalaxy, gi: Connection, run_command: Any, make_notebook: Any
) -> None:
    arguments = ("--galaxy", galaxy.url, "--tool-id", "nope", "--history-name", "No tool")
    ended = run_command("submit", make_notebook("1"), *arguments, key=galaxy.api_key)
    assert ended.code == 23
    assert "has no tool 'nope'" in ended.err
    assert gi.histories.get_histories(name="No tool") == []


@pytest.mark.galaxy
def test_an_upload_that_fails_names_the_file_and_starts_nothing(
    galaxy: LocalGalaxy, run_command: Any, make_notebook: Any, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text("<script>1</script>")
    arguments = ("--galaxy", galaxy.url, "-i", "page=page.html")
    ended = run_command("submit", make_notebook("1"), *arguments, key=galaxy.api_key)
    assert ended.code == 24
    assert "page.html: state error, The uploaded file contains invalid HTML content" in ended.err
    assert "Job " not in ended.err


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
    assert "----> 3 raise ValueError('no such gene')" in failure.ended.err


@pytest.mark.galaxy
def test_the_table_shows_what_a_failed_job_left(failure: Failure) -> None:
    row = next(line for line in failure.ended.out.splitlines() if "before.txt" in line)
    assert row.split() == ["nb.ipynb:", "files", "/", "before.txt", "txt", "error", "1", "byte"]
    assert len(links(failure.ended.out)) == 1


@pytest.mark.galaxy
def test_what_a_failed_job_left_is_fetched(failure: Failure) -> None:
    assert (failure.folder / "outputs" / "before.txt").read_text() == "b"
    assert json.loads((failure.folder / "run.json").read_text())["status"] == "failed"


@pytest.mark.galaxy
def test_a_report_that_was_not_wanted_is_not_made(failure: Failure) -> None:
    assert not (failure.folder / "report.html").exists()


# ---- a run that is left alone -----------------------------------------------------


@pytest.fixture(scope="module")
def slow(
    gi: Connection, tmp_path_factory: pytest.TempPathFactory, command: Any, write_notebook: Any
) -> Any:
    """A job that runs for long, by a command that Ctrl-C has ended."""
    here = tmp_path_factory.mktemp("slow")
    notebook = write_notebook(here / "nb.ipynb", "import time; time.sleep(300)")
    process = command.start(here, "submit", notebook, "--galaxy", gi.base_url, key=gi.key)
    said = ""
    for line in process.stderr:
        said += line
        if "job running" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    found = re.search(r"Job (\w+) of", said)
    assert found, said + err
    yield process.returncode, out, said + err, found[1]
    gi.jobs.cancel_job(found[1])


@pytest.mark.galaxy
def test_ctrl_c_ends_with_its_own_code(slow: Any) -> None:
    assert slow[0] == 130


@pytest.mark.galaxy
def test_ctrl_c_tells_that_the_job_goes_on_and_how_to_stop_it(slow: Any) -> None:
    assert f"Stopped waiting; job {slow[3]} goes on in Galaxy: http" in slow[2]
    assert f"/jobs/{slow[3]}/view" in slow[2]


@pytest.mark.galaxy
def test_ctrl_c_leaves_the_job_running(slow: Any, gi: Connection) -> None:
    assert gi.jobs.get_state(slow[3]) == "running"


def submitted(gi: Connection, job_id: str) -> SubmittedRun:
    job = gi.jobs.show_job(job_id, full_details=True)
    return SubmittedRun(
        history=NewHistory(job["history_id"], "h", gi.link_to_history(job["history_id"])),
        tool=Tool("run_notebook", "0"),
        job_id=job_id,
        job_url=gi.link_to_job(job_id),
        outputs={name: output["id"] for name, output in job["outputs"].items()},
        collections={name: output["id"] for name, output in job["output_collections"].items()},
    )


@pytest.mark.galaxy
def test_waiting_for_a_job_ends_at_its_limit(slow: Any, gi: Connection) -> None:
    with pytest.raises(GalaxyTimeoutError, match="It goes on there"):
        finish(gi, submitted(gi, slow[3]), patience=Patience(0.2))


@pytest.mark.galaxy
def test_a_job_that_somebody_deletes_is_told_as_deleted(slow: Any, gi: Connection) -> None:
    run = submitted(gi, slow[3])
    gi.jobs.cancel_job(slow[3])
    finished = finish(gi, run, patience=Patience(60))
    assert isinstance(finished.error, GalaxyJobDeletedError)
    assert finished.error.exit_code == 27


@pytest.mark.galaxy
def test_without_waiting_the_job_is_started_and_not_called_done(
    galaxy: LocalGalaxy, gi: Connection, run_command: Any, make_notebook: Callable[..., Path]
) -> None:
    arguments = ("--galaxy", galaxy.url, "--no-wait", "--json")
    began = time.monotonic()
    notebook = make_notebook("import time; time.sleep(300)")
    ended = run_command("submit", notebook, *arguments, key=galaxy.api_key)
    job_id = ended.summary["job"]["id"]
    state = gi.jobs.get_state(job_id)
    gi.jobs.cancel_job(job_id)
    assert (ended.code, ended.summary["status"]) == (0, "submitted")
    assert state in {"new", "queued", "running"}
    assert time.monotonic() - began < 60


@pytest.mark.galaxy
def test_a_notebook_with_a_link_in_its_first_cell_can_be_submitted(
    gi: Connection, make_notebook: Callable[..., Path]
) -> None:
    notebook = make_notebook("link = '<a href=\"https://example.org\">'")
    run = submit(gi, Submission(notebook, "A link"), patience=Patience(60))
    gi.jobs.cancel_job(run.job_id)
    assert run.job_id
