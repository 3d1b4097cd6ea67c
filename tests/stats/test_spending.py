"""Error spending: printed bounds, both conventions, looks that nobody planned."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.group_sequential import crossing_probabilities
from simab.stats.spending import (
    Spending,
    hwang_shih_decani_spending,
    increment_bounds,
    obrien_fleming_spending,
    obrien_fleming_spending_of_both_sides,
    pocock_spending,
    power_spending,
    spending_bounds,
)

FUNCTIONS: list[Spending] = [
    obrien_fleming_spending(0.025),
    obrien_fleming_spending_of_both_sides(0.05),
    pocock_spending(0.025),
    power_spending(0.025, 1.5),
    hwang_shih_decani_spending(0.025, -4.0),
    hwang_shih_decani_spending(0.025, 1.0),
]


@pytest.mark.parametrize(
    ("spending", "bounds"),
    [
        (obrien_fleming_spending(0.025), [4.877, 3.357, 2.680, 2.290, 2.031]),
        (obrien_fleming_spending(0.025), [2.963, 1.969]),
        (pocock_spending(0.025), [2.157, 2.201]),
        (pocock_spending(0.025), [2.279, 2.295, 2.296]),
    ],
)
def test_printed_bounds(spending: Spending, bounds: list[float]) -> None:
    """Lan and DeMets 1983, as tabled for two sides at .05 (R's ldbounds, gsDesign)."""
    looks = np.arange(1, len(bounds) + 1) / len(bounds)
    assert spending_bounds(looks, spending) == pytest.approx(bounds, abs=6e-4)


def test_the_conventions_for_a_two_sided_alpha() -> None:
    """One sum of error, three ways to spend it at two looks; the last look tells them apart."""
    per_side = obrien_fleming_spending(0.025)
    both_sides = obrien_fleming_spending_of_both_sides(0.05)
    assert spending_bounds([0.5, 1], per_side) == pytest.approx([2.963, 1.969], abs=6e-4)
    assert spending_bounds([0.5, 1], both_sides) == pytest.approx([2.772, 1.979], abs=6e-4)
    assert increment_bounds([0.5, 1], both_sides) == pytest.approx([2.772, 2.010], abs=6e-4)
    # The formulas, in SciPy's words.
    assert per_side(0.5) == pytest.approx(2 * stats.norm.sf(stats.norm.isf(0.0125) / 0.5**0.5))
    assert both_sides(0.5) == pytest.approx(stats.norm.sf(stats.norm.isf(0.025) / 0.5**0.5))


@pytest.mark.parametrize("spending", FUNCTIONS)
def test_all_of_the_error_is_spent_at_the_end(spending: Spending) -> None:
    """Nothing at 0, half of a two-sided .05 at 1 and beyond, and never less later."""
    assert spending(0.0) == 0.0
    assert spending(1.0) == pytest.approx(0.025, rel=1e-12)
    assert spending(1.3) == pytest.approx(0.025, rel=1e-12)
    spent = [spending(t) for t in np.linspace(0, 1, 101)]
    assert (np.diff(spent) >= 0).all()


@settings(max_examples=30)
@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=7),
    st.sampled_from(FUNCTIONS),
    st.booleans(),
)
def test_each_look_spends_what_it_may(gaps: list[int], spending: Spending, two_sided: bool) -> None:
    """Whatever the looks: the first crossings at each have the spending function's increments."""
    times = np.cumsum(gaps) / sum(gaps)
    bounds = spending_bounds(times, spending, two_sided=two_sided)
    crossing = crossing_probabilities(times, bounds, -bounds if two_sided else None)
    increments = np.diff([spending(float(t)) for t in times], prepend=0.0)
    assert crossing.upper == pytest.approx(increments, abs=1e-9)


def test_later_looks_do_not_change_earlier_bounds() -> None:
    """What makes spending fit for looks that nobody planned; Pocock's constant fails this."""
    spending = obrien_fleming_spending(0.025)
    whole = spending_bounds([0.21, 0.4, 0.77, 1.0], spending)
    for looks in (1, 2, 3):
        first = spending_bounds([0.21, 0.4, 0.77, 1.0][:looks], spending)
        assert first == pytest.approx(whole[:looks], abs=1e-9)


def test_an_overrun_has_nothing_left_to_spend() -> None:
    """A look past the planned total cannot reject: its bound is infinite."""
    bounds = spending_bounds([0.5, 1.0, 1.2], obrien_fleming_spending(0.025))
    assert math.isinf(bounds[2])
    assert math.isinf(spending_bounds([0.004, 1.0], obrien_fleming_spending(0.025))[0])


def test_increments_as_levels_are_safe() -> None:
    """Bonferroni: looks tested at their increments alone reject less often than planned."""
    times = [0.3, 0.7, 1.0]
    bounds = increment_bounds(times, pocock_spending(0.025))
    crossing = crossing_probabilities(times, bounds)
    assert 0.015 < crossing.total < 0.0245


@pytest.mark.parametrize(
    ("spending", "message"),
    [
        (lambda t: 0.025 * (1 - t), "must never fall"),
        (lambda t: t * math.nan, "must never fall"),
    ],
)
def test_a_spending_function_that_falls_is_refused(spending: Spending, message: str) -> None:
    """It is shown with what it gave at the looks."""
    with pytest.raises(InvalidInput, match=message):
        spending_bounds([0.5, 1.0], spending)


def test_bad_parameters_are_refused() -> None:
    """Alpha as a percentage, or an exponent that never spends."""
    with pytest.raises(InvalidInput, match=r"alpha = 2\.5"):
        obrien_fleming_spending(2.5)
    with pytest.raises(InvalidInput, match=r"exponent = 0\.0: must be above 0"):
        power_spending(0.025, 0.0)


def test_error_spent_by_the_calendar_is_spent_however_information_comes() -> None:
    """Looks at even days while most requests come early: crossings by integration, each as spent.

    SciPy's bivariate normal law with correlation sqrt(t1 / t2) gives those of the first two looks.
    """
    information, days = [0.5, 0.8, 0.9, 1.3], [0.25, 0.5, 0.75, 1.0]
    spending = pocock_spending(0.025)
    bounds = spending_bounds(information, spending, calendar=days)
    spent = [spending(day) for day in days]
    crossing = crossing_probabilities(information, bounds, -bounds)
    assert np.cumsum(crossing.upper) == pytest.approx(spent, abs=1e-7)
    correlation = math.sqrt(0.5 / 0.8)
    within = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    inside = within.cdf(bounds[:2], lower_limit=-bounds[:2])
    assert 1 - inside == pytest.approx(2 * spent[1], abs=1e-6)
    # Information is only compared with itself: its unit does not matter.
    thousands = [1_000 * each for each in information]
    assert spending_bounds(thousands, spending, calendar=days) == pytest.approx(bounds)


def test_a_calendar_of_the_information_changes_nothing_and_another_length_is_refused() -> None:
    looks = [0.3, 0.6, 1.0]
    spending = obrien_fleming_spending(0.025)
    same = spending_bounds(looks, spending, calendar=looks)
    assert same.tolist() == spending_bounds(looks, spending).tolist()
    with pytest.raises(InvalidInput, match="information and calendar"):
        spending_bounds(looks, spending, calendar=[0.5, 1.0])
