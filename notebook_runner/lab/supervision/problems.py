"""What went wrong in a session, each thing once, for its record and for the people in it."""

from __future__ import annotations

import errno
import os
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from notebook_runner.record.run_record import now

#: The ways in which something is not in the folder that Galaxy collects, though it could be.
NOT_SAVED = frozenset({"disk_full", "read_only", "not_saved"})
_MOST_KEPT = 200
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


@dataclass
class Problem:
    """Something that went wrong, at one path or with the session.

    Times are UTC, ISO 8601; ``solved`` is ``None`` as long as it lasts.
    """

    code: str
    path: str | None
    message: str
    first: str
    last: str
    count: int = 1
    solved: str | None = None


class Problems:
    """The problems of a session; several threads may tell of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str | None], Problem] = {}

    def note(self, code: str, path: str | None, message: str) -> None:
        """Keep a problem, or count that it still lasts.

        Parameters
        ----------
        code
            Its kind, one word for programs.
        path
            The file that it is about, if any.
        message
            What is wrong and what to do, for people.
        """
        with self._lock:
            time = now()
            problem = self._known.get((code, path))
            if problem is None and len(self._known) >= _MOST_KEPT:
                return
            if problem is None or problem.solved or problem.message != message:
                tell(message if path is None else f"{show(path)}: {message}")
            if problem is None:
                shown = None if path is None else show(path)
                self._known[code, path] = Problem(code, shown, message, time, time)
                return
            problem.message, problem.last, problem.solved = message, time, None
            problem.count += 1

    def solve(self, path: str | None, *codes: str) -> None:
        """Say that problems of a path are over: those of ``codes``, or all."""
        with self._lock:
            for (code, of), problem in self._known.items():
                if of == path and problem.solved is None and (not codes or code in codes):
                    problem.solved = now()

    def lasting(self) -> list[Problem]:
        """Return the problems that are not over."""
        with self._lock:
            return [problem for problem in self._known.values() if problem.solved is None]

    def as_json(self) -> list[dict[str, Any]]:
        """Return all problems as the record has them."""
        with self._lock:
            return [asdict(problem) for problem in self._known.values()]


def note_failure(problems: Problems, path: str, error: OSError) -> None:
    """Note why a file could not be copied."""
    code, message = "not_saved", f"Not saved: {error.strerror or error}."
    if error.errno in _NO_ROOM:
        code = "disk_full"
        message = "Not saved: the disk is full. Delete what you do not need."
    elif error.errno == errno.EROFS:
        code, message = "read_only", "Not saved: the folder of the results is read-only."
    problems.solve(path, *(NOT_SAVED - {code}))
    problems.note(code, path, message)


def show(path: str) -> str:
    """Return a path that can be printed and written as UTF-8, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def tell(message: str) -> None:
    """Write one line into the log of the session."""
    # A log that cannot be written must not end the session.
    with suppress(OSError, ValueError):
        sys.stderr.write(f"[session] {message}\n")
        sys.stderr.flush()
