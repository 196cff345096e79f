"""What a job of the tool reads, and what it leaves for Galaxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from notebook_runner.errors import GalaxyError
from notebook_runner.galaxy.job import (
    GalaxyJob,
    JobElement,
    JobFile,
    JobInput,
    JobParameterFile,
    read_galaxy_job,
    write_job_results,
)

NOTEBOOK = {"path": "/data/dataset_1.dat", "name": "demo.ipynb"}
JOB = GalaxyJob(JobFile(Path("nb"), "nb"))


def job_file(folder: Path, **content: Any) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps({"notebook": NOTEBOOK, **content}), encoding="utf-8")
    return path


# ---- reading --------------------------------------------------------------------


def test_a_whole_job_is_read(tmp_path: Path) -> None:
    element = {"path": "/data/dataset_2.dat", "identifier": "outer/é", "ext": "csv"}
    path = job_file(
        tmp_path,
        inputs=[{"name": "tables", "kind": "collection", "elements": [element]}],
        parameters=[{"name": "alpha", "value": " 'a'\n"}],
        params_file={"path": "/data/dataset_3.dat", "ext": "yaml"},
        timeout=60,
        cell_timeout=1.5,
        report=False,
        gpu=True,
        report_extra_files_path="/data/dataset_4_files",
    )
    assert read_galaxy_job(path) == GalaxyJob(
        notebook=JobFile(Path("/data/dataset_1.dat"), "demo.ipynb"),
        inputs=(
            JobInput(
                "tables",
                "collection",
                (JobElement(Path("/data/dataset_2.dat"), "outer/é", "csv"),),
            ),
        ),
        parameters=(("alpha", " 'a'\n"),),
        params_file=JobParameterFile(Path("/data/dataset_3.dat"), "yaml"),
        timeout=60.0,
        cell_timeout=1.5,
        report=False,
        gpu=True,
        report_extra_files_path=Path("/data/dataset_4_files"),
    )


def test_what_is_null_is_not_given(tmp_path: Path) -> None:
    names = ("params_file", "timeout", "cell_timeout", "report_extra_files_path")
    job = read_galaxy_job(job_file(tmp_path, **dict.fromkeys(names)))
    assert job == GalaxyJob(JobFile(Path("/data/dataset_1.dat"), "demo.ipynb"))


def test_a_list_may_be_empty(tmp_path: Path) -> None:
    inputs = [{"name": "a", "kind": "datasets", "elements": []}]
    assert read_galaxy_job(job_file(tmp_path, inputs=inputs)).inputs[0].elements == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"notebook": None}, "notebook is NoneType, not dict"),
        ({"notebook": {"path": "x"}}, "'name' is missing"),
        ({"timeout": "60"}, "timeout is '60', not a number of seconds"),
        ({"cell_timeout": 0}, "cell_timeout is 0, not a number of seconds"),
        ({"report": "true"}, "report is str, not bool"),
        ({"parameters": [{"name": "a", "value": 1}]}, "value is int, not str"),
        ({"inputs": [{"name": "a", "kind": "all", "elements": []}]}, "kind of an input is 'all'"),
        ({"inputs": [{"name": "a", "kind": "dataset", "elements": []}]}, "has 0 elements, not 1"),
        ({"inputs": ["a"]}, "string indices"),
    ],
)
def test_a_job_that_is_not_as_agreed_is_an_error(
    content: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(GalaxyError, match=reason):
        read_galaxy_job(job_file(tmp_path, **content))


def test_a_job_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GalaxyError, match="No such file or directory"):
        read_galaxy_job(tmp_path / "absent.json")


@pytest.mark.parametrize("text", ["", "{", "é".encode("latin-1")])
def test_a_job_file_that_is_not_json_is_an_error(text: str | bytes, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(GalaxyError, match="is not valid JSON"):
        read_galaxy_job(tmp_path / "job.json")


def test_a_job_file_of_another_kind_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text("[]")
    with pytest.raises(GalaxyError, match="the job is list, not dict"):
        read_galaxy_job(tmp_path / "job.json")


# ---- writing --------------------------------------------------------------------


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run with files, models, a parameter and a metric."""
    folder = tmp_path / "run"
    paths = ["a.csv", "sub/b.png", "models/m.onnx", "models/notes.txt", "models/old/m.onnx"]
    for path in paths:
        file = folder / "outputs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    record = {
        "outputs": [{"path": path, "size": 1, "sha256": "0"} for path in paths],
        "parameters": {"alpha": 0.5},
        "metrics": {"accuracy": None},
    }
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def provided(tmp_path: Path) -> dict[str, list[dict[str, str]]]:
    content = json.loads((tmp_path / "galaxy.json").read_text(encoding="utf-8"))
    return {name: entry["elements"] for name, entry in content.items()}


def test_files_and_models_are_listed_with_name_and_datatype(run_dir: Path, tmp_path: Path) -> None:
    write_job_results(JOB, run_dir, tmp_path)
    assert provided(tmp_path) == {
        "files": [
            {"name": "a.csv", "filename": "run/outputs/a.csv", "ext": "csv"},
            {"name": "sub/b.png", "filename": "run/outputs/sub/b.png", "ext": "png"},
            {
                "name": "models/notes.txt",
                "filename": "run/outputs/models/notes.txt",
                "ext": "txt",
            },
        ],
        "models": [
            {"name": "m.onnx", "filename": "run/outputs/models/m.onnx", "ext": "onnx"},
            {"name": "m (2).onnx", "filename": "run/outputs/models/old/m.onnx", "ext": "onnx"},
        ],
    }


def test_metrics_are_a_table(run_dir: Path, tmp_path: Path) -> None:
    write_job_results(JOB, run_dir, tmp_path)
    assert (tmp_path / "metrics.tabular").read_text() == "alpha\taccuracy\n0.5\tNA\n"


def test_what_the_record_does_not_list_is_no_output(run_dir: Path, tmp_path: Path) -> None:
    (run_dir / "outputs" / "later.txt").touch()
    (run_dir / "outputs" / "link").symlink_to("/etc/hostname")
    write_job_results(JOB, run_dir, tmp_path)
    assert "later" not in (tmp_path / "galaxy.json").read_text()
    assert "link" not in (tmp_path / "galaxy.json").read_text()


def test_an_output_that_has_gone_is_left_out(run_dir: Path, tmp_path: Path) -> None:
    (run_dir / "outputs" / "a.csv").unlink()
    write_job_results(JOB, run_dir, tmp_path)
    assert [entry["name"] for entry in provided(tmp_path)["files"]] == [
        "sub/b.png",
        "models/notes.txt",
    ]


@pytest.mark.parametrize("record", [None, "", '{"outputs": [', "[]", '{"outputs": null}'])
def test_a_record_that_is_missing_or_broken_lists_nothing(
    record: str | None, run_dir: Path, tmp_path: Path
) -> None:
    (run_dir / "run.json").unlink()
    if record is not None:
        (run_dir / "run.json").write_text(record)
    write_job_results(JOB, run_dir, tmp_path)
    assert provided(tmp_path) == {"files": [], "models": []}
    assert (tmp_path / "metrics.tabular").read_text() == ""


def with_extra(tmp_path: Path) -> GalaxyJob:
    return GalaxyJob(JOB.notebook, report_extra_files_path=tmp_path / "extra")


def test_the_reports_pictures_go_beside_it(run_dir: Path, tmp_path: Path) -> None:
    (run_dir / "report_files").mkdir()
    (run_dir / "report_files" / "plot.png").write_text("png")
    write_job_results(with_extra(tmp_path), run_dir, tmp_path)
    assert (tmp_path / "extra" / "report_files" / "plot.png").read_text() == "png"


def test_no_pictures_are_no_error(run_dir: Path, tmp_path: Path) -> None:
    write_job_results(with_extra(tmp_path), run_dir, tmp_path)
    assert not (tmp_path / "extra").exists()


def test_links_that_the_notebook_put_among_the_pictures_are_not_followed(
    run_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (run_dir / "report_files").mkdir()
    (run_dir / "report_files" / "plot.png").symlink_to(tmp_path / "secret")
    (run_dir / "report_files" / "folder").symlink_to(tmp_path)
    write_job_results(with_extra(tmp_path), run_dir, tmp_path)
    assert list((tmp_path / "extra" / "report_files").iterdir()) == []


def test_a_link_in_the_place_of_the_pictures_is_not_followed(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "secret").touch()
    (run_dir / "report_files").symlink_to(tmp_path / "others")
    write_job_results(with_extra(tmp_path), run_dir, tmp_path)
    assert not (tmp_path / "extra").exists()
