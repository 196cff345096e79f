"""The wheel of this package, built and installed."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from notebook_runner.checkout.uv import run_uv
from notebook_runner.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.checkout.tree import Checkout


def build_wheel(checkout: Checkout, wheels: Path, digest: str) -> Path:
    """Build the wheel of this package once per state of its sources.

    The build uses the build backend of the developers' environment, so that
    nothing is fetched.

    Parameters
    ----------
    wheels
        The folder that holds the wheel of the latest state.
    digest
        What the sources are known by; see ``Checkout.package_digest``.

    Raises
    ------
    InstallError
        When the build fails.
    """
    folder = wheels / digest[:16]
    built = sorted(folder.glob("*.whl"))
    if built:
        return built[0]
    shutil.rmtree(wheels, ignore_errors=True)
    draft = wheels / "draft"
    draft.mkdir(parents=True)
    run_uv(
        checkout,
        *("build", "--wheel", "--no-build-isolation", "--quiet"),
        *("--python", sys.executable, "--out-dir", draft, checkout.path),
    )
    draft.rename(folder)
    built = sorted(folder.glob("*.whl"))
    if not built:
        raise InstallError(f"Building the wheel of {checkout.path} left none in {folder}.")
    return built[0]


def install_wheel(checkout: Checkout, environment: Path, wheel: Path) -> None:
    """Install the wheel into an environment, byte-compiled, without touching anything else.

    Raises
    ------
    InstallError
        When uv fails.
    """
    run_uv(
        checkout,
        *("pip", "install", "--quiet", "--no-deps", "--no-index", "--offline"),
        *("--reinstall", "--compile-bytecode"),
        *("--python", environment / "bin" / "python", wheel),
    )
