"""Labs in Docker, through its SDK."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import EngineError, GpuError
from notebook_runner.images.engine import connect, explained, find_image, find_reference
from notebook_runner.images.lab_container import (
    END_LIMIT_S,
    INSIDE_PORT,
    LOG_LINES,
    SHARED_MEMORY,
    LabImage,
)
from notebook_runner.images.lab_container_place import HOST, choose_user, port_in_use

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.models.images import Image

    from notebook_runner.images.catalogue import ImageSpec
    from notebook_runner.images.lab_container import LabPlan

_TOOLKIT = ("nvidia-container-runtime-hook", "nvidia-container-runtime")


class DockerLabs:
    """Labs in the Docker engine of this machine.

    Raises
    ------
    EngineError
        When there is none, it may not be used, or it is another machine's.
    """

    name = "Docker"

    def __init__(self) -> None:
        host = os.environ.get("DOCKER_HOST", "")
        if host and not host.startswith("unix://"):
            raise EngineError(
                f"The container engine at {host} is another machine's, and your folder is not "
                "there. Unset DOCKER_HOST, or run this command on that machine."
            )
        self._client = connect()
        with explained(self._client):
            self._info: dict[str, Any] = self._client.info()

    def find(self, spec: ImageSpec) -> LabImage:
        """Return the newest image built of a spec."""
        return _lab_image(find_image(self._client, spec))

    def find_reference(self, reference: str) -> LabImage:
        """Return the image that a reference names."""
        return _lab_image(find_reference(self._client, reference))

    def gpu_obstacle(self) -> str | None:
        """Say that the NVIDIA Container Toolkit is missing, if it is."""
        known = "nvidia" in self._info.get("Runtimes", {})
        if known or any(shutil.which(program) for program in _TOOLKIT):
            return None
        return (
            "Docker cannot hand over the GPU of this machine: install the NVIDIA Container "
            "Toolkit, and run `sudo nvidia-ctk runtime configure` with `--runtime=docker`"
        )

    def start(self, plan: LabPlan) -> DockerLab:
        """Create and start the container."""
        from docker.errors import APIError

        with explained(self._client):
            container = self._client.containers.create(
                plan.image.id,
                plan.command,
                name=plan.name,
                environment=plan.variables,
                **self._settings(plan),
            )
        lab = DockerLab(container)
        try:
            container.start()
        except BaseException as error:
            lab.end()
            if isinstance(error, APIError):
                raise _refused(error, plan) from error
            raise
        return lab

    def _settings(self, plan: LabPlan) -> dict[str, Any]:
        from docker.types import DeviceRequest, Mount

        settings: dict[str, Any] = {
            "mounts": [
                Mount(target, str(source), type="bind", read_only=read_only)
                for source, target, read_only in plan.mounts
            ],
            "shm_size": SHARED_MEMORY,
            # Nothing that a notebook does needs more rights than its user has.
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            **self._user(plan),
        }
        if plan.gpu:
            settings["device_requests"] = [DeviceRequest(count=-1, capabilities=[["gpu"]])]
        if plan.on_host_network:
            settings["network_mode"] = "host"
        else:
            settings["ports"] = {f"{INSIDE_PORT}/tcp": (HOST, plan.port)}
        return settings

    def _user(self, plan: LabPlan) -> dict[str, Any]:
        """Choose the user inside whose files are the person's outside."""
        options = " ".join(self._info.get("SecurityOptions") or [])
        if "name=rootless" in options:
            return {"user": "0:0"}
        uid, gid = choose_user(plan.folder)
        settings: dict[str, Any] = {"user": f"{uid}:{gid}"}
        if os.geteuid() != 0:
            # A folder may be writable by a group that the person is in.
            settings["group_add"] = [str(group) for group in os.getgroups() if group != gid]
        if "name=userns" in options:
            settings["userns_mode"] = "host"
        return settings


class DockerLab:
    """A lab that runs in Docker."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def exit_code(self) -> int | None:
        """Return how it ended; ``None`` while it runs."""
        with explained(self._container.client):
            self._container.reload()
        state = self._container.attrs["State"]
        return None if state["Status"] in {"created", "running"} else int(state["ExitCode"])

    def wait(self) -> int:
        """Wait until it ends and return its exit code."""
        from requests.exceptions import RequestException

        # The SDK gives up on an answer that takes long, and is asked again.
        while (code := self.exit_code()) is None:
            with suppress(RequestException):
                self._container.wait()
        return code

    def log(self) -> str:
        """Return all that it has said."""
        return self._logs()

    def last_lines(self) -> str:
        """Return the last lines of its log."""
        return self._logs(tail=LOG_LINES)

    def _logs(self, **options: Any) -> str:
        with explained(self._container.client):
            return str(self._container.logs(**options).decode(errors="replace")).strip()

    def end(self) -> None:
        """Ask it to end, kill it after a while, and remove it."""
        from docker.errors import NotFound

        with explained(self._container.client), suppress(NotFound):
            self._container.stop(timeout=END_LIMIT_S)
            self._container.remove(force=True)


def _lab_image(image: Image) -> LabImage:
    digests = image.attrs.get("RepoDigests") or []
    name = image.tags[0] if image.tags else image.short_id
    return LabImage(id=image.id, name=name, digest=digests[0] if digests else None)


def _refused(error: Exception, plan: LabPlan) -> Exception:
    """Say what kept a container from starting."""
    reason = " ".join(str(getattr(error, "explanation", None) or error).split())
    if "port is already allocated" in reason or "address already in use" in reason:
        return port_in_use(plan.port)
    if "could not select device driver" in reason or "nvidia" in reason:
        return GpuError(f"Docker cannot hand over the GPU; try --no-gpu. It says: {reason}")
    return EngineError(f"Docker cannot start the lab: {reason}")
