"""Read parameters from a JSON or YAML file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from notebook_runner.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path


def read_parameter_file(
    path: Path, extension: str | None = None, name: str | None = None
) -> dict[str, Any]:
    """Read a mapping of parameter names to values.

    Parameters
    ----------
    path
        A JSON or YAML file.
    extension
        ``json`` or ``yaml``; taken from the file's name when not given. A
        file of another name is read as YAML, of which JSON is a part.
    name
        What the file is called in messages, where that is not its path.

    Raises
    ------
    ParameterError
        The file cannot be read, is not JSON or YAML, or holds no mapping of names.
    """
    shown = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"Cannot read parameter file {shown}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ParameterError(f"Parameter file {shown} is not text in UTF-8.") from None
    kind = extension or path.suffix.lstrip(".").lower()
    try:
        values = json.loads(text) if kind == "json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        kind_name = "JSON" if kind == "json" else "YAML"
        reason = _reason(error)
        raise ParameterError(
            f"Parameter file {shown} is not valid {kind_name}: {reason}."
        ) from None
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ParameterError(
            f'Parameter file {shown} must map parameter names to values, such as {{"alpha": 0.1}}.'
        )
    return values


def _reason(error: Exception) -> str:
    """Say in one line what a parser did not like, and where."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
