"""What a build is given, and what is told where that cannot be put together."""

from __future__ import annotations

import resource
import shutil
import tempfile
from pathlib import Path

import pytest

from notebook_runner.errors import BuildError, LockError
from notebook_runner.images.catalogue import ImageSpec, find_containers, select
from notebook_runner.images.context import stage

LOCAL_VERSION = "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.fixture
def spec(tmp_path, monkeypatch) -> ImageSpec:
    """An image of a copy of the catalogue that a test may change; its lock names torch+cpu."""
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    containers = Path(shutil.copytree(find_containers(), tmp_path / "containers"))
    chosen = select("lab-torch", "cpu", containers / "images.yml")
    chosen.lock.write_text("numpy==2.4.0\ntorch==2.13.0+cpu\n")
    return chosen


@pytest.fixture
def wheels(tmp_path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in (
        "bad.whl",
        "-.whl",
        f"a-{'9' * 5000}-py3-none-any.whl"[:255],
        "numpy-2.3.0-py3-none-any.whl",
        LOCAL_VERSION,
    ):
        (folder / name).touch()
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "build"
    made.mkdir()
    return made


def staged_wheels(spec: ImageSpec, folder: Path) -> list[str]:
    return [path.name for path in (stage(spec, folder) / "wheels").iterdir()]


@pytest.mark.parametrize("variable", ["UV_FIND_LINKS", "PIP_FIND_LINKS"])
def test_of_a_folder_only_the_wheels_of_the_lock_are_taken(
    variable, spec, wheels, folder, monkeypatch
):
    monkeypatch.setenv(variable, str(wheels))
    assert staged_wheels(spec, folder) == [LOCAL_VERSION]


def test_a_folder_that_is_not_there_is_told_where_a_wheel_is_needed(spec, folder, monkeypatch):
    monkeypatch.setenv("UV_FIND_LINKS", "/nowhere/wheels")
    with pytest.raises(
        BuildError, match=r"no folder /nowhere/wheels \(UV_FIND_LINKS\).*torch 2\.13\.0\+cpu"
    ):
        stage(spec, folder)


def test_a_folder_that_is_not_there_matters_not_where_none_is_needed(
    spec, wheels, folder, monkeypatch
):
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere/wheels")
    assert staged_wheels(spec, folder) == [LOCAL_VERSION]


@pytest.mark.parametrize("name", ["server", "runner", "kernels", "lab-torch-cpu"])
def test_a_missing_lock_is_told_with_the_command_that_makes_it(name, spec, folder):
    (spec.folder / "locks" / f"{name}.txt").unlink()
    with pytest.raises(LockError, match=f"notebook-runner image lock {name}`") as raised:
        stage(spec, folder)
    assert raised.value.exit_code == 48


def test_a_full_disk_is_told_with_the_folder_to_change(spec, folder):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may be as large as the locks are.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(BuildError, match=r"File too large.*TMPDIR") as raised:
            stage(spec, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert tempfile.gettempdir() in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_tree_that_cannot_be_copied_is_told_in_a_line(spec, folder):
    (spec.folder / "lab" / "gone").symlink_to("/nowhere")
    with pytest.raises(BuildError, match=r"No such file or directory.*TMPDIR[^\n]*$"):
        stage(spec, folder)
