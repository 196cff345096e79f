"""Understand how JupyterLab and its server list their extensions: neither can do so in JSON."""

from __future__ import annotations

import re

from notebook_runner.images.manifest import Extension

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LAB = re.compile(r"\s+(\S+) (?:\S+ )?v(\S+) +(enabled|disabled) +(OK|X)\b")
_SERVER = re.compile(r"\s+(\S+) (enabled|disabled)")
_VALID = re.compile(r"\s+(\S+) +(?:(\S+) )?OK")
_INVALID = re.compile(r"\s+X (.*)")
_COMPATIBILITY = re.compile(r'"(\S+)@\S+" is not compatible')


def read_lab_extensions(listing: str) -> list[Extension]:
    """Read what ``jupyter labextension list`` prints."""
    text = _COLOUR.sub("", listing)
    incompatible = set(_COMPATIBILITY.findall(text))
    found = {}
    for match in filter(None, map(_LAB.match, text.splitlines())):
        name, version, state, verdict = match.groups()
        problem = "does not fit this JupyterLab" if name in incompatible else "outdated or invalid"
        found[name] = Extension(
            name=name,
            version=version,
            enabled=state == "enabled",
            ok=verdict == "OK",
            problem=None if verdict == "OK" else problem,
        )
    return [found[name] for name in sorted(found)]


def read_server_extensions(listing: str) -> list[Extension]:
    """Read what ``jupyter server extension list`` prints.

    The first configuration folder that names an extension decides on it.
    """
    found: dict[str, Extension] = {}
    name, enabled = "", False
    for line in _COLOUR.sub("", listing).splitlines():
        if match := _SERVER.fullmatch(line):
            name, enabled = match[1], match[2] == "enabled"
        elif (match := _VALID.fullmatch(line)) and match[1] == name:
            found.setdefault(name, Extension(name=name, version=match[2], enabled=enabled, ok=True))
        elif (match := _INVALID.fullmatch(line)) and name:
            bad = Extension(name=name, enabled=enabled, ok=False, problem=match[1].strip())
            found.setdefault(name, bad)
    return [found[name] for name in sorted(found)]
