"""Drawings (SVG) by an allow-list: what is not known to be harmless is not copied.

A Galaxy server hands the files of a report out under its own address, so a script in a
drawing would act as the person who looks at it. The cleaned drawing is built anew: it has
no script, no event handler, no animation, no foreign content, and points nowhere but into
itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

MAX_SVG_CHARACTERS = 5_000_000
MAX_SVG_ELEMENTS = 100_000
MAX_SVG_DEPTH = 200

_ELEMENTS = (
    "svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan "
    "textPath image marker clipPath mask pattern linearGradient radialGradient stop"
)
_PRESENTATION = (
    "clip-path clip-rule color dominant-baseline fill fill-opacity fill-rule font font-family "
    "font-size font-style font-variant font-weight letter-spacing marker-end marker-mid "
    "marker-start mask opacity paint-order shape-rendering stop-color stop-opacity stroke "
    "stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-opacity stroke-width text-anchor text-rendering vector-effect visibility "
    "white-space word-spacing"
)
_ATTRIBUTES = (
    "clipPathUnits cx cy d dx dy fx fy gradientTransform gradientUnits height id markerHeight "
    "markerUnits markerWidth maskContentUnits maskUnits offset orient pathLength "
    "patternContentUnits patternTransform patternUnits points preserveAspectRatio r refX refY "
    "rotate rx ry spreadMethod startOffset textLength lengthAdjust transform version viewBox "
    "width x x1 x2 y y1 y2"
)


def _by_lower_case(names: str) -> dict[str, str]:
    # A drawing inside an HTML output has gone through a parser that knows no capitals.
    return {name.lower(): name for name in names.split()}


_ELEMENT_NAMES = _by_lower_case(_ELEMENTS)
_PRESENTATION_NAMES = _by_lower_case(_PRESENTATION)
_ATTRIBUTE_NAMES = _by_lower_case(f"{_ATTRIBUTES} {_PRESENTATION}")

# Numbers, colours, fonts, transformations: no backslash, no at-sign, no colon, no angle bracket.
_PLAIN_VALUE = re.compile(r"[\w \t\n\r.,;#%()+\-*/'\"!|]*", re.ASCII)
_REFERENCE = re.compile(r"""url\(\s*['"]?#[\w.:-]+['"]?\s*\)""")
_ID = re.compile(r"[\w.:-]{1,200}")
_LOCAL = re.compile(r"#[\w.:-]{1,200}")


class SvgError(ValueError):
    """The drawing cannot be shown; the message says why."""


def parse_svg(source: str) -> etree._Element:
    """Parse a drawing without reading anything from outside it.

    Raises
    ------
    SvgError
        It is too large, or no well-formed XML.
    """
    if len(source) > MAX_SVG_CHARACTERS:
        raise SvgError("the drawing is too large")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(source.strip().encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise SvgError("the drawing is not well-formed XML") from None


def clean_svg(root: etree._Element, embed: Callable[[str], str | None]) -> bytes:
    """Copy what is harmless of a drawing.

    Parameters
    ----------
    root
        The element ``svg``, from an XML or an HTML parser.
    embed
        Checks the ``data:`` address of a picture within the drawing; returns it anew, or
        ``None`` when it is no picture.

    Returns
    -------
    bytes
        The new drawing as a file of its own.

    Raises
    ------
    SvgError
        It is no drawing, or has too many elements.
    """
    if _local_name(root) != "svg":
        raise SvgError("it is not a drawing")
    clean = etree.Element(f"{{{SVG}}}svg", nsmap={None: SVG, "xlink": XLINK})  # type: ignore[dict-item]
    _copy_attributes(root, clean, embed)
    waiting = [(root, clean, 1)]
    count = 1
    while waiting:
        source, target, depth = waiting.pop()
        with_text = _local_name(source) in _WITH_TEXT
        target.text = source.text if with_text else None
        for child in source:
            name = _local_name(child)
            if name is None or depth >= MAX_SVG_DEPTH:
                continue
            count += 1
            if count > MAX_SVG_ELEMENTS:
                raise SvgError("the drawing has too many parts")
            copy = etree.SubElement(target, f"{{{SVG}}}{name}")
            _copy_attributes(child, copy, embed)
            copy.tail = child.tail if with_text else None
            waiting.append((child, copy, depth + 1))
    _remove_nested_uses(clean)
    return etree.tostring(clean, encoding="utf-8", xml_declaration=True)


_WITH_TEXT = frozenset({"text", "tspan", "textPath", "title", "desc"})


def _local_name(element: etree._Element) -> str | None:
    tag: object = element.tag
    if not isinstance(tag, str):  # a comment, an instruction, an entity
        return None
    namespace, _, name = tag.rpartition("}")
    if namespace and namespace != f"{{{SVG}":
        return None
    return _ELEMENT_NAMES.get(name.lower())


def _copy_attributes(
    source: etree._Element, target: etree._Element, embed: Callable[[str], str | None]
) -> None:
    for key, value in source.attrib.items():
        namespace, _, name = str(key).rpartition("}")
        text = str(value)
        if name.lower() in {"href", "xlink:href"}:
            _copy_reference(target, text, embed)
        elif namespace:
            continue
        elif name.lower() == "style":
            _copy_style(target, text)
        elif name == "id":
            if _ID.fullmatch(text):
                target.set("id", text)
        elif name.lower() in _ATTRIBUTE_NAMES and _is_harmless(text):
            target.set(_ATTRIBUTE_NAMES[name.lower()], text)


def _copy_reference(
    target: etree._Element, address: str, embed: Callable[[str], str | None]
) -> None:
    if target.tag == f"{{{SVG}}}image":
        checked = embed(address)
    else:
        checked = address if _LOCAL.fullmatch(address) else None
    if checked:
        target.set(f"{{{XLINK}}}href", checked)


def _copy_style(target: etree._Element, style: str) -> None:
    # As attributes, the declarations need no style sheet language to be trusted.
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        known = _PRESENTATION_NAMES.get(name.strip().lower())
        if known and _is_harmless(value):
            target.set(known, value.replace("!important", "").strip())


def _is_harmless(value: str) -> bool:
    rest = _REFERENCE.sub("", value)
    return "url" not in rest.lower() and _PLAIN_VALUE.fullmatch(rest) is not None


def _remove_nested_uses(root: etree._Element) -> None:
    """Take away each ``use`` of something that has a ``use`` itself: they multiply."""
    use = f"{{{SVG}}}use"
    users = {
        ancestor.get("id")
        for element in root.iter(use)
        for ancestor in (element, *element.iterancestors())
    }
    for element in list(root.iter(use)):
        reference = element.get(f"{{{XLINK}}}href", "")
        parent = element.getparent()
        if parent is not None and (reference[1:] in users or not reference):
            parent.remove(element)
