"""Reports of notebooks with too much in them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

from notebook_runner.execution import report_cells, report_outputs, report_pictures
from notebook_runner.execution.report_html import MAX_ROWS
from notebook_runner.execution.report_text import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPENABLE = 1_000_000


def code(*outputs: dict[str, Any], source: str = "1") -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def html(source: str) -> dict[str, Any]:
    data = {"text/html": source, "text/plain": "as text"}
    return {"output_type": "display_data", "data": data}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., lxml.html.HtmlElement]:
    """Return a function that writes a report, which must stay small, and parses it."""

    def read(*cells: dict[str, Any], page_limit: int = OPENABLE) -> lxml.html.HtmlElement:
        page = write(*cells)
        assert page.stat().st_size < page_limit
        return lxml.html.fromstring(page.read_text("utf-8"))

    return read


def test_a_flood_of_prints_keeps_its_beginning_and_its_end(read: Any) -> None:
    text = "".join(f"line {number}\n" for number in range(4_000_000))
    assert len(text) > 50_000_000
    content = read(code(stream(text))).text_content()
    assert "line 0\n" in content
    assert "line 3999999" in content
    assert "characters in 3,99" in content
    assert len(content) < 2 * MAX_TEXT


def test_one_endless_line_is_cut(read: Any) -> None:
    content = read(code(stream("x" * 10_000_000))).text_content()
    assert "9,950,000 characters are left out here" in content


def test_a_long_table_keeps_its_first_rows(read: Any) -> None:
    rows = "".join(f"<tr><td>{number}</td><td>x</td></tr>" for number in range(100_000))
    report = read(code(html(f"<table>{rows}</table>")))
    assert len(report.findall(".//table//tr")) == MAX_ROWS
    assert "99,800 more rows are left out here" in report.text_content()


def test_html_that_is_too_large_gives_way_to_text(read: Any) -> None:
    content = read(code(html("<p>x</p>" * 100_000))).text_content()
    assert "as text" in content
    assert "HTML is left out here: it is too large" in content


def test_many_outputs_are_cut_and_the_error_is_kept(read: Any) -> None:
    outputs = [html(f"<p>{number}</p>") for number in range(1000)]
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["the error"]}
    content = read(code(*outputs, error)).text_content()
    assert "the error" in content
    assert f"{1000 - report_outputs.MAX_OUTPUTS_OF_CELL} more outputs" in content


def test_a_cell_of_many_large_outputs_is_cut(read: Any) -> None:
    outputs = [html("<p>x</p>" * 15_000) for _ in range(50)]
    content = read(code(*outputs), page_limit=2_000_000).text_content()
    assert "more outputs of this cell" in content


def test_a_long_source_is_cut(read: Any) -> None:
    content = read(code(source="x = 1\n" * 100_000)).text_content()
    assert "are left out here" in content


def test_a_long_markdown_cell_is_cut(read: Any) -> None:
    cell = {"cell_type": "markdown", "source": "word " * 200_000}
    assert "are left out here" in read(cell).text_content()


def test_formulas_that_never_end_do_not_stop_the_report(read: Any) -> None:
    cell = {"cell_type": "markdown", "source": "\\begin{a}" * 50_000}
    assert "\\begin{a}" in read(cell).text_content()


def test_the_whole_report_has_a_limit(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_cells, "MAX_REPORT_CHARACTERS", 100_000)
    page = write(*(code(stream("x" * 10_000)) for _ in range(100)))
    content = lxml.html.fromstring(page.read_text("utf-8")).text_content()
    assert page.stat().st_size < 200_000
    assert 85 < content.count("The report has reached its limit") < 95
    assert "Cell 100" in content


def test_a_picture_that_is_too_large_is_named(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pictures, "MAX_PICTURE_BYTES", 1_000_000)
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 1_000_000).decode()
    output = {"output_type": "display_data", "data": {"image/png": picture}}
    assert "it is larger than 1 MB" in read(code(output)).text_content()


def test_the_number_of_pictures_has_a_limit(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_pictures, "MAX_PICTURES", 2)
    outputs = [
        {"output_type": "display_data", "data": {"image/gif": base64.b64encode(b).decode()}}
        for b in (b"GIF89a1", b"GIF89a2", b"GIF89a3")
    ]
    report = read(code(*outputs))
    assert len(report.findall(".//img")) == 2
    assert "the report has too many pictures" in report.text_content()


def test_many_packages_and_parameters_are_cut(write: Callable[..., Path]) -> None:
    record = {
        "status": "ok",
        "parameters": {f"p{number}": "x" * 10_000 for number in range(10)},
        "packages": {f"package-{number}": "1" for number in range(3_000)},
    }
    page = write(record=record)
    assert page.stat().st_size < OPENABLE
    assert "2500 more are in the run record" in page.read_text("utf-8")
