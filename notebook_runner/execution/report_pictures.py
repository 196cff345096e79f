"""The picture files of one report, each checked before it is kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from notebook_runner.execution.report_svg import SvgError, clean_svg, parse_svg
from notebook_runner.execution.report_text import mapping_of, printable, text_of
from notebook_runner.record.layout import OUTPUTS, REPORT_FILES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lxml import etree

MAX_PICTURE_BYTES = 20_000_000
MAX_PICTURES = 500
MAX_PICTURES_BYTES = 200_000_000

RASTER_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SVG_TYPE = "image/svg+xml"

# A file's first bytes, not its declared type, say what a browser will make of it.
_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png"),
    (re.compile(rb"\xff\xd8\xff"), "jpg"),
    (re.compile(rb"GIF8[79]a"), "gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp"),
)
_MIME_OF = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_DATA_URL = re.compile(r"\s*data:\s*(image/[\w.+-]+)\s*((?:;[^,;]*)*),", re.IGNORECASE)


class PictureError(ValueError):
    """The picture cannot be shown; the message says why, in a few words."""


class Pictures:
    """Collects the pictures of a report under names of its own.

    Attributes
    ----------
    files
        File name to content; the names hold letters, digits, a hyphen and a dot.
    """

    def __init__(self, run_dir: Path) -> None:
        self.files: dict[str, bytes] = {}
        self._run_dir = run_dir
        self._size = 0

    def add(self, content: bytes, stem: str) -> str:
        """Keep a raster picture and return its address, relative to the report.

        Raises
        ------
        PictureError
            It is none, or a limit is reached.
        """
        return self._keep(content, stem, _kind_of(content))

    def add_base64(self, value: Any, stem: str) -> str:
        """Keep a raster picture as a notebook stores it."""
        text = text_of(value)
        if len(text) > MAX_PICTURE_BYTES * 4 // 3 + 100_000:
            raise PictureError(f"it is larger than {MAX_PICTURE_BYTES // 1_000_000} MB")
        try:
            content = binascii.a2b_base64(text.encode("ascii", "replace"))
        except binascii.Error:
            raise PictureError("its data are damaged") from None
        return self.add(content, stem)

    def add_svg(self, drawing: str | etree._Element, stem: str) -> str:
        """Clean a drawing, keep it, and return its address."""
        try:
            root = parse_svg(printable(drawing)) if isinstance(drawing, str) else drawing
            content = clean_svg(root, _checked_data_url)
        except SvgError as error:
            raise PictureError(str(error)) from None
        return self._keep(content, stem, "svg")

    def add_address(self, address: str, attachments: Mapping[str, Any], stem: str) -> str:
        """Keep the picture that an ``img`` of the notebook points to.

        An attachment, a ``data:`` address and a file below ``outputs/`` become files of
        the report; everything else is refused, the network above all.
        """
        if address.startswith("attachment:"):
            name = unquote(address.removeprefix("attachment:"))
            return self._add_attachment(mapping_of(attachments.get(name)), stem)
        if match := _DATA_URL.match(address):
            content = _content_of_data_url(match, address)
            if match[1].lower() == SVG_TYPE:
                return self.add_svg(content.decode("utf-8", "replace"), stem)
            return self.add(content, stem)
        return self.add(self._read_output(address), stem)

    def _add_attachment(self, bundle: Mapping[str, Any], stem: str) -> str:
        for mime in RASTER_TYPES:
            if mime in bundle:
                return self.add_base64(bundle[mime], stem)
        if SVG_TYPE in bundle:
            value = text_of(bundle[SVG_TYPE])
            if not value.lstrip().startswith("<"):
                value = _decode_base64(value).decode("utf-8", "replace")
            return self.add_svg(value, stem)
        raise PictureError("the notebook does not hold it")

    def _read_output(self, address: str) -> bytes:
        # The notebook's own files may be shown, but no link may lead out of their folder.
        folder = (self._run_dir / OUTPUTS).resolve()
        try:
            path = (self._run_dir / unquote(address)).resolve()
            inside = folder in path.parents and path.is_file()
            content = _read(path) if inside else None
        except (OSError, ValueError, RuntimeError):
            raise PictureError("it cannot be read") from None
        if content is None:
            raise PictureError("it is not part of the run")
        return content

    def _keep(self, content: bytes, stem: str, extension: str) -> str:
        digest = hashlib.sha256(content).hexdigest()[:10]
        name = f"{stem}-{digest}.{extension}"
        if name not in self.files:
            if len(content) > MAX_PICTURE_BYTES:
                raise PictureError(f"it is larger than {MAX_PICTURE_BYTES // 1_000_000} MB")
            if len(self.files) >= MAX_PICTURES or self._size + len(content) > MAX_PICTURES_BYTES:
                raise PictureError("the report has too many pictures")
            self.files[name] = content
            self._size += len(content)
        return f"{REPORT_FILES}/{name}"


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PICTURE_BYTES + 1)


def _kind_of(content: bytes) -> str:
    for pattern, extension in _MAGIC:
        if pattern.match(content):
            return extension
    raise PictureError("it is not a PNG, JPEG, GIF or WebP picture")


def _decode_base64(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode("ascii", "replace"))
    except binascii.Error:
        raise PictureError("its data are damaged") from None


def _content_of_data_url(match: re.Match[str], address: str) -> bytes:
    if len(address) > MAX_PICTURE_BYTES * 4 // 3 + 100_000:
        raise PictureError(f"it is larger than {MAX_PICTURE_BYTES // 1_000_000} MB")
    content = address[match.end() :]
    if ";base64" in match[2].lower():
        return _decode_base64(unquote(content))
    return unquote_to_bytes(content)


def _checked_data_url(address: str) -> str | None:
    """Write the address of a raster picture within a drawing anew, or drop it."""
    match = _DATA_URL.match(address)
    if match is None:
        return None
    try:
        content = _content_of_data_url(match, address)
        mime = _MIME_OF[_kind_of(content)]
    except PictureError:
        return None
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"
