"""What is said of a server that has ended or does not start, and how SIGTERM ends a command."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from notebook_runner.checkout.tree import Checkout
from notebook_runner.cli.galaxy import serve_on
from notebook_runner.cli.termination import terminable
from notebook_runner.errors import NotRunningError, StartError, TerminatedRunError
from notebook_runner.local_galaxy.instance import Instance
from notebook_runner.local_galaxy.server import wait_until_ready
from notebook_runner.local_galaxy.state import ServerState, forget_state, write_state

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.home import Home


@pytest.fixture
def instance(home: Home, caller: Account) -> Instance:
    return Instance(Checkout.find(), caller, home)


def state(created: float) -> ServerState:
    return ServerState(os.getpid(), created, 1, "http://127.0.0.1:1", "", "", ready=True)


def test_server_that_a_command_has_stopped_is_no_error(
    instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    write_state(instance.home, state(1.0))
    forget_state(instance.home)

    serve_on(instance)

    assert "Galaxy was stopped by `notebook-runner galaxy down`" in capsys.readouterr().err


def test_server_that_was_cleaned_away_is_no_error(instance: Instance) -> None:
    instance.home.remove(everything=True)

    assert not instance.watch()


def test_server_that_runs_is_watched_on(instance: Instance) -> None:
    write_state(instance.home, state(psutil.Process().create_time()))

    assert instance.watch()


def test_server_that_has_ended_by_itself_is_an_error(instance: Instance) -> None:
    write_state(instance.home, state(1.0))

    with pytest.raises(NotRunningError, match="has ended"):
        instance.watch()


@pytest.mark.parametrize(
    "line",
    [
        "sqlite3.DatabaseError: database disk image is malformed",
        "sqlite3.DatabaseError: file is not a database",
        "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: job",
    ],
)
def test_damaged_database_is_told_with_the_way_out(home: Home, line: str) -> None:
    home.log.write_text(f"{line}\n")

    with pytest.raises(StartError, match="galaxy clean`, which deletes all histories"):
        wait_until_ready(home, psutil.Process(), state(1.0), timeout=0)


def test_other_failures_to_start_do_not_propose_to_delete_anything(home: Home) -> None:
    home.log.write_text("ModuleNotFoundError: No module named 'x'\n")

    with pytest.raises(StartError) as error:
        wait_until_ready(home, psutil.Process(), state(1.0), timeout=0)
    assert "clean" not in str(error.value)


def test_sigterm_cleans_up_like_ctrl_c_and_has_its_own_code() -> None:
    cleaned = []

    def be_terminated() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except KeyboardInterrupt:
            cleaned.append(True)
            raise

    with pytest.raises(TerminatedRunError) as error, terminable():
        be_terminated()
    assert cleaned
    assert error.value.exit_code == 143


def test_sigterm_is_again_what_it_was_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with terminable():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
