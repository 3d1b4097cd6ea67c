"""The interval of a mean reward: by hand, at its borders, and what it covers where few earn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.stats.label_totals import NO_REWARDS, RewardTotals
from simab.stats.mean_rewards import effective_earnings, reward_interval


def totals(values: np.ndarray, lowest: float = 0.0) -> RewardTotals:
    deviations = float(((values - values.mean()) ** 2).sum())
    return RewardTotals(len(values), float(values.mean()), deviations, lowest)


def test_equal_earnings_count_one_each() -> None:
    """30 answers of 400 earn 5: 30 effective earnings; counted from the lowest, whatever it is."""
    values = np.array([5.0] * 30 + [0.0] * 370)
    assert effective_earnings(totals(values)) == pytest.approx(30)
    assert effective_earnings(totals(values - 2, -2.0)) == pytest.approx(30)


def test_the_ends_are_those_of_t_and_of_its_logarithm() -> None:
    """Mean 1, t margin m: from 1 - m to e^m, as e^m > 1 + m and e^-m > 1 - m."""
    values = np.linspace(0.5, 1.5, 101)
    margin = float(stats.t.ppf(0.975, 100) * stats.sem(values))
    interval = reward_interval(totals(values))
    assert (interval.low, interval.high) == pytest.approx((1 - margin, math.exp(margin)))


@pytest.mark.parametrize(
    "rewards",
    [NO_REWARDS, totals(np.ones(60)), totals(np.array([1.0] * 4 + [0.0] * 46))],
    ids=["none", "all alike", "four of fifty earn"],
)
def test_too_few_earnings_have_no_interval(rewards: RewardTotals) -> None:
    """NaN ends and the reason."""
    interval = reward_interval(rewards)
    assert math.isnan(interval.low)
    assert interval.reason


@pytest.mark.parametrize("labels", [50, 400, 1600])
def test_where_8_percent_earn_what_is_shown_covers(labels: int) -> None:
    """At least 93 %, less 4 standard errors; the normal interval covers .84 of 50 labels."""
    draw = np.random.default_rng(labels)
    hits = []
    for _ in range(600):
        earned = draw.random(labels) < 0.08
        interval = reward_interval(totals(earned * draw.exponential(size=labels)))
        if not interval.reason:
            hits.append(0.08 in interval)
    if len(hits) > 60:
        assert np.mean(hits) >= 0.93 - 4 * math.sqrt(0.93 * 0.07 / len(hits))
    assert labels != 50 or not hits
