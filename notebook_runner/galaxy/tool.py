"""The Galaxy tool that runs notebooks: find it, and fill in its form."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import (
    GalaxyError,
    GalaxyToolMissingError,
    GalaxyUnreachableError,
    ParameterError,
)
from notebook_runner.galaxy.failures import galaxy_message
from notebook_runner.galaxy.recognition import PASSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notebook_runner.galaxy.connection import Connection

TOOL_ID = "run_notebook"

_LONGEST_S = 10 * 365 * 86400
_NOT_FOUND = (400, 404)
_NEEDED = frozenset({"notebook", "inputs", "parameters", "params_file"})


@dataclass(frozen=True)
class Tool:
    """A tool as a server has it; ``id`` is the one to run it by."""

    id: str
    version: str


@dataclass(frozen=True)
class FormInput:
    """One named input: a dataset (``hda``) or a collection (``hdca``) of the history."""

    name: str
    id: str
    is_list: bool


def find_tool(gi: Connection, tool_id: str = TOOL_ID) -> Tool:
    """Find a tool, the newest version where there are several.

    Parameters
    ----------
    gi
        From ``connect``.
    tool_id
        The short id, or the whole one of a tool from a Tool Shed
        (``host/repos/owner/repository/run_notebook/0.1.0``).

    Raises
    ------
    GalaxyToolMissingError
        The server has no such tool, or it is another one than expected.
    GalaxyError
        What it answers is no description of a tool.
    """
    if not tool_id.strip():
        raise GalaxyToolMissingError(
            f"The id of the tool is empty. Name one, or leave out --tool-id for {TOOL_ID}."
        )
    with gi.explained(f"look for the tool {tool_id}"):
        answer = gi.make_get_request(f"{gi.url}/tools/{tool_id}", params={"io_details": "true"})
    if answer.status_code in _NOT_FOUND:
        raise GalaxyToolMissingError(
            f"Galaxy at {gi.base_url} has no tool {tool_id!r}. Ask its administrators to install "
            "it, or name another id of it with --tool-id."
        )
    if answer.status_code in PASSING:
        raise GalaxyUnreachableError(
            f"Cannot look for the tool {tool_id}: {gi.base_url} is not available now "
            f"(status {answer.status_code}). Try again later."
        )
    if not answer.ok:
        said = gi.hide_key(galaxy_message(answer.content))
        raise GalaxyToolMissingError(
            f"Galaxy at {gi.base_url} does not show the tool {tool_id!r} "
            f"(status {answer.status_code}: {said}). Ask its administrators."
        )
    try:
        shown = answer.json()
        fields = {str(field.get("name")) for field in shown.get("inputs", [])}
        found, version = str(shown["id"]), str(shown["version"])
        versions = [version, *map(str, shown.get("versions", []))]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        kind = answer.headers.get("content-type", "nothing").split(";")[0]
        raise GalaxyError(
            f"Galaxy at {gi.base_url} answers with something else ({kind}) than a description of "
            f"the tool {tool_id!r}. Check the address and --tool-id, or ask its administrators."
        ) from None
    missing = _NEEDED - fields
    if missing:
        raise GalaxyToolMissingError(
            f"The tool {tool_id!r} of {gi.base_url} is not the one that runs notebooks: it has no "
            f"{', '.join(sorted(missing))}. Name the right one with --tool-id."
        )
    if found != tool_id and "/repos/" in found:
        version = newest(versions)
        found = f"{found.rsplit('/', 1)[0]}/{version}"
    return Tool(found, version)


def newest(versions: Iterable[str]) -> str:
    """Return the highest version, comparing number by number (``0.10.0 > 0.9.0+galaxy2``)."""
    return max(versions, key=lambda version: [int(n) for n in re.findall(r"\d+", version)])


def fill_form(
    *,
    notebook_id: str,
    inputs: Sequence[FormInput],
    parameters: Sequence[tuple[str, str]],
    params_file_id: str | None,
    timeout: float | None,
    cell_timeout: float | None,
    report: bool,
    gpu: bool,
) -> dict[str, Any]:
    """Return the values of the tool's form, nested as Galaxy's input format 21.01 has them.

    Time limits are rounded up to whole seconds; the outputs are all kept.

    Raises
    ------
    ParameterError
        A time limit is none.
    """
    form: dict[str, Any] = {
        "notebook": {"src": "hda", "id": notebook_id},
        "inputs": [{"name": item.name, "source": _source(item)} for item in inputs],
        "parameters": [{"name": name, "value": value} for name, value in parameters],
        "report": report,
        "gpu": gpu,
    }
    if params_file_id is not None:
        form["params_file"] = {"src": "hda", "id": params_file_id}
    for name, seconds in (("timeout", timeout), ("cell_timeout", cell_timeout)):
        if seconds is not None:
            form[name] = whole_seconds(seconds)
    return form


def whole_seconds(limit: float) -> int:
    """Round a time limit up to whole seconds.

    Raises
    ------
    ParameterError
        It is not above zero, or longer than ten years.
    """
    if not 0 < limit <= _LONGEST_S:
        raise ParameterError(
            f"{limit:g} s is no time limit: give a number of seconds above 0 and up to "
            f"{_LONGEST_S} (ten years), or leave it out."
        )
    return math.ceil(limit)


def _source(item: FormInput) -> dict[str, Any]:
    if item.is_list:
        return {"kind": "collection", "collection": {"src": "hdca", "id": item.id}}
    return {"kind": "dataset", "dataset": {"src": "hda", "id": item.id}}
