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
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_runner.errors import NotebookError, ParameterError
from notebook_runner.execution.conversion import MismatchError, check_value, convert_text
from notebook_runner.execution.notebook import find_parameters_cell, language_of
from notebook_runner.execution.types import (
    ANY,
    ParameterType,
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
    """

    name: str
    type: ParameterType
    default: str | None
    help: str = ""


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
    source = _blank_magics(node.cells[index].source)
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise NotebookError(
            f"The cell tagged 'parameters' is not valid Python (line {error.lineno}: {error.msg}). "
            "Mend the cell."
        ) from None
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in body:
        parameter = _read(statement, comments.get(statement.end_lineno or 0, ""))
        if parameter is not None:
            found[parameter.name] = parameter
    return list(found.values())


def default_values(declared: list[Parameter] | None) -> dict[str, Any]:
    """Return the defaults that stand in the notebook as plain values (not as expressions)."""
    values: dict[str, Any] = {}
    for parameter in declared or []:
        if parameter.default is not None:
            with suppress(ValueError):
                values[parameter.name] = check_value(ast.literal_eval(parameter.default), ANY)
    return values


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


def _read(statement: ast.stmt, comment: str) -> Parameter | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return _parameter(name, None, value, comment)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            return _parameter(name, annotation, value, comment)
    return None


def _parameter(
    name: str, annotation: ast.expr | None, value: ast.expr | None, comment: str
) -> Parameter | None:
    if name == INPUTS_PARAMETER:
        return None
    default = None if value is None else ast.unparse(value)
    if annotation is not None:
        return Parameter(name, type_of_annotation(annotation), default, comment)
    try:
        type_ = type_of_value(ast.literal_eval(value)) if value is not None else ANY
    except ValueError:
        type_ = ANY
    return Parameter(name, type_, default, comment)


def _blank_magics(source: str) -> str:
    """Empty the lines that are IPython's and not Python's, keeping the line numbers."""
    return "\n".join(
        "" if line.startswith(("%", "!", "?")) else line for line in source.splitlines()
    )


def _comments(source: str) -> dict[int, str]:
    """Map line numbers to the comment that ends the line."""
    comments: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments[token.start[0]] = token.string.lstrip("#").strip()
    return comments
