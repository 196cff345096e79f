"""The row of metrics."""

from __future__ import annotations

from notebook_runner.galaxy.metrics_table import metrics_table


def cells(table: str) -> list[list[str]]:
    return [line.split("\t") for line in table.splitlines()]


def test_parameters_come_before_metrics() -> None:
    assert metrics_table({"C": 0.1}, {"accuracy": 0.97}) == "C\taccuracy\n0.1\t0.97\n"


def test_texts_stand_as_they_are_and_the_rest_as_json() -> None:
    table = metrics_table({"a": "x", "b": True, "c": [1, "é"], "d": {"k": None}}, {"e": 1e-05})
    assert cells(table)[1] == ["x", "true", '[1, "é"]', '{"k": null}', "1e-05"]


def test_what_is_not_available_is_na() -> None:
    assert cells(metrics_table({"a": None}, {"loss": None}))[1] == ["NA", "NA"]


def test_tabs_and_line_breaks_do_not_break_the_table() -> None:
    table = metrics_table({"a": "1\t2\r\n3\u20284"}, {"b\tc\n": 1})
    assert cells(table) == [["a", "b c "], ["1 2 3 4", "1"]]


def test_a_metric_with_the_name_of_a_parameter_gets_a_heading_of_its_own() -> None:
    table = metrics_table({"alpha": 1}, {"alpha": 2, "alpha (metric)": 3})
    assert cells(table) == [
        ["alpha", "alpha (metric)", "alpha (metric) (metric)"],
        ["1", "2", "3"],
    ]


def test_nothing_to_tell_is_an_empty_table() -> None:
    assert metrics_table({}, {}) == ""
