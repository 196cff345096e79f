"""Markdown of a notebook as HTML, still to be cleaned."""

from __future__ import annotations

from markupsafe import Markup, escape
from mistune import HTMLRenderer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from notebook_runner.execution.report_text import highlight, printable

# Some constructs take the square of their length to read; a longer cell is shown as text.
MAX_MARKDOWN = 50_000


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, with formulas as their source and addresses as they stand."""

    def __init__(self) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)

    def block_code(self, code: str, info: str | None = None) -> str:
        language = (info or "").strip().split(maxsplit=1)
        marked = highlight(code, language[0] if language else "text")
        return f'<pre class="highlight"><code>{marked}</code></pre>\n'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return HTMLRenderer.image(self, text, url, title)

    def paragraph(self, text: str) -> str:
        # A browser ends a paragraph before a formula of several lines; a div holds both.
        return f"<div>{text}</div>\n" if "<pre" in text else super().paragraph(text)

    def block_math(self, body: str) -> str:
        return _formula(f"$${body}$$", "pre")

    def inline_math(self, body: str) -> str:
        return _formula(f"${body}$")

    def latex_environment(self, name: str, body: str) -> str:
        return _formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", "pre")


def _formula(source: str, element: str = "code") -> str:
    return f'<{element} class="math">{escape(source)}</{element}>'


def markdown_to_html(source: str) -> str:
    """Convert Markdown, with formulas kept as their source.

    Returns
    -------
    str
        HTML that may hold whatever the notebook put there; clean it before use.
    """
    source = printable(source)
    if len(source) > MAX_MARKDOWN:
        return _as_text(source)
    try:
        html: str = MarkdownWithMath(renderer=_Renderer()).render(source)
    except RecursionError:
        return _as_text(source)
    return html


def _as_text(source: str) -> str:
    return Markup("<pre>{}</pre>").format(source)
