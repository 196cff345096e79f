"""Kernelspecs: how the runner and the developers' environment find the kernels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from notebook_runner.checkout.tree import Checkout
    from notebook_runner.local_galaxy.home import Home

#: environment of a kernel: (name of its kernelspec, what a person sees)
KERNELS = {
    "kernel": ("python3", "Python 3"),
    "kernel-tensorflow": ("python3-tensorflow", "Python 3 (TensorFlow)"),
}


def write_kernelspecs(checkout: Checkout, home: Home, environments: Iterable[str]) -> None:
    """Point kernels of the runner's and the developers' environment at the kernels' own."""
    users = [home.environment("runner"), checkout.venv]
    for name in set(environments) & set(KERNELS):
        for user in users:
            if user.is_dir():
                _write_kernelspec(user, home.environment(name), *KERNELS[name])


def _write_kernelspec(user: Path, kernel: Path, name: str, display_name: str) -> None:
    spec = {
        "argv": [
            str(kernel / "bin" / "python"),
            *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ],
        "display_name": display_name,
        "language": "python",
        "metadata": {"debugger": True},
    }
    file = user / "share" / "jupyter" / "kernels" / name / "kernel.json"
    text = json.dumps(spec, indent=1) + "\n"
    if file.is_file() and file.read_text() == text:
        return
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o644)
