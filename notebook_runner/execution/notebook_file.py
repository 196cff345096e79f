"""The executed notebook on disk, renewed after every cell."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4.rwbase import split_lines, strip_transient

from notebook_runner.record.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

    from notebook_runner.execution.masking import Masker


class NotebookFile:
    """Writes one notebook again and again, with secrets masked.

    Only the cells that changed are turned into JSON again, so that saving
    after every cell stays cheap in a notebook with large outputs. The file is
    laid out as nbformat lays it out.
    """

    def __init__(self, target: Path, masker: Masker) -> None:
        self.target = target
        self._masker = masker
        self._dumped: dict[int, str] = {}
        self._running: int | None = None
        self._saved = 0.0

    def cell_started(self, index: int) -> None:
        """Turn this cell into JSON at every save from now on."""
        self._running = index
        self._dumped.pop(index, None)

    def cell_finished(self, node: NotebookNode, index: int) -> None:
        """Keep the JSON of a cell that will not change any more."""
        self._running = None
        self._dumped[index] = self._dump_cell(node.cells[index])

    def forget(self) -> None:
        """Turn all cells into JSON again next time: a finished one has changed."""
        self._dumped.clear()

    def save(self, node: NotebookNode) -> None:
        """Replace the file by the notebook as it is now.

        Raises
        ------
        OutputError
            The file cannot be written; the one before is still there.
        """
        for index, cell in enumerate(node.cells):
            if index == self._running or index not in self._dumped:
                self._dumped[index] = self._dump_cell(cell)
        cells = [self._dumped[index] for index in range(len(node.cells))]
        shell = {key: value for key, value in node.items() if key != "cells"}
        text = _dump(strip_transient(nbformat.from_dict({**self._masker.mask(shell), "cells": []})))
        # Keys are sorted, so the first match is the notebook's own list of cells.
        text = text.replace('"cells": []', '"cells": [\n' + ",\n".join(cells) + "\n ]", 1)
        write_atomically(self.target, (text + "\n").encode("utf-8", errors="replace"))
        self._saved = time.monotonic()

    def seconds_since_save(self) -> float:
        """Return how old the file is, in seconds."""
        return time.monotonic() - self._saved

    def _dump_cell(self, cell: NotebookNode) -> str:
        # from_dict copies: what the writer splits into lines is not what the run works on.
        holder = nbformat.from_dict({"cells": [self._masker.mask(cell)], "metadata": {}})
        text = _dump(split_lines(strip_transient(holder))["cells"][0])
        return "\n".join(f"  {line}" for line in text.split("\n"))


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, separators=(",", ": "))
