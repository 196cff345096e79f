"""What counts as the same number, the same label, the same shape."""

from __future__ import annotations

import numpy as np
import pytest

from notebook_runner.models.comparison import TOLERANCES, compare_output
from notebook_runner.models.exporter import Expected, Ranking

SINGLE, DOUBLE = TOLERANCES["float32"], TOLERANCES["float64"]


def values(expected, computed, tolerance=SINGLE, kind="value"):
    return compare_output(
        Expected("y", kind, np.asarray(expected)), np.asarray(computed), tolerance
    )


def labels(expected, computed, scores=None, classes=None):
    rankings = () if scores is None else (Ranking(np.asarray(scores), np.asarray(classes)),)
    return compare_output(
        Expected("y", "label", np.asarray(expected), rankings), np.asarray(computed), SINGLE
    )


# ---- numbers ----------------------------------------------------------------------


def test_equal_numbers_pass():
    assert values([1.0, 2.0], [1.0, 2.0]).reason == ""


def test_an_error_of_single_precision_passes():
    assert values([1.0, 2.0], [1.0 + 1e-6, 2.0]).reason == ""


def test_an_error_of_single_precision_fails_in_double():
    assert values([1.0, 2.0], [1.0 + 1e-6, 2.0], DOUBLE).reason != ""


def test_a_percent_fails():
    assert values([1.0, 2.0], [1.01, 2.0]).reason != ""


def test_the_largest_error_is_reported():
    assert values([1.0, 2.0], [1.0, 2.5]).largest == 0.5


def test_the_reason_tells_place_values_and_limit():
    reason = values([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.5, 4.0]]).reason
    assert reason == (
        "the largest difference is 0.5; at [1, 0] it is 0.5 (3.5 for 3), where 0.00304 is allowed"
    )


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_the_unit_of_an_output_does_not_matter(unit):
    expected = np.array([1.0, 2.0]) * unit
    passing, failing = expected * (1 + 1e-6), expected * 1.01
    assert [values(expected, v).reason == "" for v in (passing, failing)] == [True, False]


def test_a_small_number_among_large_ones_may_be_round_off():
    assert values([1e-9, 1.0], [3e-9, 1.0]).reason == ""


def test_a_column_is_measured_by_itself():
    expected = np.array([[1e3, 1.0], [2e3, 2.0]])
    computed = expected + np.array([[0, 0.02], [0, 0]])
    assert values(expected, computed).reason != ""


def test_a_column_of_nothing_but_round_off_passes():
    expected = np.array([[1.0, 1e-16], [2.0, -2e-16]])
    assert values(expected, expected * [[1, -3], [1, 5]], DOUBLE).reason == ""


def test_probabilities_are_measured_by_one():
    assert values([[1e-9, 1.0]], [[5e-7, 1.0]], kind="probability").reason == ""


def test_probabilities_may_not_differ_by_a_percent():
    assert values([[0.01, 0.99]], [[0.02, 0.98]], kind="probability").reason != ""


def test_nan_agrees_with_nan():
    assert values([np.nan, 1.0], [np.nan, 1.0]).reason == ""


@pytest.mark.parametrize(
    ("expected", "computed"),
    [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (1.0, np.inf), (np.inf, -np.inf)],
)
def test_what_is_not_finite_agrees_with_nothing_else(expected, computed):
    assert values([expected, 1.0], [computed, 1.0]).largest == np.inf


def test_infinity_agrees_with_itself():
    assert values([np.inf, 1.0], [np.inf, 1.0]).reason == ""


def test_zeros_must_be_zeros():
    assert values([0.0, 0.0], [0.0, 1e-12]).reason != ""


def test_nothing_agrees_with_nothing():
    assert values(np.zeros((3, 0)), np.zeros((3, 0))).reason == ""


def test_texts_must_be_equal():
    assert values(["a", "b"], ["a", "c"]).reason == "1 of 2 texts differ"


# ---- shapes -----------------------------------------------------------------------


def test_a_column_of_its_own_is_the_same():
    assert values([1.0, 2.0], [[1.0], [2.0]]).reason == ""


@pytest.mark.parametrize("computed", [[[1.0, 2.0]], [1.0], [[1.0, 2.0], [3.0, 4.0]], 1.0])
def test_another_shape_fails(computed):
    assert "it has the shape" in values([1.0, 2.0], computed).reason


def test_the_reason_for_another_shape_tells_both():
    reason = values([1.0, 2.0], [[1.0, 2.0]]).reason
    assert reason == "it has the shape (1, 2), and the original's is (2,)"


def test_several_targets_may_come_as_a_list():
    parts = [np.array([[0.5, 0.5]]), np.array([[1.0, 0.0, 0.0]])]
    assert compare_output(Expected("y", "probability", parts), parts, SINGLE).reason == ""


def test_several_targets_may_come_as_one_array_with_padding():
    parts = [np.array([[0.5, 0.5]]), np.array([[1.0, 0.0, 0.0]])]
    padded = np.array([[[0.5, 0.5, 0.0]], [[1.0, 0.0, 0.0]]])
    assert compare_output(Expected("y", "probability", parts), padded, SINGLE).reason == ""


def test_padding_that_holds_something_fails():
    parts = [np.array([[0.5, 0.5]]), np.array([[1.0, 0.0, 0.0]])]
    padded = np.array([[[0.5, 0.5, 0.1]], [[1.0, 0.0, 0.0]]])
    found = compare_output(Expected("y", "probability", parts), padded, SINGLE)
    assert "it has the shape" in found.reason


def test_a_target_that_differs_fails():
    parts = [np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])]
    given = [parts[0], np.array([[0.0, 1.0]])]
    assert compare_output(Expected("y", "probability", parts), given, SINGLE).largest == 1.0


# ---- labels -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "computed"),
    [
        ([0, 1], np.array([0, 1], np.int32)),
        ([False, True], [0, 1]),
        (["a", "é"], np.array(["a", "é"], dtype=object)),
        ([0.0, 1.0], [0, 1]),
        ([0, 1], [[0], [1]]),
        ([[0, 1], [1, 2]], [[0, 1], [1, 2]]),
    ],
)
def test_the_same_labels_pass(expected, computed):
    assert labels(expected, computed).reason == ""


def test_another_label_fails():
    reason = labels(["a", "b", "a"], ["a", "a", "a"]).reason
    assert reason.startswith("1 of 3 rows get another label; the first is row 1, ")


def test_the_share_of_wrong_labels_is_reported():
    assert labels([0, 1, 2, 3], [0, 1, 2, 0]).largest == 0.25


def test_another_label_of_the_same_score_is_a_tie():
    found = labels([0], [1], scores=[[0.4, 0.4, 0.2]], classes=[0, 1, 2])
    assert (found.reason, found.ties) == ("", 1)


def test_scores_equal_but_for_round_off_are_a_tie():
    assert labels([0], [1], scores=[[0.4, 0.4 - 1e-7]], classes=[0, 1]).ties == 1


def test_another_label_of_a_lower_score_is_no_tie():
    assert labels([0], [1], scores=[[0.51, 0.49]], classes=[0, 1]).reason != ""


def test_a_tie_does_not_excuse_another_row():
    scores = [[0.5, 0.5], [0.9, 0.1]]
    found = labels([0, 0], [1, 1], scores=scores, classes=[0, 1])
    assert (found.ties, found.largest) == (1, 0.5)


def test_a_label_that_is_no_class_is_no_tie():
    assert labels([0], [7], scores=[[0.5, 0.5]], classes=[0, 1]).reason != ""


def test_a_tie_of_texts_is_found():
    assert labels(["a"], ["b"], scores=[[0.5, 0.5]], classes=["a", "b"]).ties == 1


def test_ties_are_found_for_each_target():
    rankings = (
        Ranking(np.array([[0.5, 0.5]]), np.array([0, 1])),
        Ranking(np.array([[0.9, 0.1]]), np.array([0, 1])),
    )
    expected = Expected("y", "label", np.array([[0, 0]]), rankings)
    ties = [compare_output(expected, np.array([given]), SINGLE).ties for given in ([1, 0], [0, 1])]
    assert ties == [1, 0]
