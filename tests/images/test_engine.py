"""Whatever is wrong with the engine is told in one line, with what to do."""

from __future__ import annotations

import gc
import io
import os
import shutil
import socket
import tempfile
import threading
import uuid
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from notebook_runner.errors import EngineError, UnknownImageError
from notebook_runner.images import engine as engine_module
from notebook_runner.images.engine import (
    EngineAccessError,
    built_images,
    connect,
    find_container,
    find_image,
    find_reference,
)

NOBODY = 65534


@contextmanager
def listening(answer):
    """Listen where an engine would, in a folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    path = folder / "engine.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        try:
            yield path
        finally:
            # Whoever still waits for a caller is let go.
            path.chmod(0o600)
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
            thread.join()
            shutil.rmtree(folder)


@contextmanager
def without_powers():
    """Be nobody for a while, where the tests run as root: for root no file is closed."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def refusal(monkeypatch, host):
    monkeypatch.setenv("DOCKER_HOST", host)
    with warnings.catch_warnings():
        # The SDK leaves a socket that could not connect to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(EngineError) as refused:
            connect()
        message = str(refused.value)
        kind = type(refused.value)
        del refused
        gc.collect()
    assert "\n" not in message
    assert (kind is EngineAccessError) == message.startswith("You may not use")
    return message


def test_a_missing_engine_is_told_with_how_to_get_one(monkeypatch):
    message = refusal(monkeypatch, "unix:///nowhere/engine.sock")
    assert "There is no container engine at unix:///nowhere/engine.sock" in message
    assert "make docker-engine" in message


def test_an_engine_that_is_not_listening_is_told(monkeypatch):
    with socket.socket() as taken:
        # Bound and not listening: nobody else can take the port, and nobody answers.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        message = refusal(monkeypatch, f"tcp://127.0.0.1:{port}")
    assert f"The container engine at tcp://127.0.0.1:{port} does not answer" in message
    assert "Connection refused" in message


def test_an_engine_that_never_answers_is_told(monkeypatch):
    monkeypatch.setattr(engine_module, "_ANSWER_LIMIT_S", 0.2)

    def keep_silent(server):
        callers = [server.accept()[0]]
        callers.append(server.accept()[0])
        for caller in callers:
            caller.close()

    with listening(keep_silent) as path:
        message = refusal(monkeypatch, f"unix://{path}")
    assert "does not answer" in message
    assert "timed out" in message


def test_a_host_that_makes_no_sense_is_told(monkeypatch):
    assert "banana" in refusal(monkeypatch, "banana")


def test_no_permission_on_the_socket_is_told_with_what_to_do(monkeypatch):
    with listening(lambda server: server.accept()[0].close()) as path:
        path.chmod(0)
        # What is imported on the way, perhaps only root may read.
        refusal(monkeypatch, "unix:///nowhere")
        with without_powers():
            said = refusal(monkeypatch, f"unix://{path}")
    assert f"You may not use the container engine at unix://{path}" in said
    assert "usermod -aG docker" in said


def test_a_reference_that_is_not_here_is_told_with_how_to_get_it(engine):
    with pytest.raises(UnknownImageError, match=r"docker pull nobody/nothing:1") as missing:
        find_reference(engine, "nobody/nothing:1")
    assert "\n" not in str(missing.value)


@pytest.mark.parametrize("reference", ["", "Not A Reference", "a:b:c"])
def test_what_is_no_reference_is_an_error_of_one_line(reference, engine):
    with pytest.raises((UnknownImageError, EngineError)) as refused:
        find_reference(engine, reference)
    assert "\n" not in str(refused.value)


def test_a_container_that_is_not_here_is_told(engine):
    with pytest.raises(UnknownImageError, match="There is no container 'nobody'"):
        find_container(engine, "nobody")


def test_an_image_that_is_not_built_is_told_with_the_command_that_builds_it(engine, declared):
    spec = declared("demo", "gpu")
    with pytest.raises(UnknownImageError, match=r"is not built.*image build demo --variant gpu"):
        find_image(engine, spec)


def test_of_several_builds_the_named_the_newest_and_then_any_one_is_first(declared):
    spec = declared("demo", "cpu")

    def image(number, day, *tags):
        return SimpleNamespace(id=f"sha256:{number}", tags=list(tags), attrs={"Created": day})

    named = image(1, "2026-01-01T00:00:00Z", f"{spec.repository}:1")
    renamed = image(2, "2026-01-03T00:00:00Z", "another:1")
    twins = [image(number, "2026-01-02T00:00:00Z") for number in (3, 4)]
    expected = [named, renamed, twins[1], twins[0]]
    for listed in (expected, expected[::-1]):
        listing = SimpleNamespace(list=lambda filters, listed=listed: listed)
        assert built_images(SimpleNamespace(images=listing), spec) == expected


def test_a_newer_build_under_another_name_is_not_taken(engine, label_tiny, declared):
    spec = declared("plain", "cpu")
    named = label_tiny(spec)
    dockerfile = io.BytesIO(f"FROM {named.tags[0]}\nLABEL another=one\n".encode())
    tag = f"notebook-runner-test:{uuid.uuid4().hex[:8]}"
    other, _ = engine.images.build(fileobj=dockerfile, tag=tag, rm=True)
    try:
        assert other.id in {image.id for image in built_images(engine, spec)}
        assert find_image(engine, spec).id == named.id
    finally:
        engine.images.remove(tag)
