"""Notebooks that do what nobody expects end with a record, a code and no traceback."""

from __future__ import annotations

import json
import os

import jsonschema
import pytest

from notebook_runner.record.run_record import record_schema

TOKEN = "tok-Geheim/42+x?"


def check_finished(finished, code: int) -> None:
    assert finished.returncode == code, finished.stderr
    assert "Traceback (most recent call last):\n  File" not in finished.stderr
    jsonschema.validate(finished.record, record_schema())
    assert finished.record["status"] != "running"


@pytest.mark.parametrize(
    "source",
    [
        (
            "from IPython.display import display\n"
            "display({'text/plain': 'ok', 'text/html': None}, raw=True)"
        ),
        "get_ipython().kernel.session.key = b'x'\nprint(1)",
    ],
    ids=["a broken display", "a broken signature"],
)
def test_what_breaks_the_protocol_is_a_failed_cell(make_notebook, run, source):
    finished = run(make_notebook("open('outputs/early.txt', 'w').write('')", source))
    check_finished(finished, 10)
    assert finished.record["outputs"][0]["path"] == "early.txt"


@pytest.mark.parametrize(
    "content",
    ['{"a": Infinity, "b": 1}', "[" * 100_000, "garbage", '{"\\ud800": 1}', "[1]"],
    ids=["infinity", "deep", "garbage", "surrogate", "list"],
)
def test_odd_metrics_do_not_break_the_record(make_notebook, run, content):
    finished = run(make_notebook(f"open('metrics.json', 'w').write({content!r})"), "--json")
    check_finished(finished, 0)


def test_a_pipe_in_the_place_of_the_metrics_does_not_hang_the_run(make_notebook, run):
    check_finished(run(make_notebook("import os\nos.mkfifo('metrics.json')")), 0)


def test_metrics_that_are_a_link_are_not_followed(make_notebook, run, tmp_path):
    (tmp_path / "other.json").write_text('{"private": 1}')
    source = f"import os\nos.symlink({str(tmp_path / 'other.json')!r}, 'metrics.json')"
    finished = run(make_notebook(source))
    check_finished(finished, 0)
    assert finished.record["metrics"] == {}


def test_odd_papermill_metadata_is_replaced(make_notebook, run):
    notebook = make_notebook("1")
    node = json.loads(notebook.read_text())
    node["metadata"]["papermill"] = 7
    node["cells"][0]["metadata"]["papermill"] = [1]
    notebook.write_text(json.dumps(node))
    check_finished(run(notebook), 0)


def test_a_log_that_cannot_be_written_does_not_end_the_run(make_notebook, tmp_path):
    import subprocess
    import sys
    from pathlib import Path

    runner = Path(sys.executable).with_name("notebook-runner")
    notebook = make_notebook("open('outputs/a.txt', 'w').write('')")
    with Path("/dev/full").open("w") as full:
        subprocess.run(
            [runner, "run", notebook, "-o", tmp_path / "run", "--no-report"],
            stderr=full,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "ok"


@pytest.mark.parametrize("limit", ["inf", "nan", "1e10", "0", "-1"])
def test_a_limit_that_is_none_is_wrong_usage(make_notebook, run, limit):
    assert run(make_notebook("1"), "--timeout", limit).returncode == 2


def test_ctrl_c_before_the_run_ends_with_130(make_notebook, start, monkeypatch):
    import subprocess
    import sys

    source = (
        "import notebook_runner.cli.main as m\n"
        "def stop(*a, **k): raise KeyboardInterrupt\n"
        "m.cli.invoke = stop\nm.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", source, "run", "x"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.strip() == "Interrupted."


def test_a_folder_of_thousands_of_files_is_an_input(make_notebook, run, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3000):
        (folder / f"sample-{number:05}.txt").touch()
    finished = run(make_notebook("print(len(GALAXY_INPUTS['x']))"), "-i", f"x={folder}")
    assert finished.text == "3000\n"


def test_a_long_path_as_output_folder_ends_with_7(make_notebook, start):
    notebook = make_notebook("1")
    process = start(notebook, "-o", "x" * 300)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 7
    assert "File name too long" in stderr


def test_a_long_temporary_folder_still_gives_a_private_socket(make_notebook, run, tmp_path):
    long = tmp_path / ("t" * 150)
    long.mkdir()
    finished = run(make_notebook("import os\nprint(os.environ['TMPDIR'])"), TMPDIR=str(long))
    assert finished.returncode == 0
    assert "TCP without encryption" not in finished.stderr


# ---- secrets ------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["output", "outputs", "metadata", "status", "stream", "source"])
def test_a_secret_that_is_a_word_of_the_format_breaks_nothing(make_notebook, run, word):
    import nbformat

    finished = run(make_notebook("print(1)"), "--secret", "TOKEN", "--json", TOKEN=word)
    check_finished(finished, 0)
    nbformat.validate(finished.node)
    assert json.loads(finished.stdout)["status"] == "ok"


def test_what_the_kernel_writes_by_itself_is_masked_and_kept_off_standard_output(
    make_notebook, run
):
    source = (
        "import os, sys\nos.system('echo direct $TOKEN')\n"
        "os.write(2, b'\\x1b[31mred ' + os.environ['TOKEN'].encode() + b'\\n')"
    )
    finished = run(make_notebook(source), "--secret", "TOKEN", "--json", TOKEN=TOKEN)
    check_finished(finished, 0)
    assert TOKEN not in finished.stdout + finished.stderr + finished.all_text()
    assert "\x1b" not in finished.stderr
    assert json.loads(finished.stdout)["status"] == "ok"


def test_a_secret_is_hidden_in_metrics_encodings_and_pieces(make_notebook, run):
    source = (
        "import os, urllib.parse, time\nfrom notebook_runner import log_metric\n"
        "t = os.environ['TOKEN']\nlog_metric(t, 1.0)\nprint(urllib.parse.quote(t))\n"
        "print(t[:5], end='', flush=True); time.sleep(0.3); print(t[5:])\n"
        "print(t[:4] + '\\x1b[0m' + t[4:])"
    )
    finished = run(make_notebook(source), "--secret", "TOKEN", "--report", TOKEN=TOKEN)
    check_finished(finished, 0)
    for form in (TOKEN, "tok-Geheim/42%2Bx%3F"):
        assert form not in finished.all_text()


def test_a_hard_link_to_a_file_of_the_user_is_not_written_through(make_notebook, run, tmp_path):
    mine = tmp_path / "my.env"
    mine.write_text(f"KEY={TOKEN}")
    source = f"import os\nos.link({str(mine)!r}, 'outputs/l')"
    finished = run(make_notebook(source), "--secret", "TOKEN", TOKEN=TOKEN)
    check_finished(finished, 0)
    assert mine.read_text() == f"KEY={TOKEN}"
    assert TOKEN not in finished.all_text()


def test_a_secret_that_is_not_text_is_refused(make_notebook, run):
    finished = run(make_notebook("1"), "--secret", "TOKEN", TOKEN=os.fsdecode(b"abc\xff\xfedefg"))
    assert finished.returncode == 6
    assert "not text in UTF-8" in finished.stderr


def test_names_that_a_notebook_made_do_not_control_the_terminal(make_notebook, run):
    source = (
        "import json, os\njson.dump({'a\\x1b[31m\\n': 1}, open('metrics.json', 'w'))\n"
        "os.symlink('x', 'outputs/\\x1b[2J')"
    )
    finished = run(make_notebook(source))
    check_finished(finished, 0)
    assert "\x1b" not in finished.stdout + finished.stderr
    assert len(finished.stdout.splitlines()) == 2
