"""Say how a local Galaxy is, whether it runs or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_runner.errors import InstallError
from notebook_runner.local_galaxy.configuration import galaxy_package
from notebook_runner.local_galaxy.credentials import (
    api_key_file,
    login_file,
    password_file,
    read_secret,
)
from notebook_runner.local_galaxy.processes import find_processes
from notebook_runner.local_galaxy.server import answering_version
from notebook_runner.local_galaxy.state import read_state

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.home import Home


def describe(home: Home, account: Account) -> dict[str, Any]:
    """Describe an instance in JSON's types.

    Returns
    -------
    dict
        ``running``: whether it answers and all its services are alive.
        ``url``, ``pid``: null when it does not run. ``galaxy_version``: of the
        running server, else of the installed one, else null. ``api_key_file``,
        ``login_email``, ``password_file``: null before the first start.
        ``account``: who the server runs as. ``home``, ``logs``, ``log``: paths.
        ``processes``: how many there are, those of running jobs included.
    """
    state = read_state(home)
    version = answering_version(state.url) if state and state.is_alive() else None
    url, pid = (state.url, state.pid) if state and version else (None, None)
    keys = {"api_key_file": api_key_file(home), "password_file": password_file(home)}
    return {
        "running": version is not None,
        "url": url,
        "galaxy_version": version or installed_version(home),
        **{name: str(file) if file.exists() else None for name, file in keys.items()},
        "login_email": read_secret(login_file(home)) or None,
        "pid": pid,
        "account": account.name,
        "home": str(home.path),
        "logs": str(home.logs),
        "log": str(home.log),
        "processes": len(find_processes(home.path)),
    }


def installed_version(home: Home) -> str | None:
    """Return the version of the installed Galaxy; ``None`` where it is not installed."""
    try:
        found = galaxy_package(home).parent.glob("galaxy_app-*.dist-info")
    except InstallError:
        return None
    return next((path.name.removesuffix(".dist-info").partition("-")[2] for path in found), None)
