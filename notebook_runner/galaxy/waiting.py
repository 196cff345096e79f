"""Waiting for Galaxy: one loop with a limit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from notebook_runner.errors import GalaxyTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")

_SHORTEST_PAUSE_S = 0.3
_LONGEST_PAUSE_S = 10.0
#: A pause is this part of what was waited before it: short waits end soon, long ones ask rarely.
_SHARE = 0.1


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

    def wait(self, check: Callable[[], _Result | None], what: str) -> _Result:
        """Call ``check`` until it returns something, and return that.

        Raises
        ------
        GalaxyTimeoutError
            The limit has passed; the message names ``what``.
        """
        began = time.monotonic()
        while True:
            result = check()
            if result is not None:
                return result
            now = time.monotonic()
            pause = min(max(_SHARE * (now - began), _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
            if self.limit is not None:
                left = self.started + self.limit - now
                if left <= 0:
                    raise GalaxyTimeoutError(
                        f"Galaxy did not finish {what} within {self.limit:g} s. It goes on there; "
                        "look at it in Galaxy, or wait longer with --wait-limit."
                    )
                pause = min(pause, left)
            time.sleep(pause)
