"""Notebooks and records that mean harm, and a browser to open their reports in.

``data/hostile.ipynb`` holds one attempt per cell, named in its metadata; ``data/hostile.json``
holds attempts in the run record and in the notebook's own metadata. They try to set
``window.__pwned``, to load something from ``elsewhere.invalid``, or to reach other files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html
import nbformat
import pytest

from notebook_runner.execution.report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Vector:
    """One attempt: cells of a notebook, and what it changes in the record or the metadata."""

    name: str
    cells: tuple[dict[str, Any], ...] = ({"cell_type": "code", "source": "1", "outputs": []},)
    record: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


def read_vectors() -> list[Vector]:
    cells = json.loads((DATA / "hostile.ipynb").read_text("utf-8"))["cells"]
    others = json.loads((DATA / "hostile.json").read_text("utf-8"))
    return [
        *(Vector(cell["metadata"]["vector"], (cell,)) for cell in cells),
        *(Vector(f"record: {name}", record=part) for name, part in others["records"].items()),
        *(Vector(name, metadata=part) for name, part in others["metadata"].items()),
    ]


VECTORS = read_vectors()


@pytest.fixture(params=VECTORS, ids=lambda vector: vector.name)
def vector(request: pytest.FixtureRequest) -> Vector:
    """One attempt after the other."""
    return request.param


@pytest.fixture
def png() -> str:
    """A picture of one dot, as a notebook stores it."""
    return (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
        "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    )


@pytest.fixture
def make() -> Callable[..., NotebookNode]:
    """Return a function that makes a notebook of cells, given as dictionaries."""

    def make(*cells: Any, **metadata: Any) -> NotebookNode:
        node = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
        return nbformat.from_dict(node)

    return make


@pytest.fixture
def write(tmp_path: Path, make: Callable[..., NotebookNode]) -> Callable[..., Path]:
    """Return a function that writes the report of cells and a record, and tells where it is."""

    def write(*cells: Any, record: dict[str, Any] | None = None, **metadata: Any) -> Path:
        target = tmp_path / "run" / "report.html"
        target.parent.mkdir(exist_ok=True)
        record = {"status": "ok"} if record is None else record
        write_report(make(*cells, **metadata), record, target)
        return target

    return write


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., lxml.html.HtmlElement]:
    """Return a function that writes a report and parses it."""

    def read(*cells: dict[str, Any], **options: Any) -> lxml.html.HtmlElement:
        return lxml.html.fromstring(write(*cells, **options).read_text("utf-8"))

    return read


@pytest.fixture
def hostile_report(write: Callable[..., Path]) -> Path:
    """The report of a notebook that tries everything at once."""
    record: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for attempt in VECTORS:
        record |= attempt.record
        metadata |= attempt.metadata
    cells = (cell for attempt in VECTORS for cell in attempt.cells)
    return write(*cells, record=record, **metadata)


@pytest.fixture
def as_galaxy_shows() -> Callable[[Path], Path]:
    """Return a function that puts a report through Galaxy's own cleaning, into a file beside it."""
    from galaxy.util.sanitize_html import sanitize_html

    def clean(page: Path) -> Path:
        other = page.with_name("galaxy.html")
        # Galaxy sends the encoding as a header.
        text = sanitize_html(page.read_text("utf-8"))
        other.write_text(f"<!DOCTYPE html><meta charset='utf-8'>{text}", "utf-8")
        return other

    return clean
