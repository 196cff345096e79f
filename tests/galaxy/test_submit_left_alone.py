"""Jobs that ``notebook-runner submit`` does not see to their end."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.errors import GalaxyJobDeletedError, GalaxyTimeoutError
from notebook_runner.galaxy.histories import NewHistory
from notebook_runner.galaxy.results import finish
from notebook_runner.galaxy.submission import Submission, SubmittedRun, submit
from notebook_runner.galaxy.tool import Tool
from notebook_runner.galaxy.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.local_galaxy.instance import LocalGalaxy


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


@pytest.fixture
def away(serve_galaxy: Any) -> str:
    """The address of a Galaxy that is away as soon as somebody has logged in."""
    return str(serve_galaxy(lambda _: (503, {}, b"")).url)


def test_sigterm_tells_the_same_as_ctrl_c_with_its_own_code(
    away: str, command: Any, make_notebook: Any, tmp_path: Path
) -> None:
    process = command.start(tmp_path, "submit", make_notebook("1"), "--galaxy", away)
    for line in process.stderr:
        if "trying again" in line:
            break
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert err == (
        "Error: Stopped before the job was started, so nothing runs. "
        "A history that was named above stays in Galaxy.\n"
    )


def test_the_limit_for_waiting_holds_while_the_server_is_away(
    away: str, run_command: Any, make_notebook: Any
) -> None:
    began = time.monotonic()
    ended = run_command("submit", make_notebook("1"), "--galaxy", away, "--wait-limit", "0.5")
    assert ended.code == 21
    assert time.monotonic() - began < 20


@pytest.mark.galaxy
def test_a_limit_that_passes_during_the_upload_says_that_nothing_was_started(
    gi: Connection, make_notebook: Callable[..., Path]
) -> None:
    submission = Submission(make_notebook("1"), "No time")
    with pytest.raises(GalaxyTimeoutError, match="Nothing was started with the files"):
        submit(gi, submission, patience=Patience(0.01))


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
