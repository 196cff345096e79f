"""How a report shows what cells hold and print."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

PLOT = Path(__file__).parent / "data" / "plot.svg"


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def show(data: dict[str, Any]) -> dict[str, Any]:
    return code("x", {"output_type": "display_data", "data": data})


def test_a_table_is_kept_and_its_style_is_not(read: Any) -> None:
    source = "<style>td {color: red}</style><table class='dataframe'><tr><td>1</td></tr></table>"
    report = read(show({"text/html": source, "text/plain": "plain"}))
    assert [cell.text for cell in report.iterfind(".//table[@class='dataframe']//td")] == ["1"]
    assert "color" not in report.text_content()


def test_a_png_is_taken_where_there_is_a_drawing_too(read: Any, png: str) -> None:
    report = read(show({"image/svg+xml": PLOT.read_text(), "image/png": png}))
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


def test_a_picture_has_a_text_that_stands_for_it(read: Any, png: str) -> None:
    report = read(show({"image/png": png, "text/plain": "<Figure size 640x480 with 1 Axes>"}))
    text = report.find(".//img").get("alt")
    assert text == "Picture made by cell 1: <Figure size 640x480 with 1 Axes>"


def test_a_picture_below_outputs_is_shown(write: Any, tmp_path: Path, png: str) -> None:
    (tmp_path / "run" / "outputs").mkdir(parents=True)
    (tmp_path / "run" / "outputs" / "plot one.png").write_bytes(base64.b64decode(png))
    page = write({"cell_type": "markdown", "source": "![plot](outputs/plot%20one.png)"})
    assert len(list((page.parent / "report_files").glob("*.png"))) == 1


def test_a_link_below_outputs_that_leads_out_is_not_followed(
    write: Any, tmp_path: Path, png: str
) -> None:
    (tmp_path / "private.png").write_bytes(base64.b64decode(png))
    (tmp_path / "run" / "outputs").mkdir(parents=True)
    (tmp_path / "run" / "outputs" / "plot.png").symlink_to(tmp_path / "private.png")
    page = write({"cell_type": "markdown", "source": "![plot](outputs/plot.png)"})
    assert not list((page.parent / "report_files").glob("*.png"))


def test_an_attachment_becomes_a_file(read: Any, png: str) -> None:
    cell = {
        "cell_type": "markdown",
        "source": "![sketch](attachment:a%20b.png)",
        "attachments": {"a b.png": {"image/png": png}},
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


def test_a_widget_with_a_picture_shows_the_picture(read: Any, png: str) -> None:
    report = read(show({"application/vnd.jupyter.widget-view+json": {}, "image/png": png}))
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
