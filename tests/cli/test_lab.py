"""What ``notebook-runner lab`` refuses before it starts anything, in one line each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(sys.executable).with_name("notebook-runner")
NOWHERE = "unix:///nowhere/docker.sock"


def lab(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RUNNER, "lab", "--no-browser", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def the_error(ended: subprocess.CompletedProcess[str], code: int) -> str:
    """Return the message of a command that must end with nothing but one."""
    assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    assert the_error(lab(tmp_path / "absent"), 40).endswith(
        "absent does not exist. Name the folder to work in; without one it is this."
    )


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    assert "file is not a folder" in the_error(lab(tmp_path / "file"), 40)


def test_a_folder_that_cannot_be_written_is_refused():
    # Nobody may write there, root included.
    assert "You cannot write into /proc/self" in the_error(lab("/proc/self"), 40)


def test_without_an_engine_it_is_said_how_to_get_one(tmp_path):
    message = the_error(lab(tmp_path, "--engine", "docker", DOCKER_HOST=NOWHERE), 43)
    assert "`make docker-engine` installs and starts one" in message


def test_where_podman_is_missing_too_it_is_docker_that_is_told_of(tmp_path):
    message = the_error(lab(tmp_path, DOCKER_HOST=NOWHERE, PATH=str(tmp_path)), 43)
    assert "There is no container engine at" in message


def test_podman_asked_for_and_not_there_is_named(tmp_path):
    message = the_error(lab(tmp_path, "--engine", "podman", PATH=str(tmp_path)), 43)
    assert message.startswith("Error: There is no podman on the PATH.")


def test_an_engine_of_another_machine_is_refused(tmp_path):
    host = "tcp://engine.invalid:2375"
    message = the_error(lab(tmp_path, "--engine", "docker", DOCKER_HOST=host), 43)
    assert message.startswith(f"Error: The container engine at {host} is another machine's")


@pytest.mark.parametrize("host", ["nonsense", "tcp://127.0.0.1:1", "unix:///nowhere.sock"])
def test_podman_does_not_stand_in_for_an_engine_that_is_named(tmp_path, host):
    message = the_error(lab(tmp_path, DOCKER_HOST=host), 43)
    assert host in message


@pytest.mark.parametrize(
    "arguments",
    [
        ("--image", "x:1", "--flavour", "torch"),
        ("--image", "x:1", "--variant", "cpu"),
        ("--api-key-file", "key"),
        ("--port", "0"),
        ("--flavour", "fortran"),
        ("--image", ""),
        ("--galaxy", "not a url"),
        ("--galaxy", "http://[::1"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(tmp_path, arguments):
    ended = lab(tmp_path, *arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Usage: ")


def test_the_help_shows_an_example():
    assert "Example: notebook-runner lab" in lab("--help").stdout
