"""Ask a place what is in it, and understand the answer."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import ImageError
from notebook_runner.images.manifest import (
    CudaFound,
    Device,
    EnvironmentFound,
    KernelspecFound,
    Manifest,
    OperatingSystem,
)
from notebook_runner.images.probe_extensions import read_lab_extensions, read_server_extensions

if TYPE_CHECKING:
    from notebook_runner.images.runners import CompletedRun, Runner

#: The libraries that are asked for their CUDA.
CUDA_LIBRARIES = ("torch", "tensorflow", "jax", "cupy", "onnxruntime", "numba")

_NO_COMMAND = (126, 127)
_RUNTIME_PACKAGE = re.compile(r"nvidia-cuda-runtime(-cu\d+)?")
_CUDNN_PACKAGE = re.compile(r"nvidia-cudnn(-cu\d+)?")
_LIBRARY = re.compile(r"lib(cudart|cudnn)\.so\.(\d+(?:\.\d+)+)")
_NO_SUBCOMMAND = re.compile(r"Jupyter command `.*` not found")
_MIB = 2**20


def probe(runner: Runner) -> Manifest:
    """Find out what is in a place.

    Parameters
    ----------
    runner
        The place: an image, a running container, a local environment.

    Raises
    ------
    ImageError
        When there is no Python in it that can tell, or the answer makes no sense.
    EngineError
        When the engine does not do what is asked.
    """
    script = files("notebook_runner.images").joinpath("probe_script.py").read_text("utf-8")
    folder = [] if runner.folder is None else [runner.folder]
    ended = runner.run([runner.python, "-I", "-c", script, *folder])
    return _understand(runner, _facts(runner, ended))


def _facts(runner: Runner, ended: CompletedRun) -> dict[str, Any]:
    if ended.code in _NO_COMMAND:
        raise ImageError(
            f"{runner.name} cannot be probed: {runner.python} does not run there "
            f"({_last_line(ended.errors)})."
        )
    if ended.code != 0:
        raise ImageError(
            f"The probe failed in {runner.name} with exit code {ended.code}; it needs Python 3.8 "
            f"or later ({_last_line(ended.errors)})."
        )
    try:
        # Whatever start-up code has to say comes before.
        facts: dict[str, Any] = json.loads(_last_line(ended.output))
    except ValueError as error:
        raise ImageError(
            f"The probe of {runner.name} was not answered with JSON: {_last_line(ended.output)!r}."
        ) from error
    return facts


def _understand(runner: Runner, facts: dict[str, Any]) -> Manifest:
    problems: list[str] = list(facts["problems"])
    jupyter = {
        name: _take_answer(f"jupyter's {name.replace('_', ' ')}", answer, problems)
        for name, answer in facts["jupyter"].items()
    }
    environments = {
        name: EnvironmentFound(**{k: v for k, v in found.items() if k != "prefix"})
        for name, found in facts["environments"].items()
    }
    gpus = _read_gpus(_take_answer("nvidia-smi", facts["gpus"], problems))
    release = facts["os_release"]
    size = runner.size()
    return Manifest(
        probed=runner.name,
        os=OperatingSystem(
            id=release.get("ID", "linux"),
            version=release.get("VERSION_ID", ""),
            name=release.get("PRETTY_NAME", "Linux"),
            architecture=facts["architecture"],
        ),
        python=environments["kernels"].python,
        environments=environments,
        cuda=_read_cuda(environments, facts, driver=gpus[0][1] if gpus else None),
        devices=[device for device, _ in gpus],
        kernelspecs=_read_kernelspecs(jupyter.get("kernelspecs", "")),
        lab_extensions=read_lab_extensions(jupyter.get("lab_extensions", "")),
        server_extensions=read_server_extensions(jupyter.get("server_extensions", "")),
        identity=facts["identity"],
        variables=facts["variables"],
        problems=problems,
        size=size if size is not None else _sum_packages(environments),
    )


def _take_answer(asked: str, answer: dict[str, Any] | None, problems: list[str]) -> str:
    """Return all that a command said; one that failed becomes a problem."""
    if answer is None:
        return ""
    if answer["code"] != 0:
        said = _last_line(answer["errors"]) or _last_line(answer["output"])
        # An environment without JupyterLab or its server has no extensions of theirs.
        if _NO_SUBCOMMAND.search(said):
            return ""
        problems.append(f"{asked}: exit code {answer['code']} ({said})")
        return ""
    return f"{answer['output']}\n{answer['errors']}" if asked != "nvidia-smi" else answer["output"]


def _sum_packages(environments: dict[str, EnvironmentFound]) -> int:
    return sum(sum(found.sizes.values()) for found in environments.values())


# ---- CUDA and devices -------------------------------------------------------------


def _read_cuda(
    environments: dict[str, EnvironmentFound], facts: dict[str, Any], *, driver: str | None
) -> CudaFound:
    libraries = [
        (path, match) for path in facts["cuda_libraries"] if (match := _match_library(path))
    ]
    runtimes = _versions_of(_RUNTIME_PACKAGE, environments)
    runtimes |= {path: m[2] for path, m in libraries if m[1] == "cudart"}
    cudnn = _versions_of(_CUDNN_PACKAGE, environments)
    cudnn |= {path: m[2] for path, m in libraries if m[1] == "cudnn"}
    answers = facts["cuda_answers"]
    return CudaFound(
        runtime=next((_major_minor(version) for version in runtimes.values()), None),
        runtimes=runtimes,
        cudnn=next(iter(cudnn.values()), None),
        driver=driver,
        seen_by={
            name: _major_minor(_last_line(answers[name]["output"]))
            if name in answers and answers[name]["code"] == 0
            else None
            for name in CUDA_LIBRARIES
        },
        errors={
            name: _last_line(answer["errors"]) or f"exit code {answer['code']}"
            for name, answer in answers.items()
            if answer["code"] != 0
        },
    )


def _versions_of(
    package: re.Pattern[str], environments: dict[str, EnvironmentFound]
) -> dict[str, str]:
    """Find a package in all environments, the kernels' first."""
    names = sorted(environments, key=lambda name: name != "kernels")
    return {
        f"{name} in {environment}": version
        for environment in names
        for name, version in environments[environment].packages.items()
        if package.fullmatch(name)
    }


def _match_library(path: str) -> re.Match[str] | None:
    return _LIBRARY.fullmatch(PurePosixPath(path).name)


def _major_minor(version: str) -> str | None:
    """Shorten ``12.5.1``, or CUDA's own number 12050, to ``12.5``."""
    if version.isdecimal() and int(version) >= 1000:
        return f"{int(version) // 1000}.{int(version) % 1000 // 10}"
    return ".".join(version.split(".")[:2]) or None


def _read_gpus(table: str) -> list[tuple[Device, str]]:
    """Read name, driver and MiB of each GPU; a memory that nobody knows is 0."""
    gpus = []
    for line in filter(None, table.splitlines()):
        name, driver, memory = (cell.strip() for cell in line.rsplit(",", 2))
        size = int(memory) * _MIB if memory.isdecimal() else 0
        gpus.append((Device(name=name, memory_bytes=size), driver))
    return gpus


# ---- Jupyter ----------------------------------------------------------------------


def _read_kernelspecs(answer: str) -> list[KernelspecFound]:
    """Read what ``jupyter kernelspec list --json`` prints, whatever is said around it."""
    if "{" not in answer:
        return []
    listed, _ = json.JSONDecoder().raw_decode(answer[answer.index("{") :])
    return [
        KernelspecFound(
            name=name,
            display_name=found["spec"].get("display_name", name),
            language=found["spec"].get("language", ""),
            argv=found["spec"].get("argv", []),
        )
        for name, found in sorted(listed["kernelspecs"].items())
    ]


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
