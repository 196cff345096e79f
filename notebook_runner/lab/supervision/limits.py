"""When a session has to end, and what people are told before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

IDLE_LIMIT = "idle_limit"
TIME_LIMIT = "time_limit"
#: People are told this many seconds before a limit, and in the last quarter of a short one.
_TOLD_BEFORE_S = 600.0


@dataclass(frozen=True)
class Limits:
    """How long a session may last, all in seconds; ``None`` is no limit.

    Attributes
    ----------
    idle_s
        Without anybody using it.
    time_s
        In all.
    gpu_idle_s
        How long a GPU may do nothing before people are told; the session goes on.
    """

    idle_s: float | None = None
    time_s: float | None = None
    gpu_idle_s: float | None = None

    def reached(self, *, age_s: float, quiet_s: float) -> str | None:
        """Return which limit ends a session of that age, quiet for so long; ``None`` if none."""
        if self.time_s is not None and age_s >= self.time_s:
            return TIME_LIMIT
        if self.idle_s is not None and quiet_s >= self.idle_s:
            return IDLE_LIMIT
        return None

    def notices(
        self, *, age_s: float, quiet_s: float, gpu_idle_s: float | None
    ) -> list[dict[str, Any]]:
        """Return what people are to be told now.

        Returns
        -------
        list of dict
            ``code``, ``message`` and ``ends_at`` (UTC, ISO 8601, or ``None``).
        """
        told = []
        if (left := _left(self.time_s, age_s)) is not None:
            told.append(
                _notice(TIME_LIMIT, "its time limit. Save what you want to keep in outputs/", left)
            )
        if (left := _left(self.idle_s, quiet_s)) is not None:
            told.append(_notice(IDLE_LIMIT, "nobody uses it. Run a cell to go on", left))
        if self.gpu_idle_s is not None and gpu_idle_s is not None and gpu_idle_s >= self.gpu_idle_s:
            message = (
                "The GPU of this session has not computed anything for "
                f"{int(gpu_idle_s // 60)} minutes, and nobody else can use it. "
                "End the session with File > Shut Down when you no longer need it."
            )
            told.append({"code": "gpu_idle", "message": message, "ends_at": None})
        return told


def _left(limit: float | None, passed: float) -> float | None:
    """Return the seconds that are left, ``None`` while it is too early to tell of them."""
    if limit is None or limit - passed > min(_TOLD_BEFORE_S, limit / 4):
        return None
    return max(0.0, limit - passed)


def _notice(code: str, reason: str, left_s: float) -> dict[str, Any]:
    # To the full minute, so that the text does not change at every look.
    ends = datetime.now(UTC) + timedelta(seconds=left_s + 30)
    ends = ends.replace(second=0, microsecond=0)
    message = f"This session ends at {ends:%H:%M} UTC: {reason}."
    return {"code": code, "message": message, "ends_at": ends.isoformat()}
