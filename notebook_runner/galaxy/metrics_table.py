"""The metrics of a run as one row of a Galaxy table."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Stands for ``None``, NaN and infinity; pandas and R both read it as "not available".
MISSING = "NA"

#: All that some reader takes for the end of a cell or of a line.
_BREAKS = re.compile(r"[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


def metrics_table(parameters: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return a header line and one row, with tabs between the cells.

    Parameters come first, then metrics. A metric with the name of a parameter
    gets the heading ``NAME (metric)``. Texts stand as they are, everything
    else as JSON; tabs and line breaks become a blank.

    Returns
    -------
    str
        Two lines, or an empty text when there is neither parameter nor metric.
    """
    cells: dict[str, Any] = {_flat(name): value for name, value in parameters.items()}
    for name, value in metrics.items():
        heading = _flat(name)
        while heading in cells:
            heading = f"{heading} (metric)"
        cells[heading] = value
    if not cells:
        return ""
    return "".join(
        "\t".join(line) + "\n" for line in (cells, [_cell(value) for value in cells.values()])
    )


def _cell(value: Any) -> str:
    if value is None:
        return MISSING
    return _flat(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _flat(text: str) -> str:
    return _BREAKS.sub(" ", text)
