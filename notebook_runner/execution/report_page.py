"""The page of a report, put together from the notebook and its run record."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from notebook_runner.execution.report_cells import CellReader
from notebook_runner.execution.report_pictures import Pictures
from notebook_runner.execution.report_summary import summarise
from notebook_runner.execution.report_text import mapping_of, printable, text_of
from notebook_runner.execution.report_units import format_duration
from notebook_runner.record.layout import REPORT_FILES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STYLE_FILE = "style.css"


def render_report(
    notebook: Mapping[str, Any], record: Mapping[str, Any], run_dir: Path
) -> tuple[str, dict[str, bytes]]:
    """Render the page and collect the files that it shows.

    Parameters
    ----------
    notebook
        The executed notebook; whatever is invalid in it is passed over.
    record
        The run record, complete or not.
    run_dir
        The folder of the run; pictures below its ``outputs/`` may be shown.

    Returns
    -------
    tuple of str and dict
        The HTML, and file name to content for the folder beside it.
    """
    pictures = Pictures(run_dir)
    reader = CellReader(record, _language_of(notebook, record), pictures)
    page = _template().render(
        summary=summarise(notebook, record),
        cells=reader.read(notebook),
        style=f"{REPORT_FILES}/{STYLE_FILE}",
        duration=format_duration,
    )
    return page, {**pictures.files, STYLE_FILE: _style()}


def _language_of(notebook: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    metadata = mapping_of(notebook.get("metadata"))
    return (
        text_of(mapping_of(record.get("kernel")).get("language"))
        or text_of(mapping_of(metadata.get("language_info")).get("name"))
        or text_of(mapping_of(metadata.get("kernelspec")).get("language"))
        or "python"
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        finalize=_finalise,
        loader=PackageLoader("notebook_runner.execution"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html.j2")


def _finalise(value: object) -> object:
    """Make every inserted text printable; safe HTML is already."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _style() -> bytes:
    folder = resources.files("notebook_runner.execution") / "templates"
    return (folder / STYLE_FILE).read_bytes()
