"""Say the same in other characters, where Galaxy takes it for a web page.

Galaxy refuses an upload (unless its administrator set ``check_upload_content``
to false) when one of the first 100 lines of a text has a link, a frame, a
script or a meta element in it, whatever the datatype
(``galaxy/util/checkers.py``). Many notebooks have a link in their first cell,
and every web page has a meta element.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SUSPECTS = re.compile(
    rb"<a\s[^>]*href[^>]+>|<iframe[^>]*>|<frameset[^>]*>|<meta[\W][^>]*>|<script[^>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?:a|meta)\s", re.IGNORECASE)

#: Galaxy looks at no more than this: 100 lines, each up to 32 KiB.
_LOOKED_AT_BYTES = 100 * (1 << 15)
_CHUNK = 1 << 20


def is_suspect(path: Path) -> bool:
    """Tell whether Galaxy may take a file for a web page."""
    with path.open("rb") as file:
        return _SUSPECTS.search(file.read(_LOOKED_AT_BYTES)) is not None


def copy_json_escaped(source: Path, target: Path) -> None:
    r"""Copy JSON in UTF-8 with every ``<`` written as ``\u003c``.

    It means the same to every reader: in JSON ``<`` stands only within
    strings, and never behind a backslash that is not itself escaped.
    """
    with source.open("rb") as old, target.open("wb") as new:
        while chunk := old.read(_CHUNK):
            new.write(chunk.replace(b"<", b"\\u003c"))


def break_tags(page: str) -> str:
    """Put the attributes of links and meta elements on a line of their own.

    White space within a tag means nothing, so the page stays the same. It is
    meant for reports of ours alone, which have no script and no frame.
    """
    return _TAG.sub(lambda tag: tag[0].rstrip() + "\n", page)
