"""A local run goes into a new history of the local Galaxy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html

from notebook_runner.errors import GalaxyTimeoutError, GalaxyUploadError
from notebook_runner.galaxy.downloads import download_dataset
from notebook_runner.galaxy.write_back import IncompleteHistoryError, write_run

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_runner.galaxy.connection import Connection
    from notebook_runner.galaxy.datasets import Dataset
    from notebook_runner.galaxy.write_back import WrittenHistory
    from notebook_runner.local_galaxy.instance import LocalGalaxy

pytestmark = pytest.mark.galaxy

#: Names that a shell, a web page, a table or a path could stumble over.
STRANGE = ["sub/a b.csv", "'q\" $(id) `id` <b>é漢🙂|:#.txt", "line\nbreak.txt", "x" * 240 + ".csv"]
#: What Galaxy takes for a web page, as many notebooks have it in their first cell.
BADGE = '<a href="https://example.org"><img src="badge.svg"></a>'


def write_folder(folder: Path, outputs: dict[str, bytes]) -> Path:
    """Write the folder of a run with these outputs."""
    for name, content in outputs.items():
        file = folder / "outputs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    notebook = {"cells": [], "metadata": {"note": BADGE}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "notebook.ipynb").write_text(json.dumps(notebook))
    (folder / "report.html").write_text(
        f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>é {BADGE}</body></html>'
    )
    (folder / "report_files").mkdir()
    (folder / "report_files" / "plot.png").write_bytes(b"\x89PNG\r\n")
    (folder / "report_files" / "link.png").symlink_to("/etc/hostname")
    record = {
        "notebook": {"name": "demo.ipynb"},
        "error": {"message": BADGE},
        "parameters": {"alpha": 0.5},
        "metrics": {"accuracy": 0.9},
        "outputs": [{"path": name} for name in outputs],
    }
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def by_name(written: WrittenHistory) -> dict[str, Dataset]:
    return {dataset.name: dataset for dataset in written.datasets}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outputs = {name: name.encode() + b"\r\n" for name in STRANGE}
    models = {"models/m.onnx": b"\x08\x01", "models/sub/m.onnx": b"\x08\x02"}
    return write_folder(tmp_path_factory.mktemp("run"), {**outputs, **models, "empty.csv": b""})


@pytest.fixture(scope="module")
def written(gi: Connection, run_dir: Path) -> WrittenHistory:
    return write_run(gi, run_dir, "Written ' <b> é", tags=["mine", "name:demo"])


def test_each_dataset_has_its_datatype_and_is_ok(written: WrittenHistory) -> None:
    landed = [(d.collection, d.datatype, d.state) for d in written.datasets]
    files, models = "demo.ipynb: files", "demo.ipynb: models"
    assert landed == [
        (None, "ipynb", "ok"),
        (None, "html", "ok"),
        (None, "json", "ok"),
        (None, "tabular", "ok"),
        (files, "csv", "ok"),
        (files, "txt", "ok"),
        (files, "txt", "ok"),
        (files, "csv", "ok"),
        (files, "csv", "ok"),
        (models, "onnx", "ok"),
        (models, "onnx", "ok"),
    ]


def test_each_dataset_is_named_for_the_notebook(written: WrittenHistory) -> None:
    assert [d.name for d in written.datasets if d.collection is None] == [
        "demo.ipynb: executed notebook",
        "demo.ipynb: report",
        "demo.ipynb: run record",
        "demo.ipynb: metrics",
    ]


def test_elements_keep_their_names_as_far_as_galaxy_allows(written: WrittenHistory) -> None:
    names = [d.name for d in written.datasets if d.collection == "demo.ipynb: files"]
    assert names[:3] == [*STRANGE[:2], "line_break.txt"]
    assert len(names[3]) == 200


def test_history_datasets_and_collections_have_the_tags(
    gi: Connection, written: WrittenHistory
) -> None:
    history = gi.histories.show_history(written.history.id)
    contents = gi.histories.show_history(written.history.id, contents=True, visible=True)
    assert history["name"] == "Written ' <b> é"
    assert {tuple(sorted(one["tags"])) for one in [history, *contents]} == {("mine", "name:demo")}


def test_files_arrive_byte_by_byte(
    gi: Connection, written: WrittenHistory, run_dir: Path, tmp_path: Path
) -> None:
    for name in STRANGE[:2]:
        download_dataset(gi, by_name(written)[name].id, tmp_path / "x")
        assert (tmp_path / "x").read_bytes() == (run_dir / "outputs" / name).read_bytes()


def test_a_notebook_with_a_link_arrives_with_the_same_content(
    gi: Connection, written: WrittenHistory, run_dir: Path, tmp_path: Path
) -> None:
    download_dataset(gi, by_name(written)["demo.ipynb: executed notebook"].id, tmp_path / "x")
    here = json.loads((run_dir / "notebook.ipynb").read_text())
    assert json.loads((tmp_path / "x").read_text()) == here


def test_metrics_arrive_as_a_table(gi: Connection, written: WrittenHistory, tmp_path: Path) -> None:
    download_dataset(gi, by_name(written)["demo.ipynb: metrics"].id, tmp_path / "x")
    assert (tmp_path / "x").read_text() == "alpha\taccuracy\n0.5\t0.9\n"


def test_the_report_has_its_pictures_beside_it_but_no_links(
    gi: Connection, written: WrittenHistory
) -> None:
    report = by_name(written)["demo.ipynb: report"]
    listed = gi.histories.get_extra_files(written.history.id, report.id)
    files = [entry["path"] for entry in listed if entry["class"] == "File"]
    assert files == ["report_files/plot.png"]


def test_the_reports_picture_is_served_where_the_page_looks_for_it(
    gi: Connection, written: WrittenHistory
) -> None:
    report = by_name(written)["demo.ipynb: report"]
    page = f"{gi.base_url}/datasets/{report.id}/display/"
    assert gi.make_get_request(f"{page}report_files/plot.png").content == b"\x89PNG\r\n"


def test_the_report_is_the_same_page(
    gi: Connection, written: WrittenHistory, run_dir: Path, tmp_path: Path
) -> None:
    download_dataset(gi, by_name(written)["demo.ipynb: report"].id, tmp_path / "x")
    here = html.fromstring((run_dir / "report.html").read_bytes())
    assert html.tostring(html.fromstring((tmp_path / "x").read_bytes())) == html.tostring(here)


def test_a_file_that_galaxy_refuses_is_named_and_the_others_stay(
    gi: Connection, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path, {"a.csv": b"a\n", "page.html": b"<script>1</script>"})
    with pytest.raises(IncompleteHistoryError) as caught:
        write_run(gi, folder, "One file is refused")
    assert "page.html: state error" in str(caught.value)
    states = {d.name: d.state for d in caught.value.written.datasets}
    assert states.pop("page.html") == "error"
    assert set(states.values()) == {"ok"}
    assert "a.csv" in states


def test_an_incomplete_history_tells_what_arrived_and_where(gi: Connection, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {"page.html": b"<script>1</script>"})
    with pytest.raises(GalaxyUploadError, match=r"Arrived, and stays in http.*: demo\.ipynb: exec"):
        write_run(gi, folder, "One file is refused")


def test_a_run_that_left_only_its_record_is_written(gi: Connection, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    written = write_run(gi, tmp_path, "Only a record")
    assert [(d.name, d.state) for d in written.datasets] == [("notebook.ipynb: run record", "ok")]


def test_waiting_ends_at_its_limit(gi: Connection, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(GalaxyTimeoutError, match="did not finish the upload within"):
        write_run(gi, tmp_path, "No patience", wait_limit=0.01)


# ---- by the command ---------------------------------------------------------------


def test_run_writes_its_results_into_a_history_and_the_key_nowhere(
    galaxy: LocalGalaxy, run_command: Any, make_notebook: Any, tmp_path: Path
) -> None:
    cell = "from notebook_runner import outputs_dir; (outputs_dir / 'a.csv').write_text('a')"
    arguments = ("--galaxy", galaxy.url, "--history-name", "From here", "-o", "out", "--json")
    ended = run_command("run", make_notebook(cell), *arguments, key=galaxy.api_key)
    assert ended.code == 0, ended.err
    written = ended.summary["galaxy"]
    assert written["history"]["name"] == "From here"
    assert {dataset["state"] for dataset in written["datasets"]} == {"ok"}
    assert "a.csv" in [dataset["name"] for dataset in written["datasets"]]
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert all(galaxy.api_key.encode() not in path.read_bytes() for path in files)


def test_a_run_that_does_not_arrive_wholly_is_not_called_done(
    galaxy: LocalGalaxy, run_command: Any, make_notebook: Any
) -> None:
    cell = "import pathlib; pathlib.Path('outputs/page.html').write_text('<script>1</script>')"
    arguments = ("--galaxy", galaxy.url, "--no-report", "-o", "out")
    ended = run_command("run", make_notebook(cell), *arguments, key=galaxy.api_key)
    assert ended.code == 24
    assert "page.html: state error" in ended.err
