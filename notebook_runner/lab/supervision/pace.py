"""When a file is copied again: what takes long is done seldom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_runner.lab.supervision.tree import Signature

#: How long one waits for a file to be left alone, before a copy of it is made anyway.
PATIENCE_S = 10.0
#: The copies of one file may take this share of the time.
_COPYING_SHARE = 0.1


def pause_after(took: float, *, least: float, share: float, most: float = float("inf")) -> float:
    """Return how long to wait so that what ``took`` so long takes ``share`` of the time.

    All are in seconds; the answer is between ``least`` and ``most``.
    """
    return min(max(least, took / share - took), most)


class _Change(NamedTuple):
    signature: Signature
    seen: float
    since: float


class Pace:
    """Decides which changed files are due.

    Parameters
    ----------
    settle_s
        How long a file has to be left alone, in seconds. Its writer may be half way through it,
        and only the content of some files tells.
    clock
        Seconds that only go forward.
    """

    def __init__(self, settle_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle_s = settle_s
        self._clock = clock
        self._changes: dict[str, _Change] = {}
        self._not_before: dict[str, float] = {}

    def is_due(self, path: str, signature: Signature) -> bool:
        """Tell whether a file that differs from its copy is to be copied now."""
        now = self._clock()
        known = self._changes.get(path)
        since = known.since if known else now
        seen = known.seen if known and known.signature == signature else now
        self._changes[path] = _Change(signature, seen, since)
        if now < self._not_before.get(path, now):
            return False
        return now - seen >= self._settle_s or now - since >= PATIENCE_S

    def is_restless(self, path: str) -> bool:
        """Tell whether a file is due only because it was never left alone."""
        known = self._changes.get(path)
        return known is not None and self._clock() - known.seen < self._settle_s

    def has_waited(self, path: str) -> bool:
        """Tell whether a file has not been left alone for so long that any copy is better."""
        known = self._changes.get(path)
        return known is not None and self._clock() - known.since >= PATIENCE_S

    def took(self, path: str, seconds: float, *, least: float = 0.0) -> None:
        """Say how long an attempt took: the next is that much later, ``least`` s at least."""
        pause = pause_after(seconds, least=least, share=_COPYING_SHARE)
        self._not_before[path] = self._clock() + pause

    def is_saved(self, path: str) -> None:
        """Say that the file and its copy are the same."""
        self._changes.pop(path, None)

    def forget(self, path: str) -> None:
        """Say that the file is no longer there."""
        self._changes.pop(path, None)
        self._not_before.pop(path, None)
