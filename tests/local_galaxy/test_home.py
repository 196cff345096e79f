from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from notebook_runner.checkout.tree import Checkout
from notebook_runner.errors import LocalGalaxyError
from notebook_runner.local_galaxy.account import Account
from notebook_runner.local_galaxy.home import Home, choose_home

STRANGER = Account("stranger", uid=54321, gid=54321, groups=())

HOLD_LOCK = """
import sys, pathlib
from notebook_runner.local_galaxy.home import Home
with Home(pathlib.Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_home_that_was_asked_for_is_taken(tmp_path: Path, caller: Account) -> None:
    assert choose_home(Checkout.find(), caller, tmp_path / "here").path == tmp_path / "here"


def test_environment_variable_chooses_the_home(
    tmp_path: Path, caller: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTEBOOK_RUNNER_HOME", str(tmp_path / "there"))

    assert choose_home(Checkout.find(), caller).path == tmp_path / "there"


def test_home_that_the_server_s_account_cannot_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with pytest.raises(LocalGalaxyError, match=r"'stranger' may not enter.*--home"):
        choose_home(Checkout.find(), STRANGER, tmp_path / "home")


@pytest.mark.parametrize("folder", ["~nouser/x", "/proc/nope", 260 * "x", "a\0b"])
def test_home_that_cannot_be_a_folder_is_refused(folder: str, caller: Account) -> None:
    with (
        pytest.raises(LocalGalaxyError, match=r"cannot be the local Galaxy's folder.*--home"),
        choose_home(Checkout.find(), caller, Path(folder)).locked(),
    ):
        pass


def test_home_that_cannot_be_made_is_refused(caller: Account) -> None:
    with pytest.raises(LocalGalaxyError, match="cannot be the local Galaxy's folder"):
        Home(Path("/proc/nope")).prepare(caller)


def test_sources_in_a_closed_folder_keep_their_state_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTEBOOK_RUNNER_HOME", raising=False)
    tmp_path.chmod(0o700)

    home = choose_home(Checkout(tmp_path / "sources"), STRANGER)

    assert home.path.parent == Path("/var/lib/galaxy-notebook-runner")


def test_folders_of_keys_configuration_and_logs_are_closed_to_others(home: Home) -> None:
    closed = [home.keys, home.server, home.config, home.database, home.logs]

    assert {stat.S_IMODE(folder.stat().st_mode) for folder in closed} == {0o700}


def test_second_command_waits_for_the_lock_and_then_says_so(home: Home) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, home.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(LocalGalaxyError, match=f"Another command .* {home.path}"),
            home.locked(timeout=0.3),
        ):
            pass
        other.communicate("")
    with home.locked(timeout=0.3):
        pass
