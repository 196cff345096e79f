"""Waiting for Galaxy: one loop with a limit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from notebook_runner.errors import GalaxyTimeoutError, GalaxyUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")

_SHORTEST_PAUSE_S = 0.3
_LONGEST_PAUSE_S = 10.0
#: A pause is this part of what was waited before it: short waits end soon, long ones ask rarely.
_SHARE = 0.1
_GOES_ON = "It goes on there; look at it in Galaxy, or wait longer with --wait-limit."


@dataclass(frozen=True)
class Patience:
    """How long to wait, counted from the making of this object.

    Attributes
    ----------
    limit
        In seconds; ``None`` for ever.
    """

    limit: float | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def deadline(self) -> float | None:
        """When it is over, as ``time.monotonic`` counts; ``None`` for never."""
        return None if self.limit is None else self.started + self.limit

    def wait(self, check: Callable[[], _Result | None], what: str, then: str = _GOES_ON) -> _Result:
        """Call ``check`` until it returns something, and return that.

        Raises
        ------
        GalaxyTimeoutError
            The limit has passed; the message names ``what``, and goes on with ``then``.
        GalaxyUnreachableError
            The server is away, and the limit has not passed.
        """
        began = time.monotonic()
        while True:
            try:
                result = check()
            except GalaxyUnreachableError:
                if self.deadline is None or time.monotonic() < self.deadline:
                    raise
                raise self._over(what, f"It does not answer now. {then}") from None
            if result is not None:
                return result
            now = time.monotonic()
            pause = min(max(_SHARE * (now - began), _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
            if self.deadline is not None:
                if now >= self.deadline:
                    raise self._over(what, then)
                pause = min(pause, self.deadline - now)
            time.sleep(pause)

    def _over(self, what: str, then: str) -> GalaxyTimeoutError:
        return GalaxyTimeoutError(f"Galaxy did not finish {what} within {self.limit:g} s. {then}")
