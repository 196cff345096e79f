"""Whether a port of this machine is free."""

from __future__ import annotations

import socket


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        # As servers do: an ended server's port need not rest for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
