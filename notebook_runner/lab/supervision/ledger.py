"""What of the work folder is saved, as what and since when."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.lab.supervision.problems import show
from notebook_runner.record.run_record import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_runner.lab.supervision.tree import Signature


@dataclass
class Saved:
    """The copy of one file.

    Attributes
    ----------
    saved_as
        Its path in the store.
    signature
        The file's when it was copied; ``None`` when it has to be looked at again.
    size
        In bytes.
    sha256
        Of the content, 64 hexadecimal digits.
    saved
        When its content was last renewed (UTC, ISO 8601).
    settled
        False for a copy of a file that was being written to all the time.
    deleted
        When it was noticed that the user had deleted the file; ``None`` when it is there.
    """

    saved_as: str
    signature: Signature | None
    size: int
    sha256: str
    saved: str
    settled: bool = True
    deleted: str | None = None


class Ledger:
    """The copies by the path of their file; one thread writes, others read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, Saved] = {}
        self._owners: dict[str, str] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._entries))

    def get(self, path: str) -> Saved | None:
        """Return the copy of a file, ``None`` when there is none."""
        return self._entries.get(path)

    def owner(self, saved_as: str) -> str | None:
        """Return the file whose copy has this path in the store."""
        return self._owners.get(saved_as)

    def put(self, path: str, entry: Saved) -> None:
        """Enter a copy."""
        with self._lock:
            self._entries[path] = entry
            self._owners[entry.saved_as] = path

    def remove(self, path: str) -> None:
        """Take a copy out."""
        with self._lock:
            self._owners.pop(self._entries.pop(path).saved_as, None)

    def mark_deleted(self, path: str) -> None:
        """Keep the copy of a file that is no longer there."""
        entry = self._entries[path]
        entry.deleted, entry.signature = now(), None

    def as_json(self) -> list[dict[str, Any]]:
        """Return the copies as the record has them, sorted by path."""
        with self._lock:
            entries = sorted(self._entries.items())
        return [
            {
                "path": show(path),
                "saved_as": entry.saved_as,
                "size": entry.size,
                "sha256": entry.sha256,
                "saved": entry.saved,
                "settled": entry.settled,
                "deleted": entry.deleted,
            }
            for path, entry in entries
        ]
