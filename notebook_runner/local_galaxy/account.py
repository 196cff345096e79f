"""The account that the local Galaxy runs as: never root."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path

#: The system account that is made when root starts the local Galaxy.
SERVICE_ACCOUNT = "galaxy-runner"
_DOCKER_GROUP = "docker"


@dataclass(frozen=True)
class Account:
    """Who the server and its jobs run as."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @property
    def is_caller(self) -> bool:
        """Whether the server runs as the account that calls."""
        return self.uid == os.geteuid()

    def popen_options(self) -> dict[str, Any]:
        """Return the options of ``subprocess`` that start a program as this account."""
        if self.is_caller:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": list(self.groups)}

    def own(self, path: Path) -> None:
        """Make this account the owner of ``path``, when it is not the caller."""
        if not self.is_caller:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, path: Path) -> bool:
        """Whether this account may enter every folder above ``path``, as far as they exist."""
        return all(
            self._may(parent, stat.S_IXUSR)
            for parent in path.absolute().resolve().parents
            if parent.exists()
        )

    def can_read(self, path: Path) -> bool:
        """Whether this account may read ``path``, and list it where it is a folder."""
        wanted = stat.S_IRUSR | (stat.S_IXUSR if path.is_dir() else 0)
        return self.can_reach(path) and self._may(path, wanted)

    def _may(self, path: Path, wanted: int) -> bool:
        status = path.stat()
        if self.uid == 0:
            return True
        if status.st_uid == self.uid:
            granted = status.st_mode
        elif status.st_gid in (self.gid, *self.groups):
            granted = status.st_mode << 3
        else:
            granted = status.st_mode << 6
        return granted & wanted == wanted


def choose_account() -> Account:
    """Choose who the server runs as: the caller, or a system account when that is root.

    The system account is made when it is missing, and joins the group of the
    Docker engine where there is one, so that jobs can use containers.

    Raises
    ------
    InstallError
        When the account cannot be made.
    """
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(entry.pw_name, os.geteuid(), os.getegid(), tuple(os.getgroups()))
    entry = _service_account()
    _join_docker(entry)
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, groups)


def _service_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SERVICE_ACCOUNT)
    except KeyError:
        _administer(
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir=/nonexistent",
            "--shell=/usr/sbin/nologin",
            SERVICE_ACCOUNT,
        )
    return pwd.getpwnam(SERVICE_ACCOUNT)


def _join_docker(entry: pwd.struct_passwd) -> None:
    try:
        docker = grp.getgrnam(_DOCKER_GROUP)
    except KeyError:
        return
    if entry.pw_name not in docker.gr_mem and entry.pw_gid != docker.gr_gid:
        _administer("usermod", "--append", f"--groups={_DOCKER_GROUP}", entry.pw_name)


def _administer(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        reason = f"{command[0]} is not installed"
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip() or f"exit code {error.returncode}"
    else:
        return
    raise InstallError(
        f"The account {SERVICE_ACCOUNT!r}, which Galaxy runs as when root starts it, cannot be "
        f"prepared: {reason}. Make it with `useradd --system {SERVICE_ACCOUNT}`, "
        "or start as another account than root."
    )
