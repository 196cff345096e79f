"""How the files of a report come to be, and what is left alone."""

from __future__ import annotations

import base64
import resource
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from notebook_runner.errors import OutputError
from notebook_runner.execution.report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nbformat import NotebookNode


@pytest.fixture
def picture(png: str) -> dict[str, Any]:
    """A cell that shows a picture."""
    output = {"output_type": "display_data", "data": {"image/png": png}}
    return {"cell_type": "code", "source": "x", "outputs": [output]}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_report_has_a_page_a_style_and_its_pictures(
    write: Callable[..., Path], picture: dict[str, Any]
) -> None:
    page = write(picture)
    assert names(page.parent) == {"report.html", "report_files"}
    files = names(page.parent / "report_files")
    assert len(files) == 2
    assert "style.css" in files


def test_a_picture_arrives_as_it_was(
    write: Callable[..., Path], picture: dict[str, Any], png: str
) -> None:
    page = write(picture)
    (file,) = (page.parent / "report_files").glob("*.png")
    assert file.read_bytes() == base64.b64decode(png)


def test_the_pictures_of_an_earlier_report_go(
    write: Callable[..., Path], picture: dict[str, Any]
) -> None:
    page = write(picture)
    write()
    assert names(page.parent / "report_files") == {"style.css"}


def test_other_files_beside_the_report_stay(
    write: Callable[..., Path], picture: dict[str, Any]
) -> None:
    folder = write(picture).parent
    (folder / "notebook.ipynb").write_text("{}")
    (folder / "outputs").mkdir()
    write()
    assert names(folder) == {"report.html", "report_files", "notebook.ipynb", "outputs"}


def test_the_same_notebook_makes_the_same_report(
    write: Callable[..., Path], picture: dict[str, Any]
) -> None:
    first = write(picture).read_bytes()
    assert write(picture).read_bytes() == first


def test_a_link_in_place_of_the_folder_is_not_followed(
    write: Callable[..., Path], tmp_path: Path, picture: dict[str, Any]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "keep.txt").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "report_files").symlink_to(tmp_path / "home")
    page = write(picture)
    assert names(tmp_path / "home") == {"keep.txt"}
    assert not (page.parent / "report_files").is_symlink()


def test_a_link_within_the_folder_is_not_followed(
    write: Callable[..., Path], tmp_path: Path, picture: dict[str, Any]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "keep.txt").write_text("mine")
    page = write(picture)
    (page.parent / "report_files" / "sub").symlink_to(tmp_path / "home")
    (page.parent / "report_files" / "style2.css").symlink_to(tmp_path / "home" / "keep.txt")
    write()
    assert (tmp_path / "home" / "keep.txt").read_text() == "mine"
    assert names(page.parent / "report_files") == {"style.css"}


def test_a_link_in_place_of_the_page_is_not_followed(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "profile").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "report.html").symlink_to(tmp_path / "profile")
    page = write()
    assert (tmp_path / "profile").read_text() == "mine"
    assert not page.is_symlink()


def test_a_file_in_place_of_the_folder_goes(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "report_files").write_text("x")
    assert (write().parent / "report_files").is_dir()


def test_the_files_have_the_rights_of_any_new_file(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    page = write()
    (tmp_path / "any").write_text("")
    (tmp_path / "folder").mkdir()
    for mine, usual in (
        (page, tmp_path / "any"),
        (page.parent / "report_files" / "style.css", tmp_path / "any"),
        (page.parent / "report_files", tmp_path / "folder"),
    ):
        assert stat.S_IMODE(mine.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_missing_folder_is_an_output_error(
    make: Callable[..., NotebookNode], tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match=r"Cannot write the report .*No such file or directory"):
        write_report(make(), {}, tmp_path / "missing" / "report.html")


def test_a_folder_in_place_of_the_page_is_an_output_error(
    make: Callable[..., NotebookNode], tmp_path: Path
) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        write_report(make(), {}, tmp_path / "report.html")


def test_a_disk_that_is_full_leaves_the_earlier_report(
    write: Callable[..., Path], make: Callable[..., NotebookNode], picture: dict[str, Any]
) -> None:
    page = write(picture)
    before = page.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OutputError, match="File too large"):
            write_report(make(), {}, page)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert page.read_bytes() == before
    assert names(page.parent) == {"report.html", "report_files"}
    assert len(names(page.parent / "report_files")) == 2


# ---- importing --------------------------------------------------------------------


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_importing_the_module_loads_no_library() -> None:
    program = (
        "import sys, notebook_runner.execution.report;"
        "print({'nbconvert', 'jinja2', 'lxml', 'bleach', 'pygments'} & set(sys.modules))"
    )
    assert run(program) == "set()"


def test_after_preloading_a_report_loads_nothing_more(tmp_path: Path, png: str) -> None:
    program = f"""
import sys
from pathlib import Path
from notebook_runner.execution.report import preload, write_report
preload()
before = set(sys.modules)
output = {{"output_type": "display_data", "data": {{
    "text/html": "<table><tr><td>1</td></tr></table><svg><path d='M0 0'/></svg>",
    "image/png": "{png}"}}}}
cells = [
    {{"cell_type": "markdown", "source": "# a\\n\\n```python\\nx\\n```\\n\\n$x$"}},
    {{"cell_type": "code", "source": "x = 1", "outputs": [output]}},
]
write_report({{"cells": cells}}, {{"status": "ok"}}, Path({str(tmp_path / "report.html")!r}))
print(sorted(set(sys.modules) - before))
"""
    assert run(program) == "[]"


def test_two_threads_may_preload_at_once() -> None:
    program = """
from threading import Thread
from notebook_runner.execution.report import preload
failures = []
def work():
    try:
        preload()
    except BaseException as error:
        failures.append(error)
threads = [Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failures)
"""
    assert run(program) == "[]"
