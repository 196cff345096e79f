"""SIGTERM ends a command like Ctrl-C does, with its clean-up, and with an exit code of its own."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from notebook_runner.errors import InterruptedRunError, NotebookRunnerError, TerminatedRunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM has come; whatever cleans up after Ctrl-C does so now too."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise ``Terminated`` in the block when SIGTERM comes.

    Raises
    ------
    TerminatedRunError
        It came, and the block did not turn it into an error of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    except Terminated:
        raise TerminatedRunError("Terminated.") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def error_of(interrupt: KeyboardInterrupt) -> type[NotebookRunnerError]:
    """Return the kind of error to end with, each with its own exit code."""
    return TerminatedRunError if isinstance(interrupt, Terminated) else InterruptedRunError


def _raise(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    # A second one, by an impatient hand, must not end the clean-up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
