"""Telling a person, or a log, how it goes at a Galaxy; all of it on standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from rich.status import Status


class LogFollowing:
    """One line with the time of day per note, and per status that is new or lasts."""

    def __init__(self, *, repeat_s: float = 60.0) -> None:
        self._repeat_s = repeat_s
        self._last = ""
        self._since = self._said = 0.0

    def note(self, text: str) -> None:
        """Write a line."""
        print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)  # noqa: T201

    def status(self, text: str) -> None:
        """Write a line when it is not what was said last, or lasts for another minute."""
        now = time.monotonic()
        if text != self._last:
            self._last, self._since, self._said = text, now, now
            self.note(text)
        elif now - self._said >= self._repeat_s:
            self._said = now
            self.note(f"{text}, for {now - self._since:.0f} s now")

    def close(self) -> None:
        """Do nothing."""


class TerminalFollowing:
    """A line that moves, with the seconds spent so far on what is going on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._last = ""
        self._since = 0.0

    def note(self, text: str) -> None:
        """Print a line above the one that moves."""
        self._console.print(Text(text), soft_wrap=True)

    def status(self, text: str) -> None:
        """Show what is going on."""
        now = time.monotonic()
        if text != self._last:
            self._last, self._since = text, now
        shown = Text(f"{text} ({now - self._since:.0f} s)")
        if self._status is None:
            self._status = self._console.status(shown)
            self._status.start()
        else:
            self._status.update(shown)

    def close(self) -> None:
        """Take the moving line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def choose_following() -> LogFollowing | TerminalFollowing:
    """Return the moving line on a terminal, lines anywhere else."""
    console = Console(stderr=True)
    return TerminalFollowing(console) if console.is_terminal else LogFollowing()
