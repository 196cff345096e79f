"""Finding the tool and filling in its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.errors import GalaxyError, GalaxyToolMissingError, ParameterError
from notebook_runner.galaxy.connection import connect
from notebook_runner.galaxy.tool import FormInput, fill_form, find_tool, newest

if TYPE_CHECKING:
    from notebook_runner.galaxy.connection import Connection


@pytest.mark.parametrize(
    ("versions", "highest"),
    [
        (["0.9.0", "0.10.0"], "0.10.0"),
        (["0.1.0+galaxy2", "0.1.0+galaxy10"], "0.1.0+galaxy10"),
        (["1.0", "1.0.1"], "1.0.1"),
    ],
)
def test_the_newest_version_is_found_by_numbers(versions: list[str], highest: str) -> None:
    assert newest(versions) == highest
    assert newest(reversed(versions)) == highest


def form(**changed: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "notebook_id": "n",
        "inputs": [],
        "parameters": [],
        "params_file_id": None,
        "timeout": None,
        "cell_timeout": None,
        "report": True,
        "gpu": False,
    }
    return fill_form(**values | changed)


def test_what_is_not_given_is_not_in_the_form() -> None:
    assert form() == {
        "notebook": {"src": "hda", "id": "n"},
        "inputs": [],
        "parameters": [],
        "report": True,
        "gpu": False,
    }


def test_an_input_is_a_dataset_or_a_collection() -> None:
    inputs = [FormInput("a", "1", is_list=False), FormInput("b", "2", is_list=True)]
    assert form(inputs=inputs)["inputs"] == [
        {"name": "a", "source": {"kind": "dataset", "dataset": {"src": "hda", "id": "1"}}},
        {"name": "b", "source": {"kind": "collection", "collection": {"src": "hdca", "id": "2"}}},
    ]


def test_time_limits_are_rounded_up_to_whole_seconds() -> None:
    filled = form(timeout=0.2, cell_timeout=3.0)
    assert (filled["timeout"], filled["cell_timeout"]) == (1, 3)


@pytest.mark.parametrize("limit", [float("inf"), float("nan"), 0.0, 1e9])
def test_what_is_no_time_limit_is_refused(limit: float) -> None:
    with pytest.raises(ParameterError, match="is no time limit"):
        form(timeout=limit)


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b'{"inputs": 5}', b'{"inputs": [1]}', b"{}", b"null", 100_000 * b"["],
)
def test_an_answer_that_describes_no_tool_is_an_error(body: bytes, serve_galaxy: Any) -> None:
    server = serve_galaxy(lambda _: (200, {"content-type": "text/html"}, body))
    with pytest.raises(GalaxyError, match=r"something else \(text/html\) than a description"):
        find_tool(connect(server.url, 32 * "0"))


def test_an_empty_id_is_refused_without_asking(serve_galaxy: Any) -> None:
    server = serve_galaxy(lambda _: (500, {}, b""))
    with pytest.raises(GalaxyToolMissingError, match="id of the tool is empty"):
        find_tool(connect(server.url, 32 * "0"), "")
    assert [asked.path for asked in server.asked] == ["/api/version", "/api/whoami"]


@pytest.mark.galaxy
def test_the_local_galaxy_has_the_tool(gi: Connection) -> None:
    assert find_tool(gi).id == "run_notebook"


@pytest.mark.galaxy
def test_a_missing_tool_is_an_error_that_says_what_to_do(gi: Connection) -> None:
    with pytest.raises(GalaxyToolMissingError, match=r"has no tool 'nope'\. Ask its admin"):
        find_tool(gi, "nope")


@pytest.mark.galaxy
def test_a_missing_tool_of_a_tool_shed_is_an_error(gi: Connection) -> None:
    with pytest.raises(GalaxyToolMissingError):
        find_tool(gi, "toolshed.example.org/repos/me/suite/run_notebook/0.1.0")


@pytest.mark.galaxy
def test_another_tool_is_an_error_that_says_what_is_missing(gi: Connection) -> None:
    with pytest.raises(GalaxyToolMissingError, match="it has no inputs, notebook, parameters"):
        find_tool(gi, "__BUILD_LIST__")
