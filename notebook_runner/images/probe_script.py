"""Tells what is in the place it runs in, as JSON on standard output.

It is handed over as text to a Python that knows nothing of this package, of
version 3.8 or later: nothing but the standard library may be used here, and
what can be interpreted outside is passed on as it stands. The one argument,
if there is one, is the folder of the only environment to look at.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

_QUESTION_LIMIT_S = 180
_ENVIRONMENTS = ("server", "runner", "kernels")

_WHERE = (
    "import json, platform, sys;"
    "print(json.dumps([platform.python_version(), sys.executable, sys.prefix, sys.path]))"
)
_JAX_CUDA = """
import importlib, pkgutil, jax
for module in pkgutil.iter_modules():
    if module.name.startswith("jax_cuda") and module.name.endswith("_plugin"):
        versions = importlib.import_module(module.name + "._versions")
        print(versions.cuda_runtime_build_version())
"""
#: For each library the distributions that bring it, and what prints the CUDA it was built for.
_CUDA_QUESTIONS = {
    "torch": (r"torch", "import torch; print(torch.version.cuda or '')"),
    "tensorflow": (
        r"tensorflow(-cpu|-gpu)?",
        "import tensorflow as t; print(t.sysconfig.get_build_info().get('cuda_version') or '')",
    ),
    "jax": (r"jax", _JAX_CUDA),
    "cupy": (r"cupy(-cuda.*)?", "import cupy; print(cupy.cuda.runtime.runtimeGetVersion())"),
    "onnxruntime": (
        r"onnxruntime(-gpu)?",
        "import onnxruntime; print(getattr(onnxruntime, 'cuda_version', ''))",
    ),
    "numba": (
        r"numba-cuda",
        "from numba import cuda; print('.'.join(map(str, cuda.runtime.get_version())))",
    ),
}
_LIBRARY_FOLDERS = (
    "usr/local/cuda*/lib64",
    "usr/local/cuda*/targets/*/lib",
    "usr/lib/*-linux-gnu",
    "usr/lib64",
)
_NAMES = ("cudart", "cudnn")


def describe() -> dict[str, Any]:
    """Collect everything."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    problems: list[str] = []
    environments = {
        name: _describe_environment(python) for name, python in _find_pythons(folder).items()
    }
    kernels = environments["kernels"]
    jupyter = _find_jupyter(folder)
    commands = {
        "kernelspecs": ["kernelspec", "list", "--json"],
        "lab_extensions": ["labextension", "list"],
        "server_extensions": ["server", "extension", "list"],
    }
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        asked = {
            name: pool.submit(_ask, [kernels["executable"], "-I", "-c", code])
            for name, (pattern, code) in _CUDA_QUESTIONS.items()
            if any(re.fullmatch(pattern, package) for package in kernels["packages"])
        }
        listed = {
            name: pool.submit(_ask, [str(jupyter), *command])
            for name, command in commands.items()
            if jupyter
        }
    return {
        "os_release": _read_os_release(),
        "architecture": platform.machine(),
        "environments": environments,
        "cuda_answers": {name: answer.result() for name, answer in asked.items()},
        "cuda_libraries": _find_libraries(kernels["prefix"]),
        "gpus": _ask_driver(),
        "jupyter": {name: answer.result() for name, answer in listed.items()},
        "identity": _read_identity(problems),
        "variables": {k: v for k, v in sorted(os.environ.items()) if k.startswith("NVIDIA_")},
        "problems": problems,
    }


# ---- environments -----------------------------------------------------------------


def _find_pythons(folder: Path | None) -> dict[str, str]:
    """Name the interpreter of each environment: ours, the one asked for, or that of the PATH."""
    if folder is not None:
        return {"kernels": str(folder / "bin" / "python")}
    ours = {name: Path("/opt", name, "bin", "python") for name in _ENVIRONMENTS}
    if ours["kernels"].exists():
        return {name: str(python) for name, python in ours.items() if python.exists()}
    return {"kernels": shutil.which("python3") or sys.executable}


def _find_jupyter(folder: Path | None) -> str | None:
    if folder is None:
        return shutil.which("jupyter")
    jupyter = folder / "bin" / "jupyter"
    return str(jupyter) if jupyter.exists() else None


def _describe_environment(python: str) -> dict[str, Any]:
    answer = _ask([python, "-I", "-c", _WHERE])
    if answer["code"] != 0:
        raise SystemExit(f"{python} does not run: {answer['errors'].strip()}")
    version, executable, prefix, path = json.loads(answer["output"])
    packages: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for found in distributions(path=[entry for entry in path if entry]):
        name = found.metadata["Name"] if found.metadata else None
        if not name:
            continue
        name = re.sub(r"[-_.]+", "-", name).lower()
        # The first one on the path is the one that is imported.
        if name not in packages:
            packages[name] = found.version
            sizes[name] = _measure(found)
    return {
        "python": version,
        "executable": executable,
        "prefix": prefix,
        "packages": dict(sorted(packages.items())),
        "sizes": dict(sorted(sizes.items())),
    }


def _measure(found: Distribution) -> int:
    """Sum up the bytes of a distribution's files, and of the byte-code made from them."""
    site = Path(str(found.locate_file("")))
    files = {
        site / row[0] for row in csv.reader((found.read_text("RECORD") or "").splitlines()) if row
    }
    # Not every installer writes down the byte-code that it makes.
    sources = {(file.parent / "__pycache__", file.stem) for file in files if file.suffix == ".py"}
    for cache in {cache for cache, _ in sources}:
        compiled = cache.iterdir() if cache.is_dir() else ()
        files.update(file for file in compiled if (cache, file.name.split(".")[0]) in sources)
    return sum(_count_bytes(file) for file in files)


def _count_bytes(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


# ---- CUDA, driver, devices --------------------------------------------------------


def _find_libraries(prefix: str) -> list[str]:
    """List the CUDA and cuDNN libraries whose file names tell a full version."""
    patterns = [f"{folder}/lib{name}.so.*.*.*" for folder in _LIBRARY_FOLDERS for name in _NAMES]
    found = [file for pattern in patterns for file in Path("/").glob(pattern)]
    found += [file for name in _NAMES for file in Path(prefix, "lib").glob(f"lib{name}.so.*.*.*")]
    return sorted({str(file.resolve()) for file in found})


def _ask_driver() -> dict[str, Any] | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = "--query-gpu=name,driver_version,memory.total"
    return _ask([program, query, "--format=csv,noheader,nounits"])


# ---- the rest ---------------------------------------------------------------------


def _ask(command: list[str]) -> dict[str, Any]:
    """Run a command from where no file of a user's is imported."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            timeout=_QUESTION_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"code": 124, "output": "", "errors": f"no answer within {_QUESTION_LIMIT_S} s"}
    except OSError as error:
        return {"code": 127, "output": "", "errors": str(error)}
    return {
        "code": ended.returncode,
        "output": ended.stdout.decode("utf-8", "replace"),
        "errors": ended.stderr.decode("utf-8", "replace"),
    }


def _read_os_release() -> dict[str, str]:
    """Read what the distribution says of itself; nothing where there is no such file."""
    for path in (Path("/etc/os-release"), Path("/usr/lib/os-release")):
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            pairs = (line.partition("=") for line in lines if "=" in line)
            return {name: value.strip("\"'") for name, _, value in pairs}
    return {}


def _read_identity(problems: list[str]) -> dict[str, str] | None:
    path = os.environ.get("NOTEBOOK_RUNNER_IMAGE")
    if not path:
        return None
    try:
        identity = json.loads(Path(path).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in identity.items()}
    except (OSError, ValueError, AttributeError) as error:
        problems.append(f"The image's identity {path} cannot be read: {error}")
        return None


if __name__ == "__main__":
    json.dump(describe(), sys.stdout)
