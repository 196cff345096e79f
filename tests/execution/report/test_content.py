"""What a reader finds in a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PLOT = Path(__file__).parent / "data" / "plot.svg"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
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
    "image": {"name": "runner", "digest": "sha256:12"},
    "outputs": [
        {"path": "models/digits.onnx", "size": 5_000, "sha256": ""},
        {"path": "table.csv", "size": 12, "sha256": ""},
    ],
    "outputs_left_out": [{"path": "pipe", "reason": "not a file"}],
    "metrics": {"accuracy": 0.97222222, "n": 360, "loss": None},
}


def code(source: str = "x = 1", *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": metadata}


def show(data: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return code("x", {"output_type": "display_data", "data": data, "metadata": metadata})


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., lxml.html.HtmlElement]:
    """Return a function that writes a report and parses it."""

    def read(*cells: dict[str, Any], **options: Any) -> lxml.html.HtmlElement:
        return lxml.html.fromstring(write(*cells, **options).read_text("utf-8"))

    return read


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
        "kernel Python 3 · on H200"
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


# ---- outputs ----------------------------------------------------------------------


def test_a_table_is_kept_and_its_style_is_not(read: Any) -> None:
    source = "<style>td {color: red}</style><table class='dataframe'><tr><td>1</td></tr></table>"
    report = read(show({"text/html": source, "text/plain": "plain"}))
    assert [cell.text for cell in report.iterfind(".//table[@class='dataframe']//td")] == ["1"]
    assert "color" not in report.text_content()


def test_a_png_is_taken_where_there_is_a_drawing_too(read: Any) -> None:
    report = read(show({"image/svg+xml": PLOT.read_text(), "image/png": PNG}))
    assert [image.get("src")[-4:] for image in report.iter("img")] == [".png"]


def test_a_drawing_keeps_its_lines_its_colours_and_its_picture(write: Any) -> None:
    page = write(show({"image/svg+xml": PLOT.read_text()}))
    (file,) = (page.parent / "report_files").glob("*.svg")
    drawing = file.read_text()
    for part in ('stroke="#1f77b4"', "data:image/png;base64,", "<clipPath", "viewBox="):
        assert part in drawing
    assert drawing.count("<path") == PLOT.read_text().count("<path")


def test_a_drawing_in_html_becomes_a_file(write: Any) -> None:
    source = '<svg viewBox="0 0 9 9"><linearGradient id="g"/><path d="M0 0L9 9"/></svg>'
    page = write(show({"text/html": source}))
    (file,) = (page.parent / "report_files").glob("*.svg")
    assert 'viewBox="0 0 9 9"' in file.read_text()
    assert "<linearGradient" in file.read_text()


def test_a_picture_has_a_text_that_stands_for_it(read: Any) -> None:
    report = read(show({"image/png": PNG, "text/plain": "<Figure size 640x480 with 1 Axes>"}))
    text = report.find(".//img").get("alt")
    assert text == "Picture made by cell 1: <Figure size 640x480 with 1 Axes>"


def test_a_picture_below_outputs_is_shown(write: Any, tmp_path: Path) -> None:
    import base64

    (tmp_path / "run" / "outputs").mkdir(parents=True)
    (tmp_path / "run" / "outputs" / "plot one.png").write_bytes(base64.b64decode(PNG))
    page = write({"cell_type": "markdown", "source": "![plot](outputs/plot%20one.png)"})
    assert len(list((page.parent / "report_files").glob("*.png"))) == 1


def test_a_link_below_outputs_that_leads_out_is_not_followed(write: Any, tmp_path: Path) -> None:
    import base64

    (tmp_path / "private.png").write_bytes(base64.b64decode(PNG))
    (tmp_path / "run" / "outputs").mkdir(parents=True)
    (tmp_path / "run" / "outputs" / "plot.png").symlink_to(tmp_path / "private.png")
    page = write({"cell_type": "markdown", "source": "![plot](outputs/plot.png)"})
    assert not list((page.parent / "report_files").glob("*.png"))


def test_an_attachment_becomes_a_file(read: Any) -> None:
    cell = {
        "cell_type": "markdown",
        "source": "![sketch](attachment:a%20b.png)",
        "attachments": {"a b.png": {"image/png": PNG}},
    }
    image = read(cell).find(".//img")
    assert image.get("src").startswith("report_files/text-1-")
    assert image.get("alt") == "sketch"


def test_a_remote_picture_becomes_a_link(read: Any) -> None:
    report = read({"cell_type": "markdown", "source": "![logo](https://example.org/a.png)"})
    link = report.xpath("//div[contains(@class, 'markdown')]//a")[0]
    assert link.get("href") == "https://example.org/a.png"
    assert "logo" in link.text


def test_formulas_are_shown_as_their_source(read: Any) -> None:
    report = read({"cell_type": "markdown", "source": "$a_1*b*<c$\n\n$$\nx\n$$"})
    assert [e.text for e in report.iterfind(".//*[@class='math']")] == ["$a_1*b*<c$", "$$\nx\n$$"]


def test_a_link_to_a_heading_leads_there(read: Any) -> None:
    report = read({"cell_type": "markdown", "source": "[go](#My-part)\n\n## My part"})
    link = report.xpath("//div[contains(@class, 'markdown')]//a")[0].get("href")
    assert report.get_element_by_id(link[1:]).text == "My part"


@pytest.mark.parametrize(
    "data",
    [
        {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}},
        {"application/vnd.plotly.v1+json": {}, "text/html": "<div></div><script>1</script>"},
        {"application/javascript": "1", "text/plain": "<IPython.core.display.Javascript object>"},
        {"text/html": "<iframe src='a'></iframe>", "text/plain": "<IPython.display.IFrame object>"},
    ],
    ids=["widget", "plotly", "javascript", "iframe"],
)
def test_what_needs_a_live_notebook_is_named_so(read: Any, data: dict[str, Any]) -> None:
    cell = read(show(data)).get_element_by_id("cell-1")
    assert "needs a live notebook" in cell.findtext("p[@class='output note']/em")
    assert "object" not in cell.text_content()


def test_a_widget_with_a_picture_shows_the_picture(read: Any) -> None:
    report = read(show({"application/vnd.jupyter.widget-view+json": {}, "image/png": PNG}))
    assert report.find(".//img") is not None


def test_a_pipeline_of_scikit_learn_is_shown_as_text(read: Any) -> None:
    source = "<style>x</style><div class='sk-top-container'><input type='checkbox'><pre>P()</pre>"
    cell = read(show({"text/html": source, "text/plain": "Pipeline()"})).get_element_by_id("cell-1")
    assert cell.findtext("pre[@class='output result']") == "Pipeline()"


def test_a_progress_bar_is_shown_as_it_ended(read: Any) -> None:
    pieces = ["\r 10%", "\r 50%", "\r100%\n", "done\n"]
    outputs = [{"output_type": "stream", "name": "stderr", "text": text} for text in pieces]
    cell = read(code("x", *outputs)).get_element_by_id("cell-1")
    assert cell.findtext("pre[@class='output stderr']") == "100%\ndone"


def test_the_source_is_marked_up_in_the_kernels_language(read: Any) -> None:
    report = read(code("x <- function(a) a"), record={"kernel": {"language": "R"}})
    assert [e.text for e in report.iterfind(".//pre[@class='source']//span[@class='kr']")] == [
        "function"
    ]


def test_a_json_output_is_shown(read: Any) -> None:
    cell = read(show({"application/json": {"a": [1]}})).get_element_by_id("cell-1")
    assert json.loads(cell.findtext("pre[@class='output result']")) == {"a": [1]}
