"""Sessions with a real supervisor and a real child: how they end, and what is left of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest

from notebook_runner.lab.supervision.session_record import session_record_schema

if TYPE_CHECKING:
    from pathlib import Path

WRITE_AND_END = (
    "from pathlib import Path; Path('outputs').mkdir(); Path('outputs/last').write_text('x')"
)


def python(source: str) -> tuple[str, str, str]:
    return sys.executable, "-c", source


def check(record: dict) -> None:
    validator = jsonschema.Draft202012Validator(session_record_schema())
    assert [error.message for error in validator.iter_errors(record)] == []


@pytest.fixture(autouse=True)
def in_work_folder(supervised, monkeypatch):
    monkeypatch.chdir(supervised.work)


def test_a_lab_that_is_shut_down_ends_well_and_its_last_files_are_saved(supervised):
    assert supervised.run(*python(WRITE_AND_END)) == 0
    assert supervised.saved() == {"outputs/last"}
    record = supervised.record()
    check(record)
    assert record["end"]["cause"] == "lab_ended"
    assert record["outputs"][0]["size"] == 1
    assert (supervised.save / ".drafts").exists()
    assert list((supervised.save / ".drafts").iterdir()) == []


@pytest.mark.parametrize(
    ("source", "code", "number", "name"),
    [
        (f"{WRITE_AND_END}; raise SystemExit(3)", 3, 3, None),
        (f"{WRITE_AND_END}; import os; os.kill(os.getpid(), 9)", 137, None, "SIGKILL"),
    ],
)
def test_a_lab_that_crashes_ends_with_its_code(supervised, source, code, number, name):
    assert supervised.run(*python(source)) == code
    assert supervised.saved() == {"outputs/last"}
    record = supervised.record()
    check(record)
    end = record["end"]
    assert (end["cause"], end["lab_exit_code"], end["lab_signal"]) == ("lab_crashed", number, name)


def test_a_lab_that_is_not_there_is_said_to_be_so(supervised):
    assert supervised.run("/nowhere/jupyter-lab") == 127
    check(supervised.record())
    assert supervised.record()["end"]["cause"] == "lab_not_started"
    assert "No such file or directory" in supervised.log


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)]
)
def test_a_signal_ends_lab_and_session(supervised, eventually, notebook, number, code):
    supervised.start()
    supervised.write("a.ipynb", notebook())
    eventually(lambda: supervised.saved() == {"notebooks/a.ipynb"})
    supervised.write("last.ipynb", notebook())
    supervised.process.send_signal(number)
    assert supervised.wait() == code
    assert supervised.saved() == {"notebooks/a.ipynb", "notebooks/last.ipynb"}
    record = supervised.record()
    check(record)
    assert record["end"]["cause"] == "signal"
    assert number.name in record["summary"]
    assert record["end"]["lab_signal"] == "SIGTERM"


def test_a_lab_that_does_not_listen_is_killed_with_its_group(supervised, eventually):
    script = "trap '' TERM; touch ready; sleep 600; touch after"
    supervised.start("sh", "-c", script, options=("--grace", "1"))
    eventually((supervised.work / "ready").exists)
    supervised.process.terminate()
    # It ends when nobody holds the log any more: not the shell, and not what it started.
    assert supervised.wait() == 143
    assert supervised.record()["end"]["lab_signal"] == "SIGKILL"
    assert not (supervised.work / "after").exists()


def test_a_session_killed_from_outside_leaves_its_files_and_a_record_without_an_end(
    supervised, eventually, notebook
):
    supervised.start("sleep", "10")
    supervised.write("a.ipynb", notebook("work"))
    supervised.write("outputs/models/net.onnx", "net")
    eventually(lambda: len(supervised.saved()) == 2)
    # As `docker kill` does it: nobody is told.
    supervised.process.kill()
    supervised.process.wait()
    assert supervised.read("notebooks/a.ipynb") == notebook("work")
    record = supervised.record()
    check(record)
    assert record["end"] is None
    assert record["last_heartbeat"] >= record["start"]
    assert "Killed from outside" in record["summary"]


def test_the_record_names_the_image_and_what_was_saved_when(supervised, tmp_path, notebook):
    image = tmp_path / "image.json"
    image.write_text(json.dumps({"name": "galaxy-lab", "tag": "1"}))
    supervised.write("a.ipynb", notebook())
    supervised.write("bad.ipynb", "{")
    assert supervised.run("true", NOTEBOOK_RUNNER_IMAGE=str(image)) == 0
    record = supervised.record()
    check(record)
    assert record["image"] == {"name": "galaxy-lab", "tag": "1"}
    saved = record["notebooks"][0]
    assert (saved["path"], saved["saved_as"]) == ("a.ipynb", "notebooks/a.ipynb")
    assert saved["saved"] >= record["start"]
    assert [(p["code"], p["path"]) for p in record["problems"]] == [("not_a_notebook", "bad.ipynb")]


def test_what_the_tool_brings_along_is_left_out(supervised, notebook):
    supervised.write("start.ipynb", notebook())
    supervised.write("examples/deep/a.ipynb", notebook())
    supervised.write("mine.ipynb", notebook())
    assert supervised.run("true", options=("-x", "start.ipynb", "-x", "examples/")) == 0
    assert supervised.saved() == {"notebooks/mine.ipynb"}


def test_the_folder_of_copies_may_lie_in_the_work_folder(supervised, notebook):
    supervised.save = supervised.work / "saved"
    supervised.write("a.ipynb", notebook())
    supervised.start(*python("import time; time.sleep(3)"))
    assert supervised.wait() == 0
    assert supervised.saved() == {"notebooks/a.ipynb"}


@pytest.mark.parametrize("save", [".", "outputs/copies"])
def test_copies_of_copies_are_refused(supervised, save):
    supervised.save = supervised.work / save
    assert supervised.run("true") == 7
    assert "rror" in supervised.log
    assert "Traceback" not in supervised.log


def test_the_wrong_command_line_is_explained(supervised):
    assert supervised.run("true", options=("--idle-limit", "60")) == 2
    assert "--lab-url" in supervised.log
    assert supervised.run("true", options=("--time-limit", "-1")) == 2
    assert supervised.run("true", options=("--token-file", "/nowhere")) == 6


def test_the_time_limit_ends_a_session_and_people_are_told_before(supervised, eventually):
    supervised.start(options=("--time-limit", "8"))
    eventually(lambda: any(n["code"] == "time_limit" for n in supervised.notices()))
    assert supervised.process.poll() is None
    assert supervised.wait() == 0
    record = supervised.record()
    check(record)
    assert record["end"]["cause"] == "time_limit"
    assert record["limits"] == {"idle_s": None, "time_s": 8.0}


# ---- no room ------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_keeps_the_last_copies_and_saving_goes_on_when_there_is_room(
    supervised, small_disk, eventually, notebook
):
    supervised.save = small_disk / "save"
    supervised.write("a.ipynb", notebook("first"))
    supervised.start()
    eventually(lambda: supervised.saved() == {"notebooks/a.ipynb"})

    fill(small_disk / "full")
    bigger = notebook("x" * 50_000)
    supervised.write("a.ipynb", bigger)
    eventually(lambda: any(n["code"] == "disk_full" for n in supervised.notices()))
    eventually(lambda: [p["code"] for p in supervised.record()["problems"]] == ["disk_full"])
    check(supervised.record())
    assert supervised.read("notebooks/a.ipynb") == notebook("first")

    (small_disk / "full").unlink()
    eventually(lambda: supervised.read("notebooks/a.ipynb") == bigger)
    eventually(lambda: supervised.notices() == [])
    supervised.process.terminate()
    assert supervised.wait() == 143
    assert [problem["solved"] is None for problem in supervised.record()["problems"]] == [False]


def test_outputs_leave_room_for_notebooks(supervised, small_disk, notebook):
    supervised.save = small_disk / "save"
    supervised.write("outputs/large", "x" * 1_030_000)
    supervised.write("a.ipynb", notebook())
    # It ends well, but not everything is in the folder that Galaxy collects.
    assert supervised.run("true") == 7
    assert supervised.saved() == {"notebooks/a.ipynb"}
    assert [p["code"] for p in supervised.record()["problems"]] == ["disk_full"]


def test_a_target_that_becomes_read_only_is_named(supervised, small_disk, eventually, notebook):
    supervised.save = small_disk / "save"
    supervised.start()
    eventually((supervised.save / "session.json").exists)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    supervised.write("a.ipynb", notebook())
    eventually(lambda: any(n["code"] == "read_only" for n in supervised.notices()))
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    eventually(lambda: supervised.saved() == {"notebooks/a.ipynb"})


def fill(file: Path) -> None:
    """Write until there is no room at all."""
    with file.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            return
