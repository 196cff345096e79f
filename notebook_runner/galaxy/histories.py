"""A history that was made here, and what landed in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.datasets import Dataset


@dataclass(frozen=True)
class NewHistory:
    """A history on a Galaxy."""

    id: str
    name: str
    url: str

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return {"id": self.id, "name": self.name, "url": self.url}


@dataclass(frozen=True)
class WrittenHistory:
    """A history and the datasets that were written into it.

    Attributes
    ----------
    datasets
        Single ones first, then the elements of collections.
    """

    history: NewHistory
    datasets: tuple[Dataset, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "history": self.history.as_dict(),
            "datasets": [dataset.as_dict() for dataset in self.datasets],
        }


def create_history(gi: Connection, name: str, tags: Sequence[str] = ()) -> NewHistory:
    """Make a new history.

    Raises
    ------
    GalaxyError
        Galaxy does not make it.
    """
    with gi.explained("create a history"):
        history = gi.histories.create_history(name)
        if tags:
            gi.histories.update_history(history["id"], tags=list(tags))
    history_id = str(history["id"])
    return NewHistory(history_id, str(history["name"]), gi.link_to_history(history_id))
