"""HTML that a notebook made, by an allow-list.

Two passes. lxml takes away what must not leave its text behind (scripts, styles), turns
pictures into files of the report, disarms links, and shortens long tables. bleach has the
last word: it lets nothing through but listed elements and attributes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import lxml.html
from lxml import etree
from markupsafe import Markup

from notebook_runner.execution.report_allowed import LINK_SCHEMES, allow, is_listed, names
from notebook_runner.execution.report_pictures import PictureError, Pictures
from notebook_runner.execution.report_text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.html import HtmlElement

# Beyond this an output is not even parsed.
MAX_HTML_PARSED = 20_000_000
# Cleaning takes about a second for a million characters.
MAX_HTML = 200_000
MAX_ROWS = 200
MAX_DEPTH = 60

# These are nothing without a script or a server, so their loss is worth a sentence.
_LIVE = names(
    "applet audio button canvas embed frame frameset iframe input object script select textarea "
    "video"
)
_SILENT = names("base link meta noembed noframes noscript plaintext style svg template title xmp")
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
_CHARACTERS_OF_XML = (range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))
# A character that is written by its number.
_NUMBER = re.compile(r"&#(?:x([0-9a-f]+)|([0-9]+));?", re.IGNORECASE)


class HtmlError(ValueError):
    """The HTML cannot be shown; the message says why, in a few words."""


@dataclass
class Fragment:
    """Cleaned HTML and what was found on the way.

    Attributes
    ----------
    html
        Safe to insert between block elements.
    live
        Whether something went that needs a live notebook.
    empty
        Whether nothing is left to see.
    classes
        The classes that the notebook's elements had.
    """

    html: Markup
    live: bool = False
    empty: bool = True
    classes: frozenset[str] = frozenset()


@dataclass
class Cleaner:
    """Cleans the HTML of one cell.

    Attributes
    ----------
    pictures
        Where the pictures go.
    stem
        First part of their file names.
    attachments
        The pictures that the cell carries along.
    """

    pictures: Pictures
    stem: str
    attachments: Mapping[str, Any] = field(default_factory=dict)

    def clean(self, source: str) -> Fragment:
        """Return what of the HTML may be shown.

        Raises
        ------
        HtmlError
            It is too large, or cannot be parsed.
        """
        if len(source) > MAX_HTML_PARSED:
            raise HtmlError("it is too large")
        source = _NUMBER.sub(_printable_reference, printable(source))
        if not source.strip():
            return Fragment(Markup())
        try:
            # As bytes: a text that begins like an XML file would be refused.
            parser = lxml.html.HTMLParser(encoding="utf-8")
            root: HtmlElement = lxml.html.document_fromstring(source.encode(), parser)
        except (etree.ParserError, etree.XMLSyntaxError):
            return Fragment(Markup())
        classes = {name for element in root.iter("*") for name in element.get("class", "").split()}
        live = self._shape(root)
        text = etree.tostring(root, encoding="unicode", method="html")
        if len(text) > MAX_HTML:
            raise HtmlError("it is too large")
        return Fragment(
            Markup(allow(text)),  # noqa: S704 - this is what bleach is for
            live=live,
            empty=not root.text_content().strip() and root.find(".//img") is None,
            classes=frozenset(classes),
        )

    def _shape(self, root: HtmlElement) -> bool:
        """Change the tree in place; return whether something live went."""
        live = False
        for table in root.iter("table"):
            _cut_rows(table)
        waiting = [(child, 1) for child in root]
        while waiting:
            element, depth = waiting.pop()
            tag = element.tag
            if not isinstance(tag, str):  # a comment or an instruction
                element.drop_tree()
            elif tag == "svg":
                self._extract_drawing(element)
            elif tag in _LIVE or tag in _SILENT:
                is_box = tag == "input" and element.get("type", "").lower() == "checkbox"
                live = live or (tag in _LIVE and not is_box)
                box = "\u2611 " if "checked" in element.attrib else "\u2610 "
                _replace(element, box if is_box else "")
            elif tag == "img":
                self._extract_picture(element)
            elif depth > MAX_DEPTH:
                _replace(element, element.text_content())
            else:
                _shape_element(element)
                waiting.extend((child, depth + 1) for child in element)
        return live

    def _extract_drawing(self, element: HtmlElement) -> None:
        tail, element.tail = element.tail, None
        try:
            source = self.pictures.add_svg(element, self.stem)
        except PictureError as error:
            new: HtmlElement | str = f"[drawing left out: {error}]"
        else:
            new = lxml.html.Element("img", src=source, alt="drawing")
        element.tail = tail
        _replace(element, new)

    def _extract_picture(self, element: HtmlElement) -> None:
        address = element.get("src", "").strip()
        name = " ".join(element.get("alt", "").split())[:200]
        if address.lower().startswith(("http:", "https:", "//")):
            # Loading it would tell its server who opens the report, and when.
            link = lxml.html.Element("a", href=address)
            link.text = f"[picture on another server: {name or address[:200]}]"
            _shape_element(link)
            _replace(element, link)
            return
        try:
            source = self.pictures.add_address(address, self.attachments, self.stem)
        except PictureError as error:
            _replace(element, f"[picture {name} left out: {error}]".replace("  ", " "))
        else:
            element.set("src", source)
            element.set("alt", name or "picture")


def _shape_element(element: HtmlElement) -> None:
    tag = element.tag
    if "class" in element.attrib:
        known = [c for c in element.get("class", "").split() if is_listed(tag, "class", c)]
        element.set("class", known[0] if known else "")
    name = element.get("id", "") or (element.get("name", "") if tag == "a" else "")
    if tag in _HEADINGS:
        # Jupyter makes a heading's id from its text, and tables of contents rely on it.
        name = name or "-".join(element.text_content().split())[:200]
        element.tag = _HEADINGS[tag]
    if name:
        element.set("id", f"nb-{name}")
    if tag == "a" and "href" in element.attrib:
        _mark_link(element)


def _printable_reference(match: re.Match[str]) -> str:
    """Replace a character by number where no file can hold it."""
    digits = (match[1] or match[2]).lstrip("0") or "0"
    code = int(digits, 16 if match[1] else 10) if len(digits) < 9 else 0
    legal = code in {9, 10, 13} or any(code in part for part in _CHARACTERS_OF_XML)
    return match[0] if legal else "\ufffd"


def _mark_link(element: HtmlElement) -> None:
    address = re.sub(r"[\t\n\r]", "", element.get("href", "")).strip()
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        scheme = ""
    if address.startswith("#"):
        element.set("href", f"#nb-{address[1:]}")
    elif scheme in LINK_SCHEMES:
        element.set("href", address)
        element.set("rel", "noopener noreferrer nofollow")
        element.set("target", "_blank")
    else:
        del element.attrib["href"]


def _cut_rows(table: HtmlElement) -> None:
    rows = list(table.iter("tr"))[MAX_ROWS:]
    parent = table.getparent()
    if not rows or parent is None:
        return
    for row in rows:
        row.drop_tree()
    note = lxml.html.Element("p")
    note.text = f"{len(rows):,} more rows are left out here; the executed notebook has them."
    note.tail, table.tail = table.tail, None
    parent.insert(parent.index(table) + 1, note)


def _replace(element: HtmlElement, new: HtmlElement | str) -> None:
    """Put text or another element in the place of one, keeping the text that follows."""
    parent = element.getparent()
    if parent is None:
        return
    if isinstance(new, str):
        element.tail = new + (element.tail or "")
        element.drop_tree()
    else:
        new.tail = element.tail
        element.tail = None
        parent.replace(element, new)
