"""Choosing for a person: the engine, the image and whether the lab gets the GPU."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from notebook_runner.errors import EngineError, GpuError, UnknownImageError
from notebook_runner.images.catalogue import select
from notebook_runner.images.engine import EngineAccessError
from notebook_runner.images.image_names import find_spec
from notebook_runner.images.lab_container_docker import DockerLabs
from notebook_runner.images.lab_container_podman import PodmanLabs

if TYPE_CHECKING:
    from notebook_runner.images.lab_container import LabEngine, LabImage

EngineName = Literal["docker", "podman"]
VariantWish = Literal["auto", "cpu", "gpu"]

#: Where the driver of an NVIDIA GPU shows itself, on Linux and on Windows' Linux.
_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
_NO_GPU = "there is no NVIDIA GPU on this machine"


@dataclass(frozen=True)
class LabChoice:
    """The image to start, whether with the GPU, and a line for the person on why."""

    image: LabImage
    gpu: bool
    note: str | None = None


def choose_engine(asked: EngineName | None) -> LabEngine:
    """Return the engine asked for; else Docker, else Podman.

    Raises
    ------
    EngineError
        When none works: why not Docker, and for Podman if it was asked for.
    """
    if asked == "podman":
        return PodmanLabs()
    try:
        return DockerLabs()
    except EngineError as error:
        # Somebody who names a host of Docker's wants Docker.
        if asked == "docker" or os.environ.get("DOCKER_HOST"):
            raise
        hint = f"Docker is here too. {error}" if isinstance(error, EngineAccessError) else ""
        try:
            return PodmanLabs(hint)
        except EngineError:
            pass
        raise


def find_gpu_obstacle(engine: LabEngine) -> str | None:
    """Say why a lab cannot use a GPU here; ``None`` if it can."""
    if not any(device.exists() for device in _DEVICES):
        return _NO_GPU
    return engine.gpu_obstacle()


def choose_image(
    engine: LabEngine,
    *,
    flavour: str,
    variant: VariantWish,
    gpu: bool | None,
    obstacle: str | None,
) -> LabChoice:
    """Choose the image of a flavour, and whether it gets the GPU.

    Parameters
    ----------
    engine
        Where the image has to be.
    flavour
        ``plain`` or a framework of the catalogue.
    variant
        ``auto`` takes the gpu image where it can use the GPU and is built.
    gpu
        Whether the GPU was asked for; ``None`` takes it if it can be used.
    obstacle
        Why the GPU cannot be used, from `find_gpu_obstacle`.

    Raises
    ------
    GpuError
        When the GPU was asked for and cannot be used.
    UnknownImageError
        When the image is not built, with the command that builds it.
    """
    given = choose_gpu(gpu, obstacle)
    name = "lab" if flavour == "plain" else f"lab-{flavour}"
    note = f"Without a GPU: {obstacle}." if obstacle and gpu is None else None
    if variant == "cpu":
        return LabChoice(engine.find(select(name, "cpu")), given and gpu is True)
    if variant == "gpu":
        return LabChoice(engine.find(select(name, "gpu")), given, note)
    if not given:
        return LabChoice(engine.find(select(name, "cpu")), gpu=False, note=note)
    try:
        return LabChoice(engine.find(select(name, "gpu")), gpu=True)
    except UnknownImageError as error:
        if gpu is True:
            raise
        return LabChoice(
            engine.find(select(name, "cpu")), gpu=False, note=f"Without the GPU: {error}"
        )


def find_named(engine: LabEngine, reference: str) -> LabImage:
    """Return the image that a reference names.

    Raises
    ------
    UnknownImageError
        When it is not on this machine; of a name of ``images.yml``, with the
        options that open it.
    """
    try:
        return engine.find_reference(reference)
    except UnknownImageError as error:
        spec = find_spec(reference)
        if spec is None:
            raise
        flavour = spec.image.framework or "plain"
        raise UnknownImageError(
            f"No image on this machine is called {reference!r}. The one of containers/images.yml "
            f"is opened with --flavour {flavour} --variant {spec.variant} instead of --image."
        ) from error


def choose_gpu(asked: bool | None, obstacle: str | None) -> bool:
    """Return whether a lab gets the GPU.

    Raises
    ------
    GpuError
        When it was asked for and there is an obstacle.
    """
    if asked is True and obstacle is not None:
        raise GpuError(f"A GPU was asked for, and {obstacle}. Leave out --gpu to work without.")
    return asked is not False and obstacle is None
