"""What a probe found in an image, a container or a local environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from notebook_runner.errors import ImageError
from notebook_runner.images.declared_values import first_problem

if TYPE_CHECKING:
    from pathlib import Path


#: Bytes that a file may have that is read: those of our images have less than one megabyte.
_LARGEST_FILE = 50_000_000

#: A number of bytes, as far as a file system can count.
Bytes = Annotated[int, Field(ge=0, lt=2**63)]


class _Found(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OperatingSystem(_Found):
    """The distribution, as its ``os-release`` says, and the machine's architecture."""

    id: str
    version: str
    name: str
    architecture: str


class EnvironmentFound(_Found):
    """One Python environment.

    ``packages`` has the version and ``sizes`` the bytes on disk of each
    distribution, byte-code included, under its normalised name.
    """

    python: str
    executable: str
    packages: dict[str, str]
    sizes: dict[str, Bytes]


class CudaFound(_Found):
    """The CUDA that is there, and the one that each library was built for.

    ``runtimes`` names every CUDA runtime by the package or file that brings
    it; ``runtime`` is the first of them, as major.minor. In ``seen_by`` a
    library that is not installed, or has no CUDA, is ``None``; why one could
    not be asked stands in ``errors``.
    """

    runtime: str | None = None
    runtimes: dict[str, str] = {}
    cudnn: str | None = None
    driver: str | None = None
    seen_by: dict[str, str | None] = {}
    errors: dict[str, str] = {}


class Device(_Found):
    """A GPU, with its memory in bytes."""

    name: str
    memory_bytes: Bytes


class KernelspecFound(_Found):
    """A kernel that a notebook can choose."""

    name: str
    display_name: str
    language: str
    argv: list[str]


class Extension(_Found):
    """An extension of JupyterLab or of its server; ``problem`` says why one is not ``ok``."""

    name: str
    version: str | None = None
    enabled: bool
    ok: bool
    problem: str | None = None


class Manifest(_Found):
    """All that a probe found.

    ``size`` is in bytes: of an image what its layers have, uncompressed; of
    a local environment what its packages have. ``problems`` are the questions
    that got no answer, in a sentence each.
    """

    manifest_version: Literal[1] = 1
    probed: str
    os: OperatingSystem
    python: str
    environments: dict[str, EnvironmentFound]
    cuda: CudaFound
    devices: list[Device] = []
    kernelspecs: list[KernelspecFound] = []
    lab_extensions: list[Extension] = []
    server_extensions: list[Extension] = []
    identity: dict[str, str] | None = None
    variables: dict[str, str] = {}
    problems: list[str] = []
    size: Bytes | None = None

    @property
    def kernels(self) -> EnvironmentFound:
        """The environment that notebooks run in."""
        return self.environments["kernels"]


def read_manifest(path: Path) -> Manifest:
    """Read a manifest that ``notebook-runner image probe -o`` wrote.

    Raises
    ------
    ImageError
        When the file cannot be read or is not a manifest.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) <= _LARGEST_FILE:
            return Manifest.model_validate_json(content)
        reason = f"it has more than {_LARGEST_FILE:,} bytes"
    except OSError as error:
        raise ImageError(f"The manifest {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        is_json = error.errors()[0]["type"] != "json_invalid"
        reason = first_problem(error) if is_json else "it is no JSON"
    raise ImageError(
        f"{path} is not a manifest ({reason}); "
        "`notebook-runner image probe IMAGE -o FILE` writes one."
    )
