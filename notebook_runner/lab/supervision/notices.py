"""What the people in a lab are told: a small file that its pages can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_runner.errors import OutputError
from notebook_runner.lab.supervision.problems import NOT_SAVED, Problem
from notebook_runner.record.files import write_json_atomically
from notebook_runner.record.run_record import now

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOTICE = "session-notice.json"
_TOLD = NOT_SAVED | {"not_a_notebook", "left_out", "unreadable", "lab_silent"}
#: A notebook that is being written may be found in halves once or twice.
_LEAST_COUNT = {"not_a_notebook": 5}


class NoticeBoard:
    """Writes ``session-notice.json`` when there is something else to say.

    Parameters
    ----------
    file
        Where; its folder must be there.
    facts
        What is in it besides the notices: start and limits.
    """

    def __init__(self, file: Path, facts: dict[str, Any]) -> None:
        self._file = file
        self._facts = facts
        self._shown: list[dict[str, Any]] | None = None

    def show(self, notices: list[dict[str, Any]], problems: Iterable[Problem]) -> None:
        """Show these and nothing else; a board that cannot be written is tried again."""
        told = [*notices, *(_notice_of(p) for p in problems if _is_told(p))]
        if told == self._shown:
            return
        try:
            write_json_atomically(self._file, {**self._facts, "updated": now(), "notices": told})
        except OutputError:
            return
        self._shown = told


def _is_told(problem: Problem) -> bool:
    return problem.code in _TOLD and problem.count >= _LEAST_COUNT.get(problem.code, 1)


def _notice_of(problem: Problem) -> dict[str, Any]:
    text = problem.message if problem.path is None else f"{problem.path}: {problem.message}"
    return {"code": problem.code, "message": text, "ends_at": None}
