"""Telling a person, or a log, how a run goes on."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

if TYPE_CHECKING:
    from rich.progress import TaskID

_SHOWN = 50


class LogProgress:
    """One line per cell, with the time of day: for logs."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream

    def run_started(self, cells: int) -> None:
        """Say how many cells there are."""
        self._write(f"running {cells} code cell{'' if cells == 1 else 's'}")

    def cell_started(self, number: int, cells: int, source: str) -> None:
        """Do nothing: the line is written when the cell has ended."""

    def cell_ended(self, number: int, cells: int, status: str, seconds: float) -> None:
        """Write the cell's line."""
        self._write(f"cell {number}/{cells} {status} {seconds:.2f} s")

    def note(self, text: str) -> None:
        """Write a line."""
        self._write(text)

    def close(self) -> None:
        """Do nothing."""

    def _write(self, text: str) -> None:
        # A log that cannot be written (a closed pipe, a full disk) must not end the run.
        with suppress(OSError, ValueError):
            print(time.strftime("%H:%M:%S"), text, file=self._stream, flush=True)


class TerminalProgress:
    """A bar with the first line of the cell that is running: for people."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed}/{task.total}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def run_started(self, cells: int) -> None:
        """Show the bar."""
        self._task = self._bar.add_task("", total=cells)
        self._bar.start()

    def cell_started(self, number: int, cells: int, source: str) -> None:
        """Show which cell runs."""
        if self._task is not None:
            title = f"cell {number}/{cells}: {_first_line(source)}"
            self._bar.update(self._task, description=title)

    def cell_ended(self, number: int, cells: int, status: str, seconds: float) -> None:
        """Move the bar on."""
        if self._task is not None:
            self._bar.update(self._task, completed=number)
        if status != "ok":
            self._console.print(Text(f"cell {number}/{cells} {status} after {seconds:.2f} s"))

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(Text(text))

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def choose_progress() -> LogProgress | TerminalProgress:
    """Return the bar on a terminal, lines anywhere else."""
    console = Console(stderr=True)
    return TerminalProgress(console) if console.is_terminal else LogProgress()


def _first_line(source: str) -> str:
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    line = next((text for text in lines if not text.startswith("#")), lines[0] if lines else "")
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
