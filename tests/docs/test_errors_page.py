"""docs/errors.md shows every mistake that was tried, with the message and exit code it ends in.

The table is what the commands really print: ``REWRITE_DOCS=1 make test
ARGS=tests/docs`` writes it anew, and without that variable a row that is not
true any more fails its test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from notebook_runner import errors

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
RUNNER = Path(sys.executable).with_name("notebook-runner")


@dataclass(frozen=True)
class Mistake:
    """A command that cannot work; ``{here}`` in an argument stands for its folder."""

    what: str
    arguments: tuple[str, ...]
    code: int
    env: dict[str, str] = field(default_factory=dict)


def run(what: str, code: int, *arguments: str, **env: str) -> Mistake:
    return Mistake(what, ("run", *arguments), code, env)


def submit(what: str, code: int, *arguments: str, **env: str) -> Mistake:
    return Mistake(what, ("submit", *arguments), code, env)


MISTAKES = [
    run("no notebook named", 2),
    run("an option that does not exist", 2, "nb.ipynb", "--paramater", "x"),
    run("an input without a path", 2, "nb.ipynb", "-i", "table"),
    run("a time limit that is no number", 2, "nb.ipynb", "--timeout", "soon"),
    run("a notebook that is not there", 3, "absent.ipynb"),
    run("a folder instead of a notebook", 3, "folder"),
    run("an empty file", 3, "empty.ipynb"),
    run("a file that is not JSON", 3, "text.ipynb"),
    run("JSON that is not a notebook", 3, "json.ipynb"),
    run("a file that is not text", 3, "binary.ipynb"),
    run("a notebook without code", 3, "prose.ipynb"),
    run("a parameters cell that is not Python", 3, "broken-parameters.ipynb"),
    run("an unknown parameter", 4, "nb.ipynb", "-p", "alfa", "1"),
    run("a parameter, but the notebook takes none", 4, "plain.ipynb", "-p", "alpha", "1"),
    run("text for a number", 4, "nb.ipynb", "-p", "alpha", "high"),
    run("a value that is not one of the choices", 4, "nb.ipynb", "-p", "mode", "slow"),
    run("a list that is not JSON", 4, "nb.ipynb", "-p", "layers", "1;2"),
    run("a parameter that has to be given", 4, "required.ipynb"),
    run("a parameter file that is not there", 4, "nb.ipynb", "--params-file", "absent.yaml"),
    run("a parameter file that is not YAML", 4, "nb.ipynb", "--params-file", "broken.yaml"),
    run("a parameter file that is a list", 4, "nb.ipynb", "--params-file", "list.json"),
    run("text for a number in a parameter file", 4, "nb.ipynb", "--params-file", "text.yaml"),
    run("an input that is not there", 5, "nb.ipynb", "-i", "table=absent.csv"),
    run("an input name that is no name", 5, "nb.ipynb", "-i", "my-table=text.ipynb"),
    run("an input folder without files", 5, "nb.ipynb", "-i", "images=folder"),
    run("a secret on the command line", 6, "nb.ipynb", "--secret", "TOKEN=abcdefgh"),
    run("a secret that is not in the environment", 6, "nb.ipynb", "--secret", "ABSENT"),
    run("a secret too short to be hidden", 6, "nb.ipynb", "--secret", "TOKEN", TOKEN="abc"),
    run("an output folder that holds an earlier run", 7, "nb.ipynb", "-o", "earlier"),
    run("an output folder that is a file", 7, "nb.ipynb", "-o", "text.ipynb"),
    run("a kernel that is not there", 8, "nb.ipynb", "--kernel", "fortran"),
    run("a cell that fails", 10, "failing.ipynb", "--no-report", "-o", "failed"),
    run("a kernel that is killed", 11, "dying.ipynb", "--no-report", "-o", "died"),
    run("a run over its time", 13, "sleeping.ipynb", "--no-report", "--timeout", "2", "-o", "t1"),
    run(
        "a cell over its time",
        14,
        "sleeping.ipynb",
        "--no-report",
        "--cell-timeout",
        "1",
        "-o",
        "t2",
    ),
    run("results to a Galaxy without a key", 22, "nb.ipynb", "--galaxy", "http://127.0.0.1:9"),
    run(
        "results to a Galaxy that is not there",
        21,
        "nb.ipynb",
        "--galaxy",
        "http://127.0.0.1:9",
        GALAXY_API_KEY="0123456789abcdef",
    ),
    submit("no Galaxy named", 2, "nb.ipynb", "--history-name", "h"),
    submit(
        "a key on the command line",
        2,
        "nb.ipynb",
        "--galaxy",
        "http://127.0.0.1:9",
        "--api-key",
        "0123456789abcdef",
    ),
]


def write_files(folder: Path) -> None:
    """Write what the mistakes are made with."""
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}

    def notebook(name: str, *cells: str, parameters: str | None = None) -> None:
        node = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
        if parameters is not None:
            tagged = {"tags": ["parameters"]}
            node.cells.append(nbformat.v4.new_code_cell(parameters, metadata=tagged))
        node.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(node, folder / name)

    parameters = "alpha: float = 0.5\nmode: Literal['fast'] = 'fast'\nlayers: list[int] = [1]"
    notebook("nb.ipynb", "1", parameters=parameters)
    notebook("plain.ipynb", "1")
    notebook("required.ipynb", "1", parameters="sample: str")
    notebook("broken-parameters.ipynb", "1", parameters="alpha = = 1")
    notebook("failing.ipynb", "raise ValueError('no such gene')")
    notebook("dying.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    notebook("sleeping.ipynb", "import time\ntime.sleep(60)")
    prose = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("words")])
    nbformat.write(prose, folder / "prose.ipynb")
    (folder / "folder").mkdir()
    (folder / "earlier").mkdir()
    (folder / "earlier" / "run.json").write_text("{}")
    (folder / "empty.ipynb").write_text("")
    (folder / "text.ipynb").write_text("print(1)")
    (folder / "json.ipynb").write_text(json.dumps({"cells": []}))
    (folder / "binary.ipynb").write_bytes(b"\xff\xfe\x00")
    (folder / "broken.yaml").write_text("alpha: [")
    (folder / "list.json").write_text("[1]")
    (folder / "text.yaml").write_text("alpha: '0.5'")


def message_of(ended: subprocess.CompletedProcess[str], folder: Path) -> str:
    """Return what the user is told, as it stands in the table."""
    lines = ended.stderr.replace(f"{folder}/", "").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Error: "))
    message = lines[start].removeprefix("Error: ")
    message = re.sub(r"Kernels: .*?\. ", "Kernels: python3. ", message)
    return message.replace("|", "\\|")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("mistakes")
    write_files(made)
    return made


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.what.replace(" ", "-"))
def test_the_page_tells_what_the_command_prints(mistake, folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith("GALAXY_")}
    ended = subprocess.run(
        [RUNNER, *mistake.arguments],
        cwd=folder,
        env={**env, **mistake.env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == mistake.code, ended.stderr
    assert "Traceback (most recent call last):\n  File" not in ended.stderr
    command = mistake.arguments[0]
    row = f"| `{command}`: {mistake.what} | {message_of(ended, folder)} | {mistake.code} |"
    if os.environ.get("REWRITE_DOCS"):
        _rewrite(row, f"| `{command}`: {mistake.what} |")
    assert row in PAGE.read_text().splitlines()


def test_the_page_lists_every_exit_code():
    page = PAGE.read_text()
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    codes = {c.exit_code for c in classes if issubclass(c, errors.NotebookRunnerError)}
    missing = [code for code in sorted(codes) if f"| {code} | " not in page]
    assert missing == []


def test_no_two_errors_share_an_exit_code():
    classes = [
        c
        for c in vars(errors).values()
        if isinstance(c, type) and issubclass(c, errors.NotebookRunnerError)
    ]
    codes = [c.exit_code for c in classes]
    assert len(codes) == len(set(codes))


def _rewrite(row: str, start: str) -> None:
    lines = PAGE.read_text().splitlines()
    places = [i for i, line in enumerate(lines) if line.startswith(start)]
    if places:
        lines[places[0]] = row
    else:
        lines.insert(lines.index("<!-- end of mistakes -->"), row)
    PAGE.write_text("\n".join(lines) + "\n")
