"""What a reader finds in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import lxml.html

RECORD: dict[str, Any] = {
    "runner_version": "0.1.0",
    "status": "failed",
    "exit_code": 10,
    "error": {
        "type": "CellFailedError",
        "message": "Cell 2 failed",
        "cell_index": 2,
        "cell_number": 2,
        "ename": "ValueError",
        "evalue": "too small",
        "traceback": "plain traceback",
    },
    "notebook": {"name": "digits.ipynb", "sha256": "ab" * 32, "size": 10},
    "parameters": {"alpha": 0.1, "name": "O'Neil <x>"},
    "secrets": ["TOKEN"],
    "inputs": [
        {
            "name": "table",
            "kind": "list",
            "elements": [{"identifier": "a.csv", "size": 1_234_567, "sha256": "0123456789abcdef"}],
        }
    ],
    "start": "2026-01-01T09:30:00+00:00",
    "duration_s": 75.2,
    "cells": [
        {"index": 1, "number": 1, "status": "ok", "duration_s": 0.5},
        {"index": 2, "number": 2, "status": "failed", "duration_s": 1.25},
        {"index": 3, "number": 3, "status": "skipped"},
    ],
    "kernel": {"name": "python3", "language": "python", "display_name": "Python 3"},
    "python": "3.11.2",
    "packages": {"numpy": "2.0", "pandas": "2.2"},
    "machine": {"os": "Linux", "cpus": 2, "memory_bytes": 8_000_000_000},
    "gpu": [{"name": "H200", "driver": "570", "memory_bytes": 1, "peak_memory_bytes": None}],
    "image": {"name": "galaxy-lab", "tag": "1-cpu", "content_id": "sha256:12"},
    "outputs": [
        {"path": "models/digits.onnx", "size": 5_000, "sha256": ""},
        {"path": "table.csv", "size": 12, "sha256": ""},
    ],
    "outputs_left_out": [{"path": "pipe", "reason": "not a file"}],
    "metrics": {"accuracy": 0.97222222, "n": 360, "loss": None},
}


def code(source: str = "x = 1", *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": metadata}


@pytest.fixture
def report(read: Callable[..., lxml.html.HtmlElement]) -> lxml.html.HtmlElement:
    """The report of a run whose second cell failed."""
    failure = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "too small",
        "traceback": ["\x1b[0;31mValueError\x1b[0m: too small"],
    }
    return read(
        {"cell_type": "markdown", "source": "# Digits"},
        code("alpha = 0.1", tags=["injected-parameters"]),
        code("check()", failure),
        code("never()"),
        record=RECORD,
    )


def text_of(element: Any) -> str:
    return " ".join(element.text_content().split())


def rows(report: Any, heading: str) -> list[list[str]]:
    table = report.xpath(f"//section[h2='{heading}']//table")[0]
    return [[text_of(cell) for cell in row] for row in table.find("tbody")]


def test_the_sections_come_in_their_order(report: Any) -> None:
    assert [h.text for h in report.iterfind(".//h2")] == [
        "Parameters",
        "Metrics",
        "Inputs",
        "Output files",
        "Files left out",
        "Notebook",
        "Environment",
    ]


def test_the_title_is_the_name_of_the_notebook(report: Any) -> None:
    assert report.findtext(".//h1") == "digits"


def test_the_title_is_the_notebooks_own_where_it_has_one(read: Any) -> None:
    assert read(title="Handwriting").findtext(".//h1") == "Handwriting"


def test_the_status_names_cell_error_message_and_exit_code(report: Any) -> None:
    status = report.xpath("//p[contains(@class, 'status')]")[0]
    assert text_of(status) == "Failed in cell 2 with ValueError: too small (exit code 10)"


def test_the_status_links_to_the_cell_that_failed(report: Any) -> None:
    link = report.xpath("//p[contains(@class, 'status')]//a")[0].get("href")
    assert "failed" in report.get_element_by_id(link[1:]).get("class")


def test_the_facts_tell_how_long_when_and_on_what(report: Any) -> None:
    facts = report.xpath("//p[@class='facts']")[0]
    assert text_of(facts) == (
        "digits.ipynb · took 1 min 15 s · started 2026-01-01 09:30:00 UTC · "
        "kernel Python 3 · on H200 · in image galaxy-lab:1-cpu"
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ok", "Finished"),
        ("timeout", "Stopped at its time limit"),
        ("died", "Kernel died"),
        ("out_of_memory", "Out of memory"),
        ("interrupted", "Interrupted"),
        ("running", "Still running"),
        ("refused", "Not started"),
    ],
)
def test_each_end_of_a_run_has_its_words(read: Any, status: str, words: str) -> None:
    badge = read(record={"status": status}).xpath("//strong[@class='badge']")[0]
    assert badge.text == words


def test_parameters_are_shown_as_json_and_secrets_by_name_only(report: Any) -> None:
    assert rows(report, "Parameters") == [
        ["alpha", "0.1"],
        ["name", '"O\'Neil <x>"'],
        ["TOKEN", "(secret, not shown)"],
    ]


def test_metrics_are_shown_as_numbers(report: Any) -> None:
    assert rows(report, "Metrics") == [
        ["accuracy", "0.972222"],
        ["n", "360"],
        ["loss", "not a number"],
    ]


def test_inputs_have_a_size_and_a_short_hash(report: Any) -> None:
    assert rows(report, "Inputs") == [["table", "a.csv", "1.23 MB", "0123456789ab"]]


def test_models_are_marked_among_the_outputs(report: Any) -> None:
    assert rows(report, "Output files") == [
        ["models/digits.onnx", "5 kB", "model"],
        ["table.csv", "12 B", ""],
    ]


def test_files_left_out_have_their_reason(report: Any) -> None:
    assert rows(report, "Files left out") == [["pipe", "not a file"]]


def test_cells_have_a_number_a_time_and_a_state(report: Any) -> None:
    labels = [text_of(label) for label in report.xpath("//p[@class='label']")]
    assert labels == [
        "Cell 1 · parameters of this run · 0.50 s",
        "Cell 2 · 1.2 s · failed",
        "Cell 3 · did not run",
    ]


def test_a_traceback_keeps_its_text_and_its_colours(report: Any) -> None:
    traceback = report.xpath("//pre[contains(@class, 'error')]")[0]
    assert text_of(traceback) == "ValueError: too small"
    assert traceback.find("span").get("class") == "ansi-red-fg"


def test_a_cell_in_which_the_kernel_died_tells_so(read: Any) -> None:
    record = {"status": "died", "error": {"cell_index": 0, "message": "The kernel died."}}
    cell = read(code(), record=record).get_element_by_id("cell-1")
    assert text_of(cell.find("pre[@class='output error']")) == "The kernel died."


def test_a_cell_that_did_not_finish_is_marked(read: Any) -> None:
    record = {"status": "timeout", "cells": [{"index": 0, "number": 1, "status": "running"}]}
    cell = read(code(), record=record).get_element_by_id("cell-1")
    assert text_of(cell.find("p[@class='label']")) == "Cell 1 · did not finish"
    assert "failed" in cell.get("class")


def test_the_environment_lists_machine_gpu_image_and_packages(report: Any) -> None:
    environment = text_of(report.xpath("//section[@class='environment']")[0])
    for word in ("3.11.2", "Linux", "8 GB", "H200", "570", "sha256:12", "pandas", "2.2"):
        assert word in environment


def test_packages_are_folded_away(report: Any) -> None:
    assert report.find(".//details").get("open") is None
    assert report.findtext(".//summary") == "2 Python packages"


def test_an_empty_record_makes_a_report(read: Any) -> None:
    assert "Cell 1" in read(code("print(1)"), record={}).text_content()


def test_cells_of_a_refused_run_did_not_run(read: Any) -> None:
    report = read(code(), record={"status": "refused"})
    assert text_of(report.xpath("//p[@class='label']")[0]) == "Cell 1 · did not run"
