"""Reports of notebooks and records that are not quite valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

from notebook_runner.execution.report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CELLS: dict[str, Any] = {
    "no fields": {},
    "no outputs": {"cell_type": "code", "source": "x"},
    "no source": {"cell_type": "code", "outputs": []},
    "source as a list": {"cell_type": "code", "source": ["a = 1\n", "b = 2"]},
    "source that is a number": {"cell_type": "markdown", "source": 5},
    "source that is nothing": {"cell_type": "markdown", "source": None},
    "list of mixed lines": {"cell_type": "code", "source": ["a", 1, None]},
    "cell that is a text": "x",
    "cell that is nothing": None,
    "metadata that is a list": {"cell_type": "code", "source": "x", "metadata": []},
    "tags that are a text": {"cell_type": "code", "source": "x", "metadata": {"tags": "a"}},
    "attachments that are a list": {"cell_type": "markdown", "source": "x", "attachments": [1]},
    "surrogates": {"cell_type": "markdown", "source": "a \ud800 b \udfff"},
    "surrogates in a link": {"cell_type": "markdown", "source": "[x](a\ud800b) &#xd800; &#0;"},
    "zero and control characters": {"cell_type": "markdown", "source": "a \0 b \x01 \x1b"},
    "source with surrogates": {"cell_type": "code", "source": "x = '\ud83d \0'"},
}
OUTPUTS: dict[str, Any] = {
    "no fields": {},
    "a text": "x",
    "nothing": None,
    "no data": {"output_type": "display_data"},
    "data that is a list": {"output_type": "display_data", "data": ["x"]},
    "data of numbers": {"output_type": "display_data", "data": {"text/plain": 1, "text/html": 2}},
    "data that is nothing": {"output_type": "display_data", "data": {"text/html": None}},
    "a picture that is nothing": {"output_type": "display_data", "data": {"image/png": None}},
    "a drawing that is nothing": {"output_type": "display_data", "data": {"image/svg+xml": ""}},
    "a picture in lines": {"output_type": "display_data", "data": {"image/png": ["iVBO\n", "Rw"]}},
    "metadata that is a text": {"output_type": "display_data", "data": {}, "metadata": "x"},
    "stream without text": {"output_type": "stream", "name": "stdout"},
    "stream without name": {"output_type": "stream", "text": ["a\n", "b"]},
    "stream of surrogates": {"output_type": "stream", "text": "\udcff\ud800"},
    "stream of escapes": {"output_type": "stream", "text": "\x1b[38m\x1b[48;5m\x1b[38;2;1m \x1b["},
    "stream of backspaces": {"output_type": "stream", "text": "\b\b\babc\b\bd\r\r\n\r"},
    "error without fields": {"output_type": "error"},
    "error with a text": {"output_type": "error", "traceback": "one text"},
    "error with nothing": {"output_type": "error", "traceback": [None, 1], "ename": None},
    "HTML of surrogates": {"output_type": "display_data", "data": {"text/html": "<p>\ud800\0</p>"}},
    "HTML that never ends": {
        "output_type": "display_data",
        "data": {"text/html": "<p><b><i " * 99},
    },
    "HTML too deep": {"output_type": "display_data", "data": {"text/html": "<div>" * 5000 + "x"}},
    "HTML of a comment": {"output_type": "display_data", "data": {"text/html": "<!-- x"}},
    "HTML with characters by number": {
        "output_type": "display_data",
        "data": {
            "text/html": "<h1>&#1;</h1><img alt='&#1;' src='&#2;'>&#5;"
            "<a href='#&#3;' id='&#4;'>x</a>&#x1;<script></script>&#1"
            "<p>&#000001&#xD800;&#xFFFFFFFF;&#99999999999;</p>"
            "<svg><text>&#6;</text><rect x='&#12;' id='&#7;' style='fill:&#11;'/>&#8;</svg>"
        },
    },
    "HTML that begins as XML": {
        "output_type": "display_data",
        "data": {"text/html": '<?xml version="1.0" encoding="latin1"?><p>x</p>'},
    },
    "HTML of frames": {"output_type": "display_data", "data": {"text/html": "<frameset><frame>"}},
    "drawing too deep": {
        "output_type": "display_data",
        "data": {"image/svg+xml": "<svg>" + "<g>" * 250 + "</g>" * 250 + "</svg>"},
    },
    "drawing with odd numbers": {
        "output_type": "display_data",
        "data": {"image/svg+xml": "<svg width='&#1;'/>"},
    },
}
NAMES = """
    status exit_code error notebook parameters secrets inputs start duration_s cells kernel python
    packages machine gpu image outputs outputs_left_out metrics runner_version
"""
FIELDS = NAMES.split()
RECORDS: dict[str, Any] = {
    "all nothing": dict.fromkeys(FIELDS),
    "all texts": dict.fromkeys(FIELDS, "x"),
    "all lists": {name: ["x"] for name in FIELDS},
    "lists of nothing": {"inputs": [None], "outputs": [1], "cells": [None, "x"], "gpu": [None]},
    "numbers that are none": {"duration_s": float("nan"), "metrics": {"a": float("inf")}},
    "surrogates": {"parameters": {"\ud800": "\udfff"}, "notebook": {"name": "\ud800\0.ipynb"}},
    "unknown status": {"status": "something new"},
    "cell without number": {"cells": [{"index": 0, "number": None, "status": None}]},
}


def parse(page: Path) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(page.read_text("utf-8"))


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_broken_cell_does_not_stop_the_report(write: Callable[..., Path], cell: Any) -> None:
    after = {"cell_type": "code", "source": "the cell after"}
    assert "the cell after" in parse(write(cell, after)).text_content()


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_a_broken_output_does_not_stop_the_report(write: Callable[..., Path], output: Any) -> None:
    after = {"output_type": "stream", "name": "other", "text": "the output after"}
    cell = {"cell_type": "code", "source": "x", "outputs": [output, after]}
    assert "the output after" in parse(write(cell)).text_content()


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_broken_record_does_not_stop_the_report(write: Callable[..., Path], record: Any) -> None:
    cell = {"cell_type": "code", "source": "the cell"}
    assert "the cell" in parse(write(cell, record=record)).text_content()


@pytest.mark.parametrize("node", [{}, {"cells": None}, {"cells": "x"}, {"cells": {}}])
def test_a_notebook_without_cells_makes_a_report(tmp_path: Path, node: Any) -> None:
    write_report(node, {"status": "ok"}, tmp_path / "report.html")
    assert "The notebook has no cells." in parse(tmp_path / "report.html").text_content()


def test_unprintable_characters_are_marked(write: Callable[..., Path]) -> None:
    page = write({"cell_type": "code", "source": "x = '\0\ud800'"})
    assert "x = '\ufffd\ufffd'" in parse(page).text_content()
