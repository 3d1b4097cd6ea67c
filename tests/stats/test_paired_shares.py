"""The score interval of two shares over the same trials: published values, borders, coverage."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.paired_shares import tango_interval
from simab.stats.proportions import mcnemar_chi_square

Z = 1.959963984540054


@pytest.mark.parametrize(
    ("only_b", "only_a", "trials", "level", "low", "high"),
    [
        # Bentur 2009 in Fagerland, Lydersen and Laake 2014, Statistics in Medicine 33:2850-2875.
        (1, 7, 21, 0.95, -0.517, -0.026),
        # scoreci.mp(25, 28, 618, 0.9) of the R package PropCIs.
        (28, 25, 618, 0.90, -0.0148, 0.0247),
    ],
)
def test_published_intervals(
    only_b: int, only_a: int, trials: int, level: float, low: float, high: float
) -> None:
    """To the digits printed."""
    interval = tango_interval(only_b, only_a, trials, level=level)
    assert (interval.low, interval.high) == pytest.approx(
        (low, high), abs=6e-4 if trials < 100 else 6e-5
    )


@pytest.mark.parametrize("trials", [1, 2, 20, 400])
def test_without_disagreement_the_ends_are_known(trials: int) -> None:
    """By hand: no discordant trial leaves z^2 / (n + z^2) on either side, never a point."""
    interval = tango_interval(0, 0, trials)
    assert interval.high == pytest.approx(Z * Z / (trials + Z * Z), abs=1e-12)
    assert interval.low == -interval.high


tables = st.integers(1, 300).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda b: st.tuples(st.just(b), st.integers(0, n - b), st.just(n))
    )
)


@given(tables)
def test_the_ends_are_within_what_is_possible_and_swap(table: tuple[int, int, int]) -> None:
    """Inside [-1, 1], around the estimate; exchanging the two turns the interval round."""
    only_b, only_a, trials = table
    here, there = tango_interval(only_b, only_a, trials), tango_interval(only_a, only_b, trials)
    assert -1 <= here.low <= (only_b - only_a) / trials <= here.high <= 1
    assert (here.low, here.high) == pytest.approx((-there.high, -there.low), abs=1e-11)


@given(tables)
def test_the_interval_excludes_0_where_the_score_test_rejects_it(
    table: tuple[int, int, int],
) -> None:
    """At a difference of 0 Tango's score is McNemar's chi-square without correction."""
    only_b, only_a, trials = table
    if only_b + only_a == 0:
        return
    statistic = mcnemar_chi_square(only_b, only_a, continuity=False).statistic
    if abs(statistic - Z * Z) > 1e-9:
        assert (0.0 in tango_interval(only_b, only_a, trials)) == (statistic < Z * Z)


@pytest.mark.parametrize(
    ("only_b", "only_a"), [(0.01, 0.0), (0.05, 0.0), (0.1, 0.1), (0.005, 0.005)]
)
@pytest.mark.parametrize("trials", [20, 100])
def test_it_covers_at_its_level(only_b: float, only_a: float, trials: int) -> None:
    """Exactly, over every table that can come (Newcombe 1998c asks the same): at least 93 %."""
    covered = 0.0
    for discordant in range(trials + 1):
        weight = stats.binom.pmf(discordant, trials, only_b + only_a)
        if weight < 1e-9:
            continue
        for b in range(discordant + 1):
            chance = weight * stats.binom.pmf(b, discordant, only_b / (only_b + only_a))
            if chance > 1e-9 and only_b - only_a in tango_interval(b, discordant - b, trials):
                covered += chance
    assert covered >= 0.93


def test_no_trials_tell_nothing() -> None:
    """The whole range and a reason."""
    interval = tango_interval(0, 0, 0)
    assert (interval.low, interval.high, interval.reason) == (-1.0, 1.0, "no trials")


def test_impossible_counts_are_refused() -> None:
    """An error names the field and the rule."""
    with pytest.raises(InvalidInput, match="only_a = -1"):
        tango_interval(1, -1, 5)
    with pytest.raises(InvalidInput, match="at most trials = 5"):
        tango_interval(3, 3, 5)
    with pytest.raises(InvalidInput, match="level = 1"):
        tango_interval(1, 1, 5, level=1)
    assert math.isfinite(tango_interval(5, 0, 5).low)
