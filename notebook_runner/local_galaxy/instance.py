"""The local Galaxy as a whole: bring it up, take it down, say how it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.checkout.tree import Checkout
from notebook_runner.errors import NotRunningError, StartError
from notebook_runner.local_galaxy.account import Account, choose_account
from notebook_runner.local_galaxy.administration import Administration, ensure_administrator
from notebook_runner.local_galaxy.configuration import (
    Configuration,
    render,
    write,
    write_tool_conf,
)
from notebook_runner.local_galaxy.credentials import api_key_file, load_credentials, read_secret
from notebook_runner.local_galaxy.environments import Installer
from notebook_runner.local_galaxy.handle import LocalGalaxy
from notebook_runner.local_galaxy.home import Home, choose_home
from notebook_runner.local_galaxy.ports import choose_port
from notebook_runner.local_galaxy.processes import end_processes
from notebook_runner.local_galaxy.server import (
    answering_version,
    explain_end,
    initial_state,
    start_server,
    wait_until_ready,
)
from notebook_runner.local_galaxy.state import (
    ServerState,
    forget_state,
    last_port,
    read_state,
    write_state,
)
from notebook_runner.local_galaxy.status import describe
from notebook_runner.local_galaxy.tools import Toolbox, stage_tools
from notebook_runner.ports import is_free

if TYPE_CHECKING:
    from pathlib import Path

Say = Callable[[str], None]


@dataclass(frozen=True)
class Instance:
    """One state folder, and the Galaxy that is made from it."""

    checkout: Checkout
    account: Account
    home: Home
    say: Say = print

    @classmethod
    def find(cls, home: Path | None = None, say: Say = print) -> Instance:
        """Find the instance of this checkout, or the one in the folder asked for."""
        checkout = Checkout.find()
        account = choose_account()
        return cls(checkout, account, choose_home(checkout, account, home), say)

    @property
    def installer(self) -> Installer:
        """What makes the environments of this instance."""
        return Installer(self.checkout, self.home, self.account)

    def install(self, extra: tuple[str, ...] = ()) -> list[str]:
        """Make the environments; a server that stands on a changed one is stopped first.

        Raises
        ------
        InstallError
            When an environment cannot be made.
        """
        with self.home.locked():
            return self._install(extra)

    def up(self, port: int | None = None) -> LocalGalaxy:
        """Install, configure and start; change only what is not as it should be.

        Parameters
        ----------
        port
            Where to listen; without it the last port, or a free one.

        Raises
        ------
        InstallError, PortInUseError, StartError
        """
        with self.home.locked():
            self._install(())
            toolbox = stage_tools(self.checkout, self.home, self.account)
            running = self._running()
            if running is not None:
                wanted = self._wanted(running, toolbox, port)
                if wanted is not None:
                    return self._refresh(running, wanted, toolbox)
            self._end()
            return self._start(port, toolbox)

    def down(self) -> int:
        """End every process of the instance; return how many there were.

        Raises
        ------
        LocalGalaxyError
            When some cannot be ended.
        """
        if not self.home.path.is_dir():
            return 0
        with self.home.locked():
            return self._end()

    def clean(self, *, everything: bool = False) -> None:
        """Stop, and remove what the server has made; with ``everything`` the environments too.

        Raises
        ------
        LocalGalaxyError
            When some process cannot be ended.
        """
        self.down()
        self.home.remove(everything=everything)

    def watch(self) -> bool:
        """Look whether the server still runs; false when a command has stopped it.

        Raises
        ------
        NotRunningError
            When one of its processes has ended by itself.
        """
        state = read_state(self.home)
        if state is not None and state.is_alive():
            return True
        if not self.home.path.is_dir():
            return False
        # The command that is stopping it, if one is, forgets the server when it is done.
        with self.home.locked():
            state = read_state(self.home)
        if state is None or state.is_alive():
            return state is not None
        raise explain_end(self.home)

    def status(self) -> dict[str, Any]:
        """Describe the instance, for people and for programs; see ``describe``."""
        return describe(self.home, self.account)

    def handle(self) -> LocalGalaxy:
        """Return the running Galaxy.

        Raises
        ------
        NotRunningError
            When it does not run.
        """
        state = self._running()
        if state is None:
            raise NotRunningError(
                f"The local Galaxy in {self.home.path} is not running. "
                "Start it with `notebook-runner galaxy up`."
            )
        return LocalGalaxy(state.url, read_secret(api_key_file(self.home)), self.home.path)

    def _install(self, extra: tuple[str, ...]) -> list[str]:
        self.home.prepare(self.account)
        if self.installer.stale("galaxy"):
            self._end()
        changed = self.installer.install(extra)
        if changed:
            self.say(f"Installed: {', '.join(changed)}")
        return changed

    def _running(self) -> ServerState | None:
        state = read_state(self.home)
        if state and state.is_alive() and answering_version(state.url, timeout=20):
            return state
        return None

    def _end(self) -> int:
        count = end_processes(self.home.path)
        forget_state(self.home)
        return count

    def _start(self, asked: int | None, toolbox: Toolbox) -> LocalGalaxy:
        port = choose_port(asked, last_port(self.home))
        credentials = load_credentials(self.home)
        configuration = render(self.home, toolbox, credentials, port)
        config = write(configuration, self.home, self.account, credentials)
        self.say(f"Starting Galaxy as account {self.account.name!r} …")
        process = start_server(self.home, self.account, config)
        tools = toolbox.digest()
        state = initial_state(process, port, configuration.digest(), tools)
        write_state(self.home, state)
        try:
            state = wait_until_ready(self.home, process, state)
            administration = ensure_administrator(self.home, state.url, credentials)
            administration.run_first_job()
        except BaseException as error:
            # Nothing half-started is left, after Ctrl-C neither.
            self._end()
            if isinstance(error, StartError) and asked is None and not is_free(port):
                self.say(f"Port {port} was taken meanwhile: trying another one.")
                return self._start(None, toolbox)
            raise
        write_state(self.home, state)
        return self._describe(state, administration, toolbox)

    def _wanted(
        self, state: ServerState, toolbox: Toolbox, port: int | None
    ) -> Configuration | None:
        """Return what a running server should have; ``None`` if it must be started for that."""
        if port not in (None, state.port):
            # Asked before the running server is ended for the sake of another port.
            choose_port(port, None)
            self.say(f"Galaxy moves from port {state.port} to {port}.")
            return None
        wanted = render(self.home, toolbox, load_credentials(self.home), state.port)
        if wanted.digest() != state.configuration:
            self.say("The configuration has changed: Galaxy is started again.")
            return None
        if not self._administration(state).is_accepted():
            self.say("Galaxy does not know its administrator's key: it is started again.")
            return None
        return wanted

    def _administration(self, state: ServerState) -> Administration:
        return Administration(state.url, read_secret(api_key_file(self.home)))

    def _refresh(self, state: ServerState, wanted: Configuration, toolbox: Toolbox) -> LocalGalaxy:
        """Make changed tools known to a running server."""
        administration = self._administration(state)
        if toolbox.digest() != state.tools:
            self.say("The tools have changed: Galaxy reads them again.")
            write_tool_conf(wanted, self.home, self.account)
            administration.reload_tools(toolbox.ids(), toolbox.section())
            state = ServerState(**{**vars(state), "tools": toolbox.digest()})
            write_state(self.home, state)
        return self._describe(state, administration, toolbox)

    def _describe(
        self, state: ServerState, administration: Administration, toolbox: Toolbox
    ) -> LocalGalaxy:
        missing = sorted(set(toolbox.ids()) - administration.tool_ids())
        key = read_secret(api_key_file(self.home))
        return LocalGalaxy(state.url, key, self.home.path, tuple(missing))
