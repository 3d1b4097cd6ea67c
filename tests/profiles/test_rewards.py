"""Numeric rewards: the table against SciPy's laws, and what whole numbers stand for."""

from __future__ import annotations

import csv
import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from simab.draws import Draws, Purpose
from simab.profiles import Truth, truth_of
from simab.profiles.outcomes import NONE, OutcomeSampler
from simab.profiles.quality import NumericReward
from simab.profiles.quantile_table import SURVIVAL
from simab.profiles.rewards import ParetoRewards, tabulated_rewards

LIMIT = 4.5  # standard errors; a right mean is missed once in 150,000 times


def sampler(distribution: dict[str, Any], earning_share: float = 1.0) -> OutcomeSampler:
    quality = {"distribution": distribution, "earning_share": earning_share}
    return NumericReward.model_validate(quality).sampler({}, None)


def truth(distribution: dict[str, Any], earning_share: float = 1.0) -> Truth:
    return truth_of(sampler(distribution, earning_share))


def drawn(rewards: OutcomeSampler, count: int) -> np.ndarray:
    words = Draws(3, 1).blocks(Purpose.OUTCOME, 5, 0, count)
    assert rewards.reward_scale is not None
    return np.array(
        [
            rewards.reward_scale.value(rewards.draw(int(row), int(score), salt=77).score)
            for row, score, *_ in words
        ]
    )


@given(st.floats(-1e4, 1e4), st.floats(0.01, 1e6), st.floats(0.01, 1))
def test_the_truth_of_normal_rewards(mean: float, deviation: float, share: float) -> None:
    """By hand: share mean, and share (deviation^2 + (1 - share) mean^2), to the table's 1e-4."""
    shape = {"kind": "normal", "mean": mean, "standard_deviation": deviation}
    found = truth(shape, share)
    scale = max(abs(mean), deviation)
    assert found.reward == pytest.approx(share * mean, abs=1e-4 * scale)
    variance = share * (deviation**2 + (1 - share) * mean**2)
    assert found.reward_variance == pytest.approx(variance, rel=5e-4)
    assert math.isnan(found.success_rate)
    assert math.isnan(found.metric("f1"))


@pytest.mark.parametrize("cv", [0.1, 0.8, 2.0])
def test_the_truth_of_lognormal_rewards(cv: float) -> None:
    """The mean as given; the variance (mean cv)^2, of which the deepest tail holds a part."""
    found = truth({"kind": "lognormal", "mean": 45.0, "cv": cv})
    assert found.reward == pytest.approx(45.0, rel=1e-4)
    assert found.reward_variance == pytest.approx((45.0 * cv) ** 2, rel=2e-3)


@pytest.mark.parametrize(("tail", "close"), [(2.5, 8e-3), (4.0, 1e-3), (20.0, 1e-3)])
def test_the_truth_of_pareto_rewards(tail: float, close: float) -> None:
    """The mean as given, SciPy's variance; at 2.5 the last in 2^40 holds .4 % of the squares."""
    law = stats.pareto(tail, scale=45.0 * (tail - 1) / tail)
    found = truth({"kind": "pareto", "mean": 45.0, "tail_index": tail})
    assert law.mean() == pytest.approx(45.0)
    assert found.reward == 45.0
    assert found.reward_variance == pytest.approx(law.var(), rel=close)
    assert law.var() == pytest.approx(45.0**2 / (tail * (tail - 2)))
    table, scale = tabulated_rewards(ParetoRewards(mean=45, tail_index=tail), with_zero=True)
    low, high, mass = table.pieces()
    assert scale.value(float(mass @ (low + high)) / 2) == pytest.approx(45.0, rel=1e-4)
    at = np.searchsorted(-SURVIVAL, -0.01)
    assert scale.value(float(table.edges[at])) == pytest.approx(law.isf(SURVIVAL[at]), rel=1e-4)


def test_few_earn_much_of_all() -> None:
    """The share of the largest s of all is s^(1 - 1/a): of a tenth a quarter, by hand .1^.6."""
    table, scale = tabulated_rewards(ParetoRewards(mean=45, tail_index=2.5), with_zero=True)
    low, high, mass = table.pieces()
    earned = mass * (low + high) / 2
    tenth = np.cumsum(mass[::-1]) <= 0.1
    assert pytest.approx(0.2512, abs=5e-5) == 0.1**0.6
    assert earned[::-1][tenth].sum() / earned.sum() == pytest.approx(0.2512, abs=2e-3)
    assert scale.zero == 0


def test_a_zero_inflated_lognormal_has_the_mean_and_spread_of_hillstroms_customers(
    shared: Path,
) -> None:
    """Of 64,000 customers .9 % spend anything: fitted by the mean and spread of those who do."""
    with gzip.open(shared / "data" / "abtests" / "hillstrom_email.csv.gz", "rt") as file:
        rows = [(row["segment"], float(row["spend"])) for row in csv.DictReader(file)]
    for segment in {name for name, _ in rows}:
        spent = np.array([spend for name, spend in rows if name == segment])
        positive = spent[spent > 0]
        lognormal = {"kind": "lognormal", "mean": positive.mean()}
        found = truth(
            lognormal | {"cv": positive.std() / positive.mean()}, positive.size / spent.size
        )
        assert positive.size / spent.size < 0.013
        assert found.reward == pytest.approx(spent.mean(), rel=1e-9)
        assert found.reward_variance == pytest.approx(spent.var(), rel=2e-3)


def test_the_truth_of_rewards_by_quantiles() -> None:
    """Half uniform on (-4, 0), half on (0, 10): mean 1.5, second moment 8/3 + 50/3 (by hand)."""
    found = truth({"kind": "quantiles", "values": [-4, 0, 10]})
    assert found.reward == pytest.approx(1.5, abs=1e-5)
    assert found.reward_variance == pytest.approx(58 / 3 - 1.5**2, rel=1e-4)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"kind": "normal", "mean": 45, "standard_deviation": 9},
            {"kind": "normal", "mean": 45, "standard_deviation": 12},
        ),
        (
            {"kind": "lognormal", "mean": 45, "cv": 0.8},
            {"kind": "lognormal", "mean": 45, "cv": 0.5},
        ),
        (
            {"kind": "quantiles", "values": [0, 90]},
            {"kind": "quantiles", "values": [40, 40, 50, 50]},
        ),
    ],
)
def test_equal_means_are_equal_whatever_the_spread(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """The usual null of a test of means: no table's rounding may make one the better."""
    assert truth(one, 0.3).reward == truth(other, 0.3).reward == pytest.approx(13.5, rel=1e-12)


@pytest.mark.parametrize(
    "shape",
    [
        {"kind": "normal", "mean": -7.25, "standard_deviation": 2},
        {"kind": "lognormal", "mean": 45, "cv": 3},
        {"kind": "quantiles", "values": [-4, 0, 10, 1000]},
    ],
)
def test_the_table_has_the_described_mean(shape: dict[str, Any]) -> None:
    """To a ten thousandth of the spread, which no study can see."""
    rewards = sampler(shape)
    assert rewards.reward_table is not None
    assert rewards.reward_scale is not None
    true = truth_of(rewards)
    table_mean = rewards.reward_scale.value(rewards.reward_table.mean)
    assert table_mean == pytest.approx(true.reward, abs=1e-4 * math.sqrt(true.reward_variance))


def test_how_far_normal_rewards_reach() -> None:
    """Up to one in 10^12; down, where tables are coarse, as far as the documentation says."""
    rewards = sampler({"kind": "normal", "mean": 0, "standard_deviation": 1})
    assert rewards.reward_table is not None
    assert rewards.reward_scale is not None
    edges = rewards.reward_table.edges
    ends = [rewards.reward_scale.value(int(edges[place])) for place in (0, -1)]
    assert ends == pytest.approx([-3.47, stats.norm.isf(2.0**-40)], abs=0.005)


def test_rewards_too_close_together_are_refused() -> None:
    """What could not be distinguished in whole numbers; a common amount may be left out."""
    for shape in (
        {"kind": "normal", "mean": 1e8, "standard_deviation": 1},
        {"kind": "quantiles", "values": [1e8, 1e8 + 1]},
    ):
        with pytest.raises(ValidationError, match="cannot be distinguished"):
            NumericReward.model_validate({"distribution": shape})


def test_rewards_that_are_all_alike() -> None:
    """A point has no variance, exactly; what earns nothing adds one."""
    alike = truth({"kind": "quantiles", "values": [5, 5]})
    assert alike.reward == pytest.approx(5.0, rel=1e-8)
    assert alike.reward_variance == 0.0
    found = truth({"kind": "quantiles", "values": [5, 5]}, 0.5)
    assert found.reward == pytest.approx(2.5, rel=1e-8)
    assert found.reward_variance == pytest.approx(6.25, rel=1e-8)


@pytest.mark.parametrize(
    ("shape", "theirs"),
    [
        (
            {"kind": "normal", "mean": -7.25, "standard_deviation": 2},
            stats.norm(-7.25, 2),
        ),
        (
            {"kind": "lognormal", "mean": 45, "cv": 0.8},
            stats.lognorm(math.sqrt(math.log(1.64)), scale=45 / math.sqrt(1.64)),
        ),
    ],
    ids=["normal", "lognormal"],
)
def test_draws_follow_the_distribution(shape: dict[str, Any], theirs: Any) -> None:
    """Kolmogorov-Smirnov against SciPy's distribution; what is wrong by 5 % is found."""
    rewards = drawn(sampler(shape), 20_000)
    assert stats.kstest(rewards, theirs.cdf).pvalue > 1e-5
    assert stats.kstest(rewards * 1.05, theirs.cdf).pvalue < 1e-5


def test_what_earns_nothing_is_exactly_zero() -> None:
    """The share of zeros is binomial, none is nearly 0, and the mean is the truth's."""
    rewards = sampler({"kind": "normal", "mean": 3, "standard_deviation": 2}, 0.3)
    values = drawn(rewards, 20_000)
    zeros = np.count_nonzero(values == 0.0)
    assert abs(zeros - 14_000) < LIMIT * math.sqrt(20_000 * 0.3 * 0.7)
    true = truth_of(rewards)
    error = math.sqrt(true.reward_variance / 20_000)
    assert abs(values.mean() - true.reward) < LIMIT * error
    assert values.min() < -1.0  # losses are there as well


def test_a_reward_is_known_by_its_units_alone() -> None:
    """No label, nothing right or wrong; units are never negative, so that NONE stays free."""
    rewards = sampler({"kind": "normal", "mean": -50, "standard_deviation": 9}, 0.5)
    words = Draws(1, 0).blocks(Purpose.OUTCOME, 9, 0, 500)
    outcomes = [rewards.draw(int(row), int(score), salt=3) for row, score, *_ in words]
    assert {(each.label, each.correct) for each in outcomes} == {(NONE, NONE)}
    assert min(each.score for each in outcomes) >= 0
    assert max(each.score for each in outcomes) <= (1 << 30) + 1  # whose square fits 62 bits


def test_falling_quantiles_are_refused() -> None:
    """As those of scores and of durations."""
    with pytest.raises(ValidationError, match="sort the values"):
        NumericReward.model_validate({"distribution": {"kind": "quantiles", "values": [3, 1]}})
