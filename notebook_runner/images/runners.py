"""Where a command can run: in an image, in a running container, in a local environment."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from notebook_runner.errors import EngineError, ImageError
from notebook_runner.images.engine import explained, find_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

_LIMIT_S = 900
#: What a shell answers when there is no such command, or it cannot be executed.
_NOT_RUN = (126, 127)


@dataclass(frozen=True)
class CompletedRun:
    """How a command ended, and what it wrote."""

    code: int
    output: str
    errors: str


class Runner(Protocol):
    """A place that commands run in.

    Attributes
    ----------
    name
        What it is, as a person calls it.
    python
        The interpreter to ask, as the place itself names it.
    folder
        The folder of the only environment there; ``None`` where the place is
        to be looked through.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def python(self) -> str: ...  # noqa: D102

    @property
    def folder(self) -> str | None: ...  # noqa: D102

    def run(self, command: Sequence[str]) -> CompletedRun:
        """Run a command to its end, without standard input."""
        ...

    def size(self) -> int | None:
        """Return the bytes of the place, ``None`` where nobody has counted them."""
        ...


@dataclass(frozen=True)
class ImageRunner:
    """A fresh container of an image for each command: no network, removed afterwards."""

    client: DockerClient
    reference: str
    folder: str | None = None
    python: str = "python3"

    @property
    def name(self) -> str:
        """The reference of the image."""
        return self.reference

    def run(self, command: Sequence[str]) -> CompletedRun:
        """Run a command in place of what the image would start.

        Raises
        ------
        UnknownImageError
            When the image is not on this machine.
        EngineError
            When the engine refuses, or the command does not end.
        """
        from docker.errors import APIError

        with self._container(command) as container:
            try:
                container.start()
            except APIError as error:
                if "exec:" not in str(error.explanation):
                    raise
                return CompletedRun(_NOT_RUN[1], "", str(error.explanation))
            code = _wait(container, self.name)
            output = container.logs(stdout=True, stderr=False)
            errors = container.logs(stdout=False, stderr=True)
        return CompletedRun(code, _text(output), _text(errors))

    def size(self) -> int | None:
        """Return the bytes of all layers, uncompressed."""
        with explained(self.client):
            return sum_layers(find_reference(self.client, self.reference))

    @contextmanager
    def _container(self, command: Sequence[str]) -> Iterator[Container]:
        image = find_reference(self.client, self.reference)
        with explained(self.client):
            container = self.client.containers.create(
                image,
                entrypoint=command[0],
                command=list(command[1:]),
                network_mode="none",
            )
            try:
                yield container
            finally:
                container.remove(force=True, v=True)


@dataclass(frozen=True)
class ContainerRunner:
    """A container that is running already."""

    client: DockerClient
    container: Container
    folder: str | None = None
    python: str = "python3"

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.container.name)

    def run(self, command: Sequence[str]) -> CompletedRun:
        """Run a command beside what runs there, as the container's own user."""
        with explained(self.client):
            ended = self.container.exec_run(list(command), demux=True)
        output, errors = ended.output
        if ended.exit_code in _NOT_RUN:
            # The engine says in the output why it could not execute anything.
            return CompletedRun(ended.exit_code, "", _text(errors or output))
        return CompletedRun(ended.exit_code, _text(output), _text(errors))

    def size(self) -> int | None:
        """Return the bytes of the layers of its image, uncompressed."""
        with explained(self.client):
            return sum_layers(self.container.image)


@dataclass(frozen=True)
class LocalRunner:
    """A virtual environment on this machine, or the folder of any Python installation."""

    path: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.path)

    @property
    def folder(self) -> str:
        """The folder, absolute: commands start somewhere else."""
        return str(self.path.absolute())

    @property
    def python(self) -> str:
        """The environment's interpreter.

        Raises
        ------
        ImageError
            When the folder has none.
        """
        python = self.path.absolute() / "bin" / "python"
        if not python.exists():
            raise ImageError(
                f"{self.path} is not a Python environment: there is no bin/python in it."
            )
        return str(python)

    def run(self, command: Sequence[str]) -> CompletedRun:
        """Run a command with this process's environment variables."""
        try:
            ended = subprocess.run(
                list(command),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT_S,
                check=False,
            )
        except OSError as error:
            return CompletedRun(_NOT_RUN[1], "", f"{command[0]}: {error.strerror}")
        except subprocess.TimeoutExpired as error:
            raise ImageError(f"{command[0]} gave no answer within {_LIMIT_S} s.") from error
        return CompletedRun(ended.returncode, _text(ended.stdout), _text(ended.stderr))

    def size(self) -> int | None:
        """Return nothing: the folder may hold more than the environment."""
        return None


def sum_layers(image: Image) -> int:
    """Return the bytes of an image's layers, uncompressed.

    Engines differ in what they call an image's size; the layers' is the same
    in all of them.
    """
    return sum(int(layer["Size"]) for layer in image.history())


def _wait(container: Container, name: str) -> int:
    from requests.exceptions import ConnectionError as NoAnswerError
    from requests.exceptions import ReadTimeout

    try:
        return int(container.wait(timeout=_LIMIT_S)["StatusCode"])
    except (NoAnswerError, ReadTimeout) as error:
        raise EngineError(
            f"A container of {name} did not end within {_LIMIT_S} s and was removed."
        ) from error


def _text(output: bytes | None) -> str:
    return (output or b"").decode("utf-8", "replace")
