"""SIGKILL at random moments: what Galaxy finds then is whole."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

KILLS = 200
#: Writes notebooks as JupyterLab does, into the file itself, and puts outputs in place at once: of
#: their content nobody can tell whether a writer is half way through it.
WRITER = """
import json, itertools, sys
from pathlib import Path
work = Path(sys.argv[1])
(work / "outputs").mkdir(exist_ok=True)
for number in itertools.count():
    for name in "abc":
        cell = {"cell_type": "markdown", "metadata": {}, "source": f"{name} {number} " * 4000}
        content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        with (work / f"{name}.ipynb").open("w") as file:
            for piece in json.JSONEncoder().iterencode(content):
                file.write(piece)
    part = work / "part"
    part.write_text(f"{number:07}" * 20_000)
    part.rename(work / "outputs" / f"part-{number % 20}")
"""


def assert_whole(save) -> int:
    """Check every file that Galaxy would collect; return how many there are."""
    count = 0
    for file in (save / "notebooks").rglob("*"):
        content = json.loads(file.read_text())
        source = content["cells"][0]["source"]
        assert source == source[: len(source) // 4000] * 4000
        count += 1
    for file in (save / "outputs").rglob("*"):
        text = file.read_text()
        assert text == text[:7] * 20_000
        count += 1
    if (save / "session.json").exists():
        assert json.loads((save / "session.json").read_text())["end"] is None
    return count


@pytest.mark.slow
def test_200_kills_leave_no_half_file(tmp_path):
    work, save = tmp_path / "work", tmp_path / "save"
    work.mkdir()
    chance = random.Random(20)
    # A supervisor that looks all the time, so that a kill nearly always hits a copy being made.
    eager = (
        "import sys; from notebook_runner.lab.supervision import kinds, saving, session; "
        "kinds.SETTLE_S = 0.0; "
        "saving.LOOK_EVERY_S = saving._SELDOM_S = 0.001; session._HEARTBEAT_EVERY_S = 0.01; "
        "session._RECORD_SHARE = 1.0; saving._LOOKING_SHARE = 1.0; "
        "from notebook_runner.lab.supervision.__main__ import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", eager, "--work", str(work), "--save", str(save)]
    interrupted = found = 0
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(work)])
    try:
        for _ in range(KILLS):
            with subprocess.Popen(
                [*command, "--", "sleep", "2"], stderr=subprocess.DEVNULL, process_group=0
            ) as supervisor:
                time.sleep(chance.uniform(0.1, 0.3))
                supervisor.send_signal(signal.SIGKILL)
            interrupted += any((save / ".drafts").glob("draft-*")) if save.exists() else 0
            found = max(found, assert_whole(save))
    finally:
        writer.kill()
        writer.wait()
    assert found >= 4
    assert interrupted > KILLS / 10
