from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from notebook_runner.local_galaxy.processes import (
    MARKER,
    end_processes,
    find_processes,
    is_same_process,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Ignores the request to end, and has a child that has forgotten its environment.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["env", "-i", sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """A marked process that ignores SIGTERM, and its unmarked child: their ids."""
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, MARKER: str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.kill()


def test_marked_process_and_its_unmarked_child_are_found(
    stubborn: tuple[int, int], tmp_path: Path
) -> None:
    assert {process.pid for process in find_processes(tmp_path)} == set(stubborn)


def test_processes_of_another_state_folder_are_not_found(
    stubborn: tuple[int, int], tmp_path: Path
) -> None:
    assert find_processes(tmp_path / "other") == []


def test_process_that_ignores_the_request_is_killed(
    stubborn: tuple[int, int], tmp_path: Path
) -> None:
    assert end_processes(tmp_path) == 2
    assert find_processes(tmp_path) == []


def test_ending_where_nothing_runs_ends_nothing(tmp_path: Path) -> None:
    assert end_processes(tmp_path) == 0


def test_later_process_with_the_same_id_is_not_taken_for_the_first() -> None:
    me = psutil.Process()

    assert is_same_process(me.pid, me.create_time())
    assert not is_same_process(me.pid, me.create_time() - 60)


def test_ended_process_that_nobody_has_waited_for_counts_as_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        created = psutil.Process(process.pid).create_time()
        process.send_signal(signal.SIGKILL)
        time.sleep(0.2)

        assert not is_same_process(process.pid, created)
