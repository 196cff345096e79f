"""What may be the name of a model; no framework is needed to tell."""

from __future__ import annotations

import subprocess
import sys

import pytest

from notebook_runner import save_model
from notebook_runner.errors import ModelError
from notebook_runner.models.save import check_name


@pytest.mark.parametrize("name", ["digits", "a", "Model_2.1-final", "7", "x" * 100])
def test_letters_digits_dots_dashes_and_underscores_are_a_name(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a/b",
        "../a",
        "/etc/passwd",
        "..",
        "a..b",
        ".hidden",
        "-rf",
        "a b",
        "a\n",
        "a\x00",
        "a\\b",
        "naïve",
        "$(id)",
        "x" * 101,
        ".onnx",
    ],
    ids=ascii,
)
def test_what_is_no_file_name_everywhere_is_refused(name):
    with pytest.raises(ModelError, match="cannot be the name of a model"):
        check_name(name)


@pytest.mark.parametrize("name", [None, 3, b"digits"], ids=repr)
def test_a_name_that_is_no_string_is_refused(name):
    with pytest.raises(ModelError, match="The name of a model is a string"):
        check_name(name)


def test_the_extension_is_not_written_twice():
    assert check_name("digits.onnx") == "digits"


def test_a_name_is_refused_before_anything_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="cannot be the name"):
        save_model(object(), "a/b", None)
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_no_known_framework_is_refused_with_what_can_be_done():
    with pytest.raises(ModelError, match=r"not builtins\.object\. Export it to ONNX"):
        save_model(object(), "a", None)


def test_importing_save_model_loads_no_framework():
    source = (
        "import sys; from notebook_runner import save_model\n"
        "print(*{'numpy', 'onnx', 'onnxruntime', 'sklearn', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert done.stdout.split() == []
