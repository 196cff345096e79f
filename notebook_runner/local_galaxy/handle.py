"""What a client of the local Galaxy needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class LocalGalaxy:
    """A running local Galaxy, as clients and tests use it."""

    url: str
    api_key: str = field(repr=False)
    home: Path
    #: ids of tools of the suite that the server could not load
    missing_tools: tuple[str, ...] = ()
