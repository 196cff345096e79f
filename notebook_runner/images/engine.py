"""The container engine: reach it, and find in it what was built."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from notebook_runner.errors import EngineError, UnknownImageError
from notebook_runner.images import labels
from notebook_runner.images.image_names import how_to_get
from notebook_runner.images.lock import lock_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

    from notebook_runner.images.catalogue import ImageSpec

_DEFAULT_HOST = "unix:///var/run/docker.sock"
#: Seconds to wait for each answer. Removing a large image takes its time.
_ANSWER_LIMIT_S = 120
_CREATED_LENGTH = len("2026-01-01T00:00:00.000000000")


class EngineAccessError(EngineError):
    """The engine is there, and this account may not use it."""


def connect() -> DockerClient:
    """Reach the engine that DOCKER_HOST names, else the one of this machine.

    Raises
    ------
    EngineError
        When there is none, it may not be used, or it does not answer: with
        what was tried and what to do.
    """
    try:
        import docker
    except ModuleNotFoundError as error:
        raise EngineError(
            "Images need more of this package: pip install 'galaxy-notebook-runner[images]'."
        ) from error
    host = os.environ.get("DOCKER_HOST") or _DEFAULT_HOST
    try:
        client = docker.from_env(timeout=_ANSWER_LIMIT_S)
        client.ping()
    # A DOCKER_HOST that cannot be parsed is a ValueError.
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise _unusable(error, host) from error
    return client


@contextmanager
def explained(client: DockerClient) -> Iterator[None]:
    """Turn what goes wrong between here and the engine into an EngineError of one line."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        # It answers, and says no.
        reason = str(error.explanation or error)
        raise EngineError(f"The container engine refused: {_one_line(reason)}") from error
    except RequestException as error:
        raise _unusable(error, client.api.base_url) from error
    except DockerException as error:
        raise EngineError(f"The container engine refused: {_one_line(str(error))}") from error


def find_image(client: DockerClient, spec: ImageSpec) -> Image:
    """Return the image that was built of ``spec`` from the locks as they are now.

    Of several it is the first of `built_images`.

    Raises
    ------
    UnknownImageError
        When it is not built, or only from other locks, with the command that builds it.
    """
    build = f"notebook-runner image build {spec.name} --variant {spec.variant}"
    built = built_images(client, spec)
    if not built:
        raise UnknownImageError(
            f"The image {spec.name} ({spec.variant}) is not built. Build it: {build}"
        )
    current = lock_hash(spec)
    for image in built:
        if image.labels.get(labels.LOCK_HASH) == current:
            return image
    raise UnknownImageError(
        f"The image {spec.name} ({spec.variant}) is built from other lock files than those of "
        f"today. Build it anew: {build}"
    )


def built_images(client: DockerClient, spec: ImageSpec) -> list[Image]:
    """List the images that were built of ``spec``: those that carry its name first, then by age.

    The newest comes first, and the order is the same each time.
    """
    wanted = [f"{labels.IMAGE}={spec.name}", f"{labels.VARIANT}={spec.variant}"]
    with explained(client):
        images: list[Image] = client.images.list(filters={"label": wanted})

    def rank(image: Image) -> tuple[bool, str, str]:
        is_named = any(tag.startswith(f"{spec.repository}:") for tag in image.tags)
        return is_named, _created(image), str(image.id)

    return sorted(images, key=rank, reverse=True)


def find_reference(client: DockerClient, reference: str) -> Image:
    """Return the image that a reference names, as far as it is on this machine.

    Raises
    ------
    UnknownImageError
        When it is not there: nothing is pulled unasked.
    """
    from docker.errors import ImageNotFound, NullResource

    with explained(client):
        try:
            return client.images.get(reference)
        except (ImageNotFound, NullResource) as error:
            raise UnknownImageError(
                f"There is no image {reference!r} on this machine. "
                f"{how_to_get(reference, f'docker pull {reference}')}"
            ) from error


def find_container(client: DockerClient, name: str) -> Container:
    """Return a running container by its name or ID.

    Raises
    ------
    UnknownImageError
        When there is none, or it is not running.
    """
    from docker.errors import NotFound, NullResource

    with explained(client):
        try:
            container = client.containers.get(name)
        except (NotFound, NullResource) as error:
            raise UnknownImageError(
                f"There is no container {name!r}; `docker ps` lists those that run."
            ) from error
    if container.status != "running":
        raise UnknownImageError(
            f"The container {name!r} does not run (it is {container.status}): nothing can be asked."
        )
    return container


def _created(image: Image) -> str:
    """Return when an image was made, in a form that sorts."""
    return str(image.attrs.get("Created", ""))[:_CREATED_LENGTH]


def _unusable(error: BaseException, host: str) -> EngineError:
    """Make the error that says in one line why an engine cannot be used, and what to do."""
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return EngineAccessError(
            f"You may not use the container engine at {host}. Join the group docker "
            "(`sudo usermod -aG docker $USER`) and log in again."
        )
    if any(isinstance(cause, FileNotFoundError) for cause in causes):
        return EngineError(
            f"There is no container engine at {host}. `make docker-engine` installs and "
            "starts one; DOCKER_HOST names another."
        )
    reason = _one_line(str(causes[-1]))
    return EngineError(
        f"The container engine at {host} does not answer ({reason}). Start it "
        "(`make docker-engine`), or name another in DOCKER_HOST."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from an exception to what it came from.

    The HTTP libraries in between wrap a cause as an argument as often as they chain it.
    """
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or cause in seen:
            continue
        seen.append(cause)
        yield cause
        waiting += [cause.__context__, cause.__cause__, getattr(cause, "reason", None), *cause.args]


def _one_line(text: str) -> str:
    return " ".join(text.split())
