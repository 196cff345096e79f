"""What landed in a history, as a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from notebook_runner.galaxy.histories import WrittenHistory

#: Wide enough for names of datasets where there is no terminal to fit into.
_LOG_WIDTH = 120
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def print_history(written: WrittenHistory, *, stderr: bool = True) -> None:
    """Print name, datatype, state and size of each dataset, and the history's link.

    Parameters
    ----------
    written
        The history and its datasets.
    stderr
        Whether to leave standard output to others, to JSON for example.
    """
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _LOG_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, title=_text(written.history.name), title_justify="left")
    table.add_column("dataset", overflow="fold")
    table.add_column("datatype")
    table.add_column("state")
    table.add_column("size", justify="right")
    for dataset in written.datasets:
        name = f"{dataset.collection} / {dataset.name}" if dataset.collection else dataset.name
        state = Text(dataset.state, style="green" if dataset.is_ok else "bold red")
        table.add_row(_text(name), dataset.datatype, state, decimal(dataset.size))
    console.print(table)
    # Never broken over two lines, so that it can be clicked or copied.
    console.print(Text(written.history.url), soft_wrap=True)


def _text(name: str) -> Text:
    """Keep what a notebook called its files from doing anything to the terminal."""
    return Text(_CONTROL.sub("_", name))
