"""The type of a parameter, read from its annotation or its default value."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass

#: Of an integer; Python turns no more than 4300 digits into text.
MOST_BITS = 14_000

_SCALARS = frozenset({"int", "float", "str", "bool"})
_CONTAINERS = {
    "list": "list",
    "List": "list",
    "Sequence": "list",
    "tuple": "list",
    "Tuple": "list",
    "dict": "dict",
    "Dict": "dict",
    "Mapping": "dict",
}


@dataclass(frozen=True)
class ParameterType:
    """What values a parameter takes.

    Attributes
    ----------
    kind
        ``int``, ``float``, ``str``, ``bool``, ``list``, ``dict``, ``none``,
        ``union``, ``literal`` or ``any``.
    arguments
        Element type of a list, value type of a dict, members of a union.
    choices
        The values of a literal.
    """

    kind: str
    arguments: tuple[ParameterType, ...] = ()
    choices: tuple[object, ...] = ()

    def __str__(self) -> str:
        if self.kind == "literal":
            return "one of " + ", ".join(repr(choice) for choice in self.choices)
        if self.kind == "union":
            return " or ".join(str(member) for member in self.arguments)
        if self.kind == "list" and self.arguments:
            return f"list of {self.arguments[0]}"
        if self.kind == "none":
            return "None"
        return self.kind


ANY = ParameterType("any")
NONE = ParameterType("none")


def read_literal(node: ast.expr) -> object:
    """Return the value of an expression that is a literal.

    Raises
    ------
    ValueError
        It is no literal, or none that can be read.
    """
    try:
        return ast.literal_eval(node)
    except (TypeError, SyntaxError, RecursionError, MemoryError) as error:
        # A list as a key of a dict, a number of too many digits, a sum of thousands.
        raise ValueError(str(error)) from None


def type_of_annotation(node: ast.expr) -> ParameterType:
    """Read an annotation; what it does not know counts as ``any``.

    Understood: ``int float str bool list dict``, ``list[int]``, ``dict[str, float]``,
    ``Optional[X]``, ``Union[X, Y]``, ``X | None``, ``Literal[...]``, ``Annotated[X, ...]``,
    and all of them as a string.
    """
    try:
        return _type_of(node)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ANY


def _type_of(node: ast.expr | None) -> ParameterType:
    match node:
        case ast.Constant(value=None):
            return NONE
        case ast.Constant(value=str(text)):
            return _type_of(ast.parse(text, mode="eval").body)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _union(_type_of(left), _type_of(right))
        case ast.Subscript(value=base, slice=inner):
            return _type_of_subscript(_name(base), inner)
        case ast.Name() | ast.Attribute():
            return _type_of_name(_name(node))
        case _:
            return ANY


def type_of_value(value: object) -> ParameterType:
    """Read the type of a default; ``None`` says nothing about what else is allowed."""
    if value is None:
        return ANY
    name = type(value).__name__
    if name in _SCALARS:
        return ParameterType(name)
    if isinstance(value, list | tuple):
        return ParameterType("list")
    return ParameterType("dict") if isinstance(value, dict) else ANY


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _type_of_name(name: str) -> ParameterType:
    if name in _SCALARS:
        return ParameterType(name)
    return ParameterType(_CONTAINERS[name]) if name in _CONTAINERS else ANY


def _type_of_subscript(base: str, inner: ast.expr) -> ParameterType:
    members = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if not members:
        return ANY
    if base == "Literal":
        choices = tuple(read_literal(member) for member in members)
        return ParameterType("literal", choices=choices) if all(map(_is_scalar, choices)) else ANY
    if base == "Annotated":
        return _type_of(members[0])
    if base == "Optional":
        return _union(_type_of(members[0]), NONE)
    if base == "Union":
        return _union(*(_type_of(member) for member in members))
    if base in ("tuple", "Tuple"):
        return ParameterType("list")
    if base in _CONTAINERS:
        return ParameterType(_CONTAINERS[base], (_type_of(members[-1]),))
    return ANY


def _is_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        # Larger ones cannot be shown.
        return value.bit_length() < MOST_BITS
    return value is None or isinstance(value, str)


def _union(*members: ParameterType) -> ParameterType:
    flat: list[ParameterType] = []
    for member in members:
        flat.extend(member.arguments if member.kind == "union" else [member])
    return ANY if ANY in flat else ParameterType("union", tuple(dict.fromkeys(flat)))
