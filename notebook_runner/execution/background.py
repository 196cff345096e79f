"""What is done beside the kernel, while it works: hashes, packages, loading the report's code."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from notebook_runner.execution.inputs import fill_in_hashes
from notebook_runner.record.machine import list_packages
from notebook_runner.record.session import CONTEXT_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Background:
    """The side jobs of one run.

    Parameters
    ----------
    record
        The run record; hashes, packages and the Python version end up there.
    report
        Whether a report will be written, so that its code is worth loading.
    """

    def __init__(self, record: dict[str, Any], *, report: bool) -> None:
        self._record = record
        self._report = report
        self._inputs: list[dict[str, Any]] = [
            {**named, "elements": [dict(element) for element in named["elements"]]}
            for named in record["inputs"]
        ]
        self._packages: tuple[str | None, dict[str, str]] = (None, {})
        self._threads: list[threading.Thread] = []

    def start(self, interpreter: str | None, env: Mapping[str, str]) -> None:
        """Begin; ``interpreter`` is the kernel's Python, if it is one."""
        if self._inputs:
            self._spawn(lambda: fill_in_hashes(self._inputs))
        if interpreter is not None:
            self._spawn(lambda: self._list_packages(interpreter, env))
        if self._report:
            self._spawn(_load_report)

    def finish(self, *, wait: bool) -> None:
        """Put the results into the record, those that are there if ``wait`` is false."""
        for thread in self._threads:
            if wait:
                thread.join()
        python, packages = self._packages
        self._record.update(inputs=self._inputs, python=python, packages=packages)

    def _list_packages(self, interpreter: str, env: Mapping[str, str]) -> None:
        # Without the run's mark: this process of ours may outlast the kernel.
        plain = {name: value for name, value in env.items() if name != CONTEXT_VARIABLE}
        self._packages = list_packages(interpreter, plain)

    def _spawn(self, task: Callable[[], None]) -> None:
        thread = threading.Thread(target=task, daemon=True)
        thread.start()
        self._threads.append(thread)


def _load_report() -> None:
    from notebook_runner.execution.report import preload

    preload()
