"""The lock files as they stand: they hold what is requested, together, and nothing twice."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from notebook_runner.images.catalogue import ImageSpec, every_spec
from notebook_runner.images.decisions import overdue
from notebook_runner.images.lock import Lock, check, locks_of, read_lock

LOCKS = locks_of()
SPECS = every_spec()
CATALOGUE = SPECS[0].catalogue
EVERY_LOCK = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
EVERY_IMAGE_LOCK = pytest.mark.parametrize(
    "lock", [lock for lock in LOCKS if lock.base], ids=lambda lock: lock.name
)


def of_variant(variant: str) -> pytest.MarkDecorator:
    chosen = [spec for spec in SPECS if spec.variant == variant]
    return pytest.mark.parametrize("spec", chosen, ids=lambda spec: spec.name)


def cuda_packages(packages: dict[str, str]) -> dict[str, str]:
    """Keep the wheels that hold a part of CUDA; nvidia-ml-py only talks to a driver."""
    return {
        name: version
        for name, version in packages.items()
        if name.startswith(("nvidia-", "cuda-", "cupy-")) and name != "nvidia-ml-py"
    }


def test_every_lock_is_the_one_of_what_is_requested():
    check(LOCKS)


@EVERY_LOCK
def test_every_package_has_a_hash(lock: Lock):
    entries = re.split(r"\n(?=\S)", lock.path.read_text().partition("\n")[2])
    without = [entry.partition(" ")[0] for entry in entries if "--hash=sha256:" not in entry]
    assert entries
    assert without == []


@EVERY_LOCK
def test_a_lock_names_no_address_and_no_folder(lock: Lock):
    assert re.findall(r".*(?:://|--index|--find-links| /).*", lock.path.read_text()) == []


@EVERY_LOCK
def test_what_is_requested_is_there_in_a_version_that_fits(lock: Lock):
    locked = read_lock(lock.path)
    for text in lock.requirements:
        request = Requirement(text)
        version = locked[canonicalize_name(request.name)]
        assert request.specifier.contains(version, prereleases=True), text


@EVERY_IMAGE_LOCK
def test_an_image_has_all_of_the_common_part_in_the_same_versions(lock: Lock):
    assert lock.base is not None
    assert read_lock(lock.base).items() - read_lock(lock.path).items() == set()


@EVERY_LOCK
def test_pins_are_kept(lock: Lock):
    locked = read_lock(lock.path)
    for pin in CATALOGUE.pins:
        if lock.name in pin.environments:
            assert SpecifierSet(pin.specifier).contains(locked[pin.package], prereleases=True)


@EVERY_LOCK
def test_what_is_left_out_is_not_there(lock: Lock):
    assert set(lock.left_out) & set(read_lock(lock.path)) == set()


def test_a_pin_is_written_for_a_package_that_would_be_newer_without_it():
    """A pin in a lock that has not the package holds nothing back."""
    locked = {lock.name: read_lock(lock.path) for lock in LOCKS}
    idle = [
        f"{pin} in {name}"
        for pin in CATALOGUE.pins
        for name in pin.environments
        if pin.package not in locked[name]
    ]
    assert idle == []


def test_what_was_decided_until_a_date_is_looked_at_again():
    today = dt.datetime.now(tz=dt.UTC).date()
    assert overdue([*CATALOGUE.pins, *CATALOGUE.left_out], today) == []


def test_a_decision_stands_for_a_year_at_most():
    latest = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=366)
    far = [str(one) for one in [*CATALOGUE.pins, *CATALOGUE.left_out] if one.review_after > latest]
    assert far == []


@of_variant("cpu")
def test_without_a_gpu_there_is_no_cuda(spec: ImageSpec):
    packages = read_lock(spec.lock)
    assert cuda_packages(packages) == {}
    assert not {"triton", "onnxruntime-gpu", "numba-cuda"} & set(packages)


@of_variant("gpu")
def test_all_wheels_of_cuda_are_of_one_major_version(spec: ImageSpec):
    declared = spec.definition.cuda
    assert declared is not None
    major = declared.partition(".")[0]
    suffixes = {
        found[1]
        for name in read_lock(spec.lock)
        if (found := re.search(r"(?:-cu|-cuda)(\d\d)x?(?:-|$)", name))
    }
    assert suffixes == {major}


@of_variant("gpu")
def test_the_cuda_that_is_declared_is_the_one_of_the_lock(spec: ImageSpec):
    packages = read_lock(spec.lock)
    runtime = packages.get("nvidia-cuda-runtime-cu12") or packages["nvidia-cuda-runtime"]
    for name, version in {
        "the runtime": runtime,
        "cuda-toolkit": packages["cuda-toolkit"],
        "cuda-bindings": packages["cuda-bindings"],
    }.items():
        major, minor = Version(version).release[:2]
        assert f"{major}.{minor}" == spec.definition.cuda, name


@of_variant("gpu")
def test_a_part_of_cuda_is_there_once(spec: ImageSpec):
    """``nvidia-cublas`` and ``nvidia-cublas-cu12`` put the same files in the same places."""
    parts = [re.sub(r"-cu\d\d$", "", name) for name in cuda_packages(read_lock(spec.lock))]
    assert sorted(parts) == sorted(set(parts))


@of_variant("gpu")
def test_onnxruntime_finds_all_that_it_loads(spec: ImageSpec):
    """Without one of these it falls back to the CPU and only says so in its log."""
    parts = {re.sub(r"-cu\d\d$", "", name) for name in read_lock(spec.lock)}
    needed = {"cublas", "cuda-runtime", "cudnn", "cufft", "curand"}
    assert {f"nvidia-{part}" for part in needed} <= parts


@EVERY_LOCK
def test_the_two_onnxruntimes_are_never_together(lock: Lock):
    assert not {"onnxruntime", "onnxruntime-gpu"} <= set(read_lock(lock.path))


@pytest.mark.parametrize(
    "spec", [spec for spec in SPECS if spec.image.framework], ids=lambda s: f"{s.name}-{s.variant}"
)
def test_the_framework_is_the_one_that_is_declared(spec: ImageSpec):
    from notebook_runner.images.catalogue import FRAMEWORKS

    assert spec.image.framework is not None
    packages = read_lock(spec.lock)
    found = [packages[name] for name in FRAMEWORKS[spec.image.framework][1] if name in packages]
    assert [f"{Version(v).major}.{Version(v).minor}" for v in found] == [
        spec.definition.framework_version
    ]


def test_the_server_shows_the_widgets_of_the_kernels_own_versions():
    """The two halves of a widget talk to each other: one version for both."""
    server, kernels = (read_lock(lock.path) for lock in LOCKS[:2])
    widgets = ("bqplot", "ipympl", "jupyter-bokeh", "jupyterlab-widgets")
    assert {name: server[name] for name in widgets} == {name: kernels[name] for name in widgets}
