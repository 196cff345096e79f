"""Read parameters from a JSON or YAML file."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import yaml

from notebook_runner.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Hashable
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
        The file cannot be read, is not JSON or YAML, holds no mapping of
        names, or has a key twice.
    """
    shown = name or str(path)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            # A pipe would be waited for, and could be read only once.
            raise ParameterError(
                f"Parameter file {shown} is not a regular file. Write the parameters to a file."
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"Cannot read parameter file {shown}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ParameterError(f"Parameter file {shown} is not text in UTF-8.") from None
    kind = extension or path.suffix.lstrip(".").lower()
    try:
        if kind == "json":
            values = json.loads(text, object_pairs_hook=_unique)
        else:
            values = yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
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


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"the key {key!r} is there twice")
        values[key] = value
    return values


class _Loader(yaml.SafeLoader):
    """YAML's plain types, without what makes a small file large or its values doubtful."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: a few lines of them would fill the memory."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None,
                None,
                f"aliases (*{event.anchor}) are not taken; write the value out",
                event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that is there twice."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Say where a value is that is not what its tag says."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, KeyError, AttributeError, IndexError, TypeError, OverflowError):
            raise yaml.constructor.ConstructorError(
                None, None, f"the value is not of the type {node.tag!r}", node.start_mark
            ) from None


def _reason(error: Exception) -> str:
    """Say in one line what a parser did not like, and where."""
    if isinstance(error, RecursionError):
        return "lists and dicts are too deep inside each other"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
