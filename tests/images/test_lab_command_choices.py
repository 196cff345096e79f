"""What a lab chooses for a person: the image, the GPU, the port, the user."""

from __future__ import annotations

import os
import socket

import pytest

from notebook_runner.errors import EngineError, GpuError, PortInUseError, UnknownImageError
from notebook_runner.images import lab_container_choice
from notebook_runner.images.catalogue import select
from notebook_runner.images.engine import EngineAccessError
from notebook_runner.images.lab_container import LabImage, LabPlan
from notebook_runner.images.lab_container_choice import (
    choose_engine,
    choose_gpu,
    choose_image,
    find_named,
)
from notebook_runner.images.lab_container_place import (
    choose_port,
    choose_user,
    find_certificates,
    is_this_machine,
)

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

    def find_reference(self, reference):
        if reference not in self._built:
            raise UnknownImageError(f"There is no image {reference!r}.")
        return LabImage(id=reference, name=reference)


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


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lab", "--flavour plain --variant cpu"),
        ("lab-torch", "--flavour torch --variant cpu"),
        ("lab-jax/gpu", "--flavour jax --variant gpu"),
    ],
)
def test_a_name_of_the_catalogue_is_answered_with_the_options_that_open_it(name, options):
    with pytest.raises(UnknownImageError, match=f"is opened with {options} instead of --image"):
        find_named(Shelf(), name)


def test_an_image_that_is_there_is_taken_whatever_it_is_called():
    assert find_named(Shelf("lab"), "lab").name == "lab"


def test_any_other_name_is_refused_by_the_engine():
    with pytest.raises(UnknownImageError, match="There is no image 'lab:2'"):
        find_named(Shelf(), "lab:2")


@pytest.fixture
def empty_podman(monkeypatch, tmp_path):
    """A Podman that works and has no image."""
    podman = tmp_path / "podman"
    podman.write_text(
        "#!/bin/sh\n"
        'case "$1" in info) echo true ;; images) echo "[]" ;; *) echo no >&2; exit 1 ;; esac\n'
    )
    podman.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


@pytest.mark.parametrize(
    ("refusal", "is_told"),
    [
        (EngineAccessError("You may not use it. Join the group docker."), True),
        (EngineError("There is no container engine."), False),
    ],
)
def test_who_may_not_use_docker_is_told_where_podman_has_no_image(
    monkeypatch, empty_podman, refusal, is_told
):
    def refuse():
        raise refusal

    monkeypatch.setattr(lab_container_choice, "DockerLabs", refuse)
    engine = choose_engine(None)
    for find in (
        lambda: engine.find(select("lab", "cpu")),
        lambda: engine.find_reference("other:1"),
    ):
        with pytest.raises(UnknownImageError, match="Podman has no image") as missing:
            find()
        said = str(missing.value)
        assert said.endswith(f". Docker is here too. {refusal}") is is_told
        assert "\n" not in said


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"])
def test_the_certificates_of_a_network_are_found(tmp_path, name):
    file = tmp_path / "network.pem"
    file.touch()
    link = tmp_path / "link.pem"
    link.symlink_to(file)
    assert find_certificates({name: str(link)}) == file


def test_what_names_no_file_of_certificates_is_passed_over(tmp_path):
    file = tmp_path / "network.pem"
    file.touch()
    others = {"SSL_CERT_FILE": str(tmp_path / "gone.pem"), "REQUESTS_CA_BUNDLE": str(tmp_path)}
    assert find_certificates({**others, "PIP_CERT": str(file)}) == file
    assert find_certificates(others) is None
    assert find_certificates({}) is None
