"""Keys of the local Galaxy, made for one instance and kept where only the caller can read."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.local_galaxy.home import Home

_DOMAIN = "local-galaxy.test"
#: The account whose jobs run in containers; its password is the administrator's.
CONTAINERS_EMAIL = f"containers@{_DOMAIN}"


@dataclass(frozen=True)
class Credentials:
    """The administrator's login and what the server's secrets are.

    The bootstrap key makes the administrator's account and nothing else; it
    is another one at each start of the server.
    """

    login_email: str
    password: str
    id_secret: str
    bootstrap_key: str


def api_key_file(home: Home) -> Path:
    """Name the file with the administrator's API key."""
    return home.keys / "api_key"


def containers_key_file(home: Home) -> Path:
    """Name the file with the API key of the account whose jobs run in containers."""
    return home.keys / "containers_api_key"


def password_file(home: Home) -> Path:
    """Name the file with the administrator's password."""
    return home.keys / "password"


def login_file(home: Home) -> Path:
    """Name the file with the administrator's e-mail address."""
    return home.keys / "login"


def load_credentials(home: Home) -> Credentials:
    """Read the instance's credentials; make those that are missing.

    When the password is lost while the database still has its account, the
    new administrator gets another address.
    """
    email, password = read_secret(login_file(home)), read_secret(password_file(home))
    if not (email and password):
        known = any(home.database.glob("*.sqlite"))
        email = f"admin-{secrets.token_hex(3)}@{_DOMAIN}" if known else f"admin@{_DOMAIN}"
        password = secrets.token_urlsafe(12)
        write_secret(login_file(home), email)
        write_secret(password_file(home), password)
        api_key_file(home).unlink(missing_ok=True)
    secret_file = home.keys / "id_secret"
    id_secret = read_secret(secret_file)
    if not id_secret:
        id_secret = secrets.token_hex(24)
        write_secret(secret_file, id_secret)
    return Credentials(email, password, id_secret, secrets.token_hex(24))


def read_secret(file: Path) -> str:
    """Read a secret; an empty text when there is none."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return ""


def write_secret(file: Path, secret: str) -> None:
    """Write a file that its owner alone can read, from its first byte on."""
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(secret + "\n")
    draft.replace(file)
