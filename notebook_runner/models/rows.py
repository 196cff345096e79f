"""Which rows of a sample a model is compared on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_runner.models.exporter import Batch

#: More rows than these make the proof slower and hardly better.
MOST_ROWS = 1000
#: Bytes of one batch of inputs; what a network computes from them is many times as much.
MOST_BYTES = 32 << 20


def build_batches(
    rows: int, bytes_per_row: int, take: Callable[[np.ndarray], Batch]
) -> dict[str, Batch]:
    """Build the sample, one row of it, and a batch of a third size, which repeats rows.

    Parameters
    ----------
    rows
        Number of rows of the sample; a large one is thinned evenly.
    bytes_per_row
        Size of one row.
    take
        Makes a batch of the rows with these indices.
    """
    most = max(1, min(rows, MOST_ROWS, MOST_BYTES // max(bytes_per_row, 1)))
    chosen = np.unique(np.linspace(0, rows - 1, most).astype(np.int64))
    repeated = np.resize(chosen[::-1], min(len(chosen) + 3, max(4, len(chosen) // 2)))
    return {
        "the sample": take(chosen),
        "its first row": take(chosen[:1]),
        f"{len(repeated)} rows of it": take(repeated),
    }
