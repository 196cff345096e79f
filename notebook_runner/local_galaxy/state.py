"""What was started, as it is remembered between two commands."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from notebook_runner.local_galaxy.processes import is_same_process

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.home import Home


@dataclass(frozen=True)
class ServerState:
    """A server that was started: its processes, and what it was started with."""

    pid: int
    created: float
    port: int
    url: str
    configuration: str
    tools: str
    #: service name: process id and creation time
    services: dict[str, tuple[int, float]] = field(default_factory=dict)
    ready: bool = False

    def is_alive(self) -> bool:
        """Whether the server and each of its services still run."""
        processes = [(self.pid, self.created), *self.services.values()]
        return self.ready and all(is_same_process(pid, created) for pid, created in processes)


def read_state(home: Home) -> ServerState | None:
    """Read what was started last; ``None`` when nothing was, or the file is damaged."""
    try:
        values = json.loads(home.state.read_text())
        values["services"] = {k: (int(v[0]), float(v[1])) for k, v in values["services"].items()}
        return ServerState(**values)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None


def write_state(home: Home, state: ServerState) -> None:
    """Remember what was started."""
    draft = home.state.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(state), indent=1))
    draft.replace(home.state)


def last_port(home: Home) -> int | None:
    """Return the port that the server had last; it keeps its address where it can."""
    try:
        return int(home.port_file.read_text())
    except (OSError, ValueError):
        return None


def forget_state(home: Home) -> None:
    """Forget the server, but not its port."""
    state = read_state(home)
    if state is not None:
        home.port_file.write_text(str(state.port))
    home.state.unlink(missing_ok=True)
