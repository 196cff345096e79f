"""Element identifiers that Galaxy takes and keeps apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Galaxy builds a name of at most 255 characters out of an identifier, 28 of them its own
#: (JOB_IO_NAME_MAX_LENGTH in galaxy/model/__init__.py); longer ones fail the whole collection.
MAX_LENGTH = 200

_LONGEST_ENDING = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def make_identifiers(names: Iterable[str]) -> Iterator[str]:
    """Turn names into element identifiers, one for each, in order.

    Galaxy refuses no printable character. Control characters become ``_``,
    blanks at the ends go, long names lose their middle, and a name that was
    there before gets a number before its ending: ``a (2).csv``.
    """
    taken: set[str] = set()
    for name in names:
        cleaned = _CONTROL.sub("_", name).strip() or "unnamed"
        identifier = _shorten(cleaned, "")
        number = 1
        while identifier in taken:
            number += 1
            identifier = _shorten(cleaned, f" ({number})")
        taken.add(identifier)
        yield identifier


def _shorten(name: str, mark: str) -> str:
    """Put ``mark`` before the ending, and keep the whole short enough."""
    stem, ending = _split(name)
    room = MAX_LENGTH - len(mark) - len(ending)
    if len(stem) > room:
        stem = stem[: room - 1] + "…"
    return f"{stem}{mark}{ending}"


def _split(name: str) -> tuple[str, str]:
    last = name.rsplit("/", 1)[-1]
    dot = last.find(".", 1)
    ending = "" if dot < 0 else last[dot:]
    if len(ending) > _LONGEST_ENDING:
        ending = last[last.rfind(".") :]
    if len(ending) > _LONGEST_ENDING:
        ending = ""
    return name[: len(name) - len(ending)], ending
