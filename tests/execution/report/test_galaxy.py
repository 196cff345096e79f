"""The report after Galaxy has cleaned it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLE = (
    "<style scoped>.dataframe td {color: red}</style>"
    '<table border="1" class="dataframe"><tr><th>a</th></tr><tr><td>12.5</td></tr></table>'
)


@pytest.fixture
def pages(
    write: Callable[..., Path], as_galaxy_shows: Callable[[Path], Path], png: str
) -> tuple[lxml.html.HtmlElement, lxml.html.HtmlElement]:
    """A report as it is, and as Galaxy shows it."""
    outputs: list[dict[str, Any]] = [
        {"output_type": "stream", "name": "stdout", "text": "printed & <kept>"},
        {"output_type": "display_data", "data": {"text/html": TABLE}, "metadata": {}},
        {"output_type": "display_data", "data": {"image/png": png}, "metadata": {}},
    ]
    page = write(
        {"cell_type": "markdown", "source": "# Title é\n\n$x<y$\n\n|a|b|\n|-|-|\n|1|2|"},
        {"cell_type": "code", "source": "if x < 1:\n    y = '&amp;'", "outputs": outputs},
        record={
            "status": "ok",
            "notebook": {"name": "demo.ipynb"},
            "parameters": {"alpha": 0.5},
            "metrics": {"accuracy": 0.9},
            "packages": {"numpy": "2.0"},
        },
    )
    shown = as_galaxy_shows(page)
    return tuple(lxml.html.fromstring(file.read_text("utf-8")) for file in (page, shown))


def words(element: lxml.html.HtmlElement) -> list[str]:
    return element.text_content().split()


def test_galaxy_shows_all_text_and_no_other(pages: Any) -> None:
    report, shown = pages
    title = words(report.find(".//title"))
    assert words(shown) == title + words(report.find(".//body"))


def test_galaxy_shows_no_style(pages: Any) -> None:
    assert "color" not in pages[1].text_content()


def test_galaxy_keeps_the_tables(pages: Any) -> None:
    report, shown = pages
    assert len(shown.findall(".//table")) == len(report.findall(".//table")) >= 5
    assert [td.text for td in shown.iterfind(".//td")] == [
        td.text for td in report.iterfind(".//td")
    ]


def test_galaxy_keeps_the_pictures(pages: Any) -> None:
    report, shown = pages
    sources = [image.get("src") for image in shown.iter("img")]
    assert sources == [image.get("src") for image in report.iter("img")]
    assert sources[0].startswith("report_files/cell-1-")


def test_galaxy_keeps_the_lines_of_the_source(pages: Any) -> None:
    pre = pages[1].xpath("//pre[contains(., 'if x')]")[0]
    assert pre.text_content() == "if x < 1:\n    y = '&amp;'"


def test_galaxy_keeps_the_text_of_a_hostile_report(
    hostile_report: Path, as_galaxy_shows: Callable[[Path], Path]
) -> None:
    report = lxml.html.fromstring(hostile_report.read_text("utf-8"))
    shown = lxml.html.fromstring(as_galaxy_shows(hostile_report).read_text("utf-8"))
    assert words(shown) == words(report.find(".//title")) + words(report.find(".//body"))
