"""See whether a command runs in a terminal of the lab."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
#: Stopped by the user, or ended and not yet waited for.
_AT_REST = frozenset("TtZX")


class _Process(NamedTuple):
    pid: int
    parent: int
    session: int
    terminal: int
    state: str


def busy_terminals(lab: int) -> int:
    """Count the terminals in which something runs beside the shell, in the background too.

    Parameters
    ----------
    lab
        Process id of the lab, whose descendants the shells are.
    """
    processes = {process.pid: process for process in _list_processes()}
    busy = {
        process.session
        for process in processes.values()
        if process.terminal and process.pid != process.session and process.state not in _AT_REST
    }
    return sum(_descends(session, lab, processes) for session in busy)


def _descends(pid: int, ancestor: int, processes: dict[int, _Process]) -> bool:
    seen = set()
    while pid in processes and pid not in seen:
        if pid == ancestor:
            return True
        seen.add(pid)
        pid = processes[pid].parent
    return False


def _list_processes() -> list[_Process]:
    found = []
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                text = (folder / "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            # The name, in parentheses, may hold anything.
            fields = text.rpartition(")")[2].split()
            state, parent, _, session, terminal = fields[:5]
            found.append(
                _Process(int(folder.name), int(parent), int(session), int(terminal), state)
            )
    return found
