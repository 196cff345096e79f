"""Durations and sizes as a person would say them."""

from __future__ import annotations

import math
from typing import Any


def format_duration(seconds: Any) -> str:
    """Return seconds as a person would say them; nothing for what is no number."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
        return ""
    if seconds < 0.005:
        return "0 s" if seconds == 0 else "< 0.01 s"
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def format_size(size: Any) -> str:
    """Return a number of bytes in units of thousands; nothing for what is no number."""
    if not isinstance(size, int | float) or isinstance(size, bool):
        return ""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.3g} {unit}"
