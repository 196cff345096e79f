"""Following a job to each of its ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.errors import (
    GalaxyError,
    GalaxyJobDeletedError,
    GalaxyJobError,
    GalaxyJobPausedError,
    GalaxyTimeoutError,
)
from notebook_runner.galaxy.connection import connect
from notebook_runner.galaxy.histories import create_history
from notebook_runner.galaxy.jobs import JobEnd, follow_job, meaning_of
from notebook_runner.galaxy.progress import Silence
from notebook_runner.galaxy.tool import FormInput, fill_form
from notebook_runner.galaxy.uploads import FileUpload, upload
from notebook_runner.galaxy.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebook_runner.galaxy.connection import Connection

KEY = "0123456789abcdef" * 2
HISTORY = "https://galaxy.example/histories/view?id=h"


class Listening(Silence):
    """Remembers what it was told, each change once."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def status(self, text: str) -> None:
        if self.said[-1:] != [text]:
            self.said.append(text)


def end(state: str, exit_code: int | None = None, stderr: str = "") -> JobEnd:
    return JobEnd("j", state, exit_code, stderr, (), "https://galaxy.example/jobs/j/view")


# ---- what an end means ----------------------------------------------------------


def test_a_job_that_is_ok_is_no_error() -> None:
    assert end("ok", 0).error(HISTORY) is None


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("error", GalaxyJobError),
        ("failed", GalaxyJobError),
        ("paused", GalaxyJobPausedError),
        ("deleted", GalaxyJobDeletedError),
        ("deleting", GalaxyJobDeletedError),
        ("stopped", GalaxyJobDeletedError),
        ("skipped", GalaxyJobDeletedError),
        ("never heard of", GalaxyJobError),
    ],
)
def test_every_other_state_is_an_error_with_job_and_history(
    state: str, kind: type[GalaxyError]
) -> None:
    error = end(state).error(HISTORY)
    assert type(error) is kind
    assert "Job j" in str(error)
    assert HISTORY in str(error)


def test_a_failed_job_shows_exit_code_its_meaning_and_stderr() -> None:
    error = str(end("error", 10, "Error: Cell 2 failed\nValueError: no").error(HISTORY))
    assert "with exit code 10 (a cell raised an exception)." in error
    assert error.endswith("The end of its stderr:\nError: Cell 2 failed\nValueError: no")


@pytest.mark.parametrize("code", [0, 1, None, 137])
def test_an_exit_code_that_is_not_the_runners_has_no_meaning(code: int | None) -> None:
    assert meaning_of(code) == ""


# ---- against a server that plays a job ------------------------------------------


def play(serve_galaxy: Any, states: list[str], **details: Any) -> Connection:
    """Connect to a Galaxy whose one job goes through the states."""
    left = list(states)

    def answer(asked: Any) -> tuple[int, dict[str, str], bytes]:
        state = left.pop(0) if len(left) > 1 else left[0]
        job = {"id": "j", "state": state, "exit_code": None, **details}
        return 200, {"content-type": "application/json"}, json.dumps(job).encode()

    return connect(serve_galaxy(answer).url, KEY)


def test_states_are_told_as_they_change(serve_galaxy: Any) -> None:
    gi = play(serve_galaxy, ["new", "queued", "queued", "running", "ok"])
    listening = Listening()
    follow_job(gi, "j", patience=Patience(), progress=listening)
    assert listening.said == ["job new", "job queued", "job running", "job ok"]


@pytest.mark.parametrize("state", ["new", "queued", "running", "stop", "resubmitted"])
def test_a_job_on_its_way_is_waited_for_up_to_the_limit(state: str, serve_galaxy: Any) -> None:
    gi = play(serve_galaxy, [state])
    with pytest.raises(GalaxyTimeoutError, match=r"did not finish job j within 0\.1 s"):
        follow_job(gi, "j", patience=Patience(0.1), progress=Silence())


@pytest.mark.parametrize("state", ["error", "failed", "paused", "deleted", "deleting", "stopped"])
def test_a_job_that_does_not_go_on_is_not_waited_for(state: str, serve_galaxy: Any) -> None:
    gi = play(serve_galaxy, ["running", state])
    assert follow_job(gi, "j", patience=Patience(5), progress=Silence()).state == state


def test_the_end_of_stderr_comes_without_control_sequences_and_without_the_key(
    serve_galaxy: Any,
) -> None:
    stderr = "".join(f"line {n}\n" for n in range(100)) + f"\x1b[31mred\x1b[0m\x1b]0;t\x07 {KEY}\n"
    gi = play(serve_galaxy, ["error"], tool_stderr=stderr)
    lines = follow_job(gi, "j", patience=Patience(), progress=Silence()).stderr.splitlines()
    assert lines[0] == "line 61"
    assert lines[-1] == "red [API key]"


def test_what_galaxy_found_wrong_is_told(serve_galaxy: Any) -> None:
    messages = [{"type": "exit_code", "desc": "x"}, {"type": "internal", "desc": "Disk full"}]
    gi = play(serve_galaxy, ["error"], job_messages=messages)
    ended = follow_job(gi, "j", patience=Patience(), progress=Silence())
    assert ended.messages == ("Disk full",)


# ---- against the local Galaxy ---------------------------------------------------


@pytest.mark.galaxy
def test_a_job_whose_input_turns_out_bad_is_paused(
    gi: Connection, make_notebook: Callable[..., Path]
) -> None:
    history = create_history(gi, "An input that turns out bad")
    notebook = upload(
        gi,
        history.id,
        [FileUpload(make_notebook("1"), "nb.ipynb", "ipynb")],
        patience=Patience(60),
        progress=Silence(),
    ).datasets[0]
    page = {"src": "pasted", "paste_content": "<script></script>", "ext": "html", "name": "page"}
    targets = [{"destination": {"type": "hdas"}, "elements": [page]}]
    bad = gi.make_post_request(
        f"{gi.url}/tools/fetch", payload={"history_id": history.id, "targets": targets}
    )["outputs"][0]["id"]
    form = fill_form(
        notebook_id=notebook.id,
        inputs=[FormInput("page", bad, is_list=False)],
        parameters=[],
        params_file_id=None,
        timeout=None,
        cell_timeout=None,
        report=False,
        gpu=False,
    )
    job = gi.tools.run_tool(history.id, "run_notebook", form, input_format="21.01")["jobs"][0]
    ended = follow_job(gi, job["id"], patience=Patience(60), progress=Silence())
    error = ended.error(history.url)
    assert isinstance(error, GalaxyJobPausedError)
    gi.jobs.cancel_job(job["id"])
