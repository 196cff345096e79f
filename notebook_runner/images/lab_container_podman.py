"""Labs in Podman, through its command line: no service of it has to run."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import EngineError, GpuError, UnknownImageError
from notebook_runner.images import labels
from notebook_runner.images.image_names import how_to_get
from notebook_runner.images.lab_container import (
    END_LIMIT_S,
    INSIDE_PORT,
    LOG_LINES,
    SHARED_MEMORY,
    LabImage,
)
from notebook_runner.images.lab_container_place import HOST, choose_user, port_in_use
from notebook_runner.images.lock import lock_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebook_runner.images.catalogue import ImageSpec
    from notebook_runner.images.lab_container import LabPlan

#: Where descriptions of devices lie that containers can be given.
_CDI_FOLDERS = (Path("/etc/cdi"), Path("/var/run/cdi"))
#: The largest process number of this machine.
_PROCESS_NUMBERS = Path("/proc/sys/kernel/pid_max")
_GPU = "nvidia.com/gpu"


class PodmanLabs:
    """Labs in the Podman of this account.

    Parameters
    ----------
    hint
        What else to say where an image is missing.

    Raises
    ------
    EngineError
        When there is none, or it does not work.
    """

    name = "Podman"

    def __init__(self, hint: str = "") -> None:
        self._hint = f". {hint}" if hint else ""
        if shutil.which("podman") is None:
            raise EngineError("There is no podman on the PATH. Install it, or take Docker.")
        self._rootless = _ask("info", "--format", "{{.Host.Security.Rootless}}").strip() == "true"

    def find(self, spec: ImageSpec) -> LabImage:
        """Return an image built of a spec from today's locks, chosen as Docker's are."""
        wanted = {labels.IMAGE: spec.name, labels.VARIANT: spec.variant}
        filters = [f"--filter=label={key}={value}" for key, value in wanted.items()]
        built = json.loads(_ask("images", *filters, "--format=json"))
        for image in sorted(built, key=lambda image: _rank(image, spec), reverse=True):
            if image["Labels"].get(labels.LOCK_HASH) == lock_hash(spec):
                return self.find_reference(image["Id"])
        raise UnknownImageError(
            f"Podman has no image {spec.name} ({spec.variant}) of today's lock files. Build it "
            f"with Docker, notebook-runner image build {spec.name} --variant {spec.variant}, "
            f"and hand it over: docker save IMAGE | podman load{self._hint}"
        )

    def find_reference(self, reference: str) -> LabImage:
        """Return the image that a reference names."""
        try:
            (image,) = json.loads(_ask("image", "inspect", reference))
        except EngineError as error:
            elsewhere = f"podman pull {reference}, or docker save {reference} | podman load"
            raise UnknownImageError(
                f"Podman has no image {reference!r}. {how_to_get(reference, elsewhere)}{self._hint}"
            ) from error
        names = _plain_names(image.get("RepoTags"))
        # Podman makes up digests of localhost for what never was in a registry.
        digests = [d for d in image.get("RepoDigests") or [] if not d.startswith("localhost/")]
        return LabImage(
            id=image["Id"],
            name=names[0] if names else image["Id"][:12],
            digest=digests[0] if digests else None,
        )

    def gpu_obstacle(self) -> str | None:
        """Say that nothing describes the GPU to Podman, if so."""
        for folder in _CDI_FOLDERS:
            for file in folder.glob("*"):
                if file.is_file() and _GPU in file.read_text(errors="replace"):
                    return None
        return (
            "Podman cannot hand over the GPU of this machine: install the NVIDIA Container Toolkit "
            "and run `sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`"
        )

    def start(self, plan: LabPlan) -> PodmanLab:
        """Create and start the container."""
        lab = PodmanLab(plan.name)
        command = [*_runtime(), "run", "--detach", f"--name={plan.name}", *self._options(plan)]
        try:
            _ask(*command, plan.image.id, *plan.command, variables=plan.variables)
        except EngineError as error:
            lab.end()
            raise _refused(error, plan) from error
        except BaseException:
            lab.end()
            raise
        return lab

    def _options(self, plan: LabPlan) -> list[str]:
        uid, gid = choose_user(plan.folder)
        options = [
            f"--user={uid}:{gid}",
            f"--shm-size={SHARED_MEMORY}",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            # The folder is the person's, and keeps the label that it has.
            "--security-opt=label=disable",
            *_limits(),
            # Named, not told: their values come from the environment of podman itself.
            *[f"--env={name}" for name in plan.variables],
        ]
        for source, target, read_only in plan.mounts:
            if "," in str(source):
                raise EngineError(f"Podman cannot mount {source}: there is a comma in its name.")
            access = ",ro=true" if read_only else ""
            options.append(f"--mount=type=bind,source={source},target={target}{access}")
        if self._rootless:
            options.append("--userns=keep-id")
        if plan.gpu:
            options.append(f"--device={_GPU}=all")
        if plan.on_host_network:
            options.append("--network=host")
        else:
            options.append(f"--publish={HOST}:{plan.port}:{INSIDE_PORT}")
        return options


class PodmanLab:
    """A lab that runs in Podman."""

    def __init__(self, name: str) -> None:
        self._name = name

    def exit_code(self) -> int | None:
        """Return how it ended; ``None`` while it runs."""
        (state,) = json.loads(_ask("inspect", "--type=container", "--format=json", self._name))
        ended = state["State"]["Status"] in {"exited", "stopped", "dead"}
        return int(state["State"]["ExitCode"]) if ended else None

    def wait(self) -> int:
        """Wait until it ends and return its exit code."""
        return int(_ask("wait", self._name))

    def log(self) -> str:
        """Return all that it has said."""
        return _ask("logs", self._name, with_errors=True)

    def last_lines(self) -> str:
        """Return the last lines of its log."""
        return _ask("logs", f"--tail={LOG_LINES}", self._name, with_errors=True).strip()

    def end(self) -> None:
        """Ask it to end, kill it after a while, and remove it."""
        for command in (["stop", f"--time={END_LIMIT_S}"], ["rm", "--force"]):
            _ask(*command, "--ignore", self._name)


def _runtime() -> list[str]:
    """Choose runc where control groups are of both versions at once: crun refuses those."""
    mixed = Path("/sys/fs/cgroup/unified").is_dir()
    # Debian keeps it where only root's PATH looks.
    runc = shutil.which("runc", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    return [f"--runtime={runc}"] if mixed and runc else []


def _ask(
    *arguments: str, variables: Mapping[str, str] | None = None, with_errors: bool = False
) -> str:
    """Run podman and return what it prints.

    Raises
    ------
    EngineError
        When it fails, with its last line.
    """
    ended = subprocess.run(
        ["podman", *arguments],
        env={**os.environ, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if with_errors else subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        # Ctrl-C is for this process, which then ends the container in good order.
        start_new_session=True,
        check=False,
    )
    if ended.returncode != 0:
        lines: Sequence[str] = (ended.stderr or ended.stdout).strip().splitlines() or ["no reason"]
        raise EngineError(f"podman {arguments[0]} failed: {lines[-1].removeprefix('Error: ')}")
    return ended.stdout


def _rank(image: dict[str, Any], spec: ImageSpec) -> tuple[bool, int, str]:
    """Tell how near an image is to what a person means: by its name, then its age."""
    names = _plain_names(image.get("Names"))
    is_named = any(name.startswith(f"{spec.repository}:") for name in names)
    return is_named, int(image["Created"]), str(image["Id"])


def _plain_names(names: Sequence[str] | None) -> list[str]:
    """Name images as Docker does; Podman puts what it did not pull on a host of its own."""
    return [name.removeprefix("localhost/") for name in names or []]


def _limits() -> list[str]:
    """Set the limits of this account: as root, Podman would ask for more than a machine may give.

    It has lowered its own limit of processes to the largest process number before.
    """
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    _, processes = resource.getrlimit(resource.RLIMIT_NPROC)
    numbers = int(_PROCESS_NUMBERS.read_text())
    if processes == resource.RLIM_INFINITY or processes > numbers:
        processes = numbers
    return [f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}"]


def _refused(error: EngineError, plan: LabPlan) -> Exception:
    reason = str(error)
    if "address already in use" in reason:
        return port_in_use(plan.port)
    if _GPU in reason:
        return GpuError(f"Podman cannot hand over the GPU; try --no-gpu. It says: {reason}")
    return error
