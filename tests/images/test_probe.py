"""A probe tells what is in a Python environment, and says clearly where it cannot."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from notebook_runner.errors import ImageError
from notebook_runner.images.probe import probe
from notebook_runner.images.probe_extensions import read_lab_extensions, read_server_extensions
from notebook_runner.images.runners import CompletedRun, LocalRunner

HERE = Path(sys.prefix)


@pytest.fixture(scope="module")
def own():
    """The environment that the tests run in."""
    return probe(LocalRunner(HERE))


@dataclass
class Answering:
    """A place that gives a fixed answer."""

    code: int = 0
    output: str = ""
    errors: str = ""
    name: str = "somewhere"
    python: str = "python3"
    folder: None = None

    def run(self, command):
        return CompletedRun(self.code, self.output, self.errors)

    def size(self):
        return 123


def facts(**changes):
    """What the script answers in an empty place."""
    kernels = {
        "python": "3.11.2",
        "executable": "/opt/kernels/bin/python",
        "prefix": "/opt/kernels",
        "packages": changes.pop("packages", {}),
        "sizes": {},
    }
    answered = {
        "os_release": {"ID": "debian", "VERSION_ID": "12", "PRETTY_NAME": "Debian 12"},
        "architecture": "x86_64",
        "environments": {"kernels": kernels},
        "cuda_answers": {},
        "cuda_libraries": [],
        "gpus": None,
        "jupyter": {},
        "identity": None,
        "variables": {},
        "problems": [],
        **changes,
    }
    return Answering(output=json.dumps(answered))


def said(output="", errors="", code=0):
    return {"code": code, "output": output, "errors": errors}


# ---- a real environment -----------------------------------------------------------


def test_a_local_environment_is_described(own):
    assert own.python == platform.python_version()
    assert own.os.name == platform.freedesktop_os_release()["PRETTY_NAME"]
    assert own.os.architecture == platform.machine()
    assert own.identity is None


def test_its_packages_are_listed_with_their_versions(own):
    assert own.kernels.packages["pytest"] == pytest.__version__
    assert own.kernels.packages["pydantic-core"] == importlib.metadata.version("pydantic_core")


def test_the_size_of_a_package_is_that_of_its_files_and_their_byte_code(own):
    found = importlib.metadata.distribution("click")
    site = Path(str(found.locate_file("")))
    listed = {site / row[0] for row in csv.reader(found.read_text("RECORD").splitlines())}
    caches = {path.parent / "__pycache__" for path in listed if path.suffix == ".py"}
    byte_code = {path for cache in caches for path in cache.glob("*.pyc")}
    assert byte_code
    expected = sum(path.stat().st_size for path in listed | byte_code if path.exists())
    assert own.kernels.sizes["click"] == expected


def test_without_an_engine_the_size_is_that_of_the_packages(own):
    assert own.size == sum(own.kernels.sizes.values()) > 0


def test_a_folder_that_is_no_environment_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"is not a Python environment: there is no bin/python"):
        probe(LocalRunner(tmp_path))


def test_an_interpreter_that_does_not_start_is_told(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("#!/nowhere/python\n")
    (tmp_path / "bin" / "python").chmod(0o755)
    with pytest.raises(ImageError, match=r"cannot be probed: .*No such file"):
        probe(LocalRunner(tmp_path))


def test_an_interpreter_that_fails_is_told_with_its_last_words(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("#!/bin/sh\necho no more >&2\nexit 3\n")
    (tmp_path / "bin" / "python").chmod(0o755)
    with pytest.raises(ImageError, match=r"exit code 3; .*\(no more\)"):
        probe(LocalRunner(tmp_path))


# ---- how answers are understood ---------------------------------------------------


def test_an_answer_that_is_no_json_is_told():
    with pytest.raises(ImageError, match="not answered with JSON: 'hello'"):
        probe(Answering(output="hello"))


def test_what_start_up_code_prints_before_is_passed_over():
    place = facts()
    place.output = f"Welcome to this image!\n{place.output}"
    assert probe(place).os.id == "debian"


def test_a_size_that_the_engine_counted_is_taken():
    assert probe(facts()).size == 123


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("13.0\n", "13.0"),
        ("12.5.1\n", "12.5"),
        ("13020\n", "13.2"),
        ("12090\n", "12.9"),
        ("a warning\n12.8\n", "12.8"),
        ("\n", None),
    ],
)
def test_a_library_says_which_cuda_it_is_built_for(printed, version):
    manifest = probe(facts(cuda_answers={"torch": said(printed)}))
    assert manifest.cuda.seen_by["torch"] == version
    assert manifest.cuda.errors == {}


def test_a_library_that_is_not_installed_sees_none():
    assert set(probe(facts()).cuda.seen_by.values()) == {None}


def test_a_library_that_does_not_import_leaves_its_error():
    answer = said(errors="Traceback\nImportError: libcudart.so.12: cannot open\n", code=1)
    cuda = probe(facts(cuda_answers={"cupy": answer})).cuda
    assert cuda.errors == {"cupy": "ImportError: libcudart.so.12: cannot open"}
    assert cuda.seen_by["cupy"] is None


def test_the_cuda_runtime_is_that_of_the_wheel():
    packages = {"nvidia-cuda-runtime-cu12": "12.9.79", "nvidia-cudnn-cu12": "9.10.2.21"}
    cuda = probe(facts(packages=packages)).cuda
    assert (cuda.runtime, cuda.cudnn) == ("12.9", "9.10.2.21")
    assert cuda.runtimes == {"nvidia-cuda-runtime-cu12 in kernels": "12.9.79"}


def test_without_a_wheel_it_is_that_of_the_library():
    libraries = ["/usr/local/cuda-12.4/lib64/libcudart.so.12.4.127", "/usr/lib64/libcudnn.so.9.1.0"]
    cuda = probe(facts(cuda_libraries=libraries)).cuda
    assert (cuda.runtime, cuda.cudnn) == ("12.4", "9.1.0")


def test_devices_and_driver_are_read():
    table = "NVIDIA H200, 570.86.15, 143771\nOdd, with a comma, 570.86.15, [N/A]\n"
    manifest = probe(facts(gpus=said(table)))
    assert manifest.cuda.driver == "570.86.15"
    assert [(d.name, d.memory_bytes) for d in manifest.devices] == [
        ("NVIDIA H200", 143771 * 2**20),
        ("Odd, with a comma", 0),
    ]


def test_a_driver_that_does_not_answer_is_a_problem():
    manifest = probe(facts(gpus=said("NVIDIA-SMI has failed", code=9)))
    assert manifest.problems == ["nvidia-smi: exit code 9 (NVIDIA-SMI has failed)"]
    assert manifest.devices == []


def test_an_environment_without_jupyterlab_has_no_problem():
    missing = said(errors="Jupyter command `jupyter-labextension` not found.", code=1)
    assert probe(facts(jupyter={"lab_extensions": missing})).problems == []


def test_kernels_are_read_whatever_is_said_around_them():
    spec = {"argv": ["python"], "display_name": "Python 3", "language": "python"}
    listed = json.dumps({"kernelspecs": {"python3": {"spec": spec}}})
    manifest = probe(facts(jupyter={"kernelspecs": said(f"Note.\n{listed}\n", "a warning {")}))
    assert [(k.name, k.display_name) for k in manifest.kernelspecs] == [("python3", "Python 3")]


LAB_LISTING = """JupyterLab v4.6.6
/opt/server/share/jupyter/labextensions
        @jupyterlab/git v0.52.0 \x1b[32menabled\x1b[0m \x1b[32mOK\x1b[0m (python, jupyterlab-git)
        shy v1.0.0 \x1b[31mdisabled\x1b[0m \x1b[32mOK\x1b[0m*
        old v2.0.0 \x1b[32menabled\x1b[0m \x1b[31m X\x1b[0m

   "old@2.0.0" is not compatible with the current JupyterLab
   Conflicting Dependencies:

Disabled extensions:
    @jupyterlab/launcher-extension (all plugins)
"""

SERVER_LISTING = """Config dir: /home/notebook/.jupyter
    nbdime \x1b[31mdisabled\x1b[0m
    - Validating nbdime...
      nbdime 4.0.4 \x1b[32mOK\x1b[0m
Config dir: /opt/server/etc/jupyter
    nbdime \x1b[32menabled\x1b[0m
    - Validating nbdime...
      nbdime 4.0.4 \x1b[32mOK\x1b[0m
    gone \x1b[32menabled\x1b[0m
    - Validating gone...
      \x1b[31m X\x1b[0m The module 'gone' could not be found
    unversioned \x1b[32menabled\x1b[0m
    - Validating unversioned...
      unversioned  \x1b[32mOK\x1b[0m
"""


def test_the_extensions_of_jupyterlab_are_read_with_their_state():
    found = {extension.name: extension for extension in read_lab_extensions(LAB_LISTING)}
    assert set(found) == {"@jupyterlab/git", "shy", "old"}
    assert (found["@jupyterlab/git"].enabled, found["@jupyterlab/git"].ok) == (True, True)
    assert (found["shy"].enabled, found["shy"].ok) == (False, True)
    assert (found["old"].ok, found["old"].problem) == (False, "does not fit this JupyterLab")


def test_the_extensions_of_the_server_are_read_with_their_state():
    found = {extension.name: extension for extension in read_server_extensions(SERVER_LISTING)}
    assert found["nbdime"].version == "4.0.4"
    assert found["nbdime"].enabled is False, "the first folder decides"
    assert found["gone"].problem == "The module 'gone' could not be found"
    assert (found["unversioned"].ok, found["unversioned"].version) == (True, None)
