"""What would go to a Tool Shed: linted by planemo, and each repository whole in itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PLANEMO = Path(sys.executable).with_name("planemo")

#: Prints the id and version of each tool, read from the files of its repository alone.
READ_REPOSITORIES = """
import json, sys
from pathlib import Path
from galaxy.tool_util.parser.factory import get_tool_source
from planemo import shed
from planemo.cli import PlanemoCliContext

def read(repository):
    folder = Path(repository.path)
    tools = [get_tool_source(str(path)) for path in folder.glob("*/*.xml")]
    found[repository.name] = {
        "tools": {tool.parse_id(): tool.parse_version() for tool in tools},
        "files": sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()),
    }
    return 0

found = {}
shed.for_each_repository(
    PlanemoCliContext(), read, [sys.argv[1]], recursive=False, fail_fast=True
)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def repositories(checkout: Path) -> dict[str, dict[str, object]]:
    """The Tool Shed repositories as planemo would upload them."""
    command = [sys.executable, "-c", READ_REPOSITORIES, str(checkout)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(finished.stdout.splitlines()[-1])


def test_planemo_lint_has_nothing_to_say(checkout: Path) -> None:
    command = [PLANEMO, "lint", "--recursive", "--fail_level", "warn", "tools"]

    finished = subprocess.run(command, check=False, cwd=checkout, capture_output=True, text=True)

    assert finished.returncode == 0, finished.stdout


def test_planemo_shed_lint_has_nothing_to_say(checkout: Path) -> None:
    # What is skipped asks the Tool Shed on the internet whether the version is a new one.
    command = [PLANEMO, "shed_lint", "--tools", "--fail_level", "warn"]
    command += ["--skip", "version_bumped", "."]

    finished = subprocess.run(command, check=False, cwd=checkout, capture_output=True, text=True)

    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_every_tool_has_a_repository(checkout: Path) -> None:
    folders = {path.parent.name for path in checkout.glob("tools/*/*.xml")}

    assert set(yaml.safe_load((checkout / ".shed.yml").read_text())["repositories"]) == folders


def test_every_repository_holds_all_that_its_tool_reads(
    repositories: dict[str, dict[str, object]],
) -> None:
    assert repositories["run_notebook"]["tools"]
    assert "run_notebook/test-data/iris.csv" in repositories["run_notebook"]["files"]


def test_the_suite_installs_the_tools(repositories: dict[str, dict[str, object]]) -> None:
    assert repositories["suite_gpu_jupyterlab"]["files"] == ["repository_dependencies.xml"]
