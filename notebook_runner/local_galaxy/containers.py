"""Whether the jobs of the local Galaxy can run in containers, and as whom they do."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from notebook_runner.errors import EngineError, LocalGalaxyError, UnknownImageError
from notebook_runner.local_galaxy.administration import ensure_containers_account
from notebook_runner.local_galaxy.server import SYSTEM_PATH
from notebook_runner.local_galaxy.tools import lab_image

if TYPE_CHECKING:
    from notebook_runner.local_galaxy.account import Account
    from notebook_runner.local_galaxy.handle import LocalGalaxy
    from notebook_runner.local_galaxy.instance import Instance

_LIMIT_S = 60
#: What would end a path in Docker's option for volumes, in Galaxy's list of them, or in a rule.
_UNFIT = re.compile(r"[:,$\"`\\\n{}]")


def check_containers(instance: Instance) -> None:
    """See to it that a job in a container would find an engine and its image.

    Raises
    ------
    EngineError
        When there is no engine, or Galaxy's account may not use it.
    UnknownImageError
        When the image that the tools name is not there.
    LocalGalaxyError
        When the state folder has a name that cannot be mounted.
    """
    if _UNFIT.search(str(instance.home.path)):
        raise LocalGalaxyError(
            f"{str(instance.home.path)!r} cannot be mounted into containers. Choose a folder "
            "without punctuation with --home."
        )
    _check_engine(instance.account)
    image = lab_image(instance.checkout.tools)
    if _docker(instance.account, "image", "inspect", "--format", "{{.Id}}", image).returncode != 0:
        raise UnknownImageError(
            f"The tools run in the image {image}, and the engine has none of that name. "
            "Build it with `notebook-runner image build lab`."
        )


def as_containers_account(galaxy: LocalGalaxy, instance: Instance) -> LocalGalaxy:
    """Return a running Galaxy as the account whose notebooks run in containers.

    Raises
    ------
    StartError
        When the server refuses to make the account.
    """
    return replace(galaxy, api_key=ensure_containers_account(instance.home, galaxy.url))


def _check_engine(account: Account) -> None:
    try:
        answer = _docker(account, "version", "--format", "{{.Server.Version}}")
    except FileNotFoundError:
        raise EngineError(
            "There is no docker command on this machine, so that no job can run in a container. "
            "Install an engine with `make docker-engine`."
        ) from None
    except subprocess.TimeoutExpired:
        raise EngineError(f"The Docker engine did not answer within {_LIMIT_S} s.") from None
    if answer.returncode == 0:
        return
    if "permission denied" in answer.stderr.lower():
        raise EngineError(
            f"Galaxy runs as account {account.name!r}, which may not use the Docker engine. "
            f"Let it join the group docker (`usermod --append --groups=docker {account.name}`) "
            "and log in anew; whoever is in that group can become root."
        )
    said = (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
    raise EngineError(f"The Docker engine does not answer: {said}")


def _docker(account: Account, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call Docker's client as the server's account does for its jobs."""
    return subprocess.run(
        ["docker", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        # Not the caller's: neither its context nor its configuration is that of the jobs.
        env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"},
        **account.popen_options(),
    )
