"""Where downloaded datasets are put."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notebook_runner.errors import GalaxyError, GalaxyUnreachableError, OutputError
from notebook_runner.galaxy import downloads
from notebook_runner.galaxy.connection import connect
from notebook_runner.galaxy.downloads import download_dataset, safe_path
from notebook_runner.galaxy.results import check_fetch_folder


@pytest.mark.parametrize(
    ("identifier", "path"),
    [
        ("a.csv", "a.csv"),
        ("sub/a b.csv", "sub/a b.csv"),
        ("../../etc/passwd", "_/_/etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("a/./b//c", "a/b/c"),
        ("..", "_"),
        ("", "_"),
        ("/", "_"),
    ],
)
def test_an_identifier_becomes_a_path_that_stays_below_its_folder(
    identifier: str, path: str
) -> None:
    assert safe_path(identifier) == Path(path)


def test_a_folder_with_an_earlier_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").touch()
    with pytest.raises(OutputError, match=r"already holds run\.json"):
        check_fetch_folder(tmp_path)


def test_a_file_is_refused_as_folder(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(OutputError, match="is not a folder"):
        check_fetch_folder(tmp_path / "x")


def test_a_folder_that_is_new_or_holds_other_files_is_taken(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").touch()
    check_fetch_folder(tmp_path)
    check_fetch_folder(tmp_path / "new")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_PAUSE_S", 0)


def test_a_download_that_breaks_off_is_begun_again(serve_galaxy: Any, tmp_path: Path) -> None:
    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        first = len(server.asked) == asked_before + 1
        server.promised = 8 if first else 0
        return 200, {}, b"half" if first else b"all of it"

    server = serve_galaxy(answer)
    gi = connect(server.url, "key")
    asked_before = len(server.asked)
    download_dataset(gi, "d", tmp_path / "sub" / "x")
    assert (tmp_path / "sub" / "x").read_bytes() == b"all of it"


def test_a_download_that_always_breaks_off_leaves_no_half_file(
    serve_galaxy: Any, tmp_path: Path
) -> None:
    def answer(_: object) -> tuple[int, dict[str, str], bytes]:
        server.promised = 8
        return 200, {}, b"half"

    server = serve_galaxy(answer)
    gi = connect(server.url, "key")
    with pytest.raises(GalaxyUnreachableError, match="the connection broke off"):
        download_dataset(gi, "d", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_that_galaxy_does_not_hand_out_is_an_error(
    serve_galaxy: Any, tmp_path: Path
) -> None:
    gi = connect(serve_galaxy(lambda _: (403, {}, b"no")).url, "key")
    with pytest.raises(GalaxyError, match=r"does not hand out x \(status 403\)"):
        download_dataset(gi, "d", tmp_path / "x")


def test_a_folder_that_cannot_be_written_is_an_error(serve_galaxy: Any, tmp_path: Path) -> None:
    gi = connect(serve_galaxy(lambda _: (200, {}, b"x")).url, "key")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Choose another folder for --fetch"):
        download_dataset(gi, "d", tmp_path / "file" / "x")
