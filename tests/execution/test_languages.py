"""Kernels of other languages work as far as papermill's translators go."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import nbformat
import pytest

from notebook_runner.errors import ParameterError
from notebook_runner.execution.translators import (
    UnchangedJulia,
    UnchangedR,
    check_translation,
)

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ['it\'s "quoted"', "$HOME `id` $(id)", "two\nlines", "naïve 日本", "back\\slash", ""]


@pytest.fixture
def bash(galaxy_instance, tmp_path):
    """Return the environment variables with which the kernel ``bash`` is found."""
    python = galaxy_instance.home.environment("kernel-bash") / "bin" / "python"
    if not python.exists():
        pytest.skip("the environment kernel-bash is not installed (make test installs it)")
    spec = tmp_path / "jupyter" / "kernels" / "bash"
    spec.mkdir(parents=True)
    argv = [str(python), "-m", "bash_kernel", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Bash", "language": "bash"})
    )
    return {"JUPYTER_PATH": str(tmp_path / "jupyter")}


def test_a_bash_notebook_gets_its_parameters_and_inputs_unchanged(
    make_notebook, run, bash, tmp_path
):
    table = tmp_path / "t.csv"
    table.write_text("a\n")
    source = (
        'for v in "$one" "$number" "${many[@]}" "$GALAXY_INPUTS"; do\n'
        '  printf "%s\\0" "$v" >> outputs/got\ndone'
    )
    notebook = make_notebook(source, parameters="one=default", kernel="bash", language="bash")
    many = json.dumps(TEXTS)
    finished = run(
        notebook,
        "-p",
        "one",
        TEXTS[0],
        "-p",
        "number",
        "7",
        "-p",
        "many",
        many,
        "-i",
        f"table={table}",
        **bash,
    )
    assert finished.returncode == 0, finished.stderr
    got = (finished.folder / "outputs" / "got").read_text().split("\0")[:-1]
    assert got[:-1] == [TEXTS[0], "7", *TEXTS]
    assert json.loads(got[-1]) == {"table": str(table)}
    assert finished.record["kernel"]["language"] == "bash"
    assert finished.record["python"] is None


def test_a_dict_is_refused_for_bash_by_name(make_notebook, run, bash):
    notebook = make_notebook("true", parameters="a=1", kernel="bash", language="bash")
    finished = run(notebook, "-p", "a", '{"x": 1}', **bash)
    assert finished.returncode == 4
    assert "Parameter 'a': a dict cannot be passed to a bash kernel" in finished.stderr


def test_the_parameters_of_a_bash_notebook_cannot_be_listed(make_notebook, run, bash):
    notebook = make_notebook("true", parameters="a=1", kernel="bash", language="bash")
    finished = run(notebook, "--help-notebook", **bash)
    assert finished.returncode == 4
    assert "a notebook in bash cannot be listed" in finished.stderr


def test_a_language_that_papermill_does_not_know_is_refused_by_name():
    with pytest.raises(ParameterError, match="cannot be passed to a cobol kernel"):
        check_translation({"x": 1}, "cobol", "cobol")


@pytest.mark.parametrize("text", ["$x", 'a"b', "naïve", "a\\b", "two\nlines"])
def test_text_that_would_change_on_its_way_is_refused(text):
    with pytest.raises(ParameterError, match="'x': text with quotes"):
        check_translation({"x": [text]}, "scala", "scala")


def test_plain_text_passes_to_every_language():
    check_translation({"x": "plain text, 1.5"}, "scala", "scala")


def test_julia_does_not_fill_in_dollars():
    assert UnchangedJulia.translate('$x "q" é\n') == '"\\$x \\"q\\" é\\n"'


def test_r_reads_text_as_utf8():
    assert UnchangedR.translate("é\\d") == '"é\\\\d"'


def test_python_writes_text_as_python_does():
    from notebook_runner.execution.translators import UnchangedPython

    for text in TEXTS:
        source = UnchangedPython.codify({"x": text})
        scope: dict[str, object] = {}
        exec(source, scope)
        assert scope["x"] == text


def test_bash_quotes_as_the_shell_reads(tmp_path: Path):
    from papermill.translators import BashTranslator

    for text in TEXTS:
        script = f'{BashTranslator.codify({"x": text})}printf %s "$x"'
        assert subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout == (
            text.encode()
        )


def test_the_notebook_without_kernelspec_is_python(make_notebook, run):
    notebook = make_notebook("print(6 * 7)")
    node = nbformat.read(notebook, as_version=4)
    del node.metadata["kernelspec"]
    nbformat.write(node, notebook)
    assert run(notebook).text == "42\n"
