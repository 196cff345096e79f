"""What Galaxy adds to a run: a job of ``run_notebook`` beside the same run outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bioblend.galaxy import GalaxyInstance

from bench.timing import Contestant, commands, race, table

RUNNER = Path(sys.executable).with_name("notebook-runner")
_END_STATES = ("ok", "error", "paused", "deleted")
#: Asked often: what is measured is Galaxy, not the waiting of the one who asks.
_POLL_S = 0.05


def measure_galaxy(notebook: Path, envs: Path, rounds: int) -> str:
    """Return a Markdown table of jobs and of the same runs outside Galaxy."""
    was_running = _status()["running"]
    subprocess.run([RUNNER, "galaxy", "up"], check=True, capture_output=True)
    try:
        status = _status()
        key = Path(status["api_key_file"]).read_text(encoding="utf-8").strip()
        instance = GalaxyInstance(status["url"], key=key)
        history = instance.histories.create_history("bench")["id"]
        try:
            return _race(instance, history, notebook, envs, rounds)
        finally:
            instance.histories.delete_history(history, purge=True)
    finally:
        if not was_running:
            subprocess.run([RUNNER, "galaxy", "down"], check=True, capture_output=True)


def _race(instance: GalaxyInstance, history: str, notebook: Path, envs: Path, rounds: int) -> str:
    uploaded = instance.tools.upload_file(str(notebook), history, file_type="ipynb")
    dataset = uploaded["outputs"][0]["id"]
    instance.datasets.wait_for_dataset(dataset, interval=0.2)

    def job(_folder: Path) -> float:
        return _run_job(instance, history, dataset)

    outside = [envs / "runner" / "bin" / "notebook-runner", "run", notebook, "-o", "{out}/run"]
    contestants = [
        Contestant("notebook-runner run", commands(outside)),
        Contestant("a job of run_notebook", job),
    ]
    race(contestants, rounds)
    added = contestants[1].median - contestants[0].median
    text = table(contestants, "notebook-runner run")
    title = f"### 20 trivial cells in Galaxy, warm, {rounds} rounds"
    return f"\n{title}\n\n{text}\n\nGalaxy adds {added:.2f} s."


def _run_job(instance: GalaxyInstance, history: str, dataset: str) -> float:
    started = time.perf_counter()
    inputs = {"notebook": {"src": "hda", "id": dataset}}
    answer = instance.tools.run_tool(history, "run_notebook", inputs)
    job = answer["jobs"][0]["id"]
    while (state := instance.jobs.get_state(job)) not in _END_STATES:
        time.sleep(_POLL_S)
    seconds = time.perf_counter() - started
    if state != "ok":
        raise RuntimeError(f"the job ended in state {state}")
    return seconds


def _status() -> dict[str, Any]:
    printed = subprocess.run(
        [RUNNER, "galaxy", "status", "--json"], capture_output=True, text=True, check=False
    )
    status: dict[str, Any] = json.loads(printed.stdout)
    return status
