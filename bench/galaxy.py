"""What Galaxy adds to a run: a job of ``run_notebook`` beside the same run outside."""

from __future__ import annotations

from pathlib import Path


def measure_galaxy(notebook: Path, envs: Path, rounds: int) -> str:
    raise NotImplementedError
