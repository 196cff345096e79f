"""What is said of results that could not be fetched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from notebook_runner.cli.following import choose_following
from notebook_runner.cli.submit import _fetch, _print_finished
from notebook_runner.errors import GalaxyJobError, OutputError
from notebook_runner.galaxy.connection import connect
from notebook_runner.galaxy.datasets import Dataset
from notebook_runner.galaxy.histories import NewHistory
from notebook_runner.galaxy.jobs import JobEnd
from notebook_runner.galaxy.results import FinishedRun
from notebook_runner.galaxy.submission import SubmittedRun
from notebook_runner.galaxy.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any


@pytest.fixture
def finish(serve: Callable[..., Any]) -> Callable[..., tuple[Any, FinishedRun]]:
    """Return a function that makes a job's end, with a run record that Galaxy hands out."""

    def answer(asked: Any) -> tuple[int, dict[str, str], bytes]:
        if asked.path == "/api/version":
            return 200, {}, b'{"version_major": "26.1"}'
        return 200, {}, b'{"id": "1"}'

    def make(error: GalaxyJobError | None) -> tuple[Any, FinishedRun]:
        url = serve(answer).url
        history = NewHistory("h", "History", f"{url}/histories/view?id=h")
        run = SubmittedRun(history, Tool("run_notebook", "0"), "j", f"{url}/jobs/j/view", {}, {})
        end = JobEnd("j", "error" if error else "ok", 0, "", (), "")
        record = Dataset("d", "run.json", "json", "ok", 11, f"{url}/datasets/d")
        return connect(url, 32 * "0"), FinishedRun(run, end, {"record": record}, {}, error)

    return make


def test_a_job_s_failure_wins_over_a_folder_that_cannot_be_written_to(
    finish: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    gi, finished = finish(GalaxyJobError("the job failed"))
    assert _fetch(gi, finished, tmp_path / "file" / "out", choose_following()) is finished.error
    assert "Cannot write" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_the_error_of_a_job_that_went_well(
    finish: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    gi, finished = finish(None)
    error = _fetch(gi, finished, tmp_path / "file" / "out", choose_following())
    assert isinstance(error, OutputError)


def test_a_folder_is_named_only_where_something_was_fetched(
    finish: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gi, finished = finish(None)
    _print_finished(finished, None, tmp_path / "out", as_json=False)
    assert "The results are in" not in capsys.readouterr().out
    _fetch(gi, finished, tmp_path / "out", choose_following())
    _print_finished(finished, None, tmp_path / "out", as_json=False)
    assert f"The results are in {tmp_path / 'out'}" in capsys.readouterr().out


def test_a_summary_has_no_folder_where_nothing_was_fetched(
    finish: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, finished = finish(None)
    _print_finished(finished, None, tmp_path / "out", as_json=True)
    assert json.loads(capsys.readouterr().out)["fetched"] is None
