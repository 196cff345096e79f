"""The tests in the tools' XML, and a sweep, run by planemo in environments and in containers."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = [pytest.mark.planemo, pytest.mark.galaxy, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools/run_notebook/run_notebook.xml"
SWEEP = Path(__file__).parent / "sweep/sweep.gxwf.yml"
NUMBERS = range(1, len(etree.parse(str(TOOL)).findall("tests/test")) + 1)

#: planemo runs one test after the other, and waits most of the time.
AT_ONCE = 3
LIMIT_S = 600


def run_planemo(
    env: Mapping[str, str], folder: Path, artifact: Path, numbers: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """Run planemo's tests with these numbers (all: none given), and return its report of each."""
    report = folder / f"planemo-{artifact.stem}-{'-'.join(map(str, numbers)) or 'all'}.json"
    command = [Path(sys.executable).with_name("planemo"), "test", "--engine", "external_galaxy"]
    command += ["--no_shed_install", "--test_timeout", "300"]
    command += ["--test_output", report.with_suffix(".html"), "--test_output_json", report]
    for number in numbers:
        command += ["--test_index", str(number)]
    finished = subprocess.run(
        [*command, artifact],
        check=False,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    assert report.is_file(), finished.stdout
    tests: list[dict[str, Any]] = json.loads(report.read_text())["tests"]
    return tests


def describe(test: dict[str, Any]) -> str:
    """Say what planemo found wrong, and what the job wrote."""
    data = test["data"]
    problems = [data.get("execution_problem"), *(data.get("output_problems") or [])]
    job = data.get("job") or {}
    lines = [str(problem) for problem in problems if problem]
    lines += [f"exit code: {job.get('exit_code')}", f"stderr: {job.get('stderr')}"]
    return "\n".join([f"{test['id']}: {data['status']}", *lines])


@pytest.fixture(scope="module")
def reports(
    planemo_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[int, dict[str, Any]]:
    """What planemo reports of each test of the tool, by the test's number."""
    folder = tmp_path_factory.mktemp("reports")
    shares = [NUMBERS[first::AT_ONCE] for first in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(
            lambda share: run_planemo(planemo_environment, folder, TOOL, share), shares
        )
        return {
            number: test
            for share, tests in zip(shares, answers, strict=True)
            for number, test in zip(share, tests, strict=True)
        }


@pytest.mark.parametrize("number", NUMBERS)
def test_tool_passes_the_test_in_its_xml(reports: dict[int, dict[str, Any]], number: int) -> None:
    assert reports[number]["data"]["status"] == "success", describe(reports[number])


def test_planemo_ran_every_test_once(reports: dict[int, dict[str, Any]]) -> None:
    assert sorted(test["data"]["test_index"] for test in reports.values()) == [
        number - 1 for number in NUMBERS
    ]


def test_a_collection_of_parameter_files_is_a_sweep(
    planemo_environment: Mapping[str, str], tmp_path: Path
) -> None:
    (test,) = run_planemo(planemo_environment, tmp_path, SWEEP)

    assert test["data"]["status"] == "success", describe(test)
