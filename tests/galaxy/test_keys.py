"""Where the API key comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from notebook_runner.errors import GalaxyKeyError
from notebook_runner.galaxy.keys import KEY_VARIABLES, read_key

if TYPE_CHECKING:
    from pathlib import Path

KEY = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("name", KEY_VARIABLES)
def test_the_environment_gives_the_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f" {KEY}\n")
    assert read_key(None) == KEY


def test_a_file_gives_the_key_and_wins(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALAXY_API_KEY", "another")
    assert read_key(key_file) == KEY


def test_no_key_at_all_is_an_error_that_names_both_ways() -> None:
    with pytest.raises(GalaxyKeyError, match=r"set GALAXY_API_KEY, or .* --api-key-file"):
        read_key(None)


def test_a_file_that_others_can_read_gives_a_warning(
    key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file.chmod(0o644)
    read_key(key_file)
    assert f"Warning: others can read {key_file}" in capsys.readouterr().err


def test_a_file_of_ones_own_gives_no_warning(
    key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read_key(key_file)
    assert capsys.readouterr().err == ""


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GalaxyKeyError, match="No such file or directory"):
        read_key(tmp_path / "absent")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(GalaxyKeyError, match="pipe is not a file"):
        read_key(tmp_path / "pipe")


@pytest.mark.parametrize("content", [f"key: {KEY}", f"{KEY}\n{KEY}", "é" + KEY, KEY * 200])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key_file: Path, content: str) -> None:
    key_file.write_text(content)
    with pytest.raises(GalaxyKeyError, match="does not hold a Galaxy API key") as caught:
        read_key(key_file)
    assert KEY not in str(caught.value)


def test_an_empty_file_is_an_error(key_file: Path) -> None:
    key_file.write_text("\n")
    with pytest.raises(GalaxyKeyError, match="is empty"):
        read_key(key_file)
