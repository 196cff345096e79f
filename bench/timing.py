"""Time commands against each other, round by round, so that noise hits all of them alike."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Returns the seconds that one repetition took, given an empty folder to work in.
Measure = Callable[[Path], float]


@dataclass
class Contestant:
    """Something that is measured, and the seconds of its repetitions."""

    name: str
    measure: Measure
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of the repetitions, in seconds."""
        return statistics.median(self.seconds)


class CommandFailedError(RuntimeError):
    """A command that is measured did not end with 0."""


def commands(*lines: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Measure:
    """Measure commands that run one after the other, from the first start to the last end.

    ``{out}`` in an argument stands for the folder of the repetition.
    """

    def measure(folder: Path) -> float:
        started = time.perf_counter()
        for line in lines:
            run_command(line, folder, env)
        return time.perf_counter() - started

    return measure


def printed_seconds(line: Sequence[str | Path]) -> Measure:
    """Measure a command that prints the seconds itself, on the last line of its output."""

    def measure(folder: Path) -> float:
        return float(run_command(line, folder, None).split()[-1])

    return measure


def run_command(line: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None) -> str:
    """Run one command and return what it printed.

    Raises
    ------
    CommandFailedError
        It did not end with 0.
    """
    arguments = [str(part).replace("{out}", str(folder)) for part in line]
    ended = subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise CommandFailedError(f"{' '.join(arguments)}\n{ended.stderr[-2000:]}")
    return ended.stdout


def race(contestants: Sequence[Contestant], rounds: int) -> None:
    """Measure all contestants ``rounds`` times, in turn; a first round is thrown away."""
    for number in range(rounds + 1):
        for contestant in contestants:
            folder = Path(tempfile.mkdtemp(prefix="bench-"))
            try:
                seconds = contestant.measure(folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if number > 0:
                contestant.seconds.append(seconds)


def table(contestants: Sequence[Contestant], base: str) -> str:
    """Format a Markdown table of medians, spans and ratios to the contestant ``base``."""
    reference = next(c.median for c in contestants if c.name == base)
    lines = [
        f"| | median s | fastest to slowest s | ratio to {base} |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {c.name} | {c.median:.2f} | {min(c.seconds):.2f} to {max(c.seconds):.2f} "
        f"| {c.median / reference:.2f} |"
        for c in contestants
    ]
    return "\n".join(lines)
