"""On a terminal a run shows a bar; nothing that a notebook prints controls the terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import nbformat

from notebook_runner.execution.failure import strip_ansi

RUNNER = Path(sys.executable).with_name("notebook-runner")


def test_a_terminal_shows_a_bar_and_which_cell_runs(tmp_path):
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("# load\nanswer = 42\nimport time; time.sleep(1)")]
    )
    nbformat.write(node, tmp_path / "nb.ipynb")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [RUNNER, "run", "nb.ipynb", "--no-report"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    assert process.wait(timeout=30) == 0
    assert b"0/1" in shown
    assert "━".encode() in shown
    assert b"cell 1/1: answer = 42" in shown


def test_control_sequences_are_taken_out_of_messages():
    link = "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"
    text = f"\x1b[31mred\x1b[0m \x1b]0;title\x07{link} \x07\x08 ok\n\tend"
    assert strip_ansi(text) == "red link  ok\n\tend"
