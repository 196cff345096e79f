"""Saving Keras models: each case of ``keras_cases.py`` and what it left."""

from __future__ import annotations

import json

import pytest

#: The case and the inputs of the ONNX model.
SAVED = {
    "sequential": [["input", "FLOAT", ["batch", 4]]],
    "built_by_fitting": [["input", "FLOAT", ["batch", 4]]],
    "functional_with_a_list": [
        ["table", "FLOAT", ["batch", 4]],
        ["the_words", "INT32", ["batch", 5]],
    ],
    "functional_with_a_dict_by_name": [
        ["table", "FLOAT", ["batch", 4]],
        ["the_words", "INT32", ["batch", 5]],
    ],
    "inputs_declared_as_a_dict": [["a", "FLOAT", ["batch", 4]], ["b", "FLOAT", ["batch", 4]]],
    "convolutions": [["input", "FLOAT", ["batch", 12, 12, 1]]],
    "augmentation": [["input", "FLOAT", ["batch", 12, 12, 1]]],
    "any_size_of_image": [["input", "FLOAT", ["batch", "input_1", "input_2", 1]]],
    "recurrent_of_any_length": [["input", "FLOAT", ["batch", "input_1", 2]]],
    "attention": [["input", "FLOAT", ["batch", 6, 2]]],
    "subclassed": [["input_0", "FLOAT", ["batch", 4]], ["input_1", "FLOAT", ["batch", 2]]],
    "whole_numbers_out": [["input", "FLOAT", ["batch", 4]]],
    "sample_as_a_list": [["input", "FLOAT", ["batch", 4]]],
}
#: The case and what its message says.
REFUSED = {
    "refused_not_built": "has no weights yet: it was never fitted nor called",
    "refused_layer": "Dense is no keras.Model",
    "refused_random": "output 'output': the largest difference is",
    "refused_output_without_rows": "has the shape () for 40 rows",
    "refused_not_exportable": "ONNX has no operator 'Cholesky'",
    "refused_text_layer": "takes texts, which Keras does not export to ONNX",
    "refused_input_missing": "lacks the input 'the words'; the model takes table, the words",
    "refused_one_for_two": "with 1 arrays, and the model takes 2",
    "refused_rows_differ": "differ in their numbers of rows: [3, 40]",
    "refused_sample_columns": "has the shape (40, 3); the model takes (None, 4)",
    "refused_sample_dimensions": "has the shape (4,); the model takes (None, 4)",
    "refused_sample_no_rows": "sample_input has no rows",
    "refused_sample_none": "a NoneType, is no array of numbers",
    "refused_sample_text": "a str, is no array of numbers",
    "refused_sample_texts": "a list, is no array of numbers",
    "refused_sample_object": "a object, is no array of numbers",
}


@pytest.fixture(scope="module")
def cases(tensorflow_python, run_cases):
    """What each case left."""
    return run_cases(tensorflow_python, "keras_cases")


@pytest.fixture(scope="module")
def saved(cases):
    """Return a function that gives a case that must have saved its model."""

    def find(name):
        assert cases[name]["error"] is None
        return cases[name]

    return find


def metadata(case, key):
    return case["model"]["metadata"][f"notebook_runner.{key}"]


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_model_agrees_with_the_original_on_new_rows(saved, name):
    assert saved(name)["result"]["difference"] <= 1e-5


@pytest.mark.parametrize("name", SAVED)
def test_inputs_have_the_shapes_and_types_of_the_model(saved, name):
    assert saved(name)["model"]["inputs"] == SAVED[name]


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_model_is_the_only_file(saved, name):
    assert saved(name)["files"] == ["models", "models/model.onnx"]


def test_outputs_have_the_names_that_the_model_gives_them(saved):
    assert saved("several_outputs")["model"]["outputs"] == [
        ["age", "FLOAT", ["batch", 1]],
        ["kind", "FLOAT", ["batch", 3]],
    ]


def test_free_lengths_are_compared_at_another_length(saved):
    compared = json.loads(metadata(saved("recurrent_of_any_length"), "compared"))
    assert compared["batch_sizes"] == [20, 1, 10, 8]


def test_whole_numbers_are_compared_exactly(saved):
    described = json.loads(metadata(saved("whole_numbers_out"), "outputs"))
    assert described[0]["kind"] == "label"


def test_the_operator_set_can_be_chosen(saved):
    assert metadata(saved("opset_of_choice"), "opset") == "18"


def test_the_metadata_name_framework_and_model(saved):
    case = saved("sequential")
    assert (metadata(case, "framework"), metadata(case, "model").rpartition(".")[2]) == (
        "Keras",
        "Sequential",
    )


def test_saving_writes_nothing_on_the_screen(saved):
    assert saved("says_nothing")["stderr"] == ""


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_saved_is_a_model_error(cases, name):
    assert "ModelError" in cases[name]["error"]["kinds"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_why(cases, name):
    assert REFUSED[name] in cases[name]["error"]["text"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_leaves_nothing(cases, name):
    assert cases[name]["files"] == []
