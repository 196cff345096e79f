"""See whether anybody works in the work folder, in an editor or by a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_runner.lab.supervision.tree import scan

if TYPE_CHECKING:
    from collections.abc import Collection

    from notebook_runner.lab.supervision.folders import Folder


class FolderWatch:
    """Notices files that come, go or change.

    Parameters
    ----------
    work
        The work folder.
    left_out
        Paths in it that say nothing of the user. Hidden ones are left out too.
    """

    def __init__(self, work: Folder, left_out: Collection[str]) -> None:
        self._work = work
        self._left_out = left_out
        self._known: int | None = None

    def changed(self) -> bool:
        """Tell whether anything is different from the last time; the first time, nothing is."""
        found = scan(self._work, "", takes_folder=self._takes, takes_file=self._takes)
        # Of many thousand files only a number is kept.
        present = hash(frozenset(found.files.items()))
        known, self._known = self._known, present
        return known is not None and known != present

    def _takes(self, path: str) -> bool:
        return path not in self._left_out and not path.rpartition("/")[2].startswith(".")
