"""Interim looks of a fixed sample and of a group sequential test: futility, and larger samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.policies import Observation, Promote
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.interim import InterimLook
from simab.policies.policy import Policy
from tests.policies.experiments import Look, plays, share_of, standard_error
from tests.policies.fake_metrics import MINUTE, FakeMetrics, earned, observation

BOUND = float(stats.norm.ppf(0.975))


def fixed(**interim: Any) -> FixedHorizonTest:
    fields = {"labelled_requests": 1000, "interim": {"at": "50%"} | interim}
    return FixedHorizonTest.model_validate(fields)


def z_of(right: int, new_right: int, each: int) -> float:
    """The pooled z of as many labels in both arms."""
    pooled = (right + new_right) / (2 * each)
    return (new_right - right) / each / math.sqrt(2 * pooled * (1 - pooled) / each)


def course(policy: Policy, *seen: tuple[int, int, int]) -> list[tuple[str, str] | None]:
    """What each look decides, with its reason; counts of right answers, of so many of each arm."""
    state, found = None, []
    for minute, (right, new_right, each) in enumerate(seen, start=1):
        counts = {"old": (right, each), "new": (new_right, each)}
        actions, state = policy.decide(state, Look(minute * MINUTE, counts).observation)
        promoted = [each for each in actions if isinstance(each, Promote)]
        found.append((promoted[0].variant, promoted[0].because) if promoted else None)
    return found


@pytest.mark.parametrize("assuming", ["trend", "plan", "uncertain"])
def test_it_gives_up_where_the_end_is_hopeless(assuming: str) -> None:
    """Half of the sample seen; conditional power by SciPy, drift as assumed."""
    policy, found = fixed(gives_up_below=0.2, assuming=assuming), set()
    for more in range(-20, 41, 4):
        z, left = z_of(250, 250 + more, 500), 0.5
        drift = {"trend": z / math.sqrt(0.5), "plan": BOUND + stats.norm.ppf(0.8)}
        spread = left + (left**2 * 2.0 if assuming == "uncertain" else 0.0)
        mean = z * math.sqrt(0.5) + drift.get(assuming, drift["trend"]) * left
        power = stats.norm.sf((BOUND - mean) / math.sqrt(spread))
        (ended,) = course(policy, (250, 250 + more, 500))
        assert (ended is not None) == (power < 0.2), more
        if ended:
            assert ended[0] == "old"
            assert f"with probability {power:.3f} ({assuming}), below 0.2: given up" in ended[1]
        found.add(ended is None)
    assert found == {True, False}


def test_a_promising_look_enlarges_the_sample_and_weighs_both_parts() -> None:
    """Conditional power .5 at half: the end waits for more, with z of sqrt(1/2) each part."""
    policy = fixed(largest=2000)
    first = (250, 250 + 22, 500)
    z = z_of(*first)
    needed = BOUND * math.sqrt(2.0) - z + stats.norm.ppf(0.8)
    size = math.ceil(500 + (needed * math.sqrt(500) / z) ** 2)
    assert 1000 < size < 2000
    before = (size - 1) // 2, (size - 1) // 2 + 40, size - 1
    assert course(policy, first, before) == [None, None]
    last = size // 2, size // 2 + 40, size
    rest = (z_of(*last) * math.sqrt(size) - z * math.sqrt(500)) / math.sqrt(size - 500)
    p_value = 2 * stats.norm.sf(math.sqrt(0.5) * (z + rest))
    ended = course(policy, first, before, last)[-1]
    assert ended is not None
    assert ended[0] == "old"
    assert f"p of both parts = {p_value:.3g} (alpha 0.05)" in ended[1]


def test_what_is_far_ahead_or_behind_has_the_planned_sample() -> None:
    """Favorable and unfavorable zones."""
    for new, winner in ((300, "new"), (251, "old")):
        ends = course(fixed(largest=4000), (250, new, 500), (500, 500 + 2 * (new - 250), 1000))
        assert [each and each[0] for each in ends] == [None, winner]


def test_a_larger_variance_enlarges_the_sample() -> None:
    """Planned for shares of .1 and .12, half right: p (1 - p) less .0001, over what was planned."""
    policy = FixedHorizonTest.model_validate(
        {
            "baseline": 0.1,
            "effect": 0.02,
            "interim": {"at": "50%", "largest": 50_000, "enlarges_by": "variance"},
        }
    )
    half = math.ceil(policy.sample / 2)
    size = policy.sample * (0.16 - 0.0001) / (0.11 * 0.89 - 0.0001)
    first = round(0.2 * half), round(0.2 * half), half
    for each in (math.floor(size) - 8, math.ceil(size) + 8):
        ended = course(policy, first, (0, each // 20, each))[-1]
        assert (ended is not None) == (each > size)
        if ended:
            assert ended[1].startswith("old 0/")


def test_a_skipped_interim_look_is_none() -> None:
    """One tick from nothing to the whole sample."""
    (ended,) = course(fixed(gives_up_below=0.5, largest=2000), (500, 500, 1000))
    assert ended is not None
    assert ", p = 1 (alpha" in ended[1]


def test_rewards_have_it_too() -> None:
    """Means that are alike are given up."""
    values = np.random.default_rng(3).normal(10.0, 2.0, 500).tolist()
    seen = observation(FakeMetrics({"old": earned(values), "new": earned(values)}))
    actions, _ = fixed(gives_up_below=0.2).decide(None, seen)
    assert isinstance(actions[0], Promote)
    assert actions[0].variant == "old"


def test_several_candidates_are_judged_one_by_one() -> None:
    """Bonferroni alone; Dunnett's joint law is not that of two parts."""
    policy = fixed(gives_up_below=0.2)
    assert policy.shares_alpha_by == "bonferroni"
    labels = {name: earned([1.0, 2.0] * 250) for name in ("old", "new", "newer")}
    base = observation(FakeMetrics(labels))
    seen = base._replace(several=("new", "newer"), weights=dict.fromkeys(labels, 1.0))
    assert isinstance(seen, Observation)
    actions, _ = policy.decide(None, seen)
    assert isinstance(actions[0], Promote)
    assert "given up; " in actions[0].because


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"interim": {"at": 0.5}}, "decides nothing"),
        ({"interim": {"at": 0.5, "largest": 900}}, "below the sample of 1000"),
        ({"interim": {"at": 0.5, "largest": 2000}, "unit": "user"}, "independent requests"),
        (
            {"interim": {"at": 0.5, "largest": 2000, "enlarges_by": "variance"}},
            "give both in place of labelled_requests",
        ),
        ({"interim": {"at": 0.5, "largest": 2000, "assuming": "plan"}}, "add gives_up_below"),
        (
            {"interim": {"at": 0.5, "gives_up_below": 0.1, "enlarges_by": "variance"}},
            "add largest",
        ),
        ({"interim": {"at": 1.0, "gives_up_below": 0.1}}, "less than 1"),
        ({"interim": {"at": 0.5, "gives_up_below": 0.1}, "correction": "dunnett"}, "none of this"),
    ],
)
def test_what_does_not_fit_is_refused(fields: Any, message: str) -> None:
    """With the remedy."""
    with pytest.raises(ValueError, match=message):
        FixedHorizonTest.model_validate({"labelled_requests": 1000} | fields)


def test_a_group_sequential_test_assumes_nothing_where_it_does_not_give_up() -> None:
    """`assuming` is what is taken for the effect where it asks whether to give up."""
    with pytest.raises(ValueError, match="assuming: uncertain is for gives_up_below"):
        GroupSequential(labelled_requests=1000, assuming="uncertain")


@pytest.mark.parametrize("boundary", ["obrien_fleming", "pocock_spending"])
def test_a_group_sequential_test_gives_up_by_conditional_power(boundary: Any) -> None:
    """At two of five looks, against the last bound."""
    policy = GroupSequential(labelled_requests=1000, boundary=boundary, gives_up_below=0.1)
    last = policy._bounds(5, ((0.2, 0.2), (0.4, 0.4), (1.0, 1.0)))[1]
    for more in range(-8, 31, 2):
        z = z_of(200, 200 + more, 400)
        power = stats.norm.sf((last - z / math.sqrt(0.4)) / math.sqrt(0.6))
        ended = course(policy, (100, 110, 200), (200, 200 + more, 400))[1]
        upper = policy._bounds(2, ((0.2, 0.2), (0.4, 0.4)))[1]
        assert (ended is not None) == (power < 0.1 or z >= upper), more
        if ended and z < upper:
            assert f"promoted at the last with {power:.3f}" in ended[1]


LEVELS: list[dict[str, Any]] = [
    {"gives_up_below": 0.2},
    {"gives_up_below": 0.2, "assuming": "plan", "largest": 12_000},
    {"largest": 12_000},
    {"largest": 40_000, "gives_up_below": 0.1, "assuming": "uncertain"},
]


def study(policy: Policy, shares: tuple[float, float], runs: int, each: int = 100) -> float:
    """Share of the runs that promote the candidate."""
    looks = 40_000 // each if "40000" in str(policy) else 12_000 // each
    found = plays(policy, shares, looks=looks, labelled_per_look=each, runs=runs, seed=11)
    return share_of(found, "new")


@pytest.mark.long
@pytest.mark.parametrize("interim", LEVELS)
def test_equal_variants_are_promoted_as_rarely_as_without(interim: dict[str, Any]) -> None:
    """Half of alpha at most; .004 beside 3.9 binomial errors, for counts are whole numbers."""
    runs, policy = (
        2500,
        FixedHorizonTest(labelled_requests=4000, alpha=0.1, interim=InterimLook(at=0.5, **interim)),
    )
    level = 0.05 + 3.9 * standard_error(0.05, runs) + 0.004
    found = study(policy, (0.5, 0.5), runs)
    assert found < level
    if "gives_up_below" not in interim:
        assert found > 0.1 - level


@pytest.mark.long
def test_a_larger_sample_finds_more_and_futility_loses_little() -> None:
    """Planned for .8 of an effect, of which three quarters are there: power .56 by SciPy.

    With futility by the joint law of both z, of which the first must be above where conditional
    power is .1: .52.
    """
    runs, sample, drift = 2500, 4000, 0.75 * (BOUND + stats.norm.ppf(0.8))
    effect, half = drift * math.sqrt(0.5 / sample), math.sqrt(0.5)
    plain = stats.norm.sf(BOUND - drift)
    least = half * (BOUND - stats.norm.isf(0.1) * half)
    behind = [drift * half - least, drift - BOUND]
    careful = stats.multivariate_normal(cov=[[1.0, half], [half, 1.0]]).cdf(behind)
    shares = (0.5 - effect / 2, 0.5 + effect / 2)

    def power(**interim: Any) -> float:
        look = InterimLook(at=0.5, **interim)
        return study(FixedHorizonTest(labelled_requests=sample, interim=look), shares, runs)

    error = 3.9 * standard_error(plain, runs) + 0.004
    assert abs(power(gives_up_below=0.1) - careful) < error
    assert power(largest=12_000) > plain + standard_error(plain, runs)


@pytest.mark.long
def test_giving_up_keeps_the_level_of_the_bounds() -> None:
    """Fewer than alpha / 2 of equal variants, and most of them end before the last look."""
    runs = 2500
    policy = GroupSequential(labelled_requests=5000, alpha=0.1, gives_up_below=0.15)
    endings = plays(policy, (0.5, 0.5), looks=5, labelled_per_look=1000, runs=runs, seed=4)
    assert share_of(endings, "new") < 0.05 + 3.9 * standard_error(0.05, runs) + 0.002
    assert np.mean([each.look < 5 for each in endings]) > 0.7
