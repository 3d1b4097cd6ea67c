"""The always-valid methods mixture_t and empirical_bernstein: by hand, and how often they err."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simab.policies import Observation, Promote
from simab.policies.answers import Answers
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.evidence import evidence_of
from simab.policies.experiments.mixture_of_t import mixture_of_t
from simab.stats.bounded_means import BoundedMean, difference_of_bounded_means
from simab.stats.label_totals import LabelTotals, RewardTotals
from tests.policies.experiments import plays, share_of
from tests.policies.fake_metrics import (
    MINUTE,
    FakeMetrics,
    confusion,
    earned,
    observation,
    successes,
)

CAP = 40.0


@dataclass(frozen=True)
class Earned(FakeMetrics):
    """Rewards one by one, as far as they have come."""

    rewards: tuple[NDArray[np.float64], NDArray[np.float64]] = (np.zeros(0), np.zeros(0))

    def answers(self, variant: str) -> Answers:
        values = self._of(variant)
        numbers = np.arange(len(values))
        return Answers(numbers * 0, numbers, values, numbers, numbers)

    def labels(self, variant: str) -> LabelTotals:
        values = self._of(variant)
        squares = len(values) * float(values.var())
        totals = RewardTotals(len(values), float(values.mean()), squares)
        return successes(0, 0)._replace(rewards=totals)

    def _of(self, variant: str) -> NDArray[np.float64]:
        return self.rewards[variant == "new"]


def rule(method: str, **fields: Any) -> AlwaysValid:
    plain = {"labelled_requests": 50, "tight_at": 2000, "method": method}
    return AlwaysValid.model_validate(plain | fields)


def log_ratio(t: float, degrees: float, effective: float, mixing: float) -> float:
    """The laws of t with and without an effect, by SciPy: Student's with a wider scale."""
    wider = math.sqrt(1 + effective * mixing)
    return float(stats.t.logpdf(t / wider, degrees) - math.log(wider) - stats.t.logpdf(t, degrees))


def test_the_mixture_of_t_is_that_of_the_two_sample_t() -> None:
    """Of rewards by SciPy's Welch t, of right answers by its pooled one, and its densities."""
    rng = np.random.default_rng(3)
    old, new = rng.normal(40, 10, 30), rng.normal(46, 10, 40)
    seen = evidence_of(
        observation(FakeMetrics({"old": earned(old.tolist()), "new": earned(new.tolist())}))
    )
    welch = stats.ttest_ind(new, old, equal_var=False)
    test = mixture_of_t(seen, 0.04)
    expected = log_ratio(welch.statistic, welch.df, 30 * 40 / 70, 0.04)
    assert test.log_ratio == pytest.approx(expected)
    right = evidence_of(
        observation(FakeMetrics({"old": successes(30, 20), "new": successes(45, 15)}))
    )
    t = stats.ttest_ind([1] * 45 + [0] * 15, [1] * 30 + [0] * 20).statistic
    test = mixture_of_t(right, 0.04)
    assert test.log_ratio == pytest.approx(log_ratio(t, 108, 50 * 60 / 110, 0.04))
    recall = observation(
        FakeMetrics({"old": confusion(30, 0, 20, 5), "new": confusion(45, 0, 15, 5)}),
        metric="recall",
    )
    assert mixture_of_t(evidence_of(recall), 0.04).log_ratio == pytest.approx(test.log_ratio)


def test_without_a_spread_the_mixture_of_t_says_nothing() -> None:
    """Nor for a metric that is no mean of single requests."""
    alike = observation(FakeMetrics({"old": earned([5.0] * 9), "new": earned([5.0] * 9)}))
    assert math.isnan(mixture_of_t(evidence_of(alike), 0.01).p_value)
    matrix = FakeMetrics({"old": confusion(9, 9, 9, 9), "new": confusion(9, 9, 9, 9)})
    assert math.isnan(mixture_of_t(evidence_of(observation(matrix, metric="f1")), 0.01).p_value)


def test_by_user_the_mixture_of_t_has_the_variance_of_users() -> None:
    """With the degrees of freedom and the numbers of users: here each answer is one of its own."""
    rng = np.random.default_rng(4)
    both = rng.normal(40, 10, 200), rng.normal(45, 10, 200)
    seen = observation(Earned(rewards=both))
    by_user = rule("mixture_t", typical_effect=0.2, unit="user")
    by_request = rule("mixture_t", typical_effect=0.2)
    texts = []
    for each in (by_user, by_request):
        (action,), _ = each.decide(None, seen)
        assert isinstance(action, Promote)
        assert action.variant == "new"
        texts.append(float(action.because.split("p = ")[1].split(" ")[0]))
    assert texts[0] == pytest.approx(texts[1], rel=0.1)


def test_empirical_bernstein_takes_what_came_since_the_last_look_as_a_batch() -> None:
    """Counts of right answers, each arm at half of alpha, narrowest at what is planned."""
    policy = rule("empirical_bernstein", alpha=0.1)
    state: Any = None
    arms = [BoundedMean(level=0.95, target_count=2000.0)] * 2
    looks = [((45, 60), (50, 60)), ((70, 100), (84, 100)), ((700, 1000), (850, 1000))]
    before = [(0, 0), (0, 0)]
    for look in looks:
        labels = {
            name: successes(right, of - right)
            for name, (right, of) in zip(("old", "new"), look, strict=True)
        }
        actions, state = policy.decide(state, observation(FakeMetrics(labels)))
        arms = [
            arm.after(of - then_of, right - then, right - then)
            for arm, (right, of), (then, then_of) in zip(arms, look, before, strict=True)
        ]
        before = [*look]
        interval = difference_of_bounded_means(*arms)
        assert bool(actions) is (interval.low > 0)
    assert isinstance(actions[0], Promote)
    assert actions[0].variant == "new"
    assert f"{interval.low:+.4f} to {interval.high:+.4f}" in actions[0].because


def test_empirical_bernstein_of_rewards_is_of_capped_ones() -> None:
    """From the lowest that there can be to the cap; only new rewards are added at a look."""
    rng = np.random.default_rng(9)
    old, new = rng.exponential(8, 3000), rng.exponential(14, 3000)
    policy = rule("empirical_bernstein", cap=CAP)
    state: Any = None
    arms = [BoundedMean(0.0, CAP, 0.975, target_count=2000.0)] * 2
    for until, since in ((200, 0), (1500, 200)):
        metrics = Earned(rewards=(old[:until], new[:until]))
        actions, state = policy.decide(state, observation(metrics))
        batches = [np.minimum(each[since:until], CAP) for each in (old, new)]
        arms = [
            arm.after(len(each), each.sum(), each @ each)
            for arm, each in zip(arms, batches, strict=True)
        ]
    interval = difference_of_bounded_means(*arms)
    assert interval.low > 0
    assert isinstance(actions[0], Promote)
    assert f"{interval.low:+.6g} to {interval.high:+.6g}" in actions[0].because


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cap_percentile": 99}, "cap_percentile learns from the labels"),
        ({"pre_period": "1h"}, "pre_period learns from the labels"),
        ({"unit": "user"}, "unit is user"),
        ({"immature": {"kind": "so_far"}}, "immature so_far"),
        ({"typical_effect": 0.1}, "typical_effect belongs to the methods"),
    ],
    ids=["percentile", "before", "user", "so far", "effect"],
)
def test_what_has_no_known_ends_is_refused(fields: dict[str, Any], said: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=said):
        rule("empirical_bernstein", **fields)


def test_of_equal_shares_few_are_called_different_from_the_first_labels_on() -> None:
    """Looks from ten labels on at rare successes, where hardly any law is normal."""
    bernstein = rule("empirical_bernstein", labelled_requests=10)
    mixture = rule("mixture_t", labelled_requests=10, typical_effect=0.1)
    for policy in (bernstein, mixture):
        found = plays(policy, (0.05, 0.05), looks=40, labelled_per_look=10, runs=150, seed=2)
        called = sum(each.winner is not None for each in found)
        assert called <= stats.binom.ppf(0.9999, 150, 0.05)
    found = plays(bernstein, (0.1, 0.3), looks=40, labelled_per_look=50, runs=50, seed=3)
    assert share_of(found, "new") > 0.9


@pytest.mark.parametrize("method", ["mixture_t", "empirical_bernstein"])
def test_of_equal_rare_shares_at_nine_to_one_few_are_called_different(method: str) -> None:
    """The smaller arm often has no hit yet: a variance of its own would be 0."""
    rng, runs, found = np.random.default_rng(8), 100, 0
    extra = {"typical_effect": 0.5} if method == "mixture_t" else {}
    policy = rule(method, labelled_requests=10, **extra)
    for _ in range(runs):
        right = rng.binomial([[90], [10]], 0.05, (2, 30)).cumsum(axis=1)
        state: Any = None
        for look in range(30):
            labels = {
                name: successes(int(hits), each * (look + 1) - int(hits))
                for name, each, hits in zip(("old", "new"), (90, 10), right[:, look], strict=True)
            }
            actions, state = policy.decide(state, observation(FakeMetrics(labels)))
            if actions:
                found += 1
                break
    assert found <= stats.binom.ppf(0.9999, runs, 0.05)


def called(policy: AlwaysValid, draws: NDArray[np.float64], looks: range) -> bool:
    """Whether a run of equal variants ends with a difference; draws of shape (2, rewards)."""
    state: Any = None
    for until in looks:
        metrics = Earned(rewards=(draws[0, :until], draws[1, :until]))
        actions, state = policy.decide(state, seen_at(metrics, until))
        if actions:
            return True
    return False


def seen_at(metrics: Earned, until: int) -> Observation:
    return observation(metrics, now_ns=until * MINUTE)


SKEWED = {
    "mixture_t": {"method": "mixture_t", "typical_effect": 0.1},
    "mixture": {"method": "mixture", "typical_effect": 0.1 * 30.0},
    "confidence_sequence": {"method": "confidence_sequence"},
    "empirical_bernstein": {"method": "empirical_bernstein", "cap": 200.0},
}


@pytest.mark.long
@pytest.mark.parametrize("name", SKEWED)
def test_of_equal_skewed_rewards_few_are_called_different(name: str) -> None:
    """Lognormal rewards, mean 20 and deviation 30: 40 looks from 200 to 8,000 of each variant."""
    runs, rng = 400, np.random.default_rng(12)
    variance = math.log1p(1.5**2)
    policy = rule(**({"labelled_requests": 200} | SKEWED[name]))  # type: ignore[arg-type]
    found = 0
    for _ in range(runs):
        draws = rng.lognormal(math.log(20) - variance / 2, math.sqrt(variance), (2, 8000))
        found += called(policy, draws, range(200, 8001, 200))
    assert found <= stats.binom.ppf(0.9999, runs, 0.05)


@pytest.mark.long
def test_looks_after_a_handful_of_rewards_mislead_the_mixture_more_than_that_of_t() -> None:
    """Normal rewards of deviation 1, looks at 4, 5, ... 30 of each variant, at alpha .05.

    Of the runs that only one of the two calls different, most are the mixture's: a sign test.
    """
    runs, draws = 1000, np.random.default_rng(21).normal(10, 1, (1000, 2, 30))
    first = {"labelled_requests": 4, "typical_effect": 1.0}
    found = [
        [called(rule(method, **first), each, range(4, 31)) for each in draws]
        for method in ("mixture", "mixture_t")
    ]
    plain, of_t = (np.array(each) for each in found)
    assert of_t.sum() <= stats.binom.ppf(0.9999, runs, 0.05)
    alone, apart = int((plain & ~of_t).sum()), int((plain != of_t).sum())
    assert stats.binomtest(alone, apart, 0.5, alternative="greater").pvalue < 1e-4
