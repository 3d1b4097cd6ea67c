"""Experiments on numeric rewards: against SciPy on hand-made ones, and their errors by play."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from simab.policies import EndpointStatus, Promote
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.policy import Policy
from simab.stats.always_valid import tuned_mixing_variance
from simab.stats.boundary_families import obrien_fleming_bounds, pocock_bounds
from simab.stats.label_totals import RewardTotals
from tests.policies.fake_metrics import MINUTE, FakeMetrics, earned, observation, successes

RANDOM = np.random.default_rng(5)
OLD, NEW = RANDOM.normal(40, 30, 60).tolist(), RANDOM.normal(52, 20, 90).tolist()
LIKE_OLD = [
    each - np.mean(NEW) + np.mean(OLD) + 1.0 for each in NEW
]  # better by 1, with an error of 4
WELCH = stats.ttest_ind(NEW, OLD, equal_var=False)


def verdict(policy: Policy, old: list[float], new: list[float]) -> tuple[str | None, str]:
    """Who wins at one look at these rewards, and why; None and nothing while nobody does."""
    metrics = FakeMetrics({"old": earned(old), "new": earned(new)})
    actions, _ = policy.decide(None, observation(metrics))
    if not actions:
        return None, ""
    (action,) = actions
    assert isinstance(action, Promote)
    return action.variant, action.because


# ---- one look


def test_the_fixed_test_is_welchs() -> None:
    """SciPy's p-value; a significant gain promotes, all else keeps the control."""
    policy = FixedHorizonTest(labelled_requests=60)
    winner, because = verdict(policy, OLD, NEW)
    assert WELCH.pvalue < 0.05
    assert winner == "new"
    assert because == (
        f"old {np.mean(OLD):.6g} on average of 60, new {np.mean(NEW):.6g} of 90: "
        f"difference {np.mean(NEW) - np.mean(OLD):+.6g}, p = {WELCH.pvalue:.3g} (alpha 0.05)"
    )
    assert verdict(policy, NEW, OLD)[0] == "old"
    assert verdict(policy, OLD, LIKE_OLD)[0] == "old"
    assert verdict(policy, OLD[:59], NEW)[0] is None  # the sample is not there yet


def test_peeking_asks_the_same_test_on_both_sides() -> None:
    """At a look that is not significant nobody wins."""
    policy = NaivePeeking(labelled_requests=20)
    assert verdict(policy, OLD, NEW)[0] == "new"
    assert verdict(policy, NEW, OLD)[0] == "old"
    assert verdict(policy, OLD, LIKE_OLD)[0] is None


def test_group_sequential_compares_the_normal_quantile_of_welchs_p_value() -> None:
    """With few rewards t is wider than normal: its z is smaller than t, and has t's p-value."""
    z = stats.norm.isf(WELCH.pvalue / 2.0)
    assert z < WELCH.statistic - 0.02
    first, *_ = pocock_bounds(2)
    pairs = stats.hmean([len(OLD), len(NEW)])
    policy = GroupSequential(labelled_requests=round(2 * pairs) - 1, looks=2, boundary="pocock")
    winner, because = verdict(policy, OLD, NEW)
    assert winner == "new"
    assert f"z = {z:.3f}, bounds {-first:.3f} and {first:.3f} (pocock, alpha 0.05)" in because
    assert verdict(policy, NEW, OLD)[0] == "old"


def test_differences_beyond_all_p_values_win_too() -> None:
    """1e-400 is 0 in floating point: then t stands for z."""
    far = [each + 1e6 for each in NEW * 20]
    policy = GroupSequential(labelled_requests=60, looks=2)
    assert verdict(policy, OLD * 20, far)[0] == "new"
    assert verdict(policy, far, OLD * 20)[0] == "old"


def test_the_mixture_test_of_means() -> None:
    """1 / sqrt(V / (V + t)) exp(...): Johari, Pekelis and Walsh with each arm's own variance."""
    variance = sum(stats.sem(own) ** 2 for own in (OLD, NEW))
    difference, effect = np.mean(NEW) - np.mean(OLD), 8.0
    total = variance + effect**2
    ratio = math.sqrt(variance / total) * math.exp(
        difference**2 * effect**2 / (2.0 * variance * total)
    )
    mixture = {"labelled_requests": 20, "method": "mixture", "typical_effect": effect}
    winner, because = verdict(AlwaysValid(**mixture), OLD, NEW)
    assert 1.0 / ratio < 0.05
    assert winner == "new"
    assert f"always-valid p = {1.0 / ratio:.3g} (alpha 0.05)" in because
    assert verdict(AlwaysValid(**mixture), NEW, OLD)[0] == "old"
    assert verdict(AlwaysValid(**mixture, alpha=0.9 / ratio), OLD, NEW)[0] is None


def test_the_confidence_sequence_of_means() -> None:
    """sqrt((1 + 1/r)(log(1 + r) - 2 log alpha)) standard errors, r = pairs x mixing variance."""
    pairs = round(stats.hmean([len(OLD), len(NEW)]))
    ratio = pairs * tuned_mixing_variance(1.0, 100)
    error = math.hypot(stats.sem(OLD), stats.sem(NEW))
    margin = error * math.sqrt((1 + 1 / ratio) * (math.log1p(ratio) - 2 * math.log(0.05)))
    difference = np.mean(NEW) - np.mean(OLD)
    policy = AlwaysValid(labelled_requests=20, tight_at=100)
    shift = margin - difference  # so much more, and the interval begins at 0
    assert verdict(policy, OLD, [each + shift + 0.01 for each in NEW])[0] == "new"
    assert verdict(policy, OLD, [each + shift - 0.01 for each in NEW])[0] is None
    _, because = verdict(policy, OLD, [each + 20.0 for each in NEW])
    low, high = difference + 20.0 - margin, difference + 20.0 + margin
    assert f"confidence sequence {low:+.6g} to {high:+.6g}" in because


def test_bayesian_means_have_the_width_of_students_t() -> None:
    """P(better) is Phi(difference / error), the loss an integral over the normal difference."""
    error = math.sqrt(
        sum(np.var(own, ddof=1) * stats.t(len(own) - 1).var() / len(own) for own in (OLD, NEW))
    )
    difference = stats.norm(np.mean(NEW) - np.mean(OLD), error)
    loss, _ = integrate.quad(lambda d: -d * difference.pdf(d), difference.ppf(1e-12), 0.0)
    policy = BayesianExperiment(labelled_requests=20, expected_loss=2.0)
    winner, because = verdict(policy, OLD, NEW)
    assert winner == "new"
    assert f"P(new better) = {difference.sf(0.0):.4f} (asked 0.95 for either)" in because
    assert f"expected loss of new {loss:.2g} (at most 2)" in because
    assert verdict(policy, NEW, OLD)[0] == "old"
    strict = BayesianExperiment(labelled_requests=20, expected_loss=loss * 0.999)
    assert verdict(strict, OLD, NEW)[0] is None


EVERY_KIND: list[Policy] = [
    FixedHorizonTest(labelled_requests=3),
    NaivePeeking(labelled_requests=3),
    GroupSequential(labelled_requests=6, looks=2),
    AlwaysValid(labelled_requests=3),
    AlwaysValid(labelled_requests=3, method="mixture", typical_effect=10.0),
    BayesianExperiment(labelled_requests=3),
]


@pytest.mark.parametrize("policy", EVERY_KIND, ids=lambda policy: str(policy.kind))
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([0.0] * 40, [1.0] * 40),
        ([40.0] * 900 + [0.0] * 20, [40.0] * 26),
        ([0.0] * 26, [40.0] * 20 + [0.0] * 900),
        ([0.0, 1.0, 2.0], [70.0, 71.0, 72.0]),
    ],
    ids=["both", "new", "old", "three"],
)
def test_rewards_that_do_not_tell_their_spread_promote_nobody(
    policy: Policy, old: list[float], new: list[float]
) -> None:
    """In one arm or in both: nothing may look certain, whichever mean is higher."""
    assert verdict(policy, old, new)[0] in {None, "old"}
    assert "nan" not in verdict(policy, old, new)[1]


def test_equal_shops_of_unequal_arms_are_seldom_told_apart() -> None:
    """Nearly all answers earn the same: an arm without a loss is not proof of a gain."""
    random = np.random.default_rng(3)
    policy = FixedHorizonTest(labelled_requests=20)
    found = [
        verdict(
            policy,
            (40.0 * (random.random(950) < 0.98)).tolist(),
            (40.0 * (random.random(20) < 0.98)).tolist(),
        )[0]
        for _ in range(200)
    ]
    assert found.count("new") <= 12


@pytest.mark.parametrize("policy", EVERY_KIND, ids=lambda policy: str(policy.kind))
def test_before_the_first_reward_there_is_nothing_to_look_at(policy: Policy) -> None:
    """Nor where only one of the two has earned anything."""
    none = successes(0, 0)
    for labels in ({"old": none, "new": none}, {"old": earned(OLD), "new": none}):
        actions, _ = policy.decide(None, observation(FakeMetrics(labels)))
        assert not actions


# ---- many runs, of rewards as skewed as money is


class Run:
    """Cumulated rewards of one run, by look; also the view of a look."""

    published_until_ns = 0
    period_ns = MINUTE

    def __init__(self, rewards: dict[str, NDArray[np.float64]]) -> None:
        self.totals = {name: _cumulated(own) for name, own in rewards.items()}
        self.look = 0

    def labels(self, variant: str) -> Any:
        return successes(0, 0)._replace(rewards=self.totals[variant][self.look])

    def winner(self, policy: Policy, looks: int) -> str | None:
        state: Any = None
        for self.look in range(looks):
            seen = observation(now_ns=(self.look + 1) * MINUTE, metrics=self)  # type: ignore[arg-type]
            assert seen.status is EndpointStatus.IN_SERVICE
            actions, state = policy.decide(state, seen)
            if actions:
                return str(actions[0].variant)
        return None


def _cumulated(steps: NDArray[np.float64]) -> list[RewardTotals]:
    """After each look; `steps` has shape (looks, rewards a look)."""
    counts = steps.shape[1] * np.arange(1, len(steps) + 1)
    means = np.cumsum(steps.sum(axis=1)) / counts
    squared = np.cumsum((steps**2).sum(axis=1)) - counts * means**2
    return [RewardTotals(*each) for each in zip(counts.tolist(), means, squared, strict=True)]


def winners(policy: Policy, *, looks: int, a_look: int, runs: int, gain: float = 0.0) -> list[Any]:
    """One answer in three earns, lognormally: MEAN and SPREAD, and a skewness of 2.6."""
    random = np.random.default_rng(looks * a_look)
    ended = []
    for _ in range(runs):
        shape = (2, looks, a_look)
        steps = random.lognormal(math.log(40), 0.6, shape) * (random.random(shape) < 1 / 3)
        ended.append(Run({"old": steps[0], "new": steps[1] + gain}).winner(policy, looks))
    return ended


def share(ended: list[Any], *names: str) -> float:
    return sum(each in names for each in ended) / len(ended)


SHAPE = math.exp(0.6**2)
MEAN = 40 * math.sqrt(SHAPE) / 3
SPREAD = math.sqrt(40**2 * SHAPE**2 / 3 - MEAN**2)


def test_equal_means_are_told_apart_as_often_as_alpha_says() -> None:
    """The fixed test: 2.5 % on either side; the control stays in all that is not a gain."""
    runs = 4000
    ended = winners(FixedHorizonTest(labelled_requests=500), looks=1, a_look=500, runs=runs)
    error = math.sqrt(0.025 * 0.975 / runs)
    assert abs(share(ended, "new") - 0.025) < 3.5 * error
    assert share(ended, "old", "new") == 1.0


@pytest.mark.parametrize("boundary", ["pocock", "obrien_fleming"])
def test_planned_looks_at_rewards_cross_their_bounds_as_normal_data_does(boundary: Any) -> None:
    """At the four looks before the last, which always ends."""
    runs, looks = 2000, 5
    policy = GroupSequential(labelled_requests=1000, looks=looks, boundary=boundary)
    ended = winners(policy, looks=looks - 1, a_look=200, runs=runs)
    bounds = (pocock_bounds if boundary == "pocock" else obrien_fleming_bounds)(looks)
    crossed = _crossed(bounds[:-1])
    error = math.sqrt(crossed * (1 - crossed) / runs)
    assert abs(share(ended, "old", "new") - crossed) < 3.5 * error + 0.002


def _crossed(bounds: NDArray[np.float64]) -> float:
    """Probability that a walk of equal steps leaves the bounds, by plain simulation."""
    steps = np.random.default_rng(1).normal(size=(400_000, len(bounds)))
    z = np.cumsum(steps, axis=1) / np.sqrt(np.arange(1, len(bounds) + 1))
    return float((np.abs(z) >= bounds).any(axis=1).mean())


def test_peeking_at_rewards_costs_what_it_costs_with_shares() -> None:
    """Armitage, McPherson and Rowe: .142 after five looks."""
    runs = 2000
    ended = winners(NaivePeeking(labelled_requests=1), looks=5, a_look=200, runs=runs)
    error = math.sqrt(0.142 * 0.858 / runs)
    assert abs(share(ended, "old", "new") - 0.142) < 3.5 * error + 0.004


@pytest.mark.parametrize(
    "policy",
    [
        AlwaysValid(labelled_requests=200, tight_at=1000),
        AlwaysValid(labelled_requests=200, method="mixture", typical_effect=2.0),
    ],
    ids=["confidence_sequence", "mixture"],
)
def test_looking_always_keeps_alpha(policy: Policy) -> None:
    """At most 5 %, and not nothing: a test that never rejects would pass otherwise."""
    runs = 400
    ended = winners(policy, looks=30, a_look=100, runs=runs)
    assert share(ended, "old", "new") < 0.05 + 2.0 * math.sqrt(0.05 * 0.95 / runs)
    assert share(winners(policy, looks=30, a_look=100, runs=60, gain=6.0), "new") > 0.95


def test_the_power_is_that_of_the_normal_law() -> None:
    """Phi(gain / error - 1.96), and not what half the spread would give."""
    runs, gain = 2000, 3.0
    policy = FixedHorizonTest(labelled_requests=800)
    found = share(winners(policy, looks=1, a_look=800, runs=runs, gain=gain), "new")
    power = stats.norm.cdf(gain / (SPREAD * math.sqrt(2 / 800)) - 1.96)
    error = math.sqrt(power * (1 - power) / runs)
    assert abs(found - power) < 3.5 * error + 0.005
    assert abs(found - stats.norm.cdf(gain / (SPREAD / 2 * math.sqrt(2 / 800)) - 1.96)) > 0.1
