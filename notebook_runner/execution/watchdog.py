"""Stops a run: at a time limit, on Ctrl-C, on SIGTERM.

A thread of its own does it, so that a stop works whatever the event loop is
waiting for: the kernel is interrupted first, so that the cell can tell where
it was, and killed when it does not give in.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType


#: Longer waits overflow the system's clock.
_LONGEST_WAIT_S = 3600.0


class StopReason(Enum):
    """Why a run was stopped, and how many seconds the kernel gets to give in."""

    RUN_TIMEOUT = 5.0
    CELL_TIMEOUT = 5.001
    INTERRUPTED = 3.0
    # Schedulers follow up with SIGKILL, some of them after a second.
    TERMINATED = 0.6


class Stoppable(Protocol):
    """What a watchdog needs of a kernel."""

    def interrupt(self) -> None:
        """Ask the running cell to stop."""

    def kill(self) -> None:
        """End the process at once."""


class Watchdog:
    """Watches the time limits of one run and carries out requests to stop.

    Parameters
    ----------
    run_limit
        Seconds for the whole run from now on; ``None`` for no limit.
    cell_limit
        Seconds for each cell; ``None`` for no limit.
    """

    def __init__(self, run_limit: float | None, cell_limit: float | None) -> None:
        self.reason: StopReason | None = None
        self._run_deadline = None if run_limit is None else time.monotonic() + run_limit
        self._cell_limit = cell_limit
        self._cell_deadline: float | None = None
        self._kill_deadline: float | None = None
        self._kernel: Stoppable | None = None
        # Put on from signal handlers: SimpleQueue is safe there, a lock is not.
        self._events: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._events.put(("close", None))
        self._thread.join()

    def attach(self, kernel: Stoppable) -> None:
        """Name the kernel to stop."""
        self._events.put(("attach", kernel))

    def cell_started(self) -> None:
        """Begin to count the time of a cell."""
        limit = self._cell_limit
        self._events.put(("cell", None if limit is None else time.monotonic() + limit))

    def cell_ended(self) -> None:
        """Stop counting the time of a cell; an interrupted kernel has given in."""
        self._events.put(("idle", None))

    def stop(self, reason: StopReason) -> None:
        """Ask for the run to be stopped; safe in a signal handler."""
        if self.reason is None:
            self.reason = reason
            self._events.put(("stop", reason))
        else:
            # Asked for twice: somebody is in a hurry.
            self._events.put(("kill", None))

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take over SIGINT and SIGTERM while the block runs (in the main thread)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(number: int, _frame: FrameType | None) -> None:
            interrupted = number == signal.SIGINT
            self.stop(StopReason.INTERRUPTED if interrupted else StopReason.TERMINATED)

        before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _watch(self) -> None:
        while True:
            try:
                event, value = self._events.get(timeout=self._seconds_to_deadline())
            except queue.Empty:
                self._check_deadlines()
                continue
            if event == "close":
                return
            self._handle(event, value)

    def _handle(self, event: str, value: object) -> None:
        if event == "attach":
            self._kernel = value  # type: ignore[assignment]
            if self.reason is not None:
                self._interrupt(self.reason)
        elif event == "cell":
            self._cell_deadline = value  # type: ignore[assignment]
        elif event == "idle":
            self._cell_deadline = None
            self._kill_deadline = None
        elif event == "stop":
            self._interrupt(value)  # type: ignore[arg-type]
        elif self._kernel is not None:
            self._kernel.kill()

    def _seconds_to_deadline(self) -> float | None:
        deadlines = [
            deadline
            for deadline in (self._kill_deadline, *self._limits().values())
            if deadline is not None
        ]
        if not deadlines:
            return None
        return min(_LONGEST_WAIT_S, max(0.0, min(deadlines) - time.monotonic()))

    def _limits(self) -> dict[StopReason, float | None]:
        if self.reason is not None:
            return {}
        return {
            StopReason.CELL_TIMEOUT: self._cell_deadline,
            StopReason.RUN_TIMEOUT: self._run_deadline,
        }

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        if self._kill_deadline is not None and now >= self._kill_deadline:
            self._kill_deadline = None
            if self._kernel is not None:
                self._kernel.kill()
        for reason, deadline in self._limits().items():
            if deadline is not None and now >= deadline:
                self.reason = reason
                self._interrupt(reason)
                return

    def _interrupt(self, reason: StopReason) -> None:
        if self._kernel is not None:
            self._kernel.interrupt()
            self._kill_deadline = time.monotonic() + reason.value
