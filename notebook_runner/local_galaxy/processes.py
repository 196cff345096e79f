"""Find and end every process of a local Galaxy, its jobs' included."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil

from notebook_runner.errors import LocalGalaxyError

if TYPE_CHECKING:
    from pathlib import Path

#: Set for the server and inherited by all that it starts, kernels of running jobs included.
MARKER = "NOTEBOOK_RUNNER_LOCAL_GALAXY"
#: Seconds between asking and killing; Galaxy's idle worker alone would take seven to end.
_PATIENCE_S = 3.0


def find_processes(home: Path) -> list[psutil.Process]:
    """Find the processes that a local Galaxy of this state folder has started.

    They are known by a variable of their environment, and their children by
    their parents: a stale file of process numbers cannot mislead.
    """
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid != os.getpid() and _is_marked(process, home):
            found[process.pid] = process
    for process in list(found.values()):
        try:
            found.update({child.pid: child for child in process.children(recursive=True)})
        except psutil.NoSuchProcess:
            continue
    return [process for process in found.values() if _is_alive(process)]


def end_processes(home: Path) -> int:
    """End all of them: first asked to, then killed, until none is left.

    Returns
    -------
    int
        How many there were at first.

    Raises
    ------
    LocalGalaxyError
        When processes are left that cannot be ended.
    """
    processes = find_processes(home)
    count = len(processes)
    for process in processes:
        _signal(process, kill=False)
    psutil.wait_procs(processes, timeout=_PATIENCE_S)
    for _ in range(5):
        # What a process started while it was being ended is found here.
        processes = find_processes(home)
        if not processes:
            return count
        for process in processes:
            _signal(process, kill=True)
        psutil.wait_procs(processes, timeout=2)
    left = ", ".join(f"{process.pid} ({process.name()})" for process in processes)
    raise LocalGalaxyError(f"These processes of the local Galaxy could not be ended: {left}.")


def is_same_process(pid: int, created: float) -> bool:
    """Whether a process is alive and the one that was started then, not a later one."""
    try:
        process = psutil.Process(pid)
        return _is_alive(process) and abs(process.create_time() - created) < 0.01
    except psutil.NoSuchProcess:
        return False


def who_listens(port: int) -> str:
    """Describe who listens on a TCP port, as far as this account may know; else nothing."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
            continue
        if connection.laddr.port == port:
            try:
                return f"{psutil.Process(connection.pid).name()}, process {connection.pid}"
            except psutil.NoSuchProcess:
                return ""
    return ""


def _is_marked(process: psutil.Process, home: Path) -> bool:
    try:
        return process.environ().get(MARKER) == str(home)
    except (psutil.Error, OSError):
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise LocalGalaxyError(
            f"Process {process.pid} of the local Galaxy belongs to another account. "
            "Stop it as the account that started it."
        ) from error
