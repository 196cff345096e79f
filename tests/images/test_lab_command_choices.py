"""What a lab chooses for a person: the image, the GPU, the port, the user."""

from __future__ import annotations

import os
import socket

import pytest

from notebook_runner.errors import GpuError, PortInUseError, UnknownImageError
from notebook_runner.images.lab_container import LabImage, LabPlan
from notebook_runner.images.lab_container_choice import choose_gpu, choose_image
from notebook_runner.images.lab_container_place import choose_port, choose_user, is_this_machine

OBSTACLE = "there is no NVIDIA GPU on this machine"


class Shelf:
    """An engine with some images; nothing is ever started."""

    name = "Shelf"

    def __init__(self, *built: str) -> None:
        self._built = built

    def find(self, spec):
        name = f"{spec.name}:{spec.variant}"
        if name not in self._built:
            raise UnknownImageError(f"{name} is not built.")
        return LabImage(id=name, name=name)


def chosen(shelf: Shelf, *, variant="auto", gpu=None, obstacle=None, flavour="torch"):
    return choose_image(shelf, flavour=flavour, variant=variant, gpu=gpu, obstacle=obstacle)


BOTH = Shelf("lab-torch:cpu", "lab-torch:gpu")


@pytest.mark.parametrize(
    ("variant", "gpu", "obstacle", "taken", "given"),
    [
        ("auto", None, None, "lab-torch:gpu", True),
        ("auto", None, OBSTACLE, "lab-torch:cpu", False),
        ("auto", False, None, "lab-torch:cpu", False),
        ("auto", True, None, "lab-torch:gpu", True),
        ("cpu", None, None, "lab-torch:cpu", False),
        ("cpu", True, None, "lab-torch:cpu", True),
        ("gpu", None, OBSTACLE, "lab-torch:gpu", False),
        ("gpu", False, None, "lab-torch:gpu", False),
        ("gpu", None, None, "lab-torch:gpu", True),
    ],
)
def test_the_image_and_the_gpu_follow_what_was_asked_and_what_there_is(
    variant, gpu, obstacle, taken, given
):
    choice = chosen(BOTH, variant=variant, gpu=gpu, obstacle=obstacle)
    assert (choice.image.name, choice.gpu) == (taken, given)


def test_the_plain_flavour_is_the_lab_itself():
    assert chosen(Shelf("lab:cpu"), flavour="plain", variant="cpu").image.name == "lab:cpu"


def test_why_there_is_no_gpu_is_said():
    assert chosen(BOTH, obstacle=OBSTACLE).note == f"Without a GPU: {OBSTACLE}."


def test_who_leaves_the_gpu_out_is_told_nothing():
    assert chosen(BOTH, gpu=False, obstacle=OBSTACLE).note is None


def test_a_gpu_image_that_is_not_built_is_named_and_the_cpu_image_taken():
    choice = chosen(Shelf("lab-torch:cpu"))
    assert (choice.image.name, choice.gpu) == ("lab-torch:cpu", False)
    assert "lab-torch:gpu is not built." in choice.note


def test_who_insists_on_the_gpu_gets_no_cpu_image():
    with pytest.raises(UnknownImageError, match="lab-torch:gpu is not built"):
        chosen(Shelf("lab-torch:cpu"), gpu=True)


def test_a_gpu_that_was_asked_for_and_cannot_be_used_is_an_error():
    with pytest.raises(GpuError, match=r"there is no NVIDIA GPU on this machine\. Leave out --gpu"):
        choose_gpu(asked=True, obstacle=OBSTACLE)


def test_the_next_port_is_taken_when_the_usual_one_is_in_use():
    first = choose_port(None)
    with socket.create_server(("127.0.0.1", first)):
        assert choose_port(None) != first
        with pytest.raises(PortInUseError, match=f"Port {first} is in use"):
            choose_port(first)
    assert choose_port(first) == first


def test_root_works_as_the_owner_of_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = tmp_path.stat()
    assert choose_user(tmp_path) == (owner.st_uid, owner.st_gid)


def test_everybody_else_works_as_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(os, "getegid", lambda: 54322)
    assert choose_user(tmp_path) == (54321, 54322)


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:8080", True),
        ("http://galaxy.localhost/", True),
        ("http://127.0.0.2:8080/", True),
        ("http://[::1]:8080/", True),
        ("https://usegalaxy.example.org", False),
        ("http://10.0.0.1:8080", False),
        ("http://localhost.example.org", False),
    ],
)
def test_an_address_of_this_machine_is_known(url, is_here):
    assert is_this_machine(url) is is_here


def test_the_token_is_neither_shown_nor_the_same_twice(tmp_path):
    one, other = (LabPlan(LabImage("i", "n"), tmp_path, 8888) for _ in range(2))
    assert one.token != other.token
    assert one.token not in repr(one)
    assert one.token not in " ".join(one.command)


def test_a_registry_digest_is_handed_on_where_there_is_one(tmp_path):
    digest = f"registry.example.org/lab@sha256:{'0' * 64}"
    with_digest = LabPlan(LabImage("i", "n", digest), tmp_path, 8888)
    assert with_digest.variables["NOTEBOOK_RUNNER_IMAGE_DIGEST"] == digest
    without = LabPlan(LabImage("i", "n"), tmp_path, 8888)
    assert "NOTEBOOK_RUNNER_IMAGE_DIGEST" not in without.variables
