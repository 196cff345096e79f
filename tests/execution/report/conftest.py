"""Notebooks and records that mean harm, and a browser to open their reports in."""

from __future__ import annotations

import base64
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat import NotebookNode

from notebook_runner.execution.report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
RUN = "window.__pwned=1"
FIRE = f'<img src=x onerror="{RUN}">'
SCRIPT = f"<script>{RUN}</script>"
AWAY = "https://elsewhere.invalid"
SVG = "http://www.w3.org/2000/svg"
SVG_SCRIPT = f'<svg xmlns="{SVG}"><script>{RUN}</script><circle r="5"/></svg>'


@dataclass(frozen=True)
class Vector:
    """One attempt: a cell of a notebook, and what it changes in the notebook or the record."""

    name: str
    cell: dict[str, Any]
    record: dict[str, Any]
    metadata: dict[str, Any]


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def code(*outputs: dict[str, Any], source: str = "1") -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": 1,
        "source": source,
        "outputs": list(outputs),
    }


def bundle(data: dict[str, Any]) -> dict[str, Any]:
    return code({"output_type": "display_data", "data": data, "metadata": {}})


def html(source: str) -> dict[str, Any]:
    return bundle({"text/html": source})


def svg(source: str) -> dict[str, Any]:
    return bundle({"image/svg+xml": source})


def drawing(inner: str, attributes: str = "") -> dict[str, Any]:
    xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    return svg(f'<svg xmlns="{SVG}" {xlink} {attributes}>{inner}<circle r="5"/></svg>')


def markdown(source: str, attachments: dict[str, Any] | None = None) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": source}
    if attachments:
        cell["attachments"] = attachments
    return cell


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return code({"output_type": "stream", "name": name, "text": text})


def error(ename: str, evalue: str, *lines: str) -> dict[str, Any]:
    return code(
        {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": list(lines)}
    )


MXSS_MATH = (
    "<math><mtext><table><mglyph><style><!--</style>"
    f"<img title=\"--&gt;&lt;img src=1 onerror='{RUN}'&gt;\">"
)
MXSS_SVG = f"<svg></p><style><a id=\"</style><img src=1 onerror='{RUN}'>\">"
MXSS_NOSCRIPT = f"<noscript><p title=\"</noscript><img src=x onerror='{RUN}'>\">"
MXSS_FORM = (
    "<form><math><mtext></form><form><mglyph><style></math>"
    f"<img src onerror={RUN}></style></mglyph></form>"
)
MXSS_COMMENT = f"<svg><style>&lt;!--</style><p id=\"--><img src=x onerror='{RUN}'>\">"
XXE = (
    '<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    f'<svg xmlns="{SVG}"><text>&secret;</text></svg>'
)

_CELLS: dict[str, dict[str, Any]] = {
    # HTML outputs
    "script element": html(SCRIPT),
    "script in capitals with a slash": html(f"<SCRIPT/x>{RUN}</SCRIPT>"),
    "remote script": html(f'<script src="{AWAY}/a.js"></script>'),
    "script put together from pieces": html(f"<scr<script>ipt>{RUN}</scr</script>ipt>"),
    "img onerror": html(FIRE),
    "handler after a slash": html(f"<img/src=x/onerror={RUN}>"),
    "svg onload in HTML": html(f'<svg onload="{RUN}"><circle r=3 /></svg>'),
    "svg script in HTML": html(f"<svg><script>{RUN}</script><circle r=3 /></svg>"),
    "details ontoggle": html(f'<details open ontoggle="{RUN}"><summary>x</summary>y</details>'),
    "body onload": html(f'<body onload="{RUN}">text</body>'),
    "input autofocus onfocus": html(f'<input autofocus onfocus="{RUN}">'),
    "marquee and video handlers": html(
        f'<marquee onstart="{RUN}">x</marquee><video><source onerror="{RUN}"></video>'
    ),
    "animation handler": html(
        f'<style>@keyframes x{{}}</style><p style="animation:x 1s" onanimationstart="{RUN}">x</p>'
    ),
    "iframe srcdoc": html(f'<iframe srcdoc="<script>parent.__pwned=1</script>{RUN}"></iframe>'),
    "iframe javascript": html(f'<iframe src="javascript:parent.{RUN}"></iframe>'),
    "object and embed": html(
        f'<object data="data:text/html,{SCRIPT}"></object><embed src="{AWAY}/a.swf">'
    ),
    "form and button": html(
        f'<form action="{AWAY}"><button formaction="javascript:{RUN}">go</button></form>'
    ),
    "meta refresh": html(f'<meta http-equiv="refresh" content="0;url={AWAY}">'),
    "base": html(f'<base href="{AWAY}/">'),
    "remote style sheet": html(f'<link rel="stylesheet" href="{AWAY}/a.css">'),
    "preload and manifest links": html(
        f'<link rel="preload" as="image" href="{AWAY}/a.png"><link rel="manifest" href="{AWAY}">'
    ),
    "style import": html(f'<style>@import url("{AWAY}/a.css");</style><p>text</p>'),
    "style attribute": html(
        f'<p style="background:url({AWAY}/a.png);position:fixed;inset:0">text</p>'
    ),
    "javascript link": html(f'<a href="javascript:{RUN}">x</a>'),
    "javascript link in disguise": html(
        f'<a href="&#1;java&#9;scr&#10;ipt&colon;{RUN}">x</a><a href=" JaVaScRiPt:{RUN}">y</a>'
    ),
    "vbscript and data links": html(
        f'<a href="vbscript:{RUN}">x</a><a href="data:text/html,{SCRIPT}">y</a>'
        f'<a href="feed:javascript:{RUN}">z</a>'
    ),
    "ping and area": html(
        f'<a href="{AWAY}" ping="{AWAY}/ping">x</a><map><area href="javascript:{RUN}"></map>'
    ),
    "remote picture": html(
        f'<img src="{AWAY}/a.png"><img src="//elsewhere.invalid/b.png">'
        f'<img srcset="{AWAY}/c.png 2x">'
    ),
    "remote media": html(
        f'<video src="{AWAY}/a.mp4" poster="{AWAY}/a.png" autoplay></video>'
        f'<audio src="{AWAY}/a.mp3" autoplay></audio><input type=image src="{AWAY}/b.png">'
        f'<table background="{AWAY}/c.png"><tr><td background="{AWAY}/d.png">x</table>'
    ),
    "mutation by math": html(MXSS_MATH),
    "mutation by svg": html(MXSS_SVG),
    "mutation by noscript": html(MXSS_NOSCRIPT),
    "mutation by nested forms": html(MXSS_FORM),
    "mutation by a comment": html(MXSS_COMMENT),
    "template": html(f"<template>{SCRIPT}</template><p>text</p>"),
    "title and textarea": html(
        f"<title><a title=\"</title>{FIRE}\"></title><textarea><a title='</textarea>{FIRE}'>"
    ),
    "raw text elements": html(
        f"<xmp><p title=\"</xmp>{FIRE}\"></xmp><noembed></p><a title='</noembed>{FIRE}'>"
        f"</noembed><plaintext>{FIRE}"
    ),
    "comment tricks": html(f"<!--><img src=x onerror='{RUN}'>--><!--[if IE]>{SCRIPT}<![endif]-->"),
    "closing the page": html(f"</div></section></body></html>{SCRIPT}"),
    "attribute that breaks out": html(f"<a title='\"><script>{RUN}</script>'>x</a>"),
    "zero bytes": html(f"<scr\0ipt>{RUN}</scr\0ipt><img src=x o\0nerror={RUN}>"),
    "names of other namespaces": html(
        f'<x:script xmlns:x="http://www.w3.org/1999/xhtml">{RUN}</x:script>'
        f'<math href="javascript:{RUN}">x</math>'
    ),
    "names of the report": html(
        '<p id="cell-1" class="status status-ok badge">spoofed</p><a name="cell-1">x</a>'
    ),
    "data picture that is HTML": html(f'<img src="data:image/png;base64,{encode(SCRIPT)}">'),
    "data picture that is a drawing": html(
        f'<img src="data:image/svg+xml;base64,{encode(SVG_SCRIPT)}">'
        f'<img src="data:text/html,{SCRIPT}">'
    ),
    "picture outside the run": html('<img src="../../etc/passwd"><img src="/etc/passwd">'),
    # other forms
    "drawing with a script": svg(SVG_SCRIPT),
    "drawing with handlers": drawing(f'<g onclick="{RUN}"><rect/></g>', f'onload="{RUN}"'),
    "drawing with foreign content": drawing(
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>"
        f"<script>{RUN}</script></body></foreignObject>"
    ),
    "drawing that uses another": drawing(
        f'<use xlink:href="{AWAY}/a.svg#x"/><use href="data:image/svg+xml,x#y"/>'
    ),
    "drawing with links": drawing(
        f'<a xlink:href="javascript:{RUN}"><text>x</text></a><a href="{AWAY}"><text>y</text></a>'
    ),
    "drawing with animation": drawing(
        f'<a id="l"><text>x</text></a><animate href="#l" attributeName="href" to="javascript:{RUN}"'
        f'/><set attributeName="onload" to="{RUN}"/>'
    ),
    "drawing with remote parts": drawing(
        f'<image xlink:href="{AWAY}/a.png"/><style>@import "{AWAY}/a.css";</style>'
        f'<rect style="fill:url({AWAY}/a.svg#x)"/><rect fill="url({AWAY}/a.svg#x)"/>'
        f'<filter id="f"><feImage href="{AWAY}/b.png"/></filter>'
    ),
    "drawing that hides an address": drawing(
        r'<rect style="fill:\75rl(https://elsewhere.invalid/a)"/>'
        f'<image xlink:href="data:image/svg+xml;base64,{encode(SVG_SCRIPT)}"/>'
    ),
    "drawing with an entity": svg(XXE),
    "drawing with instructions": svg(
        f'<?xml-stylesheet href="{AWAY}/a.css"?><svg xmlns="{SVG}"><?php x?><!-- x --></svg>'
    ),
    "page that says it is a drawing": svg(
        f'<html xmlns="http://www.w3.org/1999/xhtml">{SCRIPT}</html>'
    ),
    "HTML that says it is a PNG": bundle({"image/png": encode(SCRIPT)}),
    "drawing that says it is a JPEG": bundle({"image/jpeg": encode(SVG_SCRIPT)}),
    "damaged picture": bundle({"image/png": "!!!", "text/plain": FIRE}),
    "latex": bundle({"text/latex": f"$</pre>{SCRIPT}\\href{{javascript:{RUN}}}{{x}}$"}),
    "javascript output": bundle({"application/javascript": RUN}),
    "markdown output": bundle({"text/markdown": f"# x {FIRE}\n\n[a](javascript:{RUN})"}),
    "plain output": bundle({"text/plain": f"</pre>{SCRIPT}{FIRE}"}),
    "json output": bundle({"application/json": {f"</pre>{SCRIPT}": FIRE}}),
    "type with a tag in it": bundle({f"image/{FIRE}": "x"}),
    "plotly": bundle(
        {
            "application/vnd.plotly.v1+json": {"data": []},
            "text/html": f'<div><script src="{AWAY}/plotly.js"></script>{SCRIPT}</div>',
        }
    ),
    "bokeh": bundle(
        {
            "application/vnd.bokehjs_exec.v0+json": "",
            "application/javascript": RUN,
            "text/html": f'<div id="b"></div>{SCRIPT}',
        }
    ),
    "widget": bundle(
        {"application/vnd.jupyter.widget-view+json": {"model_id": FIRE}, "text/plain": FIRE}
    ),
    "alternative text of a picture": code(
        {
            "output_type": "display_data",
            "data": {"image/png": PNG, "text/plain": f'"><script>{RUN}</script>'},
            "metadata": {"alt": f'x" onerror="{RUN}', "filename": "../../x.html"},
        }
    ),
    # text
    "printed script": stream(f"</pre></code>{SCRIPT}{FIRE}"),
    "terminal link": stream(f"\x1b]8;;javascript:{RUN}\x1b\\x\x1b]8;;\x1b\\", "stderr"),
    "terminal colour with a quote": stream(f'\x1b[38;2;1;2;3" onclick="{RUN}m x \x1b[0m'),
    "terminal colour around a tag": stream(f"\x1b[38;5;200m{SCRIPT}\x1b[31m{FIRE}\x1b[38m"),
    "traceback": error("E", "v", f"\x1b[31m</pre>{SCRIPT}", FIRE),
    "error without traceback": error(f"</pre>{SCRIPT}", FIRE),
    "source of a cell": code(source=f"</code></pre>{SCRIPT}\n'{FIRE}'"),
    "raw cell": {"cell_type": "raw", "metadata": {"format": "text/html"}, "source": SCRIPT},
    "unknown cell": {"cell_type": FIRE, "metadata": {}, "source": SCRIPT},
    # Markdown
    "markdown with HTML": markdown(f"text {SCRIPT} {FIRE}\n\n<div onclick={RUN}>x</div>\n"),
    "markdown links": markdown(
        f"[a](javascript:{RUN}) <javascript:{RUN}> [b][r] ![c](javascript:{RUN})\n\n"
        f"[r]: javascript:{RUN}\n"
    ),
    "markdown titles": markdown(
        f'[a]({AWAY} \'x" onclick="{RUN}\') ![b" onerror="{RUN}](x.png \'" onerror="{RUN}\')'
    ),
    "markdown code fence": markdown(f'```"><script>{RUN}</script>\n</code></pre>{SCRIPT}\n```'),
    "markdown diagram": markdown(f"```mermaid\n</pre>{SCRIPT}\n```"),
    "markdown formulas": markdown(
        f"$</code>{SCRIPT}$ and\n\n$$</pre>{FIRE}$$\n\n\\begin{{a}}{SCRIPT}\\end{{a}}"
    ),
    "markdown heading": markdown(f"# x\" onclick=\"{RUN} {FIRE}\n\n## <a name='cell-1'>x</a>"),
    "markdown remote picture": markdown(f"![x]({AWAY}/a.png) [![y]({AWAY}/b.png)]({AWAY})"),
    "attachment that climbs": markdown(
        "![x](attachment:../x.png) ![y](attachment:/etc/y.png) ![z](attachment:..%2F..%2Fz.png)",
        {
            "../x.png": {"image/png": PNG},
            "/etc/y.png": {"image/png": PNG},
            "../../z.png": {"image/png": PNG},
        },
    ),
    "attachment that is HTML": markdown(
        "![x](attachment:x.png) ![y](attachment:y.svg) ![z](attachment:z.html)",
        {
            "x.png": {"image/png": encode(SCRIPT)},
            "y.svg": {"image/svg+xml": encode(SVG_SCRIPT)},
            "z.html": {"text/html": SCRIPT, f'image/png" onerror="{RUN}': "x"},
        },
    ),
}

_RECORDS: dict[str, dict[str, Any]] = {
    "parameters": {"parameters": {FIRE: SCRIPT, "x": {"y": [FIRE]}}, "secrets": [SCRIPT]},
    "metrics": {"metrics": {SCRIPT: 1.0, FIRE: FIRE}},
    "inputs": {
        "inputs": [
            {"name": SCRIPT, "elements": [{"identifier": FIRE, "size": FIRE, "sha256": SCRIPT}]}
        ]
    },
    "names of output files": {
        "outputs": [{"path": f"models/{FIRE}.onnx", "size": 1, "sha256": ""}],
        "outputs_left_out": [{"path": SCRIPT, "reason": FIRE}],
    },
    "name of the notebook": {"notebook": {"name": f'"></title>{SCRIPT}.ipynb', "sha256": FIRE}},
    "error": {
        "status": "failed",
        "exit_code": 10,
        "error": {
            "cell_number": f'1"><script>{RUN}</script>',
            "cell_index": 0,
            "ename": SCRIPT,
            "evalue": f"{FIRE}\n{SCRIPT}",
            "traceback": f"</pre>{SCRIPT}",
        },
    },
    "status": {"status": FIRE},
    "environment": {
        "kernel": {"name": SCRIPT, "language": FIRE, "display_name": SCRIPT},
        "python": FIRE,
        "packages": {SCRIPT: FIRE},
        "machine": {"os": SCRIPT, "cpus": FIRE},
        "gpu": [{"name": SCRIPT, "driver": FIRE}],
        "image": {SCRIPT: FIRE},
        "runner_version": SCRIPT,
    },
}

_METADATA: dict[str, dict[str, Any]] = {
    "title of the notebook": {"title": f"</title></h1>{SCRIPT}"},
    "language of the notebook": {"language_info": {"name": f'"><script>{RUN}</script>'}},
    "state of widgets": {
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x": SCRIPT}}}
    },
}

VECTORS = [
    *(Vector(name, cell, {}, {}) for name, cell in _CELLS.items()),
    *(Vector(f"record: {name}", code(), record, {}) for name, record in _RECORDS.items()),
    *(Vector(name, code(), {}, metadata) for name, metadata in _METADATA.items()),
]


def notebook_of(*cells: dict[str, Any], **metadata: Any) -> NotebookNode:
    node = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}
    return nbformat.from_dict(node)


@pytest.fixture(params=VECTORS, ids=lambda vector: vector.name)
def vector(request: pytest.FixtureRequest) -> Vector:
    """One attempt after the other."""
    return request.param


@pytest.fixture
def make() -> Callable[..., NotebookNode]:
    """Return a function that makes a notebook of cells, given as dictionaries."""
    return notebook_of


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the report of cells and a record, and tells where it is."""

    def write(
        *cells: dict[str, Any], record: dict[str, Any] | None = None, **metadata: Any
    ) -> Path:
        target = tmp_path / "run" / "report.html"
        target.parent.mkdir(exist_ok=True)
        write_report(notebook_of(*cells, **metadata), record or {"status": "ok"}, target)
        return target

    return write


@pytest.fixture
def write_node(tmp_path: Path) -> Callable[[Any], Path]:
    """Return a function that writes the report of a notebook, and tells where it is."""

    def write(node: Any) -> Path:
        target = tmp_path / "report.html"
        write_report(node, {"status": "ok"}, target)
        return target

    return write


@pytest.fixture
def hostile_report(write: Callable[..., Path]) -> Path:
    """The report of a notebook that tries everything at once."""
    record: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for attempt in VECTORS:
        record |= attempt.record
        metadata |= attempt.metadata
    return write(*(attempt.cell for attempt in VECTORS), record=record, **metadata)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium: the system's, or the one that Playwright installed."""
    from playwright.sync_api import Error, sync_playwright

    # Chromium's own sandbox does not start for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=arguments
            )
        except Error as error:
            pytest.skip(f"Chromium does not start: {error}")
        yield chromium
        chromium.close()


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
