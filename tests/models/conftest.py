"""Model tests run in the kernels' environments, where the frameworks are.

A file ``*_cases.py`` holds many small cases and is run once, as one process,
by the kernel's Python; the tests look at what each case left.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_runner.local_galaxy.instance import Instance

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def kernel_python(galaxy_instance: Instance) -> Path:
    """The Python of the kernels' environment."""
    return find_python(galaxy_instance, "kernel", "NOTEBOOK_RUNNER_TEST_KERNEL_PYTHON")


@pytest.fixture(scope="session")
def tensorflow_python(galaxy_instance: Instance) -> Path:
    """The Python of the kernels' environment with TensorFlow and Keras."""
    variable = "NOTEBOOK_RUNNER_TEST_KERNEL_TENSORFLOW_PYTHON"
    return find_python(galaxy_instance, "kernel-tensorflow", variable)


def find_python(instance: Instance, environment: str, variable: str) -> Path:
    """Take the interpreter that a variable names, else the one of the local Galaxy."""
    chosen = os.environ.get(variable)
    python = Path(chosen) if chosen else instance.home.environment(environment) / "bin" / "python"
    if not python.exists():
        target = "setup" if environment == "kernel" else environment
        pytest.skip(f"{python} is not there; make it with `make {target}`")
    return python


@pytest.fixture(scope="session")
def run_cases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], dict[str, Any]]:
    """Return a function that runs a file of cases and returns what each left, by name."""

    def run(python: Path, name: str) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp(name)
        results = folder / "results.json"
        # The sources of this checkout come before the wheel in that environment.
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
        env.pop("NOTEBOOK_RUNNER_CONTEXT", None)
        done = subprocess.run(
            [python, HERE / f"{name}.py", results],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(results.read_text())
        return found

    return run
