"""How a caller is told what goes on at a Galaxy."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Somebody who wants to know."""

    def note(self, text: str) -> None:
        """Take a line that stays."""

    def status(self, text: str) -> None:
        """Take what is going on now; called again and again, also with the same text."""


class Silence:
    """Nobody wants to know."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def status(self, text: str) -> None:
        """Do nothing."""
