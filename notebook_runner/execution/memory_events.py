"""How often the system killed a process for want of memory."""

from __future__ import annotations

from pathlib import Path

_VERSION_1 = "/sys/fs/cgroup/memory"
_VERSION_2 = "/sys/fs/cgroup"


def count_oom_kills() -> int:
    """Count the processes killed for want of memory so far.

    The counter of our own control group is read (``memory.events`` of
    version 2, ``memory.oom_control`` of version 1), and the machine's
    (``/proc/vmstat``) where the group has none. The number means something
    only beside an earlier one.
    """
    counts = [count for file in _counter_files() if (count := _read_counter(file)) is not None]
    if counts:
        return sum(counts)
    return _read_counter(Path("/proc/vmstat")) or 0


def _counter_files() -> list[Path]:
    """Name the counters of the control groups that this process is in."""
    files = []
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        relative = group.lstrip("/")
        if controllers == "":
            files.append(Path(_VERSION_2) / relative / "memory.events")
        elif "memory" in controllers.split(","):
            # In a container the group's path is the host's and the mount is the group itself.
            files += [
                Path(_VERSION_1) / relative / "memory.oom_control",
                Path(_VERSION_1) / "memory.oom_control",
            ]
    return list(dict.fromkeys(file for file in files if file.exists()))


def _read_counter(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return None
