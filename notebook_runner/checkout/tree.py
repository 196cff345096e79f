"""The checkout of this repository that the local Galaxy is made from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from notebook_runner.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SKIPPED_NAMES = {"__pycache__", ".DS_Store"}


@dataclass(frozen=True)
class Checkout:
    """The source tree: locks, tools and the package itself."""

    path: Path

    @classmethod
    def find(cls) -> Checkout:
        """Find the source tree that this package is imported from.

        Raises
        ------
        InstallError
            When the package is not used from a checkout: a wheel has neither
            the lock files nor the tools.
        """
        path = Path(__file__).resolve().parents[2]
        if not (path / "requirements" / "galaxy.txt").is_file():
            raise InstallError(
                f"The local Galaxy is made from a checkout of this repository, and {path} is none "
                "(requirements/galaxy.txt is missing). Clone the repository and run `make setup`."
            )
        return cls(path)

    @property
    def tools(self) -> Path:
        """The folder of the Galaxy tools, one sub-folder per tool."""
        return self.path / "tools"

    @property
    def venv(self) -> Path:
        """The environment of the developers."""
        return self.path / ".venv"

    def lock(self, environment: str) -> Path:
        """Name the lock file of an environment; `server` is that of the images."""
        folder = "containers/locks" if environment == "server" else "requirements"
        return self.path / folder / f"{environment}.txt"

    def package_digest(self) -> str:
        """Digest everything that the wheel is built from."""
        return digest_files([self.path / "pyproject.toml", self.path / "notebook_runner"])


def digest_files(paths: Iterable[Path]) -> str:
    """Digest names, modes and contents of files and of whole folders; missing ones count as such.

    Returns
    -------
    str
        SHA-256, hexadecimal.
    """
    digest = hashlib.sha256()
    for root in paths:
        for file in _files_below(root):
            content = file.read_bytes()
            name = file.relative_to(root.parent).as_posix()
            executable = bool(file.stat().st_mode & 0o100)
            digest.update(f"{name}\0{executable}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _files_below(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file()
        and not _SKIPPED_NAMES.intersection(path.relative_to(root).parts)
        and path.suffix != ".pyc"
    )
