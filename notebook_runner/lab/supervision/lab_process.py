"""The lab as a child process in a group of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_SIGNALLED = 128


class Ended(NamedTuple):
    """With what a process ended: an exit code or the name of a signal."""

    exit_code: int | None
    signal: str | None

    def as_exit_code(self) -> int:
        """Return it as a shell would: 128 and the number of the signal."""
        if self.signal is not None:
            return _SIGNALLED + signal.Signals[self.signal]
        return self.exit_code or 0


class LabProcess:
    """Starts a command and ends it.

    Parameters
    ----------
    command
        The program and its arguments.

    Raises
    ------
    OSError
        It cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        # Without a terminal: Jupyter would ask there whether it is really to end.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
        self.pid = self._process.pid

    def ended(self) -> Ended | None:
        """Return how it ended, ``None`` while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        if code >= 0:
            return Ended(code, None)
        try:
            return Ended(None, signal.Signals(-code).name)
        except ValueError:
            # The real-time signals between the first and the last have no names.
            return Ended(_SIGNALLED - code, None)

    def end(self, grace_s: float, wait: Callable[[float], object]) -> Ended:
        """Ask it to end by SIGTERM, and kill it after ``grace_s`` seconds.

        Parameters
        ----------
        grace_s
            How long it may take.
        wait
            Called with seconds while it is waited for.
        """
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while (ended := self.ended()) is None and time.monotonic() < deadline:
            wait(0.2)
        # Whatever it left in its group goes too.
        self._signal(signal.SIGKILL)
        if ended is None:
            self._process.wait()
            ended = self.ended()
        return ended or Ended(0, None)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def code_of_start_failure(error: OSError) -> int:
    """Return what a shell ends with when a command cannot be started."""
    return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
