"""A supervisor as a process of its own, or only its savers, on folders of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.lab.supervision import kinds
from notebook_runner.lab.supervision.folders import Folder
from notebook_runner.lab.supervision.problems import Problems
from notebook_runner.lab.supervision.saver import Saver
from notebook_runner.lab.supervision.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMIT_S = 30
NOTEBOOK: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="session")
def notebook() -> Callable[..., str]:
    """Return a function that writes the text of a notebook that says something."""
    return lambda text="": json.dumps({**NOTEBOOK, "metadata": {"title": text}})


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], object]], None]:
    """Return a function that waits until another one answers with something true."""

    def wait(what: Callable[[], object]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not what():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)

    return wait


@dataclass
class Folders:
    """The folder that is worked in, and the one that Galaxy collects from."""

    work: Path
    save: Path

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)

    def write(self, path: str, text: str) -> Path:
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def saved(self) -> set[str]:
        """Name what Galaxy would collect."""
        return {
            file.relative_to(self.save).as_posix()
            for folder in ("notebooks", "outputs", "models")
            for file in (self.save / folder).rglob("*")
            if not file.is_dir()
        }

    def read(self, path: str) -> str | None:
        file = self.save / path
        return file.read_text() if file.exists() else None


class Savers(Folders):
    """Both savers of a session, looking when they are told to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.problems = Problems()
        self.store = Store(self.save)
        folder = Folder(self.work)
        self.notebooks = Saver(kinds.notebooks(["inputs"]), folder, self.store, self.problems)
        outputs = replace(kinds.outputs(), settle_s=0.0)
        self.outputs = Saver(outputs, folder, self.store, self.problems)

    def look(self, *, final: bool = False) -> None:
        self.notebooks.look(final=final)
        self.outputs.look(final=final)

    def codes(self) -> list[str]:
        return [problem.code for problem in self.problems.lasting()]


class Supervised(Folders):
    """A supervisor with a command as its lab."""

    def start(self, *command: str, options: tuple[str, ...] = (), **env: str) -> subprocess.Popen:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "notebook_runner.lab.supervision"),
                *("--work", str(self.work), "--save", str(self.save), *options),
                *("--", *(command or ("sleep", "600"))),
            ],
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return self.process

    def run(self, *command: str, options: tuple[str, ...] = (), **env: str) -> int:
        """Run it to its end; return its exit code."""
        process = self.start(*command, options=options, **env)
        self.log = process.communicate(timeout=LIMIT_S)[0].decode()
        return process.returncode

    def wait(self) -> int:
        self.log = self.process.communicate(timeout=LIMIT_S)[0].decode()
        return self.process.returncode

    def record(self) -> Any:
        return json.loads((self.save / "session.json").read_text())

    def notices(self) -> list[dict[str, Any]]:
        notice = self.work / "session-notice.json"
        return json.loads(notice.read_text())["notices"] if notice.exists() else []


@pytest.fixture
def savers(tmp_path: Path) -> Savers:
    return Savers(tmp_path / "work", tmp_path / "save")


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    session = Supervised(tmp_path / "work", tmp_path / "save")
    yield session
    if hasattr(session, "process"):
        # The lab goes with it, which it would not after a SIGKILL.
        session.process.terminate()
        session.process.wait(LIMIT_S)
        if session.process.stdout:
            session.process.stdout.close()
