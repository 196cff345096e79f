"""Which port the server listens on."""

from __future__ import annotations

import socket

from notebook_runner.errors import PortInUseError
from notebook_runner.local_galaxy.configuration import HOST
from notebook_runner.local_galaxy.processes import who_listens
from notebook_runner.ports import is_free

#: Ports below are the system's.
LOWEST = 1024
_USUAL = range(8080, 8100)


def choose_port(asked: int | None, last: int | None) -> int:
    """Choose a port: the one asked for, else the last one, else a free one.

    Raises
    ------
    PortInUseError
        When the port that was asked for is taken.
    """
    if asked is not None:
        if not is_free(asked):
            by = who_listens(asked)
            raise PortInUseError(
                f"Port {asked} is in use{f' (by {by})' if by else ''}. Choose another one, "
                "or leave out --port and a free one is taken."
            )
        return asked
    candidates: list[int] = [*([last] if last and last >= LOWEST else []), *_USUAL]
    for port in candidates:
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        free = probe.getsockname()[1]
        return int(free)
