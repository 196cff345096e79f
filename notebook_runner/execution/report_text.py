"""Text of a notebook as safe, printable and bounded HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from nbconvert.filters.ansi import ansi2html, strip_ansi
from pygments import highlight as highlight_tokens  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

# A longer text keeps its beginning and its end: a log says there how it went.
MAX_TEXT = 50_000
TAIL_OF_TEXT = 15_000

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
# Terminal sequences that carry no colour: titles and links (OSC), character sets, single codes.
_OTHER_ESCAPES = re.compile(
    "\x1b\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?"
    "|\x1b[()][0-9A-Za-z]"
    "|\x1b\\[[0-9;:?<=>!]*[@-ln-~]"
    "|\x1b(?!\\[)"
)
_STYLE_OF_COLOUR = re.compile(r'(<span[^<>]*?) style="[^"<>]*"')


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return the value where it is a mapping, else an empty one: notebooks may be invalid."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> Sequence[Any]:
    """Return the value where it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def text_of(value: Any) -> str:
    """Return a notebook's text, which may be a list of lines or missing, as one string."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "".join(line for line in value if isinstance(line, str))
    return "" if value is None else str(value)


def printable(text: str) -> str:
    """Replace what HTML cannot hold: control characters and lone surrogates."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def cut(text: str, limit: int = MAX_TEXT, tail: int = TAIL_OF_TEXT) -> tuple[str, str, str]:
    """Cut a long text in its middle.

    Returns
    -------
    tuple of str
        What is kept of the beginning, a sentence saying what is missing, what is kept
        of the end. The last two are empty when nothing had to go.
    """
    if len(text) <= limit:
        return text, "", ""
    head, end = text[: limit - tail], text[len(text) - tail :] if tail else ""
    # Whole lines read better, as long as the lines are of a usual length.
    head = head[: head.rfind("\n") + 1] or head if head.rfind("\n") > len(head) // 2 else head
    end = end[end.find("\n") + 1 :] if 0 <= end.find("\n") < len(end) // 2 else end
    missing = len(text) - len(head) - len(end)
    lines = text.count("\n", len(head), len(text) - len(end))
    amount = f"{missing:,} characters" + (f" in {lines:,} lines" if lines > 1 else "")
    return head, f"{amount} are left out here; the executed notebook has them.", end


def terminal_text(text: str) -> str:
    """Return what a terminal would show at the end: lines overwritten by progress bars are gone."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(_overwrite(line) if "\r" in line or "\b" in line else line for line in lines)


def _overwrite(line: str) -> str:
    line = line.rstrip("\r").rsplit("\r", 1)[-1]
    if "\b" not in line:
        return line
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def colour(text: str) -> Markup:
    """Turn terminal colours into classes, and everything else into plain text."""
    if "\x1b" not in text:
        return escape(printable(text))
    text = _OTHER_ESCAPES.sub("", text)
    # ESC must survive until the colours are read; what is left of it goes afterwards.
    text = "\x1b".join(printable(part) for part in text.split("\x1b"))
    try:
        html = ansi2html(text)
    except (IndexError, ValueError):  # a colour code that was cut short
        html = str(escape(strip_ansi(text)))
    # Every "<" of the text is escaped, so a real tag here is one of the filter's own.
    return Markup(_STYLE_OF_COLOUR.sub(r"\1", html).replace("\x1b", "\ufffd"))  # noqa: S704


def plain(text: str) -> str:
    """Return the text without any terminal sequence."""
    return printable(strip_ansi(_OTHER_ESCAPES.sub("", text)))


def highlight(source: str, language: str) -> Markup:
    """Mark up the source of a cell; a language that is not known stays plain text."""
    lexer = _lexer(language.lower()[:40])
    if lexer is None:
        return escape(printable(source))
    html = highlight_tokens(printable(source), lexer, HtmlFormatter(nowrap=True))
    return Markup(html.rstrip("\n"))  # noqa: S704 - Pygments escapes what it marks up


@cache
def _lexer(language: str) -> Lexer | None:
    # IPython's own lexer comes with IPython, which the runner does not have.
    name = "python" if language.startswith("ipython") else language
    try:
        return get_lexer_by_name(name)
    except (ClassNotFound, ValueError):
        return None
