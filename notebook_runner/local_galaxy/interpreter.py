"""Which Python the environments are made with."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_runner.checkout.uv import run_uv
from notebook_runner.errors import InstallError

if TYPE_CHECKING:
    from notebook_runner.checkout.tree import Checkout
    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.home import Home

OLDEST = (3, 11)
#: The first minor version that the locked packages have no wheels for yet.
TOO_NEW = (3, 14)
_MANAGED = "3.12"


def choose_python(checkout: Checkout, home: Home, account: Account) -> Path:
    """Choose a Python that the server's account may run; fetch one when there is none.

    Returns
    -------
    Path
        An interpreter of a version from 3.11 up to the newest that the locks support.

    Raises
    ------
    InstallError
        When no interpreter fits and none can be fetched.
    """
    for found in _installed_pythons(checkout):
        path = Path(found["path"])
        version = (found["version_parts"]["major"], found["version_parts"]["minor"])
        if OLDEST <= version < TOO_NEW and _is_usable(path, account):
            return path
    return _fetch_python(checkout, home)


@cache
def _installed_pythons(checkout: Checkout) -> list[dict[str, Any]]:
    """List the interpreters that uv finds, the system's own first."""
    listing = run_uv(checkout, "python", "list", "--only-installed", "--output-format=json")
    found = [entry for entry in json.loads(listing) if entry["implementation"] == "cpython"]
    found.sort(key=lambda entry: not entry["path"].startswith("/usr/bin/"))
    return found


def _is_usable(path: Path, account: Account) -> bool:
    """Whether the account may run an interpreter, and it is no wrapper script."""
    real = path.resolve()
    try:
        return real.read_bytes()[:4] == b"\x7fELF" and account.can_read(real)
    except OSError:
        return False


def _fetch_python(checkout: Checkout, home: Home) -> Path:
    env = {"UV_PYTHON_INSTALL_DIR": str(home.pythons)}
    try:
        run_uv(checkout, "python", "install", "--no-bin", _MANAGED, env=env)
        found = run_uv(checkout, "python", "find", "--managed-python", _MANAGED, env=env)
    except InstallError as error:
        raise InstallError(
            f"No Python from {OLDEST[0]}.{OLDEST[1]} to {TOO_NEW[0]}.{TOO_NEW[1] - 1} is installed "
            "where the server's account may run it, and none could be fetched "
            f"({error}). Install one, for example with `apt-get install python3`."
        ) from error
    return Path(found.strip())
