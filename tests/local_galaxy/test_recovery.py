"""What a person meets after a crash: each case ends in a running server or a clear message."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from notebook_runner.checkout.tree import Checkout
from notebook_runner.errors import NotRunningError, PortInUseError, StartError
from notebook_runner.local_galaxy.administration import Administration
from notebook_runner.local_galaxy.processes import MARKER, find_processes
from notebook_runner.local_galaxy.state import read_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_runner.local_galaxy.handle import LocalGalaxy
    from notebook_runner.local_galaxy.instance import Instance

pytestmark = [pytest.mark.galaxy, pytest.mark.slow]

WAITING_TOOL = """\
<tool id="wait_here" name="Wait" version="{version}" profile="24.0">
    <command>sleep 600</command>
    <inputs/>
    <outputs><data name="out" format="txt"/></outputs>
</tool>
"""


@pytest.fixture(scope="module")
def instance(own_instance: Instance, copy_sources: Callable[[Path], None]) -> Instance:
    """An instance with one tool of its own, which can be changed."""
    folder = own_instance.home.path / "sources"
    tool = folder / "tools" / "wait_here" / "wait_here.xml"
    tool.parent.mkdir(parents=True)
    tool.write_text(WAITING_TOOL.format(version="1"))
    copy_sources(folder)
    for locks in ("requirements", "containers"):
        (folder / locks).symlink_to(own_instance.checkout.path / locks)
    return replace(own_instance, checkout=Checkout(folder))


@pytest.fixture(scope="module")
def running(instance: Instance) -> LocalGalaxy:
    """The instance, started for the first time."""
    return instance.up()


def wait_for(condition: object, what: str, *, timeout: float = 30) -> None:
    assert callable(condition)
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


def start_waiting_job(galaxy: LocalGalaxy) -> None:
    administration = Administration(galaxy.url, galaxy.api_key)
    history = administration.call("POST", "histories", json={"name": "waiting"})["id"]
    administration.call("POST", "tools", json={"history_id": history, "tool_id": "wait_here"})
    wait_for(lambda: sleeping_jobs(galaxy.home), "the job to run")


def sleeping_jobs(home: Path) -> list[psutil.Process]:
    return [p for p in find_processes(home) if p.cmdline()[:1] == ["sleep"]]


def marked_by_the_system(home: Path) -> list[int]:
    """Look for the server's processes without the code under test."""
    wanted = f"{MARKER}={home}\0".encode()
    found = []
    for pid in psutil.pids():
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if wanted in environ:
            found.append(pid)
    return found


def test_changed_tool_reaches_the_running_server(instance: Instance, running: LocalGalaxy) -> None:
    tool = instance.checkout.tools / "wait_here" / "wait_here.xml"
    tool.write_text(WAITING_TOOL.format(version="2"))
    pid = instance.status()["pid"]

    again = instance.up()

    administration = Administration(again.url, again.api_key)
    wait_for(
        lambda: administration.call("GET", "tools/wait_here")["version"] == "2", "the new version"
    )
    assert instance.status()["pid"] == pid


def test_new_tool_reaches_the_running_server(instance: Instance, running: LocalGalaxy) -> None:
    tool = instance.checkout.tools / "second" / "second.xml"
    tool.parent.mkdir()
    tool.write_text(WAITING_TOOL.format(version="1").replace("wait_here", "second"))

    assert instance.up().missing_tools == ()


def test_tool_that_cannot_be_loaded_is_named(instance: Instance, running: LocalGalaxy) -> None:
    tool = instance.checkout.tools / "broken" / "broken.xml"
    tool.parent.mkdir()
    tool.write_text("<tool id='broken'")
    try:
        assert instance.up().missing_tools == ("broken",)
    finally:
        tool.unlink()


def test_taken_port_that_was_asked_for_leaves_the_server_as_it_is(
    instance: Instance, running: LocalGalaxy
) -> None:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(taken)):
            instance.up(taken)
    assert instance.status()["running"]


def test_killed_worker_is_noticed(instance: Instance, running: LocalGalaxy) -> None:
    start_waiting_job(running)
    state = read_state(instance.home)
    assert state is not None
    os.kill(state.services["celery"][0], signal.SIGKILL)

    wait_for(lambda: not instance.status()["running"], "the loss to be noticed")


def test_down_ends_what_a_kill_has_left_with_the_processes_of_a_running_job(
    instance: Instance, running: LocalGalaxy
) -> None:
    assert sleeping_jobs(instance.home.path)

    ended = instance.down()

    assert ended >= 4
    assert marked_by_the_system(instance.home.path) == []
    assert instance.status()["running"] is False


def test_serve_keeps_address_and_key_and_leaves_nothing_after_ctrl_c(
    instance: Instance, running: LocalGalaxy
) -> None:
    command = [sys.executable, "-m", "notebook_runner.cli.main", "galaxy", "serve"]
    with subprocess.Popen(
        [*command, "--home", instance.home.path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(7)]
        again = instance.handle()
        Administration(again.url, again.api_key).run_first_job()
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)

    assert f"log in    {running.url}/login/start\n" in "".join(said)
    assert (again.url, again.api_key) == (running.url, running.api_key)
    assert code == 0
    assert marked_by_the_system(instance.home.path) == []


def test_status_of_a_stopped_server_has_no_address(instance: Instance) -> None:
    instance.down()
    command = [sys.executable, "-m", "notebook_runner.cli.main", "galaxy", "status", "--json"]
    done = subprocess.run(
        [*command, "--home", instance.home.path], capture_output=True, text=True, check=True
    )

    status = json.loads(done.stdout)
    assert (status["running"], status["url"], status["pid"]) == (False, None, None)
    with pytest.raises(NotRunningError, match="galaxy up"):
        instance.handle()


def test_stale_state_of_a_killed_server_does_not_keep_down_from_ending(instance: Instance) -> None:
    me = os.getpid()
    instance.home.state.write_text(
        json.dumps(
            {
                "pid": me,
                "created": 1.0,
                "port": 1,
                "url": "http://127.0.0.1:1",
                "configuration": "",
                "tools": "",
                "services": {"gunicorn": [me, 1.0]},
                "ready": True,
            }
        )
    )

    assert instance.status()["running"] is False
    assert instance.down() == 0


def test_damaged_database_is_reported_with_log_and_reason_and_leaves_nothing(
    instance: Instance,
) -> None:
    instance.down()
    instance.home.prepare(instance.account)
    database = instance.home.database / "galaxy.sqlite"
    good = database.read_bytes() if database.exists() else b""
    database.write_bytes(b"this is no database" * 1000)
    try:
        with pytest.raises(StartError, match=r"galaxy\.log; .*DatabaseError") as error:
            instance.up()
    finally:
        database.write_bytes(good)
    assert str(instance.home.log) in str(error.value)
    assert marked_by_the_system(instance.home.path) == []
