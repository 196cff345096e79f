"""Wait for time to pass or a signal to come, whichever is first."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType, TracebackType

#: These end a session; the end of the lab (SIGCHLD) only wakes.
ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class SignalPipe:
    """Collects signals in a pipe, so that none interrupts what is being done.

    Only the main thread may use it.
    """

    def __enter__(self) -> SignalPipe:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = {
            number: signal.signal(number, _note) for number in ENDING | {signal.SIGCHLD}
        }
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float) -> signal.Signals | None:
        """Wait; return at once when a signal comes: which of those that end a session, if one."""
        select.select([self._read], [], [], max(0.0, seconds))
        numbers = b""
        with suppress(BlockingIOError):
            numbers = os.read(self._read, 1024)
        return next((signal.Signals(n) for n in numbers if n in ENDING), None)


def _note(number: int, frame: FrameType | None) -> None:
    """Do nothing: Python has written the number into the pipe."""
