"""The processes that a notebook started, also those that left the kernel's group."""

from __future__ import annotations

import psutil


def end_processes(variable: str, value: str) -> int:
    """Kill every process of this user whose environment holds ``variable=value``.

    A run's context file has a name of its own, and what a notebook starts
    inherits the variable that names it, in whatever session or group it is.

    Returns
    -------
    int
        How many were killed.
    """
    ended = 0
    mine = psutil.Process().pid
    for process in psutil.process_iter():
        try:
            if process.pid != mine and process.environ().get(variable) == value:
                process.kill()
                ended += 1
        except psutil.Error:
            # It ended by itself, or is somebody else's.
            continue
    return ended
