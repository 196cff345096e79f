"""What machine, which packages and which GPU a run had."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LIST_PACKAGES = """
import importlib.metadata as metadata, json, platform
names = {}
for found in metadata.distributions():
    name = found.metadata["Name"] if found.metadata else None
    if name:
        names.setdefault(name, found.version)
print(json.dumps({"python": platform.python_version(), "packages": names}))
"""
_LIST_PACKAGES_LIMIT_S = 60
_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


def describe_machine() -> dict[str, Any]:
    """Name the operating system, the usable CPUs and the memory in bytes.

    The host's name is left out: records are passed on.
    """
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        system = platform.system()
    return {
        "os": system,
        "architecture": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_bytes": _memory_limit(),
        "peak_memory_bytes": None,
    }


def list_packages(python: str, env: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """Ask an interpreter for its version and its installed distributions.

    Parameters
    ----------
    python
        Path of the interpreter that the kernel runs in.
    env
        Environment variables of the kernel.

    Returns
    -------
    tuple
        The Python version, ``None`` when the interpreter gave no answer, and
        the version of each distribution, sorted by name.
    """
    try:
        answer = subprocess.run(
            [python, "-c", _LIST_PACKAGES],
            env=dict(env),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_LIST_PACKAGES_LIMIT_S,
            check=True,
        )
        listed = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None, {}
    packages: dict[str, str] = dict(sorted(listed["packages"].items(), key=lambda p: p[0].lower()))
    return str(listed["python"]), packages


def image_identity(env: Mapping[str, str]) -> dict[str, str] | None:
    """Read which container image this is, as far as the image and who started it say so.

    Our images carry what they are in the file that ``NOTEBOOK_RUNNER_IMAGE``
    names. Its digest in a registry is not known inside; whoever starts the
    container may tell it by ``NOTEBOOK_RUNNER_IMAGE_DIGEST``.

    Returns
    -------
    dict or None
        ``name``, ``tag``, ``content_id``, ``lock_hash``, ``flavour``, ``variant``,
        and ``digest`` (``name@sha256:...``) where it was told; ``None`` outside
        of such an image.
    """
    identity = _read_identity(env.get("NOTEBOOK_RUNNER_IMAGE", ""))
    digest = env.get("NOTEBOOK_RUNNER_IMAGE_DIGEST", "")
    if _DIGEST.fullmatch(digest):
        identity["digest"] = digest
    return identity or None


def _read_identity(file: str) -> dict[str, str]:
    if not file:
        return {}
    try:
        identity = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in identity.items()} if isinstance(identity, dict) else {}


def added_packages(env: Mapping[str, str]) -> dict[str, str]:
    """Name the packages that a session added to those of its image, with their versions.

    In our images they lie in the folder that ``NOTEBOOK_PACKAGES`` names.
    """
    folder = env.get("NOTEBOOK_PACKAGES")
    if not folder:
        return {}
    from importlib.metadata import distributions

    paths = [str(path) for path in Path(folder).glob("lib/python3*/site-packages")]
    found = {d.name: d.version for d in distributions(path=paths)}
    return dict(sorted(found.items(), key=lambda p: p[0].lower()))


def _memory_limit() -> int:
    """Return the memory in bytes that this process may use (cgroup or machine)."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits: Sequence[str] = (
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    )
    for limit in limits:
        try:
            value = int(Path(limit).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        return min(total, value)
    return total
