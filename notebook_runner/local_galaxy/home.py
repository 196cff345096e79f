"""The state folder of the local Galaxy: what lies where, and who may read it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import LocalGalaxyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_runner.checkout.tree import Checkout
    from notebook_runner.local_galaxy.account import Account

HOME_VARIABLE = "NOTEBOOK_RUNNER_HOME"
_FOLDER_NAME = ".local-galaxy"
_SHOWN = 200
_SHARED_STATE = Path("/var/lib/galaxy-notebook-runner")


@dataclass(frozen=True)
class Home:
    """Paths below the state folder.

    Three kinds of folder lie in it: what everybody may read (environments,
    tools), what belongs to the account of the server (configuration,
    database, logs), and what only the calling user may read (keys).
    """

    path: Path

    @property
    def environments(self) -> Path:
        """Python environments: galaxy, runner, kernel and those made on request."""
        return self.path / "envs"

    @property
    def pythons(self) -> Path:
        """Python interpreters, where the machine has none that fits."""
        return self.path / "pythons"

    @property
    def wheels(self) -> Path:
        """The wheel of this package."""
        return self.path / "wheels"

    @property
    def tools(self) -> Path:
        """A copy of the tools, where the server may not read the checkout."""
        return self.path / "tools"

    @property
    def packages(self) -> Path:
        """What Galaxy's package resolver finds: ``<name>/<version>/env.sh``."""
        return self.path / "packages"

    @property
    def planemo_root(self) -> Path:
        """A folder that planemo takes for a checkout of Galaxy."""
        return self.path / "planemo-root"

    @property
    def keys(self) -> Path:
        """API key, login and password; the calling user's alone."""
        return self.path / "keys"

    @property
    def server(self) -> Path:
        """What the server itself reads and writes."""
        return self.path / "server"

    @property
    def config(self) -> Path:
        """The server's configuration; it holds a key."""
        return self.server / "config"

    @property
    def database(self) -> Path:
        """Database, datasets and job folders."""
        return self.server / "database"

    @property
    def logs(self) -> Path:
        """The logs of all processes of the server."""
        return self.server / "logs"

    @property
    def log(self) -> Path:
        """The log of the server that runs, or ran last."""
        return self.logs / "galaxy.log"

    @property
    def state(self) -> Path:
        """What was started: process, port, versions."""
        return self.path / "state.json"

    @property
    def port_file(self) -> Path:
        """The port that the server had last."""
        return self.path / "port"

    def environment(self, name: str) -> Path:
        """Name the folder of an environment."""
        return self.environments / name

    def prepare(self, account: Account) -> None:
        """Make the folders, each with the owner and the mode that its contents want.

        Raises
        ------
        LocalGalaxyError
            When one cannot be made.
        """
        with _usable(self.path):
            self._prepare(account)

    def _prepare(self, account: Account) -> None:
        for folder in (self.path, self.environments, self.wheels, self.packages):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        self.keys.mkdir(mode=0o700, exist_ok=True)
        self.keys.chmod(0o700)
        for folder in (self.server, self.config, self.database, self.logs, self.server / "home"):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
            account.own(folder)

    def remove(self, *, everything: bool = False) -> None:
        """Remove what a server has made; with ``everything`` all that is known to lie here.

        What else is in the folder stays: it can be any that was asked for.
        """
        folders = [self.server, self.keys, self.tools, self.planemo_root, self.path / "tests"]
        if everything:
            folders += [self.environments, self.pythons, self.wheels, self.packages]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if everything and self.path.is_dir():
            for file in (self.state, self.port_file, self.path / ".lock"):
                file.unlink(missing_ok=True)
            with suppress(OSError):
                self.path.rmdir()

    @contextmanager
    def locked(self, *, timeout: float = 900) -> Iterator[None]:
        """Hold the state folder's lock: one command at a time installs, starts or stops.

        Parameters
        ----------
        timeout
            Seconds to wait for another command to end.

        Raises
        ------
        LocalGalaxyError
            When another command still holds the lock after that time, or the
            folder cannot be made or written to.
        """
        with _usable(self.path):
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("a")
        end = time.monotonic() + timeout
        with lock as handle:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise LocalGalaxyError(
                            f"Another command has been working on {self.path} for "
                            f"{timeout:.0f} s. Wait for it or end it, then try again."
                        ) from None
                    time.sleep(0.1)
            yield


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """Say what is wrong with the folder when the block finds that it cannot be used."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: the home of an unknown user; ValueError: no name of a file at all.
        why = error.strerror if isinstance(error, OSError) else str(error).rstrip(".")
        shown = str(path) if len(str(path)) <= _SHOWN else f"{str(path)[:_SHOWN]}…"
        raise LocalGalaxyError(
            f"{shown!r} cannot be the local Galaxy's folder: {why}. "
            f"Choose another with --home or {HOME_VARIABLE}."
        ) from None


def choose_home(checkout: Checkout, account: Account, chosen: Path | None = None) -> Home:
    """Choose the state folder: the one asked for, else one beside the sources.

    Parameters
    ----------
    chosen
        The folder asked for; without it the environment variable
        ``NOTEBOOK_RUNNER_HOME`` is looked at.

    Raises
    ------
    LocalGalaxyError
        When the folder that was asked for is none, or closed to the server's account.
    """
    if chosen is None and os.environ.get(HOME_VARIABLE):
        chosen = Path(os.environ[HOME_VARIABLE])
    if chosen is not None:
        with _usable(chosen):
            path = chosen.expanduser().resolve()
            reached = account.can_reach(path / "any")
        if not reached:
            raise LocalGalaxyError(
                f"{path} lies below a folder that the account {account.name!r} may not enter, and "
                "Galaxy runs as that account. Choose another with --home or "
                f"{HOME_VARIABLE}."
            )
        return Home(path)
    beside = checkout.path / _FOLDER_NAME
    if account.can_reach(beside / "any"):
        return Home(beside)
    digest = hashlib.sha256(str(checkout.path).encode()).hexdigest()[:12]
    return Home(_SHARED_STATE / digest)
