"""What the kernel's process writes by itself, outside the notebook: read line by line."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Bytes that are shown; a program that writes more is read and not shown.
_SHOWN = 200_000
_LONGEST_LINE = 10_000


class KernelText:
    """A pipe in the place of the kernel's standard output and error.

    Handed through as it is, it would carry secrets and control sequences to
    the terminal, and a summary on standard output would not be alone there.

    Parameters
    ----------
    show
        Is given every line, without its end.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._left = _SHOWN

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Yield the end of the pipe that the kernel writes to, while it is started."""
        reading, writing = os.pipe()
        threading.Thread(target=self._read, args=(reading,), daemon=True).start()
        try:
            yield writing
        finally:
            os.close(writing)

    def _read(self, pipe: int) -> None:
        with open(pipe, "rb") as stream:
            while line := stream.readline(_LONGEST_LINE):
                if self._left > 0:
                    self._left -= len(line)
                    self._show(line.decode("utf-8", errors="replace").rstrip("\r\n"))
                    if self._left <= 0:
                        self._show("(the kernel writes more; it is not shown)")
