"""Parameters are read from their cell, checked, and arrive unchanged."""

from __future__ import annotations

import json

import nbformat
import pytest

from notebook_runner.errors import NotebookError, ParameterError
from notebook_runner.execution.parameters import convert_parameters, declared_parameters

DECLARED = """
from typing import Literal, Optional
alpha: float = 0.5  # learning rate
layers: list[int] = [
    32,
    16,
]
name = 'it''s'
seed: Optional[int] = None
mode: Literal['fast', 'slow'] = 'fast'
deep: bool = False
options: dict = {}
anything = None
made = max(1, 2)
"""


def declare(source: str, language: str = "python"):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    spec = {"name": "k", "display_name": "k", "language": language}
    return declared_parameters(
        nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": spec})
    )


def convert(name: str, text: str, source: str = DECLARED):
    return convert_parameters(declare(source), [(name, text)], {})[name]


def test_names_types_defaults_and_help_are_read():
    found = {p.name: (str(p.type), p.default, p.help) for p in declare(DECLARED)}
    assert found["alpha"] == ("float", "0.5", "learning rate")
    assert found["layers"] == ("list of int", "[32, 16]", "")
    assert found["seed"][0] == "int or None"
    assert found["mode"][0] == "one of 'fast', 'slow'"
    assert found["name"][0] == "str"
    assert found["anything"][0] == found["made"][0] == "any"


def test_a_cell_with_magics_is_read():
    assert [p.name for p in declare("%matplotlib inline\nx = 1\n!ls")] == ["x"]


def test_a_cell_that_is_not_python_is_named():
    with pytest.raises(NotebookError, match="tagged 'parameters' is not valid Python"):
        declare("x = = 1")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("alpha", "3", 3.0),
        ("alpha", "1e-4", 1e-4),
        ("alpha", "-0.5", -0.5),
        ("layers", "[1, 2]", [1, 2]),
        ("layers", "1, 2", [1, 2]),
        ("seed", "7", 7),
        ("seed", "none", None),
        ("mode", "slow", "slow"),
        ("deep", "True", True),
        ("deep", "no", False),
        ("options", '{"a": 1}', {"a": 1}),
        ("name", "  spaces  ", "  spaces  "),
        ("name", "123", "123"),
        ("name", "", ""),
        ("anything", "5", 5),
        ("anything", "five", "five"),
        ("anything", "None", None),
        ("anything", '["a"]', ["a"]),
    ],
)
def test_text_becomes_the_declared_type(name, text, value):
    converted = convert(name, text)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("alpha", "fast", "expected a float, got 'fast'"),
        ("layers", "1;2", "expected a list of int as JSON"),
        ("layers", '["a"]', "expected an int, got str 'a'"),
        ("seed", "x", "expected int or None, got 'x'"),
        ("mode", "medium", "expected one of 'fast', 'slow', got 'medium'"),
        ("deep", "maybe", "expected a bool, got 'maybe'"),
        ("options", "[1]", "expected a dict, got list"),
        ("alfa", "1", "Did you mean 'alpha'"),
        ("GALAXY_INPUTS", "{}", "Pass data with -i"),
        ("not a name", "1", "not a valid variable name"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name, text, message):
    with pytest.raises(ParameterError) as caught:
        convert(name, text)
    assert message in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("alpha", "0.5"), ("seed", 1.0), ("seed", True), ("name", 1.1), ("deep", 1)],
)
def test_values_of_a_file_are_not_converted(name, value):
    with pytest.raises(ParameterError, match=name):
        convert_parameters(declare(DECLARED), [], {name: value})


def test_an_integer_of_a_file_fits_a_float():
    assert convert_parameters(declare(DECLARED), [], {"alpha": 1}) == {"alpha": 1.0}


def test_what_was_typed_wins_over_the_file():
    values = convert_parameters(declare(DECLARED), [("alpha", "2")], {"alpha": 1.0, "seed": 3})
    assert values == {"alpha": 2.0, "seed": 3}


def test_a_parameter_without_default_has_to_be_given():
    with pytest.raises(ParameterError, match="'path' \\(str\\) has no default"):
        convert_parameters(declare("path: str"), [], {})


def test_a_notebook_without_parameters_says_so():
    with pytest.raises(ParameterError, match="takes none"):
        convert_parameters(declared_parameters(nbformat.v4.new_notebook()), [("x", "1")], {})


def test_the_parameters_of_another_language_are_not_known():
    assert declare("x <- 1", language="R") is None


HOSTILE = [
    'it\'s "quoted"',
    "two\nlines\r\nand\ttabs",
    "$HOME $(id) `id` ${PATH}",
    "</script><script>alert(1)</script>",
    "back\\slash \\n \\x41",
    "naïve, 日本語, 🧬",
    "__dq__ %s {0} {{x}}",
    "'''\"\"\"",
    "\u2028line separator\x1b[31m",
]


def test_hostile_values_arrive_unchanged(make_notebook, run):
    notebook = make_notebook(
        "import json\njson.dump([*texts, one], open('outputs/got.json', 'w'))",
        parameters="texts: list[str] = []\none: str = ''",
    )
    finished = run(notebook, "-p", "texts", json.dumps(HOSTILE), "-p", "one", HOSTILE[0])
    assert finished.returncode == 0, finished.stderr
    got = json.loads((finished.folder / "outputs" / "got.json").read_text())
    assert got == [*HOSTILE, HOSTILE[0]]
    assert finished.record["parameters"]["texts"] == HOSTILE


def test_a_refused_parameter_starts_nothing_and_writes_nothing(make_notebook, run):
    finished = run(make_notebook("1", parameters="x = 1"), "-p", "x", "one")
    assert finished.returncode == 4
    assert finished.stderr == "Error: Parameter 'x': expected an int, got 'one'.\n"
    assert not finished.folder.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.json", "{", "is not valid JSON"),
        ("p.yaml", "a: [", "is not valid YAML"),
        ("p.json", "[1]", "must map parameter names"),
        ("p.yaml", "x: 2001-01-01", "expected an int, got date"),
    ],
)
def test_a_broken_parameter_file_is_explained(make_notebook, run, tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    finished = run(make_notebook("1", parameters="x = 1"), "--params-file", str(tmp_path / name))
    assert finished.returncode == 4
    assert message in finished.stderr


def test_a_missing_parameter_file_is_named(make_notebook, run):
    finished = run(make_notebook("1", parameters="x = 1"), "--params-file", "absent.yml")
    assert finished.returncode == 4
    assert "absent.yml" in finished.stderr


def test_help_notebook_lists_the_parameters(make_notebook, run):
    finished = run(make_notebook(parameters=DECLARED), "--help-notebook", "--json")
    assert finished.returncode == 0, finished.stderr
    listed = {entry["name"]: entry for entry in json.loads(finished.stdout)}
    assert listed["alpha"] == {
        "name": "alpha",
        "type": "float",
        "required": False,
        "default": 0.5,
        "default_source": "0.5",
        "choices": None,
        "help": "learning rate",
    }
    assert listed["mode"]["choices"] == ["fast", "slow"]
    assert (listed["made"]["default"], listed["made"]["default_source"]) == (None, "max(1, 2)")


def test_help_notebook_says_what_has_to_be_given(make_notebook, run):
    parameters = "x: Optional[Literal['a']]"
    finished = run(make_notebook("1", parameters=parameters), "--help-notebook", "--json")
    (listed,) = json.loads(finished.stdout)
    assert (listed["required"], listed["default"], listed["default_source"]) == (True, None, None)
    assert listed["choices"] == ["a", None]


def test_the_record_holds_defaults_and_given_values(make_notebook, run):
    parameters = "alpha: float = 0.5\nname = 'x'\nmade = max(1, 2)"
    finished = run(make_notebook("1", parameters=parameters), "-p", "alpha", "2")
    assert finished.record["parameters"] == {"alpha": 2.0, "name": "x"}
    assert finished.record["parameters_given"] == ["alpha"]


def test_inputs_without_a_parameters_cell_are_nothing_to_warn_of(make_notebook, run, tmp_path):
    (tmp_path / "a.csv").write_text("")
    finished = run(make_notebook("GALAXY_INPUTS"), "-i", f"t={tmp_path / 'a.csv'}")
    assert "parameters" not in finished.stderr
