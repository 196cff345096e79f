"""Where a lab works on this machine: the folder, whose files they are, and the port."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from notebook_runner.errors import ImageError, PortInUseError
from notebook_runner.ports import is_free

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A lab is for this machine only.
HOST = "127.0.0.1"
#: The variables that name a file of certificates to Python, pip and requests.
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
_USUAL_PORTS = range(8888, 8908)


def check_folder(folder: Path) -> Path:
    """Return the whole path of a folder that a lab can work in.

    Raises
    ------
    ImageError
        When it is not there, no folder, or cannot be written.
    """
    whole = folder.expanduser().resolve()
    if not whole.is_dir():
        what = "is not a folder" if whole.exists() else "does not exist"
        raise ImageError(f"{folder} {what}. Name the folder to work in; without one it is this.")
    if not os.access(whole, os.W_OK | os.X_OK):
        raise ImageError(f"You cannot write into {folder}, and a lab has to: choose another one.")
    return whole


def choose_user(folder: Path) -> tuple[int, int]:
    """Return whose files a lab writes: yours, or for root (and sudo) the folder's owner's."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    owner = folder.stat()
    return owner.st_uid, owner.st_gid


def find_certificates(environment: Mapping[str, str]) -> Path | None:
    """Return the file of certificates that a network made its users name, if there is one.

    Behind a network that looks into TLS nothing can be installed without it.
    """
    for name in CERTIFICATE_VARIABLES:
        file = Path(environment.get(name, "")).expanduser()
        if file.is_file():
            return file.resolve()
    return None


def choose_port(asked: int | None) -> int:
    """Return the port asked for, or else a free one.

    Raises
    ------
    PortInUseError
        When the port that was asked for is taken, or is the system's.
    """
    if asked is not None:
        if not is_free(asked):
            raise port_in_use(asked)
        return asked
    for port in _USUAL_PORTS:
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def port_in_use(port: int) -> PortInUseError:
    """Make the error that says so."""
    return PortInUseError(
        f"Port {port} is in use, or not yours to use. Choose another one, or leave out --port and "
        "a free one is taken."
    )


def is_this_machine(url: str) -> bool:
    """Whether an address means the machine that reads it, which a container is not."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
