"""Requests that fail for a while or for good, and a key that stays hidden."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.errors import GalaxyError, GalaxyTimeoutError, GalaxyUnreachableError
from notebook_runner.galaxy.connection import Connection, connect
from notebook_runner.galaxy.waiting import Patience

if TYPE_CHECKING:
    from collections.abc import Callable


KEY = "0123456789abcdef" * 2
HTML = {"content-type": "text/html; charset=utf-8"}

Serve = Any


# ---- failures that pass, and those that do not ----------------------------------


def failing_first(*failures: int) -> Callable[[object], tuple[int, dict[str, str], bytes]]:
    """Answer with these status codes and then well; 0 hangs up."""
    left = list(failures)

    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        return (left.pop(0), HTML, b"gone") if left else (200, {}, b'{"state": "ok"}')

    return answer


@pytest.mark.parametrize("failures", [(502,), (503, 0), (0,)])
def test_a_passing_failure_is_waited_out(failures: tuple[int, ...], serve_galaxy: Serve) -> None:
    server = serve_galaxy(failing_first(*failures))
    connection = connect(server.url, KEY, warn=lambda _: None)
    assert connection.jobs.show_job("1") == {"state": "ok"}


def test_the_user_is_told_once_that_the_server_does_not_answer(serve_galaxy: Serve) -> None:
    said: list[str] = []
    connection = connect(serve_galaxy(failing_first(502, 502)).url, KEY, warn=said.append)
    connection.jobs.show_job("1")
    assert said == [f"{connection.base_url}: it answers 502; trying again for up to 120 s"]


def test_a_failure_that_lasts_is_an_error_in_the_end(serve_galaxy: Serve) -> None:
    server = serve_galaxy(lambda _: (503, HTML, b"maintenance"))
    connection = connect(server.url, KEY, warn=lambda _: None)
    connection.patience = 0.6
    with (
        pytest.raises(GalaxyUnreachableError, match=r"not available now \(status 503"),
        connection.explained("look"),
    ):
        connection.jobs.show_job("1")
    assert len([asked for asked in server.asked if "jobs" in asked.path]) == 3


def test_a_server_that_is_away_is_not_waited_for_beyond_the_deadline(serve_galaxy: Serve) -> None:
    server = serve_galaxy(lambda _: (503, HTML, b"maintenance"))
    connection = connect(server.url, KEY, warn=lambda _: None)
    patience = Patience(0.6)
    connection.deadline = patience.deadline

    def look() -> None:
        with connection.explained("look"):
            connection.jobs.show_job("1")

    began = time.monotonic()
    with pytest.raises(GalaxyTimeoutError, match=r"did not finish the job within 0\.6 s"):
        patience.wait(look, "the job")
    assert 0.6 <= time.monotonic() - began < 5


def test_a_post_is_never_sent_twice(serve_galaxy: Serve) -> None:
    server = serve_galaxy(failing_first(502))
    connection = connect(server.url, KEY)
    with pytest.raises(GalaxyUnreachableError), connection.explained("make a history"):
        connection.histories.create_history("x")
    assert [asked.method for asked in server.asked].count("POST") == 1


def test_what_galaxy_says_is_passed_on(serve_galaxy: Serve) -> None:
    server = serve_galaxy(lambda _: (400, {}, b'{"err_msg": "No such job."}'))
    connection = connect(server.url, KEY)
    with (
        pytest.raises(GalaxyError, match=r"Cannot look: Galaxy at .* says: No such job \(status"),
        connection.explained("look"),
    ):
        connection.jobs.show_job("1")


# ---- the key stays hidden -------------------------------------------------------


def test_a_redirect_to_another_server_does_not_get_the_key(
    serve: Serve, serve_galaxy: Serve
) -> None:
    other = serve(lambda _: (200, {}, b"{}"))
    there = other.url.replace("127.0.0.1", "localhost")
    server = serve_galaxy(lambda _: (302, {"location": f"{there}/x"}, b""))
    connect(server.url, KEY).jobs.show_job("1")
    assert other.asked[0].path == "/x"
    assert "x-api-key" not in other.asked[0].headers


def test_a_connection_does_not_show_its_key(serve_galaxy: Serve) -> None:
    connection = connect(serve_galaxy(lambda _: (200, {}, b"{}")).url, KEY)
    assert KEY not in f"{connection!r} {connection}"


def test_nothing_that_goes_wrong_shows_or_logs_the_key(
    serve_galaxy: Serve, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve_galaxy(lambda asked: (500, {}, f"{asked.headers}".encode()))
    connection = connect(server.url, KEY)
    with pytest.raises(GalaxyError) as caught, connection.explained("look"):
        connection.histories.create_history("x")
    said = capsys.readouterr()
    assert KEY not in f"{caught.value} {caught.value!r} {caplog.text} {said.out} {said.err}"


def test_a_connection_is_one_of_bioblends(serve_galaxy: Serve) -> None:
    assert isinstance(connect(serve_galaxy(lambda _: (200, {}, b"{}")).url, KEY), Connection)
