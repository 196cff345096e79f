"""Start the processes of the server, and wait until it answers."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import requests

from notebook_runner.errors import NotRunningError, StartError
from notebook_runner.local_galaxy.configuration import server_url
from notebook_runner.local_galaxy.processes import MARKER
from notebook_runner.local_galaxy.state import ServerState

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.home import Home

#: What a running server consists of.
SERVICES = ("celery", "gunicorn")
_LOGS_KEPT = 3
#: What SQLite says of a file that was cut short, written over or emptied of its tables.
_DAMAGED = r"is malformed|is not a database|disk I/O error|no such table"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: What the server gets of the caller's environment; anything else could be a secret.
_PASSED_ON = (
    *("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)


def start_server(home: Home, account: Account, config: Path) -> psutil.Process:
    """Start gravity, which starts the services, as the server's account.

    Returns
    -------
    psutil.Process
        The process that all others come from.
    """
    _keep_old_logs(home)
    environment = home.environment("galaxy")
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    env |= {
        "PATH": f"{environment / 'bin'}:{SYSTEM_PATH}",
        "VIRTUAL_ENV": str(environment),
        "HOME": str(home.server / "home"),
        "USER": account.name,
        "LOGNAME": account.name,
        "GALAXY_CONFIG_FILE": str(config),
        "PYTHONUNBUFFERED": "1",
        MARKER: str(home.path),
    }
    env.setdefault("LANG", "C.UTF-8")
    handle = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    account.own(home.log)
    with os.fdopen(handle, "a") as log:
        process = subprocess.Popen(
            [environment / "bin" / "galaxy", "--config-file", config],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home.server,
            env=env,
            umask=0o022,
            start_new_session=True,
            **account.popen_options(),
        )
    # The server outlives this object, which Python would otherwise complain about.
    process.returncode = 0
    return psutil.Process(process.pid)


def wait_until_ready(
    home: Home, process: psutil.Process, state: ServerState, *, timeout: float = 180
) -> ServerState:
    """Wait until the server answers and all its services run.

    Parameters
    ----------
    timeout
        Seconds; the database is made at the first start.

    Raises
    ------
    StartError
        When a service ends, or the time is over.
    """
    end = time.monotonic() + timeout
    services: dict[str, tuple[int, float]] = {}
    while time.monotonic() < end:
        seen = _find_services(process)
        if gone := [name for name in services if name not in seen]:
            raise _explain(home, f"its {gone[0]} process ended while it started")
        services |= seen
        if not _is_running(process):
            raise _explain(home, "it ended at once")
        if len(services) == len(SERVICES) and answering_version(state.url, timeout=5):
            return ServerState(**{**vars(state), "services": services, "ready": True})
        time.sleep(0.1)
    raise _explain(home, f"it did not answer at {state.url} within {timeout:.0f} s")


def answering_version(url: str, *, timeout: float = 5) -> str | None:
    """Ask a server for its version; ``None`` when no Galaxy answers."""
    try:
        answer = requests.get(f"{url}/api/version", timeout=timeout)
        version = answer.json()
        return f"{version['version_major']}.{version['version_minor']}"
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return None


def initial_state(
    process: psutil.Process, port: int, configuration: str, tools: str
) -> ServerState:
    """Describe a server that was just started."""
    return ServerState(
        pid=process.pid,
        created=process.create_time(),
        port=port,
        url=server_url(port),
        configuration=configuration,
        tools=tools,
    )


def last_relevant_line(log: Path) -> str:
    """Pick the line of a log that says most about why a server did not start."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-400:]
    except OSError:
        return ""
    for pattern in (r"^\w[\w.]*(Error|Exception)\b.*", r"\b(CRITICAL|ERROR)\b", r"\S"):
        for line in reversed(lines):
            if re.search(pattern, line):
                return line.strip()[:300]
    return ""


def explain_end(home: Home) -> NotRunningError:
    """Say that a server has ended by itself, and where to look."""
    return NotRunningError(
        f"The local Galaxy has ended. Its log is {home.log}"
        f"; the line to begin with: {last_relevant_line(home.log)}"
    )


def _explain(home: Home, what: str) -> StartError:
    line = last_relevant_line(home.log)
    text = f"Galaxy did not start: {what}. Its log is {home.log}" + (
        f"; the line to begin with: {line}" if line else "."
    )
    if re.search(_DAMAGED, line):
        text += (
            f"\nIts database in {home.database} is damaged. Put a copy of it back, or begin anew "
            "with `notebook-runner galaxy clean`, which deletes all histories, datasets, "
            "accounts, keys and logs."
        )
    return StartError(text)


def _find_services(process: psutil.Process) -> dict[str, tuple[int, float]]:
    """Find the services among gravity's children, by the name of their program."""
    found = {}
    try:
        for child in process.children():
            names = {Path(argument).name for argument in child.cmdline()[:3]}
            for service in SERVICES:
                if service in names and child.status() != psutil.STATUS_ZOMBIE:
                    found[service] = (child.pid, child.create_time())
    except psutil.NoSuchProcess:
        pass
    return found


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _keep_old_logs(home: Home) -> None:
    """Keep the logs of the last starts, each in its own file."""
    for number in range(_LOGS_KEPT - 1, -1, -1):
        log = home.log if number == 0 else home.log.with_suffix(f".log.{number}")
        if log.is_file():
            log.replace(home.log.with_suffix(f".log.{number + 1}"))
