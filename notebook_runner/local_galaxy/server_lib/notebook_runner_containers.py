"""Loaded by Galaxy's rules for destinations: what a job's container may see, and which image it is.

It is no part of this package: it is copied beside the server's configuration, where the rule in
``destinations.yml`` imports it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

#: The job's own folders. Its folder as a whole would show what Galaxy keeps there for itself.
JOB_FOLDERS = (
    "$working_directory:rw",
    "$job_directory/outputs:rw",
    "$job_directory/home:rw",
    "$job_directory/tmp:/tmp:rw",
    "$job_directory/configs:ro",
    "$job_directory/inputs:ro",
    "$job_directory/tool_script.sh:ro",
    "$tool_directory:ro",
)
#: What would end a path in Docker's volumes, in Galaxy's list of them, or in the shell.
_UNFIT = re.compile(r"[:,$\"`\\\n{}]")
_DIGEST = re.compile(r"[\w./:-]+@sha256:[0-9a-f]{64}")
_INSPECT_LIMIT_S = 20


def confine(entity: Any, job: Any, tool: Any) -> None:
    """Let the job's container see the job's folders and inputs alone, and tell it its digest.

    Parameters
    ----------
    entity
        TPV's entity, whose ``params`` are those of the destination.
    job
        Galaxy's job, with its inputs.
    tool
        Galaxy's tool.
    """
    params = entity.params = dict(entity.params or {})
    params["docker_volumes"] = ",".join((*JOB_FOLDERS, *(f"{path}:ro" for path in inputs_of(job))))
    digest = registry_digest(params.get("docker_container_id_override") or image_of(tool))
    if digest:
        params["docker_env_NOTEBOOK_RUNNER_IMAGE_DIGEST"] = digest


def inputs_of(job: Any) -> list[str]:
    """List the files of a job's inputs, and the folders of their extra files.

    A collection is here by its elements: Galaxy notes each of them as an input of the job.

    Raises
    ------
    ValueError
        When Docker cannot be given a path as it is.
    """
    associations = [*job.input_datasets, *job.input_library_datasets]
    datasets = [found.dataset.dataset for found in associations if found.dataset]
    paths = {dataset.get_file_name() for dataset in datasets}
    paths |= {path for path in map(_extra_files, datasets) if path}
    for path in paths:
        if _UNFIT.search(path):
            raise ValueError(f"{path!r} cannot be mounted into a container: rename its folder")
    return sorted(paths)


def _extra_files(dataset: Any) -> str | None:
    path = dataset.extra_files_path if dataset.extra_files_path_name else None
    return path if path and Path(path).is_dir() else None


def image_of(tool: Any) -> str | None:
    """Name the Docker image that a tool's XML names; ``None`` where it names none."""
    return next((found.identifier for found in tool.containers if found.type == "docker"), None)


def registry_digest(image: str | None) -> str | None:
    """Ask the engine under which digest it got an image from a registry; ``None`` if it did not.

    The digest is the one thing of an image that a process inside it cannot know.
    """
    if not image:
        return None
    command = ["docker", "image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', image]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_INSPECT_LIMIT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    repository = re.sub(r":[^:/]*$", "", image)
    found = [line for line in answer.stdout.split() if _DIGEST.fullmatch(line)]
    named = [digest for digest in found if digest.partition("@")[0] == repository]
    return next(iter(named or found), None)
