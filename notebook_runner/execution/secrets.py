"""Secrets: given to the kernel as environment variables, hidden in all that is written."""

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

from notebook_runner.errors import SecretError

MASK = "********"
#: Anything shorter would turn harmless text into masks.
SHORTEST = 6
_SHORTEST_LINE = 8


def read_secrets(specifications: Iterable[str], env: Mapping[str, str]) -> dict[str, str]:
    """Read the secrets that ``NAME`` or ``NAME=@FILE`` stand for.

    Parameters
    ----------
    specifications
        ``NAME``: the environment variable of that name; ``NAME=@FILE``: the
        content of a file, without the newline at its end.
    env
        Environment variables.

    Raises
    ------
    SecretError
        The value was put on the command line, does not exist, cannot be
        read, or is too short to be hidden.
    """
    secrets: dict[str, str] = {}
    for specification in specifications:
        name, separator, source = specification.partition("=")
        if not name.isidentifier():
            raise SecretError(
                "A secret is named NAME or NAME=@FILE, where NAME could be a variable's name."
            )
        if separator and not source.startswith("@"):
            raise SecretError(
                f"Do not write the value of secret {name!r} on the command line, where others "
                f"can see it. Use --secret {name} (from the environment) or --secret {name}=@FILE."
            )
        secrets[name] = _read_file(name, Path(source[1:])) if separator else _read_env(name, env)
        if len(secrets[name]) < SHORTEST:
            raise SecretError(
                f"Secret {name!r} is shorter than {SHORTEST} characters and cannot be hidden "
                "safely. Use a longer one."
            )
    return secrets


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
            return {self.mask_text(str(key)): self.mask(item) for key, item in value.items()}
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
            path.write_text(self.mask_text(text), encoding="utf-8", newline="")
        except UnicodeDecodeError:
            return "it held a secret"
        return None


def _read_env(name: str, env: Mapping[str, str]) -> str:
    if name not in env:
        raise SecretError(
            f"Secret {name!r} is not in the environment. Set the variable {name}, "
            f"or use --secret {name}=@FILE."
        )
    return env[name]


def _read_file(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise SecretError(f"Cannot read secret {name!r} from {path}: {reason}.") from None
    return text.removesuffix("\n").removesuffix("\r")


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
            urllib.parse.quote(plain, safe=""),
            urllib.parse.quote_plus(plain),
            base64.b64encode(plain.encode("utf-8", errors="surrogateescape")).decode(),
        }
    return forms
