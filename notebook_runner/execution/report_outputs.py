"""The outputs of a cell as blocks of a report."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from notebook_runner.execution.report_html import Cleaner, Fragment, HtmlError
from notebook_runner.execution.report_markdown import markdown_to_html
from notebook_runner.execution.report_pictures import RASTER_TYPES, SVG_TYPE, PictureError
from notebook_runner.execution.report_text import (
    MAX_TEXT,
    colour,
    cut,
    list_of,
    mapping_of,
    plain,
    printable,
    terminal_text,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_OUTPUTS_OF_CELL = 100
MAX_CHARACTERS_OF_CELL = 1_000_000

_NEEDS_NOTEBOOK = "needs a live notebook to be seen or used, so it is left out here."
# What IPython prints for an object that only has a rich form says nothing to a reader.
_NO_TEXT = re.compile(r"<[\w.]+ object(?: at 0x[0-9a-fA-F]+)?>|<Figure size [^<>]*>")
_SCRIPT_TYPES = frozenset({"application/javascript", "text/javascript"})
# scikit-learn's drawing of a pipeline is a stack of check boxes that only its style explains.
_UNREADABLE_CLASSES = frozenset({"sk-top-container"})


@dataclass(frozen=True)
class Block:
    """One part of an output.

    Attributes
    ----------
    kind
        ``stdout``, ``stderr``, ``result``, ``error``, ``html``, ``picture`` or ``note``.
    body
        Safe HTML; a picture has none.
    source
        Address of a picture's file.
    text
        What stands for a picture where it cannot be shown.
    """

    kind: str
    body: Markup = field(default_factory=Markup)
    source: str = ""
    text: str = ""


def blocks_of(outputs: Any, cleaner: Cleaner) -> list[Block]:
    """Return the outputs of a cell in their order, however broken they are.

    Parameters
    ----------
    outputs
        The cell's ``outputs`` as they stand in the notebook.
    cleaner
        Cleans this cell's HTML and keeps its pictures.
    """
    joined = list(_join_streams(map(mapping_of, list_of(outputs))))
    blocks: list[Block] = []
    left_out = 0
    for number, item in enumerate(joined):
        size = sum(len(block.body) for block in blocks)
        room = number < MAX_OUTPUTS_OF_CELL and size < MAX_CHARACTERS_OF_CELL
        # An error is what a reader looks for; it is shown however much was printed before it.
        if room or item.get("output_type") == "error":
            blocks.extend(_blocks_of_one(item, cleaner))
        else:
            left_out += 1
    if left_out:
        blocks.append(_note(f"The executed notebook has {left_out:,} more outputs of this cell."))
    return blocks


def text_blocks(kind: str, text: str, limit: int = MAX_TEXT) -> list[Block]:
    """Return terminal text as one block, or as two with a note about what was cut between."""
    head, note, tail = cut(text, limit, tail=min(15_000, limit // 3))
    if not note:
        return [Block(kind, colour(head))]
    return [Block(kind, colour(head)), _note(note), Block(kind, colour(tail))]


def _blocks_of_one(output: Mapping[str, Any], cleaner: Cleaner) -> list[Block]:
    match output.get("output_type"):
        case "stream":
            kind = "stderr" if output.get("name") == "stderr" else "stdout"
            text = terminal_text(text_of(output.get("text")))
            return text_blocks(kind, text.rstrip("\n")) if text.strip() else []
        case "error":
            return text_blocks("error", _traceback_of(output))
        case _:
            data = {
                str(mime).lower(): value for mime, value in mapping_of(output.get("data")).items()
            }
            return _blocks_of_bundle(data, mapping_of(output.get("metadata")), cleaner)


def _traceback_of(output: Mapping[str, Any]) -> str:
    text = "\n".join(text_of(line) for line in list_of(output.get("traceback")))
    name, value = text_of(output.get("ename")), text_of(output.get("evalue"))
    return text if text.strip() else f"{name or 'Error'}: {value}"


def _blocks_of_bundle(
    data: Mapping[str, Any], metadata: Mapping[str, Any], cleaner: Cleaner
) -> list[Block]:
    """Choose the best form of an output that can be shown without running anything."""
    notes: list[Block] = []
    fragment = _fragment(data, cleaner, notes)
    if fragment.classes & _UNREADABLE_CLASSES:
        fragment = Fragment(Markup())
    readable = not fragment.empty
    if readable and not fragment.live:
        return [Block("html", fragment.html), *notes]
    if picture := _picture(data, metadata, cleaner, notes):
        return [picture, *notes]
    if readable:
        return [Block("html", fragment.html), _note(f"A part of this output {_NEEDS_NOTEBOOK}")]
    live = fragment.live or any(
        mime.startswith("application/vnd.") or mime in _SCRIPT_TYPES for mime in data
    )
    text = _text(data)
    if live:
        notes.append(_note(f"This output {_NEEDS_NOTEBOOK}"))
    elif not text and not notes and data:
        types = ", ".join(printable(mime)[:80] for mime in list(data)[:5])
        notes.append(_note(f"This output cannot be shown here. It has: {types}."))
    return [*(text_blocks("result", text) if text else []), *notes]


def _fragment(data: Mapping[str, Any], cleaner: Cleaner, notes: list[Block]) -> Fragment:
    """Return what the output's HTML or Markdown has to show."""
    source = text_of(data.get("text/html"))
    if not source.strip() and "text/markdown" in data:
        source = markdown_to_html(text_of(data["text/markdown"]))
    try:
        return cleaner.clean(source)
    except HtmlError as error:
        notes.append(_note(f"HTML is left out here: {error}. The executed notebook has it."))
        return Fragment(Markup())


def _picture(
    data: Mapping[str, Any], metadata: Mapping[str, Any], cleaner: Cleaner, notes: list[Block]
) -> Block | None:
    alternative = text_of(metadata.get("alt")) or plain(text_of(data.get("text/plain")))
    alternative = " ".join(alternative.split())[:200]
    for mime in (*RASTER_TYPES, SVG_TYPE):
        if mime not in data:
            continue
        try:
            if mime == SVG_TYPE:
                source = cleaner.pictures.add_svg(text_of(data[mime]), cleaner.stem)
            else:
                source = cleaner.pictures.add_base64(data[mime], cleaner.stem)
        except PictureError as error:
            notes.append(_note(f"A picture is left out here: {error}."))
        else:
            return Block("picture", source=source, text=alternative)
    return None


def _text(data: Mapping[str, Any]) -> str:
    if "text/latex" in data:
        return text_of(data["text/latex"]).strip("\n")
    text = text_of(data.get("text/plain")).strip("\n")
    if text.strip() and not _NO_TEXT.fullmatch(text.strip()):
        return text
    if "application/json" in data:
        return json.dumps(data["application/json"], indent=2, ensure_ascii=False, default=str)
    return ""


def _join_streams(outputs: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Join what a cell printed piece by piece, as a terminal would show it."""
    name: object = None
    pieces: list[str] = []
    for output in outputs:
        is_stream = output.get("output_type") == "stream"
        if pieces and not (is_stream and output.get("name") == name):
            yield {"output_type": "stream", "name": name, "text": pieces}
            pieces = []
        if is_stream:
            name = output.get("name")
            pieces.append(text_of(output.get("text")))
        else:
            yield output
    if pieces:
        yield {"output_type": "stream", "name": name, "text": pieces}


def _note(text: str) -> Block:
    return Block("note", escape(text))
