"""The parameters that a notebook declares, and the values it is given.

A Python notebook declares its parameters in the cell tagged ``parameters``,
as assignments. The cell is parsed, not matched by patterns, so that values
over several lines, annotations and comments are read as Python reads them.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import NotebookError, ParameterError
from notebook_runner.execution.conversion import MismatchError, check_value, convert_text
from notebook_runner.execution.notebook import find_parameters_cell, language_of
from notebook_runner.execution.types import (
    ANY,
    ParameterType,
    read_literal,
    type_of_annotation,
    type_of_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbformat import NotebookNode

#: Injected by the runner itself; declaring a default for it is fine, passing it is not.
INPUTS_PARAMETER = "GALAXY_INPUTS"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook.

    Attributes
    ----------
    name
        Name of the variable.
    type
        From the annotation, else from the default value.
    default
        The default as it stands in the cell; ``None`` when the parameter has to be given.
    help
        The comment behind it on the same line.
    has_value, value
        The default as a plain value, where it is one and no expression.
    """

    name: str
    type: ParameterType
    default: str | None
    help: str = ""
    has_value: bool = False
    value: Any = None


def declared_parameters(node: NotebookNode) -> list[Parameter] | None:
    """List the parameters of a notebook.

    Returns
    -------
    list of Parameter, or None
        ``None`` when the notebook's language is not Python, so that its
        parameters cannot be read.

    Raises
    ------
    NotebookError
        The cell tagged ``parameters`` is not valid Python.
    """
    if language_of(node) != "python":
        return None
    index = find_parameters_cell(node)
    if index is None:
        return []
    source, body = _parse(node.cells[index].source)
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in body:
        parameter = _read(statement, source, comments.get(statement.end_lineno or 0, ""))
        if parameter is not None:
            found[parameter.name] = parameter
    return list(found.values())


def default_values(declared: list[Parameter] | None) -> dict[str, Any]:
    """Return the defaults that stand in the notebook as plain values (not as expressions)."""
    return {parameter.name: parameter.value for parameter in declared or [] if parameter.has_value}


def convert_parameters(
    declared: list[Parameter] | None,
    texts: Iterable[tuple[str, str]],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """Check and convert what was given against what is declared.

    Parameters
    ----------
    declared
        From :func:`declared_parameters`; ``None`` when names and types are not known.
    texts
        Name and value as typed; they win over ``values``, and the last of one name wins.
    values
        From a parameter file, already typed.

    Raises
    ------
    ParameterError
        A name is unknown, a value has the wrong type, or a parameter without
        a default was not given.
    """
    known = None if declared is None else {parameter.name: parameter for parameter in declared}
    result: dict[str, Any] = {}
    given = [(name, value, check_value) for name, value in values.items()]
    for name, value, convert in [*given, *((n, t, convert_text) for n, t in texts)]:
        expected = _expected_type(name, known)
        try:
            result[name] = convert(value, expected)
        except MismatchError as error:
            raise ParameterError(f"Parameter {name!r}: {error}.") from None
    for parameter in declared or []:
        if parameter.default is None and parameter.name not in result:
            raise ParameterError(
                f"Parameter {parameter.name!r} ({parameter.type}) has no default and was not "
                f"given. Pass it with -p {parameter.name} VALUE."
            )
    return result


def _expected_type(name: str, known: Mapping[str, Parameter] | None) -> ParameterType:
    if not name.isidentifier():
        raise ParameterError(f"Parameter name {name!r} is not a valid variable name.")
    if name == INPUTS_PARAMETER:
        raise ParameterError(
            f"{INPUTS_PARAMETER} is set by the runner. Pass data with -i NAME=PATH instead."
        )
    if known is None:
        return ANY
    if name in known:
        return known[name].type
    if not known:
        raise ParameterError(
            f"Unknown parameter {name!r}: the notebook takes none. "
            "Tag the cell that assigns its parameters with 'parameters'."
        )
    close = difflib.get_close_matches(name, known, n=1)
    suggestion = f" Did you mean {close[0]!r}?" if close else ""
    raise ParameterError(
        f"Unknown parameter {name!r}.{suggestion} The notebook takes: {', '.join(known)}."
    )


def _parse(source: str) -> tuple[str, list[ast.stmt]]:
    """Parse a cell as Python, without IPython's own lines where it has some."""
    with warnings.catch_warnings():
        # What Python has to say of the cell, it says when the cell runs.
        warnings.simplefilter("ignore")
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            return source, ast.parse(source).body
        source = _without_magics(source)
        try:
            return source, ast.parse(source).body
        except SyntaxError as error:
            reason = f"line {error.lineno}: {error.msg}"
        except (RecursionError, MemoryError):
            reason = "an expression has too many parts"
        except ValueError as error:
            reason = str(error)
    raise NotebookError(
        f"The cell tagged 'parameters' is not valid Python ({reason}). Mend the cell."
    )


def _read(statement: ast.stmt, source: str, comment: str) -> Parameter | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            annotation = None
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            pass
        case _:
            return None
    if name == INPUTS_PARAMETER:
        return None
    type_ = ANY if annotation is None else type_of_annotation(annotation)
    if value is None:
        return Parameter(name, type_, None, comment)
    default = _source_of(value, source)
    try:
        literal = read_literal(value)
        if annotation is None:
            type_ = type_of_value(literal)
        plain = check_value(literal, ANY)
    except ValueError:
        return Parameter(name, type_, default, comment)
    return Parameter(name, type_, default, comment, has_value=True, value=plain)


def _source_of(value: ast.expr, source: str) -> str:
    try:
        return ast.unparse(value)
    except (ValueError, RecursionError):
        # A number of very many digits, a sum of hundreds.
        return ast.get_source_segment(source, value) or ""


def _without_magics(source: str) -> str:
    """Replace the lines that are IPython's and not Python's, keeping the line numbers."""
    # Only here do lines end: a string may hold other characters that look like an end.
    lines = source.split("\n")
    for number, line in enumerate(lines):
        stripped = line.lstrip()
        if stripped.startswith(("%", "!", "?")):
            lines[number] = line[: len(line) - len(stripped)] + "pass"
    return "\n".join(lines)


def _comments(source: str) -> dict[int, str]:
    """Map line numbers to the comment that ends the line."""
    comments: dict[int, str] = {}
    # A help text is not worth a failure.
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                comments[token.start[0]] = token.string.lstrip("#").strip()
    return comments
