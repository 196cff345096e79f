"""Every tool of the suite, read as Galaxy reads it."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from galaxy.tool_util.lint import get_lint_context_for_tool_source
from galaxy.tool_util.parser.factory import get_tool_source
from lxml import etree
from packaging.version import Version

import notebook_runner
from notebook_runner import errors

if TYPE_CHECKING:
    from galaxy.tool_util.parser.xml import XmlToolSource

TOOLS = sorted(Path(__file__).parents[2].glob("tools/*/*.xml"))
NEWEST_PROFILE = Version("26.1")


@pytest.fixture(params=TOOLS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """The XML file of a tool."""
    return Path(request.param)


@pytest.fixture
def source(path: Path) -> XmlToolSource:
    """The tool, with its macros expanded."""
    return get_tool_source(str(path))


@pytest.fixture
def xml(source: XmlToolSource) -> Any:
    """The root of the expanded XML."""
    return source.xml_tree.getroot()


def test_there_are_tools() -> None:
    assert TOOLS


def test_tool_is_valid_by_galaxys_schema(xml: Any) -> None:
    schema = etree.XMLSchema(etree.parse(str(files("galaxy.tool_util.xsd") / "galaxy.xsd")))

    schema.validate(etree.fromstring(etree.tostring(xml)))

    assert not list(schema.error_log)


# The linters themselves use what docutils will drop, and leave the table of EDAM terms open.
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_no_linter_of_galaxy_complains(
    source: XmlToolSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of an interactive tool the linters check hardly anything, unless it says that it is none.
    monkeypatch.setattr(source, "parse_tool_type", lambda: "default")

    context = get_lint_context_for_tool_source(source)

    assert [str(m) for m in context.error_messages + context.warn_messages] == []
    assert context.valid_messages


def test_tool_is_named_like_its_folder_and_file(path: Path, source: XmlToolSource) -> None:
    assert source.parse_id() == path.stem == path.parent.name


def test_profile_is_none_of_the_future(source: XmlToolSource) -> None:
    assert Version(source.parse_profile()) <= NEWEST_PROFILE


def test_version_is_that_of_the_package(source: XmlToolSource) -> None:
    assert source.parse_version().split("+")[0] == notebook_runner.__version__


def test_requirement_is_this_very_version_of_the_runner(xml: Any) -> None:
    required = {r.text: r.get("version") for r in xml.findall("requirements/requirement")}

    assert required["notebook-runner"] == notebook_runner.__version__


def test_every_variable_in_the_command_is_single_quoted(xml: Any) -> None:
    command = re.sub(r"'[^']*'", "", xml.find("command").text)

    assert "$" not in command


def test_any_exit_code_but_zero_fails_the_job(xml: Any) -> None:
    assert xml.find("command").get("detect_errors") == "exit_code"


def test_galaxy_is_told_the_exit_code_of_too_little_memory(xml: Any) -> None:
    assert int(xml.find("command").get("oom_exit_code")) == errors.OutOfMemoryError.exit_code


def test_no_name_is_both_an_input_and_an_output(xml: Any) -> None:
    inputs = {param.get("name") for param in xml.findall("inputs//param")}
    outputs = {output.get("name") for output in xml.find("outputs") if output.get("name")}

    assert not inputs & outputs


def test_every_output_has_a_name_of_its_own_in_the_history(xml: Any) -> None:
    labels = [output.get("label") for output in xml.find("outputs") if output.get("name")]

    assert None not in labels
    assert len(set(labels)) == len(labels)


def test_help_shows_an_example(xml: Any) -> None:
    assert re.search(r"::\n\n    \S", xml.find("help").text)


def test_exit_codes_in_the_help_are_those_of_the_errors(xml: Any) -> None:
    table = re.findall(r"^(\d+) {2,}\S", xml.find("help").text, flags=re.MULTILINE)
    known = {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.NotebookRunnerError)
    }

    assert {int(code) for code in table} <= known
    assert errors.CellFailedError.exit_code in {int(code) for code in table}


def test_files_of_the_tests_exist(path: Path, xml: Any) -> None:
    named = [
        name
        for param in xml.findall("tests//param[@ftype]") + xml.findall("tests//element[@value]")
        for name in param.get("value").split(",")
    ]

    assert named
    assert [name for name in named if not (path.parent / "test-data" / name).is_file()] == []


def test_notebooks_of_the_tests_hold_no_outputs(path: Path) -> None:
    for file in (path.parent / "test-data").glob("*.ipynb"):
        if file.name == "truncated.ipynb":
            continue
        for cell in json.loads(file.read_text())["cells"]:
            assert not cell.get("outputs"), file
            assert cell.get("execution_count") is None, file
