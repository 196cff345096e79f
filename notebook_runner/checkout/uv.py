"""Where uv is, and how it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from notebook_runner.checkout.tree import Checkout
from notebook_runner.errors import InstallError


def find_uv() -> Path:
    """Find uv: on the PATH, or where the Makefile puts it.

    Raises
    ------
    InstallError
        When it is in neither place.
    """
    found = shutil.which("uv")
    bootstrapped = Checkout.find().path / ".tools" / "bin" / "uv"
    if found:
        return Path(found)
    if bootstrapped.is_file():
        return bootstrapped
    raise InstallError("uv is not installed. `make setup` fetches it; run that first.")


def run_uv(checkout: Checkout, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
    """Run uv and return what it prints.

    Raises
    ------
    InstallError
        When uv fails, with the last lines of what it says.
    """
    command = [str(find_uv()), *map(str, arguments)]
    outer = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=checkout.path,
        # Files must be readable for the server's account, whatever the caller's umask.
        umask=0o022,
        env={**outer, "UV_NO_PROGRESS": "1", **(env or {})},
    )
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = " | ".join(lines[-4:]) or f"exit code {done.returncode}"
        raise InstallError(f"`uv {' '.join(command[1:3])} …` failed: {said}")
    return done.stdout
