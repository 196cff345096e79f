"""Instances of their own for tests that stop, break or kill a server."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from notebook_runner.checkout.tree import Checkout
from notebook_runner.local_galaxy.account import Account
from notebook_runner.local_galaxy.home import Home
from notebook_runner.local_galaxy.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def caller() -> Account:
    """The account that runs the tests."""
    return Account("caller", os.geteuid(), os.getegid(), tuple(os.getgroups()))


@pytest.fixture
def home(tmp_path: Path, caller: Account) -> Home:
    """An empty, prepared state folder."""
    home = Home(tmp_path / "home")
    home.prepare(caller)
    return home


@pytest.fixture(scope="session")
def copy_sources() -> Callable[[Path], None]:
    """Copy what this package is built from into a folder."""

    def copy(folder: Path) -> None:
        sources = Checkout.find().path
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(sources / name, folder)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(sources / "notebook_runner", folder / "notebook_runner", ignore=ignored)

    return copy


@pytest.fixture(scope="module")
def own_instance(galaxy_instance: Instance) -> Iterator[Instance]:
    """An instance beside the session's, with its environments and nothing else of it."""
    galaxy_instance.install()
    shared = galaxy_instance.home
    path = shared.path / "tests" / f"recovery-{os.getpid()}"
    path.mkdir(parents=True)
    (path / "envs").symlink_to(shared.environments)
    instance = Instance(galaxy_instance.checkout, galaxy_instance.account, Home(path))
    yield instance
    instance.down()
    shutil.rmtree(path)
