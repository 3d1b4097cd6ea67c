"""Confidence sequences of means and ratios: their test inverted, and coverage at many looks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.always_valid import (
    confidence_sequence,
    mixture_interval,
    mixture_test,
    tuned_mixing_variance,
)
from simab.stats.user_totals import UserTotals, ratio_test


def test_it_holds_the_differences_that_the_test_would_not_reject() -> None:
    found = mixture_interval(0.03, 0.0002, mixing_variance=0.001, level=0.9)
    for end in (found.low, found.high):
        look = mixture_test(0.03 - end, 0.0002, mixing_variance=0.001)
        assert look.p_value == pytest.approx(0.1)
    assert found.low < 0.03 < found.high


def test_of_a_mean_it_is_the_sequence_of_waudby_smith() -> None:
    mixing = tuned_mixing_variance(4.0, 500, alpha=0.05)
    theirs = confidence_sequence(1.0, 2.0, 300, target_count=500)
    found = mixture_interval(1.0, 4.0 / 300, mixing_variance=mixing)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.long
def test_a_ratio_of_users_is_covered_at_all_looks_together() -> None:
    """1,500 A/A tests of Beta(2, 8) users, 60 looks from 100 users an arm to 6,000."""
    rng, runs, missed = np.random.default_rng(90), 1_500, 0
    for _ in range(runs):
        arms = []
        for _ in range(2):
            n = rng.geometric(1 / 20, 6_000).astype(float)
            y = rng.binomial(n.astype(int), rng.beta(2, 8, n.size)).astype(float)
            arms.append(np.cumsum([n, y, n * n, y * y, n * y], axis=1)[:, 99::100])
        for look in range(60):
            totals = [UserTotals(100 * (look + 1), *each[:, look].tolist()) for each in arms]
            found = ratio_test(*totals)
            interval = mixture_interval(found.difference, found.variance, mixing_variance=1e-4)
            if 0.0 not in interval:
                missed += 1
                break
    assert missed / runs <= 0.05 + 3.9 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.long
@pytest.mark.parametrize(
    ("power", "start", "holds"),
    [(1, 5, False), (1, 100, True), (2, 200, False), (2, 1_000, True)],
)
def test_skewed_means_hold_once_the_normal_law_does(power: int, start: int, holds: bool) -> None:
    """4,000 runs of exponential values or their squares (skewness 2 and 6.6), 3,000 looks each.

    Means are compared with their truth, 1 and 2, not between arms, where skewness would cancel.
    """
    rng, runs = np.random.default_rng(91), 4_000
    count = np.arange(1, 3_001)
    values = rng.exponential(size=(runs, 3_000)) ** power
    truth, unit_variance = (1.0, 1.0) if power == 1 else (2.0, 20.0)
    mean = np.cumsum(values, axis=1) / count
    variance = np.maximum(np.cumsum(values**2, axis=1) / count - mean**2, 1e-12) / count
    mixing = tuned_mixing_variance(unit_variance, 1_000)
    # The bound of `mixture_interval`, for all looks at once; compared with it at one of them.
    ratio = mixing / variance
    margin = np.sqrt((1 + 1 / ratio) * (np.log1p(ratio) - 2 * math.log(0.05)) * variance)
    one = mixture_interval(mean[0, 700], variance[0, 700], mixing_variance=mixing)
    assert one.width == pytest.approx(2 * margin[0, 700])
    missed = ((np.abs(mean - truth) > margin) & (count >= start)).any(axis=1)
    limit = 0.05 + 3.9 * math.sqrt(0.05 * 0.95 / runs)
    assert (missed.mean() <= limit) == holds


def test_without_a_variance_it_says_so() -> None:
    assert "variance" in str(mixture_interval(0.1, 0.0, mixing_variance=1.0).reason)
    assert math.isnan(mixture_interval(0.1, math.nan, mixing_variance=1.0).low)
    with pytest.raises(InvalidInput, match="must not be negative"):
        mixture_interval(0.1, -1.0, mixing_variance=1.0)
