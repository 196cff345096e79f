"""Parameters that no one would write on purpose are refused in one line."""

from __future__ import annotations

import math
import os

import nbformat
import pytest

from notebook_runner.errors import NotebookError, ParameterError
from notebook_runner.execution.parameter_files import read_parameter_file
from notebook_runner.execution.parameters import (
    convert_parameters,
    declared_parameters,
    default_values,
)


def declare(source: str):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    return declared_parameters(nbformat.v4.new_notebook(cells=[cell]))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("x = 0.5", "inf"),
        ("x = 0.5", "nan"),
        ("x = 0.5", "-1e999"),
        ("x = None", "[NaN]"),
        ("x: list[float] = []", "[0.5, Infinity]"),
        ("x: dict = {}", '{"a": [1e999]}'),
    ],
)
def test_numbers_that_are_not_finite_are_refused(source, text):
    with pytest.raises(ParameterError, match="expected a finite number, got"):
        convert_parameters(declare(source), [("x", text)], {})


@pytest.mark.parametrize("source", ["x = 0.5", "x = None", "x: list[float] = []"])
@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_a_file_gives_no_number_that_is_not_finite(source, number):
    value = [number] if "list" in source else number
    with pytest.raises(ParameterError, match="expected a finite number, got"):
        convert_parameters(declare(source), [], {"x": value})


def test_an_infinite_parameter_starts_nothing(make_notebook, run):
    finished = run(make_notebook("1", parameters="x = 0.5"), "-p", "x", "inf")
    assert finished.returncode == 4
    assert finished.stderr == (
        "Error: Parameter 'x': expected a finite number, got inf; "
        "pass it as text and convert it in the notebook.\n"
    )


@pytest.mark.parametrize("source", ["x = None", "x = 1", "x = 0.5", "x = 'a'", "x: list = []"])
def test_a_number_of_thousands_of_digits_is_refused(source):
    with pytest.raises(ParameterError, match="'x'"):
        convert_parameters(declare(source), [], {"x": 16**9000})


@pytest.mark.parametrize("source", ["x = None", "x: list = []"])
def test_values_deep_inside_each_other_are_refused(source):
    with pytest.raises(ParameterError, match="inside each other"):
        convert_parameters(declare(source), [("x", "[" * 900 + "]" * 900)], {})


BOMB = "x: [&a0 [1, 1], &a1 [*a0, *a0]]"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.yaml", BOMB, "aliases"),
        ("p.yaml", "x: &a [*a]", "aliases"),
        ("p.yaml", "x: !!bool foo", "line 1"),
        ("p.yaml", "x: !!timestamp foo", "line 1"),
        ("p.yaml", "x: !!int ''", "line 1"),
        ("p.yaml", "x: 2001-13-01", "line 1"),
        ("p.yaml", "x: 1\ny: 2\nx: 3", "line 3: the key 'x' is there twice"),
        ("p.yaml", "x: {a: 1, a: 2}", "the key 'a' is there twice"),
        ("p.yaml", "[" * 5000, "inside each other"),
        ("p.yaml", "? [1]\n: 2", "line 1: found unhashable key"),
        ("p.json", '{"x": 1, "x": 2}', "the key 'x' is there twice"),
        ("p.json", '{"x": {"a": 1, "a": 2}}', "the key 'a' is there twice"),
        ("p.json", "[" * 100_000, "inside each other"),
    ],
)
def test_an_odd_file_is_refused_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ParameterError, match=message) as caught:
        read_parameter_file(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.json")
    with pytest.raises(ParameterError, match="not a regular file"):
        read_parameter_file(tmp_path / "p.json")


@pytest.mark.parametrize(
    "source",
    [
        "x = {[1]: 2}",
        "x: Literal[{[1]: 1}] = f()",
        "x: Literal[[1]] | None = f()",
        "x: Literal[1e999] = f()",
        "x: Literal[()] = f()",
        "x: Optional[()] = f()",
        "x: Annotated[()] = f()",
        "x: list[()] = f()",
        "x: Union[()] = f()",
        "x: 'a\\0b' = f()",
        "x = " + "+".join(["a"] * 900),
    ],
)
def test_what_cannot_be_read_may_be_anything(source):
    declared = declare(source)
    assert [(p.name, p.type.kind) for p in declared] == [("x", "any")]
    assert default_values(declared) == {}


def test_an_infinite_default_is_not_recorded():
    assert default_values(declare("x = 1e999")) == {}


def test_a_default_of_thousands_of_digits_stays_as_it_is_written():
    source = "0x" + "f" * 9000
    declared = declare(f"x = {source}")
    assert [(p.type.kind, p.default) for p in declared] == [("int", source)]
    assert default_values(declared) == {}


@pytest.mark.parametrize(
    "value", ["-" * 5000 + "1", "+".join(["1"] * 5000), "9" * 9000, "'\ud800'", "1\0"]
)
def test_a_cell_that_python_gives_up_on_raises_nothing_else(value):
    try:
        assert [p.name for p in declare(f"x = {value}")] == ["x"]
    except NotebookError as error:
        assert "\n" not in str(error)  # noqa: PT017 - older Pythons refuse, newer ones read it


@pytest.mark.parametrize("value", ["a\u2028%b", "\n%abc\n!d\n"])
def test_what_looks_like_a_magic_inside_a_text_belongs_to_it(value):
    declared = declare(f'x = """{value}"""')
    assert default_values(declared) == {"x": value}


def test_an_indented_magic_is_read():
    declared = declare("if True:\n    %matplotlib inline\nx = 1  # one")
    assert [(p.name, p.help) for p in declared] == [("x", "one")]


@pytest.mark.parametrize(
    ("annotation", "example"),
    [
        ("list[int]", "[1, 2]"),
        ("list[float]", "[0.5, 1.5]"),
        ("list[str]", '["a", "b"]'),
        ("list[Optional[bool]]", "[true, false]"),
        ("dict[str, int]", '{"a": 1}'),
        ("dict[str, str]", '{"a": "a"}'),
        ("list[Literal['u', 'v']]", '["u", "v"]'),
    ],
)
def test_the_example_in_the_message_fits_the_type(annotation, example):
    with pytest.raises(ParameterError) as caught:
        convert_parameters(declare(f"x: {annotation}"), [("x", "1;2")], {})
    assert f"(such as {example})" in str(caught.value)
