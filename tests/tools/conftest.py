"""The Galaxy tools as files, and what they did on a real Galaxy."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebook_runner.local_galaxy.handle import LocalGalaxy

# Galaxy's packages use Cheetah, and Cheetah uses a module that Python is about to drop.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import galaxy.util.template  # noqa: F401

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def planemo_environment(
    galaxy: LocalGalaxy, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """Environment in which planemo finds the local Galaxy; no key is in any argument."""
    return {
        **os.environ,
        "PLANEMO_GALAXY_URL": galaxy.url,
        "PLANEMO_GALAXY_ADMIN_KEY": galaxy.api_key,
        "PLANEMO_GALAXY_USER_KEY": galaxy.api_key,
        "PLANEMO_GLOBAL_WORKSPACE": str(tmp_path_factory.mktemp("planemo")),
    }
