"""Saving scikit-learn models: each case of ``scikit_learn_cases.py`` and what it left."""

from __future__ import annotations

import json

import pytest

DOUBLE, SINGLE = "DOUBLE", "FLOAT"
#: The case, the precision of the ONNX model's numbers, the largest difference on new rows.
SAVED = {
    "logistic_regression": (DOUBLE, 1e-12),
    "labels_are_texts": (SINGLE, 1e-6),
    "labels_are_bools": (DOUBLE, 1e-12),
    "one_score_of_a_support_vector_machine": (SINGLE, 1e-5),
    "one_score_of_a_linear_machine": (SINGLE, 1e-5),
    "one_score_of_a_ridge": (SINGLE, 1e-5),
    "one_score_of_gradient_descent": (DOUBLE, 1e-10),
    "random_forest_classifier": (DOUBLE, 1e-6),
    "histogram_gradient_boosting_classifier": (SINGLE, 1e-6),
    "neural_network_in_a_pipeline": (DOUBLE, 1e-12),
    "nearest_neighbours": (DOUBLE, 1e-12),
    "grid_search_over_a_pipeline": (DOUBLE, 1e-12),
    "stacking": (DOUBLE, 1e-6),
    "ridge": (DOUBLE, 1e-10),
    "single_precision_stays_single": (SINGLE, 1e-3),
    "random_forest_regressor": (SINGLE, 1e-3),
    "histogram_gradient_boosting_with_missing_values": (SINGLE, 1e-3),
    "support_vector_regression": (SINGLE, 1e-3),
    "gaussian_process_regression": (DOUBLE, 1e-10),
    "several_numbers_predicted": (DOUBLE, 1e-10),
    "features_far_from_zero_need_double_precision": (DOUBLE, 1e-6),
    "k_means": (DOUBLE, 1e-10),
    "gaussian_mixture": (DOUBLE, 1e-12),
    "isolation_forest": (SINGLE, 1e-6),
    "principal_components": (DOUBLE, 1e-10),
    "columns_by_their_positions": (DOUBLE, 1e-12),
    "a_table_of_numbers": (DOUBLE, 1e-12),
    "a_sparse_matrix": (DOUBLE, 1e-12),
    "lists_of_numbers": (DOUBLE, 1e-12),
    "one_row": (DOUBLE, 1e-10),
    "many_rows": (DOUBLE, 1e-10),
}
#: Cases of other inputs than one array, and the largest difference on new rows.
SAVED_OTHERWISE = {
    "texts": 1e-6,
    "columns_of_a_table": 1e-6,
    "whole_numbers": 1e-6,
}
LABELLED = [
    "logistic_regression",
    "labels_are_texts",
    "labels_are_bools",
    "scores_instead_of_probabilities",
    "one_score_of_a_support_vector_machine",
    "one_score_of_a_linear_machine",
    "one_score_of_a_ridge",
    "one_score_of_gradient_descent",
    "random_forest_classifier",
    "histogram_gradient_boosting_classifier",
    "neural_network_in_a_pipeline",
    "nearest_neighbours",
    "grid_search_over_a_pipeline",
    "stacking",
    "k_means",
    "gaussian_mixture",
    "texts",
    "columns_of_a_table",
    "whole_numbers",
    "a_sparse_matrix",
]
#: The case and what its message says.
REFUSED = {
    "refused_no_predict": "DBSCAN has neither predict nor transform for new rows",
    "refused_no_converter": "has no converter for Birch. Use another estimator",
    "refused_own_step": "has no converter for Doubler (in Pipeline)",
    "refused_wrong_conversion": "'transformed': the largest difference is 0.079; at [131, 0]",
    "refused_output_of_another_shape": "'probabilities': it has the shape (150, 4)",
    "refused_ties_between_neighbours": "'probabilities': the largest difference is 0.2",
    "refused_labels_side_by_side": "'label': it has the shape (1, 150)",
    "refused_not_fitted": "LogisticRegression is not fitted yet. Fit it before saving it.",
    "refused_class": "LogisticRegression is a class; save_model needs a trained model",
    "refused_framework": "knows models of scikit-learn and Keras 3, not builtins.dict",
    "refused_sample_other_columns": "X has 3 features, but LogisticRegression is expecting 4",
    "refused_sample_one_dimension": "of shape (4,): Expected 2D array, got 1D array",
    "refused_sample_no_rows": "sample_input has no rows",
    "refused_sample_no_rows_list": "sample_input has no rows",
    "refused_sample_none": "sample_input is a NoneType. A model of scikit-learn takes",
    "refused_sample_text": "sample_input is a str. A model of scikit-learn takes",
    "refused_sample_dict": "sample_input is a dict. A model of scikit-learn takes",
    "refused_sample_number": "sample_input is a float. A model of scikit-learn takes",
    "refused_sample_ragged": "sample_input is a ragged list",
    "refused_sample_mixed": "objects that are not all texts",
    "refused_sample_complex": "sample_input is of type complex128",
    "refused_sample_dates": "The column 'when' of sample_input is of type datetime64",
    "refused_sample_missing_text": "The column 'city' has missing texts",
    "refused_sample_same_columns": "need names of their own, not ['a', 'a', 'b', 'c']",
    "refused_sample_texts_for_numbers": "could not convert string to float",
}


@pytest.fixture(scope="module")
def cases(kernel_python, run_cases):
    """What each case left."""
    return run_cases(kernel_python, "scikit_learn_cases")


@pytest.fixture(scope="module")
def saved(cases):
    """Return a function that gives a case that must have saved its model."""

    def find(name):
        assert cases[name]["error"] is None
        return cases[name]

    return find


def metadata(case):
    return {
        key.removeprefix("notebook_runner."): value
        for key, value in case["model"]["metadata"].items()
    }


def inputs(case):
    return [tuple(value) for value in case["model"]["inputs"]]


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_model_agrees_with_the_original_on_new_rows(saved, name):
    assert saved(name)["result"]["difference"] <= SAVED[name][1]


@pytest.mark.parametrize("name", SAVED_OTHERWISE)
def test_a_saved_model_of_mixed_inputs_agrees_on_new_rows(saved, name):
    assert saved(name)["result"]["difference"] <= SAVED_OTHERWISE[name]


@pytest.mark.parametrize("name", LABELLED)
def test_a_saved_model_gives_the_same_labels_to_new_rows(saved, name):
    assert saved(name)["result"]["labels_equal"]


@pytest.mark.parametrize("name", SAVED)
def test_precision_is_that_of_the_sample_where_it_can_be_kept(saved, name):
    assert [kind for _, kind, _ in saved(name)["model"]["inputs"]] == [SAVED[name][0]]


@pytest.mark.parametrize("name", sorted({*SAVED, *SAVED_OTHERWISE, *LABELLED}))
def test_any_number_of_rows_can_be_fed(saved, name):
    assert {shape[0] for _, _, shape in saved(name)["model"]["inputs"]} == {"batch"}


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_model_is_the_only_file(saved, name):
    assert saved(name)["files"] == ["models", "models/model.onnx"]


# ---- inputs and outputs -----------------------------------------------------------


def test_the_input_has_as_many_columns_as_the_sample(saved):
    assert inputs(saved("principal_components")) == [("X", DOUBLE, ["batch", 64])]


def test_probabilities_are_an_array(saved):
    model = saved("logistic_regression")["model"]
    assert model["outputs"] == [
        ["label", "INT64", ["batch"]],
        ["probabilities", DOUBLE, ["batch", 3]],
    ]


def test_without_probabilities_there_are_scores(saved):
    assert saved("scores_instead_of_probabilities")["model"]["outputs"][1][0] == "scores"


def test_a_decision_between_two_is_one_score_per_row(saved):
    outputs = saved("one_score_of_a_support_vector_machine")["model"]["outputs"]
    assert outputs[1] == ["scores", SINGLE, ["batch"]]


def test_labels_are_texts_where_the_classes_are(saved):
    assert saved("labels_are_texts")["model"]["outputs"][0] == ["label", "STRING", ["batch"]]


def test_a_clusterer_gives_distances(saved):
    outputs = saved("k_means")["model"]["outputs"]
    assert outputs[1] == ["distances", DOUBLE, ["batch", 3]]


def test_several_targets_give_a_label_each(saved):
    outputs = saved("several_targets_of_several_models")["model"]["outputs"]
    assert outputs[0] == ["label", "INT64", ["batch", 2]]


def test_a_list_of_texts_is_one_input_of_texts(saved):
    assert inputs(saved("texts")) == [("X", "STRING", ["batch"])]


def test_texts_of_pandas_are_one_input_too(saved):
    assert inputs(saved("texts_of_pandas")) == [("X", "STRING", ["batch"])]


def test_an_array_of_texts_keeps_its_columns(saved):
    assert inputs(saved("texts_in_an_array")) == [("X", "STRING", ["batch", 1])]


def test_columns_picked_by_name_are_inputs_of_their_own(saved):
    names = [name for name, _, _ in inputs(saved("columns_of_a_table"))]
    assert names == ["age", "children", "city", "smokes"]


def test_a_column_of_texts_is_an_input_of_texts(saved):
    assert ("city", "STRING", ["batch", 1]) in inputs(saved("columns_of_a_table"))


def test_a_column_that_is_not_used_is_still_an_input(saved):
    assert len(inputs(saved("columns_that_are_not_used"))) == 4


def test_categories_of_pandas_are_texts(saved):
    assert inputs(saved("categories_of_pandas"))[0] == ("city", "STRING", ["batch", 1])


def test_a_column_called_as_an_output_is_renamed_and_the_metadata_tell(saved):
    case = saved("a_column_called_as_an_output")
    first = json.loads(metadata(case)["inputs"])[0]
    assert (first["name"], first["columns"]) == ("label1", ["label"])


def test_a_table_of_numbers_is_one_input(saved):
    assert inputs(saved("a_table_of_numbers")) == [("X", DOUBLE, ["batch", 4])]


def test_the_metadata_name_the_columns_of_a_table_of_numbers(saved):
    described = json.loads(metadata(saved("a_table_of_numbers"))["inputs"])
    assert described[0]["columns"] == ["sepal length (cm)", "b", "c", "d"]


def test_missing_numbers_of_pandas_can_be_imputed(saved):
    assert inputs(saved("missing_numbers_of_pandas")) == [("X", SINGLE, ["batch", 2])]


def test_whole_numbers_stay_whole(saved):
    assert inputs(saved("whole_numbers")) == [("X", "INT64", ["batch", 64])]


def test_bytes_become_whole_numbers_where_the_converter_takes_no_bytes(saved):
    assert inputs(saved("bytes_of_an_image")) == [("X", "INT64", ["batch", 64])]


# ---- metadata ---------------------------------------------------------------------


def test_the_metadata_name_framework_model_and_name(saved):
    found = metadata(saved("logistic_regression"))
    assert [found[key] for key in ("framework", "model", "name", "format")] == [
        "scikit-learn",
        "sklearn.linear_model._logistic.LogisticRegression",
        "model",
        "1",
    ]


def test_the_metadata_name_the_versions(saved):
    found = metadata(saved("logistic_regression"))
    assert all(found[key][0].isdigit() for key in ("version", "framework_version", "onnxruntime"))


def test_the_metadata_describe_the_inputs(saved):
    described = json.loads(metadata(saved("logistic_regression"))["inputs"])
    assert described == [{"name": "X", "dtype": "float64", "shape": [None, 4]}]


def test_the_metadata_describe_the_outputs(saved):
    label, probabilities = json.loads(metadata(saved("labels_are_texts"))["outputs"])
    assert label == {
        "name": "label",
        "kind": "label",
        "type": "tensor(string)",
        "max_error": 0.0,
        "ties": 0,
        "classes": ["setosa", "versicolor", "virginicä"],
    }
    assert probabilities["kind"] == "probability"


def test_the_metadata_tell_the_largest_error(saved):
    assert 0 < float(metadata(saved("random_forest_regressor"))["max_error"]) < 1e-3


def test_the_metadata_tell_what_was_compared(saved):
    compared = json.loads(metadata(saved("logistic_regression"))["compared"])
    assert compared == {"rows": 150, "batch_sizes": [150, 1, 75]}


def test_one_row_is_compared_in_another_number_too(saved):
    compared = json.loads(metadata(saved("one_row"))["compared"])
    assert compared == {"rows": 1, "batch_sizes": [1, 1, 4]}


def test_of_a_large_sample_a_thousand_rows_are_compared(saved):
    assert json.loads(metadata(saved("many_rows"))["compared"])["rows"] == 1000


def test_the_metadata_tell_the_tolerance(saved):
    tolerance = json.loads(metadata(saved("accepted_with_a_tolerance_of_choice"))["tolerance"])
    assert tolerance == {"relative": 0.01, "absolute": 1e-7}


def test_a_tolerance_of_choice_does_not_hide_the_error(saved):
    assert metadata(saved("accepted_with_a_tolerance_of_choice"))["max_error"] == "0.079"


def test_labels_on_the_edge_of_a_decision_do_not_fail_the_proof(saved):
    saved("labels_on_the_edge_are_ties")


def test_the_operator_set_can_be_chosen(saved):
    assert int(metadata(saved("opset_of_choice"))["opset"]) <= 11


def test_the_graph_has_the_name_of_the_model(saved):
    assert saved("ridge")["model"]["graph"] == "model"


def test_the_path_of_the_file_is_returned(saved):
    assert saved("path_returned")["result"] is True


def test_a_name_may_end_as_the_file_does(saved):
    assert saved("name_with_extension")["result"] == "model.onnx"


def test_saving_writes_nothing_on_the_screen(saved):
    assert saved("says_nothing")["stderr"] == ""


# ---- refusals ---------------------------------------------------------------------


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_saved_is_a_model_error(cases, name):
    assert "ModelError" in cases[name]["error"]["kinds"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_why(cases, name):
    assert REFUSED[name] in cases[name]["error"]["text"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_takes_few_lines(cases, name):
    text = cases[name]["error"]["text"]
    assert len(text) < 600
    assert len(text.splitlines()) <= 2


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_leaves_nothing(cases, name):
    assert cases[name]["files"] == []


def test_a_refusal_leaves_the_file_that_was_there(saved):
    assert saved("refused_conversion_keeps_the_file_before")["result"] is True
