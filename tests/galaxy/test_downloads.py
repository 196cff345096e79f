"""Where downloaded datasets are put."""

from __future__ import annotations

from pathlib import Path

import pytest

from notebook_runner.errors import OutputError
from notebook_runner.galaxy.downloads import safe_path
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
