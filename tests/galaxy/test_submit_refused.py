"""What ``notebook-runner submit`` refuses, and what a server refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.galaxy.results import check_fetch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.local_galaxy.instance import LocalGalaxy


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


@pytest.mark.parametrize("folder", ["/proc/nope", 260 * "x"])
def test_a_folder_that_cannot_be_written_to_is_refused(
    folder: str, untouched: str, run_command: Any, make_notebook: Any
) -> None:
    ended = run_command("submit", make_notebook("1"), "--galaxy", untouched, "--fetch", folder)
    assert ended.code == 7
    assert "cannot be written to" in ended.err


def test_a_folder_for_results_is_not_made_before_there_are_any(tmp_path: Path) -> None:
    check_fetch_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit", ["inf", "nan", "1e300", "0"])
@pytest.mark.parametrize("option", ["--timeout", "--cell-timeout", "--wait-limit"])
def test_what_is_no_time_limit_is_refused(
    limit: str, option: str, untouched: str, run_command: Any, make_notebook: Any
) -> None:
    assert run_command("submit", make_notebook("1"), "--galaxy", untouched, option, limit).code == 2


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
