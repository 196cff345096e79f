"""A client that can build with BuildKit, and one build with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebook_runner.errors import BuildError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: The last version of Docker's client that brings BuildKit without the plug-in buildx.
_LAST_WITHOUT_PLUGIN = 22
_ASKING_LIMIT_S = 20
#: What the engine says, and what that means to a person.
_CAUSES = (
    (re.compile(r"no space left on device"), "the disk is full; `docker system df` shows by what"),
    (
        re.compile(r"permission denied while trying to connect|dial unix .*permission denied"),
        "you may not use the container engine; join the group docker, or ask an admin",
    ),
    (
        re.compile(r"Cannot connect to the Docker daemon"),
        "the container engine stopped; `make docker-engine` starts it",
    ),
    (
        re.compile(r"hash mismatch|Hash mismatch", re.IGNORECASE),
        "a package is not the one of the lock; renew the lock with `notebook-runner image lock`",
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|invalid peer certificate"),
        "a certificate is not trusted; set SSL_CERT_FILE to your network's bundle",
    ),
    (
        re.compile(r"var/lib/(apt|dpkg)/.*Permission denied"),
        "the base image does not run as root; take a plain Debian or Ubuntu",
    ),
    (
        re.compile(r"failed to lookup address|Temporary failure resolving|dns error|timed out"),
        "the network or a package index cannot be reached",
    ),
)


_SAYS_WHY = re.compile(r"(?i)\W*(error|fatal|failed|because|E: )")


@dataclass(frozen=True)
class BuildRequest:
    """One call of BuildKit.

    Parameters
    ----------
    context
        The folder with the Dockerfile and all that it copies.
    tag
        What the result is called.
    secrets
        Files that steps of the build may read and that stay in no layer.
    cached
        Whether layers of earlier builds may be used.
    """

    context: Path
    tag: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    network: str = "host"
    cached: bool = True


@dataclass(frozen=True)
class BuildKitClient:
    """A ``docker`` on this machine that can build with BuildKit."""

    command: tuple[str, ...]
    env: Mapping[str, str]

    def build(self, request: BuildRequest, say: Callable[[str], None]) -> None:
        """Build an image.

        Parameters
        ----------
        say
            Gets each line of the build's log.

        Raises
        ------
        BuildError
            When the build fails, with its cause as far as that is known.
        """
        process = subprocess.Popen(
            [*self.command, *_options(request), str(request.context)],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        said: deque[str] = deque(maxlen=60)
        with process:
            try:
                for line in process.stdout or ():
                    said.append(line.rstrip())
                    say(line.rstrip())
            except BaseException:
                # Interrupted: the engine ends the build when its client ends.
                process.terminate()
                raise
        if process.returncode != 0:
            raise BuildError(_explain(request.tag, list(said)))


def find_client() -> BuildKitClient:
    """Find a client that can build with BuildKit.

    Several may stand on the PATH: a new one without the plug-in buildx cannot build, and
    Debian's own can.

    Raises
    ------
    EngineError
        When there is none.
    """
    found = _clients()
    for client in found:
        if _answers([client, "buildx", "version"]):
            # The builder of the engine itself: it sees the images that lie there.
            command = (client, "buildx", "--builder", "default", "build", "--load")
            return BuildKitClient(command, {})
    for client in found:
        version = re.search(r"(\d+)\.", _answers([client, "--version"]))
        if version and int(version[1]) <= _LAST_WITHOUT_PLUGIN:
            return BuildKitClient((client, "build"), {"DOCKER_BUILDKIT": "1"})
    if found:
        raise EngineError(
            f"{found[0]} cannot build with BuildKit: install its plug-in (docker-buildx-plugin or "
            "docker-buildx), or Debian's docker.io with `make docker-engine`."
        )
    raise EngineError("There is no `docker` command here. `make docker-engine` installs an engine.")


def _clients() -> list[str]:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = [shutil.which("docker", path=folder) for folder in folders if folder]
    return list(dict.fromkeys(client for client in found if client))


def _answers(command: list[str]) -> str:
    """Return what a command prints, and nothing when it fails."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=_ASKING_LIMIT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _options(request: BuildRequest) -> list[str]:
    options = ["--progress", "plain", "--network", request.network, "--tag", request.tag]
    if not request.cached:
        options.append("--no-cache")
    for name, value in request.arguments.items():
        options += ["--build-arg", f"{name}={value}"]
    for name, value in request.labels.items():
        options += ["--label", f"{name}={value}"]
    for name, path in request.secrets.items():
        options += ["--secret", f"id={name},src={path}"]
    return options


def _explain(tag: str, said: list[str]) -> str:
    text = "\n".join(said)
    cause = next((meaning for pattern, meaning in _CAUSES if pattern.search(text)), "")
    lines = [re.sub(r"^#\d+ ([\d.]+ )?", "", line).strip() for line in said]
    # What is said of the step as a whole repeats its command.
    lines = [line for line in lines if "/bin/bash -euo pipefail" not in line]
    errors = [
        line
        for line in lines
        if re.match(r"(?i)(error|E:|fatal|\W*(failed|no solution|because))", line)
    ]
    last = " | ".join((errors or [line for line in lines if line])[-3:])
    return f"{tag} was not built: {cause + ' ' if cause else ''}({last})"
