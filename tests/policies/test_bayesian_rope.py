"""The Bayesian experiment with a region of practical equivalence: its three ends and its priors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.policies import Promote
from simab.policies.experiments.bayesian_rope import BayesianRope, PriorBelief
from simab.stats.bayes import Normal
from simab.stats.label_totals import LabelTotals
from tests.policies.experiments import plays, share_of
from tests.policies.fake_metrics import FakeMetrics, earned, observation, successes


def rope(**fields: Any) -> BayesianRope:
    return BayesianRope.model_validate({"labelled_requests": 100, "rope": 0.02} | fields)


def ending(policy: BayesianRope, old: LabelTotals, new: LabelTotals) -> tuple[str | None, str]:
    """Who is promoted, and the reason; None while it is open."""
    actions, _ = policy.decide(None, observation(FakeMetrics({"old": old, "new": new})))
    if not actions:
        return None, ""
    (action,) = actions
    assert isinstance(action, Promote)
    return action.variant, action.because


@pytest.mark.parametrize(
    ("right", "winner", "said"),
    [
        (9500, "new", "P(better) = 1.0000"),
        (8500, "old", "P(worse) = 1.0000"),
        (9010, "old", "P(equivalent) = 1.0000"),
        (9205, None, ""),
    ],
)
def test_it_ends_in_three_ways(right: int, winner: str | None, said: str) -> None:
    """9,000 of 10,000 against more, fewer and as many; half a point over the margin is open."""
    found, because = ending(rope(), successes(9000, 1000), successes(right, 10_000 - right))
    assert found == winner
    assert said in because


def test_what_is_equivalent_may_ship() -> None:
    """Or never end it."""
    old, new = successes(9000, 1000), successes(9010, 990)
    assert ending(rope(when_equivalent="ship"), old, new)[0] == "new"
    assert ending(rope(equivalent_at=None), old, new)[0] is None


def test_a_prior_counts_as_labels() -> None:
    """40 right of 50 under a prior of 90 % worth 950: as 895 right of 1,000."""
    prior = {"mean": 0.9, "worth": 950}
    told = rope(labelled_requests=50, rope=0, candidate_prior=prior, promote_at=0.6)
    _, because = ending(told, successes(80_000, 20_000), successes(40, 10))
    odds = stats.beta.sf(np.linspace(0.799, 0.801, 3), 895, 105)
    assert odds.min() > 0.99999
    assert "P(better) = 1.0000" in because
    _, because = ending(
        rope(labelled_requests=50, rope=0, promote_at=0.6, keep_at=0.501),
        successes(79_900, 20_100),
        successes(40, 10),
    )
    assert "P(better) = 1.0000" not in because


def test_a_prior_of_a_mean_is_weighed_by_its_labels() -> None:
    """Conjugate: mean (n0 m0 + n x) / (n0 + n), variance s^2 / (n0 + n)."""
    prior, labels, spread = PriorBelief(mean=5.0, worth=30), 120, 3.0
    law = prior.combined(5.0, Normal(8.0, spread / math.sqrt(labels)), labels)
    assert law.mean == pytest.approx((30 * 5.0 + 120 * 8.0) / 150)
    assert law.standard_deviation == pytest.approx(spread / math.sqrt(150))


def test_it_judges_rewards() -> None:
    """A mean that is higher by far more than the margin; too few rewards say nothing."""
    random = np.random.default_rng(5)
    old, new = (earned(random.normal(mean, 2.0, 300).tolist()) for mean in (10.0, 12.0))
    assert ending(rope(rope=1.0), old, new)[0] == "new"
    assert ending(rope(rope=1.0, labelled_requests=3), earned([1.0] * 3), new)[0] is None


@pytest.mark.long
def test_equal_variants_are_promoted_more_often_than_the_threshold_says() -> None:
    """Without a margin and with 30 looks; a margin of two points and few looks makes it rare.

    The former against looks at a normal mean by NumPy; the latter is below 1 - promote_at.
    """
    runs, looks = 200, 30
    peeking = rope(rope=0, equivalent_at=None)
    often = plays(peeking, (0.8, 0.8), looks=looks, labelled_per_look=100, runs=runs, seed=6)
    random = np.random.default_rng(7)
    walks = np.cumsum(random.standard_normal((20_000, looks)), axis=1)
    scaled = walks / np.sqrt(np.arange(1, looks + 1))
    first = np.argmax(np.abs(scaled) > 1.645, axis=1)
    up = np.take_along_axis(scaled, first[:, None], axis=1)[:, 0] > 1.645
    expected = float(up.mean())
    assert expected > 0.15
    error = 3.9 * math.sqrt(expected * (1 - expected) / runs)
    assert abs(share_of(often, "new") - expected) < error + 0.02
    careful = plays(rope(), (0.8, 0.8), looks=looks, labelled_per_look=400, runs=runs, seed=8)
    assert share_of(careful, "new") < 0.05 + 3.9 * math.sqrt(0.05 * 0.95 / runs)
    assert share_of(careful, "old") > 0.5
