"""A lab in a container: JupyterLab on a folder of this machine, whose files stay their owner's."""

from __future__ import annotations

import os
import secrets
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from notebook_runner.errors import EngineError, ImageError
from notebook_runner.images.lab_container_place import CERTIFICATE_VARIABLES, HOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notebook_runner.images.catalogue import ImageSpec

#: Where JupyterLab listens inside, and where the folder, a Galaxy API key and the certificates
#: of a network appear.
INSIDE_PORT = 8888
INSIDE_FOLDER = "/work"
INSIDE_KEY_FILE = "/run/secrets/galaxy_api_key"
INSIDE_CERTIFICATES = "/run/certificates.pem"
#: Seconds that JupyterLab gets to end its kernels before it is killed.
END_LIMIT_S = 15
#: Memory that processes of a lab can share; 64 MB, the engines' own, ends torch's data loaders.
SHARED_MEMORY = "1g"
#: How many lines of a lab's log are shown when it fails.
LOG_LINES = 8

#: What an image says when it opens without the packages of the folder.
_NOT_INSTALLED = "requirements.txt was not installed"
_ANSWER_EVERY_S = 0.1
_ENDED_EVERY_S = 1.0


@dataclass(frozen=True)
class LabImage:
    """An image that is on this machine: its ID, its name, its registry digest if it has one."""

    id: str
    name: str
    digest: str | None = None


@dataclass(frozen=True)
class LabPlan:
    """What a lab is started with.

    ``token`` and ``environment`` never stand in a command line. With
    ``on_host_network`` the lab shares the network of this machine.
    """

    image: LabImage
    folder: Path
    port: int
    gpu: bool = False
    on_host_network: bool = False
    key_file: Path | None = None
    certificates: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def name(self) -> str:
        """A name for the container; the token's is another secret."""
        return f"notebook-lab-{self.port}-{os.getpid()}"

    @property
    def url(self) -> str:
        """The link for a browser, token included."""
        return f"http://{HOST}:{self.port}/lab?{urlencode({'token': self.token})}"

    @property
    def command(self) -> list[str]:
        """What the image's entry point is told."""
        return ["lab", *self.options]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the lab."""
        # The user is chosen here; the entry point need not look for one.
        values = {"JUPYTER_TOKEN": self.token, "NOTEBOOK_STEPPED": "1", **self.environment}
        if self.on_host_network:
            values |= {"LAB_IP": HOST, "LAB_PORT": str(self.port)}
        if self.certificates is not None:
            # git has a variable of its own.
            names = (*CERTIFICATE_VARIABLES, "GIT_SSL_CAINFO")
            values |= dict.fromkeys(names, INSIDE_CERTIFICATES)
        if self.image.digest is not None:
            values["NOTEBOOK_RUNNER_IMAGE_DIGEST"] = self.image.digest
        return values

    @property
    def mounts(self) -> list[tuple[Path, str, bool]]:
        """Source, target and whether it is read-only, of each mount."""
        mounts = [(self.folder, INSIDE_FOLDER, False)]
        if self.key_file is not None:
            mounts.append((self.key_file, INSIDE_KEY_FILE, True))
        if self.certificates is not None:
            mounts.append((self.certificates, INSIDE_CERTIFICATES, True))
        return mounts


class RunningLab(Protocol):
    """A lab that was started."""

    def exit_code(self) -> int | None:
        """Return how it ended; ``None`` while it runs."""

    def wait(self) -> int:
        """Wait until it ends and return its exit code."""

    def log(self) -> str:
        """Return all that it has said."""

    def last_lines(self) -> str:
        """Return the last lines of its log."""

    def end(self) -> None:
        """Ask it to end, kill it after ``END_LIMIT_S``, and remove it. Harmless a second time."""


class LabEngine(Protocol):
    """A container engine, as far as a lab needs it."""

    name: str

    def find(self, spec: ImageSpec) -> LabImage:
        """Return the built image, or raise ``UnknownImageError`` with what builds it."""

    def find_reference(self, reference: str) -> LabImage:
        """Return the image on this machine that is called so, or raise ``UnknownImageError``."""

    def gpu_obstacle(self) -> str | None:
        """Say why containers cannot be given a GPU that is there; ``None`` if they can."""

    def start(self, plan: LabPlan) -> RunningLab:
        """Start a lab, or raise ``EngineError``, ``GpuError`` or ``PortInUseError``."""


def wait_until_it_answers(lab: RunningLab, plan: LabPlan, limit: float) -> None:
    """Wait until JupyterLab answers to its token.

    Parameters
    ----------
    lab, plan
        What was started, and with what.
    limit
        Seconds to wait.

    Raises
    ------
    ImageError
        When it ends or the time is over before it answers, with its last lines.
    """
    started = time.monotonic()
    looked = started
    while not _answers(plan):
        now = time.monotonic()
        if now - looked > _ENDED_EVERY_S:
            looked = now
            code = lab.exit_code()
            if code is not None:
                raise ended_early(lab, code)
        if now - started > limit:
            raise ImageError(
                f"The lab does not answer after {limit:.0f} s. Its last lines:\n{lab.last_lines()}"
            )
        time.sleep(_ANSWER_EVERY_S)


def lacks_requirements(lab: RunningLab) -> bool:
    """Whether the lab said that it could not install what the folder asks for."""
    # An engine may be set up to keep no logs.
    with suppress(EngineError):
        return _NOT_INSTALLED in lab.log()
    return False


def ended_early(lab: RunningLab, code: int) -> ImageError:
    """Make the error of a lab that nobody ended."""
    return ImageError(f"The lab ended by itself (exit code {code}):\n{lab.last_lines()}")


def _answers(plan: LabPlan) -> bool:
    request = urllib.request.Request(
        f"http://{HOST}:{plan.port}/api/status", headers={"Authorization": f"token {plan.token}"}
    )
    # A proxy of the environment must neither be asked nor see the token.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False
