"""``notebook-runner image lock`` and what it is made of, on a small catalogue."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from notebook_runner.checkout.tree import Checkout
from notebook_runner.checkout.wheel import build_wheel
from notebook_runner.cli.image.lock import lock as lock_command
from notebook_runner.errors import CatalogueError, LockError, UnknownImageError
from notebook_runner.images.catalogue import find_containers, select
from notebook_runner.images.decisions import LeftOut, Pin, overdue
from notebook_runner.images.lock import (
    Lock,
    check,
    choose,
    lock_hash,
    locks_for,
    locks_of,
    read_lock,
)
from notebook_runner.images.lock_renewal import renew

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A copy of images.yml, its locks and pyproject.toml that a test may change."""
    containers = find_containers()
    shutil.copytree(containers / "locks", tmp_path / "containers" / "locks")
    shutil.copy(containers / "images.yml", tmp_path / "containers")
    shutil.copy(containers.parent / "pyproject.toml", tmp_path)
    (tmp_path / "requirements").mkdir()
    shutil.copy(containers.parent / "requirements" / "runner.txt", tmp_path / "requirements")
    return tmp_path / "containers" / "images.yml"


def change(path: Path, edit) -> None:
    content = yaml.safe_load(path.read_text())
    edit(content)
    path.write_text(yaml.safe_dump(content))


def empty(lock: Path) -> None:
    lock.write_bytes(b"")


def scramble(lock: Path) -> None:
    lock.write_bytes(b"\xff\xfe\x00" * 100)


def replace_by_folder(lock: Path) -> None:
    lock.unlink()
    lock.mkdir()


UNREADABLE = pytest.mark.parametrize("spoil", [Path.unlink, scramble, replace_by_folder])


def stale(path: Path) -> list[str]:
    return [lock.name for lock in locks_of(path) if not lock.is_current()]


def test_nothing_is_stale_in_a_copy(catalogue):
    assert stale(catalogue) == []


def test_a_new_request_makes_its_lock_stale(catalogue):
    change(
        catalogue,
        lambda c: c["images"]["lab-jax"]["variants"]["cpu"]["requests"].append("chex"),
    )
    assert stale(catalogue) == ["lab-jax-cpu"]


def test_a_request_for_all_kernels_makes_all_their_locks_stale(catalogue):
    change(catalogue, lambda c: c["environments"]["kernels"]["requests"].append("polars"))
    assert stale(catalogue) == [
        lock.name for lock in locks_of(catalogue)[1:] if lock.name != "runner"
    ]


def test_a_changed_pin_makes_its_locks_stale(catalogue):
    def hold_back(content):
        pins = {pin["package"]: pin for pin in content["pins"]}
        pins["onnxruntime-gpu"]["specifier"] = "<1.26"

    change(catalogue, hold_back)
    assert stale(catalogue) == ["lab-tensorflow-gpu"]


def test_leaving_nothing_out_makes_the_locks_stale_that_left_something_out(catalogue):
    change(catalogue, lambda c: c["left_out"].clear())
    assert stale(catalogue) == ["server", "lab-tensorflow-cpu", "lab-tensorflow-gpu"]


def test_a_dependency_of_the_package_itself_makes_all_locks_stale(catalogue):
    pyproject = catalogue.parent.parent / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"bioblend>=1.7"', '"bioblend>=1.8"'))
    assert stale(catalogue) == [lock.name for lock in locks_of(catalogue)]


def test_a_version_of_the_common_part_makes_the_images_locks_stale(catalogue):
    kernels = catalogue.parent / "locks" / "kernels.txt"
    seaborn = read_lock(kernels)["seaborn"]
    kernels.write_text(kernels.read_text().replace(f"seaborn=={seaborn}", "seaborn==0.0.1"))
    assert stale(catalogue) == [
        lock.name for lock in locks_of(catalogue)[2:] if lock.name != "runner"
    ]


def test_a_reason_or_a_date_alone_changes_no_lock(catalogue):
    def think_again(content):
        for decision in [*content["pins"], *content["left_out"]]:
            decision["review_after"] = dt.date(2030, 1, 1)
            decision["reason"] = "It was looked at again."

    change(catalogue, think_again)
    assert stale(catalogue) == []


def test_a_stale_and_a_missing_lock_are_named_with_the_command(catalogue):
    change(catalogue, lambda c: c["environments"]["server"]["requests"].append("jupytext"))
    (catalogue.parent / "locks" / "lab-gpu.txt").unlink()
    with pytest.raises(LockError, match=r"notebook-runner image lock server lab-gpu`") as raised:
        check(locks_of(catalogue))
    assert raised.value.exit_code == 48


def test_an_image_stands_for_its_variants(catalogue):
    chosen = choose(locks_of(catalogue), ["lab-jax", "kernels"])
    assert [lock.name for lock in chosen] == ["kernels", "lab-jax-cpu", "lab-jax-gpu"]


def test_no_name_stands_for_all_locks(catalogue):
    assert choose(locks_of(catalogue), []) == locks_of(catalogue)


def test_an_unknown_name_is_refused_with_those_there_are(catalogue):
    with pytest.raises(UnknownImageError, match=r"'lab-mxnet'.*lab-jax-gpu"):
        choose(locks_of(catalogue), ["lab-mxnet"])


def test_an_extra_that_the_package_has_not_is_refused(catalogue):
    change(catalogue, lambda c: c["environments"]["server"].update(extras=["serving"]))
    with pytest.raises(CatalogueError, match=r"environments\.server.*'serving'"):
        locks_of(catalogue)


def test_what_cannot_be_resolved_is_said_with_the_place_to_change(catalogue, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    change(catalogue, lambda c: c["environments"]["kernels"]["requests"].append("numpy<1.0"))
    kernels = locks_of(catalogue)[1]
    before = kernels.path.read_bytes()
    with pytest.raises(LockError, match=r"kernels\.txt cannot be resolved: .*images\.yml"):
        renew(kernels)
    assert kernels.path.read_bytes() == before


@pytest.fixture
def small_lock(tmp_path, monkeypatch) -> tuple[Lock, list[str]]:
    """A lock of this package alone, and the folder with its wheel: no network is needed."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    checkout = Checkout.find()
    wheel = build_wheel(checkout, tmp_path / "wheels", checkout.package_digest())
    name, version = wheel.name.split("-")[:2]
    lock = Lock(
        tmp_path / "locks" / "small.txt",
        python="3.11",
        requirements=(name.replace("_", "-"),),
        pins=(f"{name.replace('_', '-')}=={version}",),
        left_out=("bioblend", "click", "pyyaml"),
    )
    return lock, [str(wheel.parent)]


def test_a_wheel_from_a_folder_is_locked_by_its_hash_and_not_by_its_place(small_lock, tmp_path):
    """As torch without CUDA is: in no package index, named by a local version."""
    lock, wheels = small_lock
    assert renew(lock, wheels=wheels)
    assert [f"{name}=={version}" for name, version in read_lock(lock.path).items()] == [*lock.pins]
    assert "--hash=sha256:" in lock.path.read_text()
    assert str(tmp_path) not in lock.path.read_text()
    assert lock.is_current()
    assert not renew(lock, wheels=wheels), "a second time nothing changes"


def test_the_lock_hash_changes_with_each_of_the_three_locks(catalogue):
    spec = select("lab-torch", "cpu", catalogue)
    seen = {lock_hash(spec)}
    for lock in (spec.environment_lock("server"), spec.environment_lock("runner"), spec.lock):
        lock.write_text(lock.read_text() + "# changed\n")
        seen.add(lock_hash(spec))
    assert len(seen) == 4
    assert all(found.startswith("sha256:") and len(found) == 71 for found in seen)


@UNREADABLE
def test_a_lock_that_cannot_be_read_is_told_with_the_command_that_makes_it(
    catalogue, spoil: Callable[[Path], None]
):
    spec = select("lab-torch", "cpu", catalogue)
    spoil(spec.lock)
    command = "notebook-runner image lock lab-torch-cpu`"
    with pytest.raises(LockError, match=rf"lab-torch-cpu\.txt cannot be read \(.*{command}"):
        lock_hash(spec)
    with pytest.raises(LockError, match=command):
        read_lock(spec.lock)
    with pytest.raises(LockError, match=command):
        check(locks_for(spec))


@UNREADABLE
def test_what_stands_on_a_lock_that_cannot_be_read_is_told(
    catalogue, spoil: Callable[[Path], None]
):
    locks = {lock.name: lock for lock in locks_of(catalogue)}
    spoil(locks["kernels"].path)
    with pytest.raises(LockError, match="image lock kernels lab-cpu`"):
        check([locks["kernels"], locks["lab-cpu"]])
    with pytest.raises(LockError, match="image lock kernels`"):
        renew(locks["lab-cpu"])


@pytest.mark.parametrize("spoil", [empty, scramble])
def test_a_spoilt_lock_is_made_anew(spoil, small_lock):
    lock, wheels = small_lock
    assert renew(lock, wheels=wheels)
    before = lock.path.read_bytes()
    spoil(lock.path)
    assert renew(lock, wheels=wheels)
    assert lock.path.read_bytes() == before


def test_a_folder_in_the_place_of_a_lock_is_told(small_lock):
    lock, wheels = small_lock
    lock.path.mkdir(parents=True)
    with pytest.raises(LockError, match=r"small\.txt cannot be made: .*Is a directory"):
        renew(lock, wheels=wheels)


def test_a_date_that_has_passed_asks_to_look_again():
    until = dt.date(2026, 5, 1)
    decisions = [
        Pin(
            package="numpy",
            specifier="<2",
            environments=["kernels"],
            reason="An example.",
            review_after=until,
        ),
        LeftOut(
            packages=["a", "b"],
            environments=["server"],
            reason="Another example.",
            review_after=until + dt.timedelta(days=1),
        ),
    ]
    assert overdue(decisions, until) == []
    (said,) = overdue(decisions, until + dt.timedelta(days=1))
    assert "numpy<2 in kernels" in said
    assert "An example." in said
    assert "notebook-runner image lock" in said


def test_the_command_checks_without_changing_anything():
    result = CliRunner().invoke(lock_command, ["lab-jax", "--check"])
    assert result.exit_code == 0, result.output
    assert "2 locks" in result.output


@UNREADABLE
def test_the_command_tells_a_lock_that_cannot_be_read(catalogue, spoil, monkeypatch):
    spoil(catalogue.parent / "locks" / "lab-jax-gpu.txt")
    monkeypatch.setattr("notebook_runner.images.lock.find_containers", lambda: catalogue.parent)
    result = CliRunner().invoke(lock_command, ["lab-jax", "--check"])
    assert isinstance(result.exception, LockError)
    assert result.exception.exit_code == 48
    assert "notebook-runner image lock lab-jax-gpu`" in str(result.exception)
