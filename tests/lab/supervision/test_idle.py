"""Idle sessions end by themselves: asked of a real JupyterLab."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess

import pytest
from jupyter_client import BlockingKernelClient

from notebook_runner.lab.supervision.folder_watch import FolderWatch
from notebook_runner.lab.supervision.folders import Folder
from notebook_runner.lab.supervision.jupyter_api import JupyterApi, JupyterSilentError
from notebook_runner.lab.supervision.terminals import busy_terminals

IDLE_S = 6


@pytest.fixture
def api(lab):
    return JupyterApi(lab.url(""), lab.token)


def test_neither_asking_nor_an_open_page_is_activity(lab, api):
    first = api.activity()
    # What a page asks for again and again while nobody touches it.
    for polled in ("kernels", "sessions", "terminals", "contents", "metrics/v1"):
        assert lab.get(f"api/{polled}").status == 200
    assert api.activity() == first


def test_a_kernel_and_a_terminal_leave_traces(lab, api, eventually):
    first = api.activity()
    kernel = lab.request("POST", "api/kernels", {"name": "python3"}).json()["id"]
    second = api.activity()
    assert second.traces != first.traces
    terminal = lab.request("POST", "api/terminals", {"cwd": str(lab.folder)}).json()["name"]
    assert api.activity().traces != second.traces
    assert lab.request("DELETE", f"api/terminals/{terminal}").status == 204
    assert lab.request("DELETE", f"api/kernels/{kernel}").status == 204


def test_a_file_that_is_saved_is_activity(lab):
    watch = FolderWatch(Folder(lab.folder), ["log"])
    assert not watch.changed()
    model = {"type": "file", "format": "text", "content": "one"}
    assert lab.request("PUT", "api/contents/train.py", model).status == 201
    assert watch.changed()
    assert not watch.changed()
    model["content"] = "two, longer"
    assert lab.request("PUT", "api/contents/train.py", model).status == 200
    assert watch.changed()
    (lab.folder / "log").write_text("none of the user's")
    (lab.folder / ".hidden").write_text("neither")
    assert not watch.changed()


def test_a_wrong_token_is_named(lab):
    with pytest.raises(JupyterSilentError, match="403"):
        JupyterApi(lab.url(""), "wrong").activity()


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(JupyterSilentError, match="refused"):
        JupyterApi("http://127.0.0.1:9/", "").activity()


# ---- terminals ------------------------------------------------------------------------


@pytest.fixture
def terminal():
    """A shell in a terminal of its own, as a lab has them: where one types."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", "sh", "-i"], stdin=theirs, stdout=theirs, stderr=theirs
    ) as shell:
        os.close(theirs)
        yield ours
        shell.kill()
        os.close(ours)


@pytest.mark.parametrize("typed", ["sleep 60", "sleep 60 &"])
def test_a_terminal_is_busy_while_something_runs_in_it(terminal, eventually, typed):
    os.write(terminal, f"{typed}\n".encode())
    eventually(lambda: busy_terminals(os.getpid()) == 1)


def test_a_terminal_is_not_busy_when_a_command_has_ended(terminal):
    os.write(terminal, b"sleep 0; echo rea''dy\n")
    seen = b""
    while b"ready" not in seen:
        seen += os.read(terminal, 1024)
    assert busy_terminals(os.getpid()) == 0


# ---- a whole session --------------------------------------------------------------------


def lab_command(lab) -> list[str]:
    """Return the command of a plain JupyterLab on the folder of a lab that is not started."""
    return [
        *(str(lab.environment / "bin" / "jupyter-lab"), "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={lab.port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={lab.folder}", f"--ServerApp.base_url={lab.base_url}"),
    ]


def answers(lab) -> bool:
    try:
        return lab.get("api").status == 200
    except OSError:
        return False


@pytest.mark.slow
def test_a_busy_kernel_keeps_a_session_alive_and_an_idle_one_is_saved_and_ended(
    make_lab, supervised, eventually, notebook
):
    lab = make_lab(supervised.work, base_url="/galaxy/ep/")
    home = supervised.work.parent / "home"
    home.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        lab.port = free.getsockname()[1]
    supervised.write("a.ipynb", notebook("work"))
    options = ("--idle-limit", str(IDLE_S), "--grace", "20", "--lab-url", lab.url(""))
    supervised.start(*lab_command(lab), options=options, **lab.process_env())
    eventually(lambda: answers(lab))
    kernel = lab.request("POST", "api/kernels", {"name": "python3"}).json()["id"]

    # Nobody has a browser open; the kernel is told what to do by its own door.
    client = BlockingKernelClient()
    client.load_connection_file(next(home.rglob(f"kernel-{kernel}.json")))
    client.start_channels()
    client.wait_for_ready(timeout=30)
    done = supervised.work.parent / "done"
    client.execute(f"import time; time.sleep(12); open({str(done)!r}, 'w').close()")
    client.stop_channels()
    assert supervised.wait() == 0, supervised.log

    # The kernel came to the end of its cell, though that took longer than the limit.
    assert done.exists()
    assert supervised.record()["end"]["cause"] == "idle_limit"
    assert supervised.saved() == {"notebooks/a.ipynb"}
    assert "idle_limit" in [notice["code"] for notice in supervised.notices()]


@pytest.mark.slow
def test_a_shut_down_from_the_lab_ends_the_session(make_lab, supervised, eventually, notebook):
    lab = make_lab(supervised.work)
    (supervised.work.parent / "home").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        lab.port = free.getsockname()[1]
    supervised.start(*lab_command(lab), **lab.process_env())
    eventually(lambda: answers(lab))
    model = {"type": "notebook", "format": "json", "content": json.loads(notebook("work"))}
    assert lab.request("PUT", "api/contents/last.ipynb", model).status == 201
    assert lab.request("POST", "api/shutdown").status == 200
    assert supervised.wait() == 0, supervised.log
    assert supervised.record()["end"]["cause"] == "lab_ended"
    assert supervised.saved() == {"notebooks/last.ipynb"}
