"""The cells of an executed notebook as a report shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from notebook_runner.execution.report_html import Cleaner, HtmlError
from notebook_runner.execution.report_markdown import markdown_to_html
from notebook_runner.execution.report_outputs import Block, blocks_of, text_blocks
from notebook_runner.execution.report_text import (
    cut,
    highlight,
    list_of,
    mapping_of,
    printable,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebook_runner.execution.report_pictures import Pictures

MAX_SOURCE = 50_000
# Galaxy shows an HTML dataset of up to 50 MB; a browser scrolls smoothly far below that.
MAX_REPORT_CHARACTERS = 5_000_000

_SHORT = 500
_LIMIT_REACHED = "The report has reached its limit; the executed notebook has"
_DID_NOT_RUN = "did not run"
_WORDS = {"ok": "", "failed": "failed", "running": "did not finish", "skipped": _DID_NOT_RUN}
# papermill puts these cells into a notebook that failed; the report says the same better.
_ERROR_MARKS = frozenset({"papermill-error-cell-tag"})


@dataclass
class Cell:
    """One cell as the template wants it.

    Attributes
    ----------
    kind
        ``code``, ``markdown`` or ``raw``.
    body
        Safe HTML: the rendered Markdown, or the marked-up source.
    number
        1, 2, 3 … among the code cells; 0 for the others.
    duration
        Seconds, or ``None`` when it is not known.
    state
        Why the cell is not simply done: ``failed``, ``did not run`` …, or nothing.
    injected
        Whether the run put it there to set the parameters.
    blocks
        The outputs.
    """

    kind: str
    body: Markup
    number: int = 0
    duration: float | None = None
    state: str = ""
    injected: bool = False
    blocks: list[Block] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return how many characters of HTML the cell takes."""
        return len(self.body) + sum(len(block.body) + len(block.text) for block in self.blocks)


@dataclass
class CellReader:
    """Reads the cells of one notebook.

    Attributes
    ----------
    record
        The run record.
    language
        Of the code cells.
    pictures
        Collects the pictures.
    """

    record: Mapping[str, Any]
    language: str
    pictures: Pictures
    _written: int = 0

    def read(self, notebook: Mapping[str, Any]) -> list[Cell]:
        """Return all cells of the notebook, in order."""
        entries = {
            entry.get("index"): entry
            for entry in map(mapping_of, list_of(self.record.get("cells")))
        }
        cells: list[Cell] = []
        number = 0
        for index, item in enumerate(list_of(notebook.get("cells"))):
            source = mapping_of(item)
            if _ERROR_MARKS & _tags_of(source):
                continue
            if source.get("cell_type") == "code":
                number += 1
                cell = self._read_code(source, mapping_of(entries.get(index)), index, number)
            else:
                cell = self._read_text(source, index)
            if cell.body.strip() or cell.blocks:
                cells.append(self._within_limit(cell))
        return cells

    def _within_limit(self, cell: Cell) -> Cell:
        """Drop what no longer fits: the source too, where it is long."""
        if self._written > MAX_REPORT_CHARACTERS and len(cell.body) > _SHORT:
            cell.body = escape(f"{_LIMIT_REACHED} this cell.")
        self._written += cell.size
        return cell

    def _outputs_of(self, source: Mapping[str, Any], number: int) -> list[Block]:
        outputs = list_of(source.get("outputs"))
        if self._written <= MAX_REPORT_CHARACTERS or not outputs:
            return blocks_of(outputs, Cleaner(self.pictures, f"cell-{number}"))
        errors = [item for item in map(mapping_of, outputs) if item.get("output_type") == "error"]
        note = Block("note", escape(f"{_LIMIT_REACHED} this output."))
        return [*blocks_of(errors, Cleaner(self.pictures, f"cell-{number}")), note]

    def _read_text(self, source: Mapping[str, Any], index: int) -> Cell:
        text = text_of(source.get("source"))
        if source.get("cell_type") != "markdown":
            head, note, tail = cut(printable(text), MAX_SOURCE)
            return Cell("raw", escape(f"{head}\n[{note}]\n{tail}" if note else head))
        attachments = mapping_of(source.get("attachments"))
        cleaner = Cleaner(self.pictures, f"text-{index + 1}", attachments)
        try:
            return Cell("markdown", cleaner.clean(markdown_to_html(text)).html)
        except HtmlError:
            head, note, tail = cut(printable(text), MAX_SOURCE)
            return Cell("raw", escape(f"{head}\n[{note}]\n{tail}" if note else head))

    def _read_code(
        self, source: Mapping[str, Any], entry: Mapping[str, Any], index: int, number: int
    ) -> Cell:
        text = text_of(source.get("source"))
        head, note, tail = cut(text, MAX_SOURCE)
        body = highlight(head, self.language)
        if note:
            body += escape(f"\n[{note}]\n") + highlight(tail, self.language)
        cell = Cell("code", body, number=number)
        duration = entry.get("duration_s")
        cell.duration = duration if isinstance(duration, int | float) else None
        cell.injected = "injected-parameters" in _tags_of(source)
        cell.blocks = self._outputs_of(source, number)
        cell.state = self._state_of(entry, cell, text)
        self._add_error(cell, index)
        return cell

    def _state_of(self, entry: Mapping[str, Any], cell: Cell, text: str) -> str:
        if entry:
            return _WORDS.get(str(entry.get("status")), "")
        return "" if cell.blocks or not text.strip() else _DID_NOT_RUN

    def _add_error(self, cell: Cell, index: int) -> None:
        """Say in the cell what ended the run there, where the notebook does not."""
        error = mapping_of(self.record.get("error"))
        if error.get("cell_index") != index:
            return
        cell.state = cell.state if cell.state and cell.state != _DID_NOT_RUN else "failed"
        if not any(block.kind == "error" for block in cell.blocks):
            text = text_of(error.get("traceback")) or text_of(error.get("message"))
            cell.blocks.extend(text_blocks("error", text) if text else [])


def _tags_of(cell: Mapping[str, Any]) -> frozenset[str]:
    tags = list_of(mapping_of(cell.get("metadata")).get("tags"))
    return frozenset(tag for tag in tags if isinstance(tag, str))
