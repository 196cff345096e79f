"""Reading a Galaxy API key without ever showing it."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from notebook_runner.errors import GalaxyKeyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Environment variables that may hold the key; the first one that is set counts.
KEY_VARIABLES = ("GALAXY_API_KEY", "GALAXY_KEY")

#: What stands in a message where the key stood.
HIDDEN = "[API key]"

_LIMIT_BYTES = 4096


def warn_on_stderr(text: str) -> None:
    """Print a warning on standard error."""
    print(f"Warning: {text}", file=sys.stderr)  # noqa: T201


def read_key(key_file: Path | None, *, warn: Callable[[str], None] = warn_on_stderr) -> str:
    """Read the API key from a file, or else from the environment.

    Parameters
    ----------
    key_file
        A file with nothing but the key; without it GALAXY_API_KEY and
        GALAXY_KEY are looked at.
    warn
        Told when others can read the file.

    Raises
    ------
    GalaxyKeyError
        There is no key, or what is there cannot be one.
    """
    if key_file is not None:
        return _checked(_read(key_file, warn), f"The file {key_file}")
    for name in KEY_VARIABLES:
        value = os.environ.get(name, "")
        if value.strip():
            return _checked(value, f"The environment variable {name}")
    raise GalaxyKeyError(
        f"No Galaxy API key: set {KEY_VARIABLES[0]}, or name a file that holds it with "
        "--api-key-file. Galaxy shows your key under User > Preferences > Manage API Key."
    )


def hide(text: str, key: str | None) -> str:
    """Return ``text`` without the key in it."""
    return text.replace(key, HIDDEN) if key else text


def _read(key_file: Path, warn: Callable[[str], None]) -> str:
    if key_file.exists() and not key_file.is_file():
        # A pipe would be waited for without a word.
        raise GalaxyKeyError(f"{key_file} is not a file. Check --api-key-file.")
    try:
        with key_file.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_LIMIT_BYTES + 1)
    except OSError as error:
        raise GalaxyKeyError(
            f"Cannot read the API key from {key_file}: {error.strerror}. Check --api-key-file."
        ) from None
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        warn(f"others can read {key_file}, which holds an API key; run: chmod 600 {key_file}")
    # Not decoded as UTF-8: an error there would quote the bytes.
    return data.decode("latin-1")


def _checked(text: str, source: str) -> str:
    """Refuse what no key looks like; it would come back in an exception about a bad header."""
    key = text.strip()
    if not key:
        raise GalaxyKeyError(f"{source} is empty; it should hold a Galaxy API key.")
    if len(key) > _LIMIT_BYTES or not all("!" <= character <= "~" for character in key):
        raise GalaxyKeyError(
            f"{source} does not hold a Galaxy API key: a key is one word of letters and digits, "
            "with nothing before or after it."
        )
    return key
