"""Hide secrets in all that a run writes."""

from __future__ import annotations

import base64
import html
import json
import mmap
import os
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from notebook_runner.record.files import write_atomically

MASK = "********"
_SHORTEST_LINE = 8
#: Names and values that make a notebook a notebook, and a record a record, whatever a secret is.
_ENUMERATED = frozenset({"cell_type", "output_type", "status", "kind", "schema_version"})
_STRUCTURE = _ENUMERATED | {
    *("attachments", "cells", "data", "ename", "evalue", "execution_count", "id", "metadata"),
    *("name", "nbformat", "nbformat_minor", "outputs", "source", "text", "traceback"),
    *("kernelspec", "language", "language_info", "display_name", "tags", "papermill"),
    *("start_time", "end_time", "duration", "exception", "runner_version", "exit_code", "error"),
    *("type", "message", "cell_index", "cell_number", "notebook", "sha256", "size"),
    *("parameters", "parameters_given", "secrets", "inputs", "elements", "identifier", "path"),
    *("start", "end", "duration_s", "index", "number", "kernel", "requested", "python"),
    *("packages", "machine", "os", "architecture", "cpus", "memory_bytes", "peak_memory_bytes"),
    *("gpu", "driver", "image", "outputs_left_out", "reason", "metrics"),
}


class Masker:
    """Replaces secrets, and the common encodings of them, by a mask."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        # The longest first, so that no piece of a longer one is left over.
        self._forms = sorted(forms, key=len, reverse=True)

    def mask_text(self, text: str) -> str:
        """Return ``text`` with every secret replaced."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def mask(self, value: Any) -> Any:
        """Return a copy of a JSON-like value with every string in it masked, keys too."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, Mapping):
            return {
                key if key in _STRUCTURE else self.mask_text(str(key)): item
                if key in _ENUMERATED
                else self.mask(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.mask(item) for item in value]
        return value

    def mask_files(self, paths: Iterable[Path], base: Path) -> list[dict[str, str]]:
        """Mask text files in place and take out binary ones that hold a secret.

        Parameters
        ----------
        paths
            Files, and folders with all that is in them. Links are left alone.
        base
            The folder that the paths of the answer are relative to.

        Returns
        -------
        list of dict
            ``path`` and ``reason`` for each file taken out.
        """
        removed: list[dict[str, str]] = []
        if not self._forms:
            return removed
        for path in sorted(file for given in paths for file in _files(given)):
            shown = path.relative_to(base).as_posix()
            reason = self._mask_file(path, shown)
            if reason is not None:
                path.unlink()
                removed.append({"path": self.mask_text(shown), "reason": reason})
        return removed

    def _mask_file(self, path: Path, shown: str) -> str | None:
        """Mask one file; return why it has to go, if it has to."""
        needles = [form.encode("utf-8", errors="surrogateescape") for form in self._forms]
        if any(needle in os.fsencode(shown) for needle in needles):
            return "its name held a secret"
        if not _holds(path, needles):
            return None
        try:
            text = path.read_bytes().decode("utf-8")
            # A new file takes its place: by a hard link it may be a file of the user's too.
            write_atomically(path, self.mask_text(text).encode())
        except UnicodeDecodeError:
            return "it held a secret"
        return None


def _files(path: Path) -> Iterable[Path]:
    """Yield the regular files at or below a path, without following links."""
    if path.is_symlink():
        return
    if path.is_file():
        yield path
    for parent, _, names in os.walk(path):
        for name in names:
            file = Path(parent) / name
            if file.is_file() and not file.is_symlink():
                yield file


def _holds(path: Path, needles: Iterable[bytes]) -> bool:
    """Tell whether one of the needles is in a file, without reading it into memory."""
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(needle) != -1 for needle in needles)


def _forms(secret: str) -> set[str]:
    """List the ways in which a secret may turn up in what a notebook writes."""
    lines = [line for line in secret.splitlines() if len(line) >= _SHORTEST_LINE]
    forms: set[str] = set()
    for plain in (secret, *lines):
        forms |= {
            plain,
            repr(plain)[1:-1],
            json.dumps(plain)[1:-1],
            json.dumps(plain, ensure_ascii=False)[1:-1],
            html.escape(plain),
            html.escape(plain, quote=False),
            urllib.parse.quote(plain),
            urllib.parse.quote(plain, safe=""),
            urllib.parse.quote_plus(plain),
            base64.b64encode(plain.encode("utf-8", errors="surrogateescape")).decode(),
        }
    return forms
