"""Turn a value given by a person into the type that the notebook declares."""

from __future__ import annotations

import ast
import json
import math
from typing import Any, Final

from notebook_runner.execution.types import MOST_BITS, ParameterType

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NONE = frozenset({"none", "null"})

# Python's own parser takes no more than 200 brackets in each other.
_DEEPEST: Final = 100


class MismatchError(ValueError):
    """A value does not fit its type; the message says what was expected."""


def convert_text(text: str, expected: ParameterType) -> Any:
    """Convert what was typed on a command line or into a form.

    A ``str`` parameter takes the text as it is, whatever it holds.

    Raises
    ------
    MismatchError
        The text is no ``expected``.
    """
    match expected.kind:
        case "str":
            return text
        case "literal":
            return _choose(text, expected)
        case "union":
            return _first_that_fits(text, expected)
        case "any":
            return _check_plain(_guess(text))
    stripped = text.strip()
    try:
        match expected.kind:
            case "int":
                return int(stripped)
            case "float":
                return _check_plain(float(stripped))
            case "bool":
                return _parse_bool(stripped)
            case "none":
                return _parse_none(stripped)
    except MismatchError:
        raise
    except ValueError:
        raise MismatchError(f"expected {_article(expected)}, got {_shown(text)}") from None
    return check_value(_parse_container(text, expected), expected)


def check_value(value: Any, expected: ParameterType) -> Any:
    """Check a value that already has a type (from JSON or YAML).

    Only an integer for a ``float`` is converted; all else must be what it says.
    Numbers have to be finite: the run record, strict JSON, has no others.

    Raises
    ------
    MismatchError
        The value is no ``expected``.
    """
    fits = False
    match expected.kind:
        case "any":
            return _check_plain(value)
        case "union":
            for member in expected.arguments:
                try:
                    return check_value(value, member)
                except MismatchError:
                    continue
        case "literal":
            fits = any(value == c and type(value) is type(c) for c in expected.choices)
        case "float" if isinstance(value, int) and not isinstance(value, bool):
            return _convert_integer(value)
        case "list" if isinstance(value, list | tuple):
            element = expected.arguments[0] if expected.arguments else ParameterType("any")
            return [check_value(item, element) for item in value]
        case "dict" if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            element = expected.arguments[0] if expected.arguments else ParameterType("any")
            return {key: check_value(item, element) for key, item in value.items()}
        case "none":
            fits = value is None
        case "int":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case kind:
            fits = type(value).__name__ == kind
    if fits:
        return _check_plain(value)
    hint = "; put it in quotes" if expected.kind == "str" else ""
    raise MismatchError(
        f"expected {_article(expected)}, got {type(value).__name__} {_shown(value)}{hint}"
    )


def _check_plain(value: Any, depth: int = 0) -> Any:
    """Let through what every kernel can be given: the types of JSON."""
    if depth > _DEEPEST:
        raise MismatchError(f"expected at most {_DEEPEST} lists and dicts inside each other")
    if isinstance(value, float) and not math.isfinite(value):
        raise MismatchError(
            f"expected a finite number, got {value}; pass it as text and convert it in the notebook"
        )
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise MismatchError("expected a number of at most 4200 digits; pass it as text")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_check_plain(item, depth + 1) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _check_plain(item, depth + 1) for key, item in value.items()}
    raise MismatchError(
        f"expected text, a number, true, false, null, a list or a dict with text keys, "
        f"got {type(value).__name__} {_shown(value)}; put it in quotes to pass it as text"
    )


def _convert_integer(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise MismatchError("expected a float, got an integer that is too large for one") from None


def _choose(text: str, expected: ParameterType) -> Any:
    for choice in expected.choices:
        if text == str(choice):
            return choice
    raise MismatchError(f"expected {expected}, got {_shown(text)}")


def _first_that_fits(text: str, expected: ParameterType) -> Any:
    # Text fits everything, so it is tried last; None before it.
    members = sorted(expected.arguments, key=lambda m: {"none": 0, "str": 2}.get(m.kind, 1))
    for member in members:
        try:
            return convert_text(text, member)
        except MismatchError:
            continue
    raise MismatchError(f"expected {_article(expected)}, got {_shown(text)}")


def _guess(text: str) -> Any:
    """Read a value whose parameter says nothing of its type: JSON if it is JSON, else text."""
    if text.strip() in ("True", "False", "None"):
        return ast.literal_eval(text.strip())
    try:
        value = json.loads(text, parse_constant=float)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, float) and math.isinf(value) else value


def _parse_bool(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _parse_none(text: str) -> None:
    if text.lower() not in _NONE:
        raise ValueError(text)


def _parse_container(text: str, expected: ParameterType) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        example = json.dumps(_examples(expected)[0])
        raise MismatchError(
            f"expected {_article(expected)} as JSON (such as {example}), got {_shown(text)}"
        ) from None


def _examples(expected: ParameterType) -> list[Any]:
    """Return two values that fit."""
    inner = _examples(expected.arguments[0]) if expected.arguments else None
    match expected.kind:
        case "list":
            return [inner or ["a", "b"], []]
        case "dict":
            return [{"a": inner[0] if inner else 1}, {}]
        case "union":
            return inner or [None, None]
        case "literal":
            return list(expected.choices)
        case "int":
            return [1, 2]
        case "float":
            return [0.5, 1.5]
        case "bool":
            return [True, False]
    return ["a", "b"]


def _article(expected: ParameterType) -> str:
    name = str(expected)
    if expected.kind in ("literal", "union", "none"):
        return name
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "(too long to be shown)"
    return text if len(text) <= 60 else text[:57] + "…"
