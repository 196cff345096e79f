"""However a run ends, what was reached is on disk and the exit code tells what happened."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import jsonschema
import pytest

from notebook_runner.record.run_record import record_schema

EARLY = "open('outputs/early.txt', 'w').write('early'); print('reached')"


def check_salvage(finished) -> None:
    """Assert that notebook, outputs and a valid record were left."""
    assert (finished.folder / "outputs" / "early.txt").read_text() == "early"
    assert "reached" in finished.text
    jsonschema.validate(finished.record, record_schema())
    assert finished.record["exit_code"] == finished.returncode
    assert finished.record["outputs"][0]["path"] == "early.txt"
    assert "Traceback (most recent call last):\n  File" not in finished.stderr


def wait_for(path: Path, text: str, limit: float = 30) -> None:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if path.exists() and text in path.read_text(errors="replace"):
            return
        time.sleep(0.05)
    pytest.fail(f"{text!r} did not appear in {path}")


def test_a_good_run_ends_with_zero_and_a_valid_record(make_notebook, run):
    finished = run(make_notebook(EARLY, "21 * 2"))
    check_salvage(finished)
    assert finished.returncode == 0
    assert finished.record["status"] == "ok"
    assert finished.record["packages"]["ipykernel"]
    assert [cell["status"] for cell in finished.record["cells"]] == ["ok", "ok"]
    assert "42" in finished.text


def test_a_failing_cell_ends_with_10_and_its_traceback(make_notebook, run):
    finished = run(make_notebook(EARLY, "def f():\n    raise ValueError('no such gene')\nf()", "1"))
    check_salvage(finished)
    assert finished.returncode == 10
    assert "Cell 2 failed: ValueError: no such gene" in finished.stderr
    assert "----> 2     raise ValueError('no such gene')" in finished.stderr.replace("  2", "  2")
    assert [c["status"] for c in finished.record["cells"]] == ["ok", "failed", "skipped"]
    assert finished.record["error"]["ename"] == "ValueError"
    assert finished.record["error"]["cell_number"] == 2


def test_the_report_of_a_failed_run_is_written(make_notebook, run):
    finished = run(make_notebook(EARLY, "1 / 0"), "--report")
    assert finished.returncode == 10
    assert "ZeroDivisionError" in (finished.folder / "report.html").read_text()


def test_a_memory_error_is_named_as_such(make_notebook, run):
    finished = run(make_notebook(EARLY, "raise MemoryError('8 GiB')"))
    assert finished.returncode == 10
    assert "MemoryError (out of memory)" in finished.stderr


def test_a_killed_kernel_ends_with_11(make_notebook, run):
    finished = run(make_notebook(EARLY, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"))
    check_salvage(finished)
    assert finished.returncode == 11
    assert finished.record["status"] == "died"
    assert "The kernel died in cell 2: it was killed by SIGSEGV." in finished.stderr


def test_a_kernel_that_exits_by_itself_ends_with_11_and_its_code(make_notebook, run):
    finished = run(make_notebook(EARLY, "import os\nos._exit(7)"))
    check_salvage(finished)
    assert finished.returncode == 11
    assert "it ended with exit code 7" in finished.stderr


def test_the_time_limit_of_the_run_ends_with_13(make_notebook, run):
    finished = run(make_notebook(EARLY, "import time\ntime.sleep(60)"), "--timeout", "3")
    check_salvage(finished)
    assert finished.returncode == 13
    assert finished.record["status"] == "timeout"
    assert "time limit of the run (3 s) passed in cell 2" in finished.stderr
    assert "KeyboardInterrupt" in finished.record["error"]["traceback"]


def test_the_time_limit_of_a_cell_ends_with_14(make_notebook, run):
    finished = run(make_notebook(EARLY, "import time\ntime.sleep(60)"), "--cell-timeout", "1")
    check_salvage(finished)
    assert finished.returncode == 14
    assert "time limit of a cell (1 s) passed in cell 2" in finished.stderr


@pytest.mark.slow
def test_a_cell_that_ignores_interrupts_is_killed_at_the_limit(make_notebook, run):
    stubborn = (
        "import time\nwhile True:\n    try:\n        time.sleep(1)\n"
        "    except KeyboardInterrupt:\n        print('no', flush=True)"
    )
    finished = run(make_notebook(EARLY, stubborn), "--cell-timeout", "1")
    check_salvage(finished)
    assert finished.returncode == 14


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"]
)
def test_a_signal_ends_with_its_code(make_notebook, start, tmp_path, number, code):
    process = start(make_notebook(EARLY, "import time\ntime.sleep(60)"))
    wait_for(tmp_path / "run" / "run.json", '"number": 2,\n   "status": "running"')
    time.sleep(0.2)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == code, stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["status"] == "interrupted"
    assert record["exit_code"] == code
    assert record["outputs"][0]["path"] == "early.txt"
    assert "in cell 2" in stderr


def test_a_killed_runner_leaves_the_notebook_so_far_and_a_record_that_says_running(
    make_notebook, start, tmp_path
):
    process = start(make_notebook(EARLY, "import time\ntime.sleep(60)"))
    wait_for(tmp_path / "run" / "run.json", '"number": 2,\n   "status": "running"')
    process.kill()
    process.communicate(timeout=10)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    jsonschema.validate(record, record_schema())
    assert record["status"] == "running"
    assert "reached" in (tmp_path / "run" / "notebook.ipynb").read_text()
    assert (tmp_path / "run" / "outputs" / "early.txt").exists()


@pytest.mark.parametrize("session", ["True", "False"], ids=["own session", "kernel's session"])
def test_no_process_of_the_notebook_outlives_the_run(make_notebook, run, tmp_path, session):
    child = tmp_path / "child"
    source = (
        "import subprocess, pathlib\n"
        f"p = subprocess.Popen(['sleep', '300'], start_new_session={session})\n"
        f"pathlib.Path({str(child)!r}).write_text(str(p.pid))"
    )
    assert run(make_notebook(source)).returncode == 0
    state = Path(f"/proc/{child.read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_a_model_that_cannot_be_saved_ends_with_15(make_notebook, run):
    source = "from notebook_runner import save_model\nsave_model(object(), 'm', [[1.0]])"
    finished = run(make_notebook(EARLY, source))
    assert finished.returncode == 15
    assert finished.record["error"]["type"] == "ModelError"
    assert "Cell 2 failed: ModelError" in finished.stderr


def test_files_left_open_are_flushed_when_the_kernel_ends(make_notebook, run):
    finished = run(make_notebook("f = open('outputs/open.txt', 'w')\nf.write('kept')"))
    assert (finished.folder / "outputs" / "open.txt").read_text() == "kept"


def test_leaving_with_sys_exit_0_is_a_good_end(make_notebook, run):
    finished = run(make_notebook(EARLY, "import sys\nsys.exit(0)", "print('not run')"))
    assert finished.returncode == 0
    assert [c["status"] for c in finished.record["cells"]] == ["ok", "ok", "skipped"]


def test_a_cell_tagged_raises_exception_may_fail(make_notebook, run):
    notebook = make_notebook("1 / 0", EARLY)
    node = json.loads(notebook.read_text())
    node["cells"][0]["metadata"]["tags"] = ["raises-exception"]
    notebook.write_text(json.dumps(node))
    finished = run(notebook)
    assert finished.returncode == 0
    assert "reached" in finished.text


def test_running_out_of_memory_ends_with_12(make_notebook, start, tmp_path):
    group = Path("/sys/fs/cgroup/memory/notebook-runner-test")
    try:
        group.mkdir(exist_ok=True)
        (group / "memory.limit_in_bytes").write_text(str(400 << 20))
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    greedy = "import os\nx = []\nwhile True:\n    x.append(os.urandom(1 << 22))"
    enter = f"open({str(group / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))"
    try:
        # The runner itself is put into the group: the kernel inherits it.
        notebook = make_notebook(EARLY, greedy)
        wrapper = tmp_path / "wrapper.py"
        wrapper.write_text(f"import os, sys\n{enter}\nos.execv(sys.argv[1], sys.argv[1:])\n")
        import subprocess
        import sys

        runner = Path(sys.executable).with_name("notebook-runner")
        ended = subprocess.run(
            [
                sys.executable,
                str(wrapper),
                str(runner),
                "run",
                str(notebook),
                "--no-report",
                "-o",
                str(tmp_path / "run"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ},
        )
    finally:
        time.sleep(0.1)
        group.rmdir()
    assert ended.returncode == 12, ended.stderr
    assert "ran out of memory in cell 2" in ended.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "out_of_memory"
