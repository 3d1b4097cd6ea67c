"""Numbers, durations, lists and names read in a sentence as people write them."""

from __future__ import annotations

import math

import pytest

from simab.text.durations import duration_text
from simab.text.lists import either, listed, named
from simab.text.numbers import (
    counted,
    exact_text,
    number_text,
    percent_text,
    rate_text,
    two_figures,
)


def test_numbers_read_well() -> None:
    """Numbers are rounded to three figures, and shares never claim to be all or nothing."""
    assert [number_text(x) for x in (0.0123456, 4.5678, 18777.6, 0.0, 3.0)] == [
        "0.0123", "4.57", "18,778", "0", "3",
    ]  # fmt: skip
    assert [duration_text(x) for x in (0, 2e-6, 0.0032, 62, 600, 6480, 4.5e5, 1e9, math.inf)] == [
        "0 s", "2 us", "3.2 ms", "1 min 2 s", "10 min", "1 h 48 min", "5 d 5 h", "31.7 years",
        "for ever",
    ]  # fmt: skip
    assert [percent_text(x) for x in (0, 0.0001, 0.125, 0.99999, 1)] == [
        "0 %", "< 0.1 %", "12.5 %", "> 99.9 %", "100 %",
    ]  # fmt: skip
    assert rate_text(2) == "2 requests a second"
    assert rate_text(0.5) == "30 requests a minute"
    assert rate_text(0.001) == "3.6 requests an hour"


@pytest.mark.parametrize(
    ("parts", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_a_list_ends_with_and(parts: list[str], text: str) -> None:
    assert listed(parts) == text
    assert listed(parts, "or") == text.replace(" and ", " or ")


def test_names_are_in_quotes() -> None:
    """Any word may be the name of a policy, so it must not read as part of the sentence."""
    assert [named(name) for name in ("a-b.c_1", "new model")] == ["“a-b.c_1”", "“new model”"]
    assert either(["a", "b", "c"]) == "“a”, “b” or “c”"


def test_a_noun_is_singular_where_its_number_reads_1() -> None:
    assert [counted(x, "run") for x in (0, 1, 1.001, 1.2, 2)] == [
        "0 runs", "1 run", "1 run", "1.2 runs", "2 runs",
    ]  # fmt: skip


def test_a_limit_keeps_all_its_figures() -> None:
    assert [exact_text(x) for x in (0.05, 1.0, 1_000, -3)] == ["0.05", "1", "1,000", "-3"]


def test_an_estimate_has_two_figures() -> None:
    assert [two_figures(x) for x in (0.0347, 1234.0, 0.0)] == [0.035, 1200.0, 0.0]
