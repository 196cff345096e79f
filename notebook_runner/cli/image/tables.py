"""How the image commands print what they found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from notebook_runner.images.declared_values import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Wide enough for a table where there is no terminal to fit into.
_LOG_WIDTH = 120
_MB = 10**6


def print_table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Iterable[str]],
    *,
    numbers: Iterable[str] = (),
) -> None:
    """Print a table on standard output; nothing where there are no rows.

    Parameters
    ----------
    numbers
        The columns that stand on the right.
    """
    numbers = set(numbers)
    table = Table(box=box.SIMPLE_HEAD, title=plain(title), title_justify="left")
    for name in columns:
        table.add_column(
            plain(name), justify="right" if name in numbers else "left", no_wrap=name in numbers
        )
    for row in rows:
        table.add_row(*map(plain, row))
    if table.row_count:
        _console().print(table)


def print_line(text: str) -> None:
    """Print a line on standard output, never broken over two."""
    _console().print(plain(text), soft_wrap=True)


def plain(text: str) -> Text:
    """Keep what an image says from doing anything to the terminal."""
    return Text(printable(text))


def in_mb(size: int) -> str:
    """Write bytes as megabytes (10⁶)."""
    return f"{size / _MB:,.1f} MB"


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _LOG_WIDTH)
    return console
