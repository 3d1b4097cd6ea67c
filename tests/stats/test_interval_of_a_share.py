"""The intervals of a share: published values, SciPy, and its coverage by counting every outcome."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.intervals import Interval, share_interval, wilson_interval

OUTCOMES = 50


def coverage(intervals: list[Interval], shares: np.ndarray) -> np.ndarray:
    """Probability, for each true share, that the interval of the outcome holds it."""
    trials = len(intervals) - 1
    low = np.array([interval.low for interval in intervals])
    high = np.array([interval.high for interval in intervals])
    holds = (low <= shares[:, None]) & (shares[:, None] <= high)
    return (holds * stats.binom.pmf(np.arange(trials + 1), trials, shares[:, None])).sum(axis=1)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_intervals(successes: int, trials: int, low: float, high: float) -> None:
    """The four examples of Newcombe 1998a, Statistics in Medicine 17:857, table I, method 3."""
    interval = wilson_interval(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5.1e-5)


@given(st.integers(1, 100_000), st.data(), st.sampled_from([0.8, 0.95, 0.999]))
def test_scipy_agrees(trials: int, data: st.DataObject, level: float) -> None:
    """The ends are those of scipy.stats.binomtest's Wilson interval."""
    successes = data.draw(st.integers(0, trials))
    theirs = stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    ours = wilson_interval(successes, trials, level=level)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-15)
    assert ours.level == level


@given(st.integers(0, 10**9), st.data())
def test_the_interval_stays_within_0_and_1_and_holds_the_estimate(
    trials: int, data: st.DataObject
) -> None:
    """A score interval cannot leave the range of a share (Wilson 1927)."""
    successes = data.draw(st.integers(0, trials))
    interval = wilson_interval(successes, trials)
    assert 0.0 <= interval.low <= interval.high <= 1.0
    assert trials == 0 or successes / trials in interval


def test_coverage_is_near_nominal_on_average() -> None:
    """Counted over all outcomes of 50 trials, mean coverage is near .95 and never far below.

    Brown, Cai and DasGupta 2001 (Statistical Science 16:101) find the same; the textbook (Wald)
    interval fails both conditions, so that they can fail.
    """
    shares = np.linspace(0.02, 0.98, 401)

    def meets(intervals: list[Interval]) -> bool:
        covered = coverage(intervals, shares)
        return bool(abs(covered.mean() - 0.95) < 0.006 and covered.min() > 0.89)

    def wald(successes: int) -> Interval:
        share = successes / OUTCOMES
        margin = 1.96 * math.sqrt(share * (1 - share) / OUTCOMES)
        return Interval(share - margin, share + margin, 0.95)

    assert meets([wilson_interval(k, OUTCOMES) for k in range(OUTCOMES + 1)])
    assert not meets([wald(k) for k in range(OUTCOMES + 1)])


def test_no_trials_say_nothing() -> None:
    """Without data the interval is the whole range, and says so; no number is invented."""
    interval = wilson_interval(0, 0)
    assert (interval.low, interval.high, interval.reason) == (0.0, 1.0, "no trials")


@pytest.mark.parametrize(
    ("successes", "trials", "level"),
    [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 95), (1, 5, 1.0), (1, 5, 0.0)],
)
def test_impossible_counts_are_refused(successes: int, trials: int, level: float) -> None:
    """An error names the field and its value."""
    with pytest.raises(InvalidInput, match=r"(successes|level) = (-1|6|95|1\.0|0\.0)"):
        wilson_interval(successes, trials, level=level)


@pytest.mark.parametrize("trials", [5, 20, 50, 100, 400])
def test_a_share_covers_at_least_93_percent_wherever_it_lies(trials: int) -> None:
    """Exactly, just beside every end, where coverage is least; Wilson's alone falls to .84."""
    intervals = [share_interval(count, trials) for count in range(trials + 1)]
    low, high = (np.array([getattr(each, end) for each in intervals]) for end in ("low", "high"))
    ends = np.concatenate([low, high])
    shares = np.concatenate([ends - 1e-9, ends + 1e-9])
    shares = shares[(shares > 0) & (shares < 1)]
    chances = stats.binom.pmf(np.arange(trials + 1)[:, None], trials, shares)
    inside = (low[:, None] <= shares) & (shares <= high[:, None])
    assert (chances * inside).sum(axis=0).min() >= 0.93


@pytest.mark.parametrize(("count", "trials"), [(0, 20), (1, 20), (14, 200), (400, 400)])
def test_a_rare_share_has_the_exact_interval(count: int, trials: int) -> None:
    """Clopper and Pearson 1934, as SciPy computes it."""
    theirs = stats.binomtest(count, trials).proportion_ci(method="exact")
    ours = share_interval(count, trials)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_a_share_in_the_middle_has_wilsons_interval() -> None:
    """Fifteen on either side are enough."""
    assert share_interval(15, 40) == wilson_interval(15, 40)
    assert share_interval(0, 0) == wilson_interval(0, 0)
