"""Identifiers of elements."""

from __future__ import annotations

import pytest

from notebook_runner.galaxy.identifiers import MAX_LENGTH, make_identifiers


def one(name: str) -> str:
    return next(make_identifiers([name]))


@pytest.mark.parametrize(
    "name", ["a.csv", "sub/a.csv", "a b.csv", "é漢🙂.csv", "'\"$(id)`<b>|:#\\.csv", "a"]
)
def test_printable_names_stay_as_they_are(name: str) -> None:
    assert one(name) == name


def test_line_breaks_and_other_control_characters_are_replaced() -> None:
    assert one("a\nb\x1b[1m\u2028c") == "a_b_[1m_c"


def test_a_name_without_anything_gets_one() -> None:
    assert one(" \n"[:1]) == "unnamed"


def test_a_name_that_was_there_gets_a_number_before_its_ending() -> None:
    names = make_identifiers(["a.tar.gz", "a.tar.gz", "a (2).tar.gz", "a.tar.gz"])
    assert list(names) == ["a.tar.gz", "a (2).tar.gz", "a (2) (2).tar.gz", "a (3).tar.gz"]


def test_names_that_become_equal_by_cleaning_are_kept_apart() -> None:
    assert list(make_identifiers(["a\n", "a\t"])) == ["a_", "a_ (2)"]


def test_a_long_name_keeps_its_ending_and_fits() -> None:
    identifier = one("x" * 300 + ".fastq.gz")
    assert len(identifier) == MAX_LENGTH
    assert identifier.endswith("x….fastq.gz")


def test_long_names_that_differ_at_the_end_are_kept_apart() -> None:
    names = list(make_identifiers(["x" * 300 + "1.csv", "x" * 300 + "2.csv"]))
    assert len(set(names)) == 2
    assert all(len(name) <= MAX_LENGTH for name in names)


def test_a_very_long_ending_is_cut_with_the_rest() -> None:
    assert len(one("a." + "b" * 300)) == MAX_LENGTH
