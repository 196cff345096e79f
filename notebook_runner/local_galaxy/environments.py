"""The environments of the state folder, each made from its lock file."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebook_runner.checkout.tree import Checkout, digest_files
from notebook_runner.checkout.uv import run_uv
from notebook_runner.checkout.wheel import build_wheel, install_wheel
from notebook_runner.errors import InstallError
from notebook_runner.local_galaxy.interpreter import choose_python
from notebook_runner.local_galaxy.kernelspecs import write_kernelspecs

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.home import Home

#: What every set-up makes.
STANDARD = ("galaxy", "kernel", "runner")
#: What is made where it is asked for.
OPTIONAL = ("kernel-bash", "kernel-tensorflow", "lab", "server")
#: Where this package is installed as well.
WITH_PACKAGE = ("kernel", "kernel-tensorflow", "lab", "runner", "server")

_STAMP = ".installed.json"


@dataclass(frozen=True)
class Installer:
    """Makes and updates the environments of one state folder."""

    checkout: Checkout
    home: Home
    account: Account

    def install(self, extra: tuple[str, ...] = ()) -> list[str]:
        """Make the standard environments and those asked for; change only what is not current.

        An environment is finished when its stamp is there, which is written
        last: what was interrupted is made anew.

        Returns
        -------
        list of str
            The environments that were made or changed.

        Raises
        ------
        InstallError
            When an environment is unknown or cannot be made.
        """
        unknown = [name for name in extra if name not in (*STANDARD, *OPTIONAL)]
        if unknown:
            raise InstallError(
                f"There is no environment {unknown[0]!r}; "
                f"expected one of {', '.join((*STANDARD, *OPTIONAL))}."
            )
        wanted = self._present_or(extra)
        stale = [name for name in wanted if not self._is_current(name)]
        if stale:
            python = choose_python(self.checkout, self.home, self.account)
            with ThreadPoolExecutor(max_workers=len(stale)) as pool:
                list(pool.map(lambda name: self._make(name, python), stale))
        changed = set(stale) | set(self._install_package(wanted))
        write_kernelspecs(self.checkout, self.home, wanted)
        return sorted(changed)

    def stale(self, name: str) -> bool:
        """Whether an environment is missing, unfinished, or of another lock file."""
        return not self._is_current(name)

    def _present_or(self, extra: tuple[str, ...]) -> list[str]:
        """Name what to look after: the standard, the asked for, and what once was."""
        made = [name for name in OPTIONAL if self._stamp(name).is_file()]
        return sorted({*STANDARD, *extra, *made})

    def _stamp(self, name: str) -> Path:
        return self.home.environment(name) / _STAMP

    def _read_stamp(self, name: str) -> dict[str, str]:
        try:
            stamp = json.loads(self._stamp(name).read_text())
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _is_current(self, name: str) -> bool:
        stamp = self._read_stamp(name)
        python = self.home.environment(name) / "bin" / "python"
        return (
            stamp.get("lock") == digest_files([self.checkout.lock(name)])
            and python.exists()
            and stamp.get("python") == _identify(python)
            # Stamps of before do not say what belongs there.
            and stamp.get("contents") in (None, self._contents(name))
        )

    def _contents(self, name: str) -> str:
        """Tell what is installed by the names alone: what is missing changes them."""
        names = sorted(
            path.name
            for folder in self.home.environment(name).glob("lib/python3*/site-packages")
            for path in folder.iterdir()
            if path.name != "__pycache__"
        )
        return hashlib.sha256("\n".join(names).encode()).hexdigest()

    def _make(self, name: str, python: Path) -> None:
        lock = self.checkout.lock(name)
        if not lock.is_file():
            raise InstallError(f"The lock file {lock} of the environment {name!r} is missing.")
        target = self.home.environment(name)
        self._stamp(name).unlink(missing_ok=True)
        run_uv(self.checkout, "venv", "--quiet", "--clear", "--python", python, target)
        # These locks leave out what elyra-server asks for and does not use.
        strict = [] if name in {"lab", "server"} else ["--strict"]
        run_uv(
            self.checkout,
            *("pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", *strict),
            *("--python", target / "bin" / "python", lock),
        )
        self._write_stamp(name, {"lock": digest_files([lock])})

    def _write_stamp(self, name: str, values: dict[str, str]) -> None:
        python = self.home.environment(name) / "bin" / "python"
        found = {"python": _identify(python), "contents": self._contents(name)}
        stamp = {**self._read_stamp(name), **values, **found}
        draft = self._stamp(name).with_suffix(".draft")
        draft.write_text(json.dumps(stamp))
        draft.replace(self._stamp(name))

    def _install_package(self, names: list[str]) -> list[str]:
        """Install this package where it is wanted and not the one of these sources."""
        digest = self.checkout.package_digest()
        stale = [
            name
            for name in names
            if name in WITH_PACKAGE and self._read_stamp(name).get("package") != digest
        ]
        if stale:
            wheel = build_wheel(self.checkout, self.home.wheels, digest)
            for name in stale:
                install_wheel(self.checkout, self.home.environment(name), wheel)
                self._write_stamp(name, {"package": digest})
        return stale


def _identify(python: Path) -> str:
    """Tell one interpreter from another, or from its next version, without starting it."""
    real = python.resolve()
    status = real.stat()
    return f"{real}:{status.st_size}:{int(status.st_mtime)}"
