"""What a run tells while it goes on; who shows it is up to the caller."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told of every cell."""

    def run_started(self, cells: int) -> None:
        """Say that the kernel is about to run ``cells`` code cells."""

    def cell_started(self, number: int, cells: int, source: str) -> None:
        """Say that code cell ``number`` of ``cells`` (from 1) has begun."""

    def cell_ended(self, number: int, cells: int, status: str, seconds: float) -> None:
        """Say that a code cell has ended with ``ok`` or ``failed``, after so many seconds."""

    def note(self, text: str) -> None:
        """Say what the user should know and need not act on at once."""


class Silence:
    """Tells nobody."""

    def run_started(self, cells: int) -> None:
        """Do nothing."""

    def cell_started(self, number: int, cells: int, source: str) -> None:
        """Do nothing."""

    def cell_ended(self, number: int, cells: int, status: str, seconds: float) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""
