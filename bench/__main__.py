"""``python -m bench``: print Markdown tables of how fast notebooks run."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.containers import measure_builds, measure_containers
from bench.galaxy import measure_galaxy
from bench.lab import measure_lab
from bench.notebooks import DEMO, write_kernelspec, write_trivial
from bench.timing import Contestant, commands, printed_seconds, race, table

HERE = Path(__file__).parent


def environments() -> Path:
    """Return the folder of the environments, as the local Galaxy knows it."""
    runner = Path(sys.executable).with_name("notebook-runner")
    status = subprocess.run(
        [runner, "galaxy", "status", "--json"], capture_output=True, text=True, check=False
    )
    return Path(json.loads(status.stdout)["home"]) / "envs"


def contestants(notebook: Path, envs: Path, lab_kernels: Path) -> list[Contestant]:
    """List the ways to run a notebook that are compared."""
    slim, lab = envs / "runner" / "bin", envs / "lab" / "bin"
    run = [slim / "notebook-runner", "run", notebook, "-o", "{out}/run"]
    papermill = [notebook, "{out}/executed.ipynb", "--no-progress-bar", "--cwd", "{out}"]
    to_html = ["--to", "html", "--output-dir", "{out}"]
    lab_kernel = {"JUPYTER_PATH": str(lab_kernels)}
    return [
        Contestant("floor", printed_seconds([slim / "python", HERE / "floor.py", notebook])),
        Contestant("notebook-runner run --no-report", commands([*run, "--no-report"])),
        Contestant("notebook-runner run", commands(run)),
        Contestant("papermill", commands([slim / "papermill", *papermill])),
        Contestant(
            "papermill, then nbconvert",
            commands(
                [slim / "papermill", *papermill],
                [slim / "jupyter-nbconvert", "{out}/executed.ipynb", *to_html],
            ),
        ),
        Contestant(
            "nbconvert --execute",
            # It works in the notebook's folder: one that may be thrown away.
            commands(
                ["cp", notebook, "{out}/copy.ipynb"],
                [slim / "jupyter-nbconvert", "--execute", "{out}/copy.ipynb", *to_html],
            ),
        ),
        Contestant("papermill in the full lab", commands([lab / "papermill", *papermill])),
        Contestant(
            "notebook-runner run --no-report, kernel in the full lab",
            commands([*run, "--no-report"], env=lab_kernel),
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="repetitions (default: 7)")
    parser.add_argument("--no-galaxy", action="store_true", help="leave out the jobs of Galaxy")
    parser.add_argument(
        "--no-containers", action="store_true", help="leave out the images and what runs in them"
    )
    arguments = parser.parse_args()
    envs = environments()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        lab_kernels = write_kernelspec(Path(folder), envs / "lab" / "bin" / "python")
        trivial = write_trivial(Path(folder) / "trivial.ipynb")
        for title, notebook in [("20 trivial cells", trivial), ("the demo", DEMO)]:
            entries = contestants(notebook, envs, lab_kernels)
            race(entries, arguments.rounds)
            print(f"\n### {title}, {arguments.rounds} rounds\n\n{table(entries, 'papermill')}")  # noqa: T201
        entries = [
            Contestant(
                "notebook-runner --help", commands([envs / "runner/bin/notebook-runner", "--help"])
            )
        ]
        race(entries, arguments.rounds)
        print(f"\n`notebook-runner --help`: {entries[0].median:.2f} s")  # noqa: T201
        print(measure_lab(envs, arguments.rounds))  # noqa: T201
        if not arguments.no_containers:
            titles = {"20 trivial cells": trivial, "the demo": DEMO}
            print(measure_containers(titles, envs, arguments.rounds))  # noqa: T201
            print(measure_builds())  # noqa: T201
        if not arguments.no_galaxy:
            print(measure_galaxy(trivial, envs, arguments.rounds))  # noqa: T201


if __name__ == "__main__":
    main()
