"""What a promotion says of its gain: the estimate that it carries, and by how much that errs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simab.policies import Promote
from simab.policies.experiments.experiment import Experiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.stats.winners_curse import conditional_estimate, excess_where_significant
from tests.policies.experiments import Look
from tests.policies.fake_metrics import (
    MINUTE,
    FakeMetrics,
    confusion,
    earned,
    observation,
    successes,
)
from tests.policies.test_several_candidates import seen


def promotion(policy: Experiment, old: int, new: int, labelled: int) -> Promote:
    """What a look concludes of so many right answers."""
    counts = {"old": (old, labelled), "new": (new, labelled)}
    (action,), _ = policy.decide(None, Look(MINUTE, counts).observation)
    assert isinstance(action, Promote)
    return action


def test_a_promotion_carries_the_difference_of_the_shares() -> None:
    """160 and 100 of 1,000 right; the control that is kept carries none."""
    policy = FixedHorizonTest(labelled_requests=1000)
    assert promotion(policy, 100, 160, 1000).estimate == pytest.approx(0.06)
    assert promotion(policy, 160, 100, 1000).estimate is None


def test_what_one_test_found_is_corrected_for_being_significant() -> None:
    """140 and 100 of 1,000: z = 2.75 of 1.96 that it takes; far beyond, nothing is corrected."""
    policy = FixedHorizonTest(labelled_requests=1000)
    share = 0.12
    error = math.sqrt(2 * share * (1 - share) / 1000)
    found = promotion(policy, 100, 140, 1000)
    assert found.corrected == pytest.approx(conditional_estimate(0.04, error, 1.959964), abs=1e-7)
    assert found.corrected is not None
    assert 0.01 < found.corrected < 0.04
    assert promotion(policy, 100, 400, 1000).corrected == pytest.approx(0.3, abs=1e-6)
    peeking = promotion(NaivePeeking(labelled_requests=100), 100, 140, 1000)
    assert (peeking.estimate, peeking.corrected) == (pytest.approx(0.04), None)


def test_where_the_variance_is_a_bound_no_correction_is_stated() -> None:
    """Brier scores of 1/16 and 9/16 of 1,000: a standard error that is too large takes too much."""
    labels = {"old": confusion(fp=500, fn=500), "new": confusion(tp=500, tn=500)}
    policy = FixedHorizonTest(labelled_requests=1000)
    (action,), _ = policy.decide(None, observation(FakeMetrics(labels), metric="brier"))
    assert isinstance(action, Promote)
    assert (action.estimate, action.corrected) == (pytest.approx(0.5), None)


def test_of_several_it_is_the_gain_of_the_one_that_is_promoted() -> None:
    counts = {"old": (100, 1000), "new1": (140, 1000), "new2": (160, 1000)}
    (promote,), _ = FixedHorizonTest(labelled_requests=1000).decide(None, seen(1, counts))
    assert isinstance(promote, Promote)
    assert promote == Promote("new2", pytest.approx(0.06), because=promote.because)


@pytest.mark.parametrize(
    ("fields", "estimate"),
    [
        ({}, 2.0),
        ({"cap": 5.0}, None),
        ({"cap_percentile": 99.0}, None),
        ({"transform": "log1p"}, None),
        ({"triggered": ("web",)}, None),
        ({"unit": "user"}, 2.0),
    ],
)
def test_an_estimate_is_in_units_of_the_metric(fields: Any, estimate: float | None) -> None:
    """Rewards of 1 and 3 on average; capped, or of some segments, it is another metric."""
    policy = FixedHorizonTest(labelled_requests=4, **fields)
    found = policy.estimates_the_metric
    assert found == (estimate is not None)
    if not policy.reads_answers():
        labels = {"old": earned([0.0, 1.0, 2.0, 1.0]), "new": earned([3.0, 2.0, 4.0, 3.0])}
        (action,), _ = policy.decide(None, observation(FakeMetrics(labels), metric="reward"))
        assert isinstance(action, Promote)
        assert action.estimate == pytest.approx(estimate)


def test_shipped_without_a_winner_it_carries_what_the_labels_say() -> None:
    """At an end in doubt: 52 of 100 against 50."""
    policy = NaivePeeking.model_validate(
        {"labelled_requests": 100, "maximum_duration": "10min", "inconclusive": "ship"}
    )
    labels = {"old": successes(50, 50), "new": successes(52, 48)}
    (action,), _ = policy.decide(None, observation(FakeMetrics(labels)))
    assert isinstance(action, Promote)
    assert action.estimate == pytest.approx(0.02)


@pytest.mark.parametrize("gain", [0.0, 0.03, 0.06])
def test_the_mean_error_of_promoted_gains_is_that_of_a_normal_law_cut_off(gain: float) -> None:
    """One test at 1,000 labels a variant: E[estimate - gain given z > 1.96], in 20,000 runs."""
    labelled, runs = 1000, 20_000
    rng = np.random.default_rng(5)
    old, new = (rng.binomial(labelled, share, runs) for share in (0.5, 0.5 + gain))
    policy = FixedHorizonTest(labelled_requests=labelled)
    error = math.sqrt((0.25 + 0.25 - gain**2) / labelled)
    # Promotions are decided by z alone, so each pair of counts is asked for once.
    pairs, times = np.unique(np.stack([old, new]), axis=1, return_counts=True)
    likely = (pairs[1] - pairs[0]) / labelled > 1.9 * error
    found = [promotion(policy, *map(int, pair), labelled) for pair in pairs.T[likely]]
    values, corrected = (
        np.repeat([math.nan if each is None else each - gain for each in estimates], times[likely])
        for estimates in zip(*((each.estimate, each.corrected) for each in found), strict=True)
    )
    values, corrected = values[~np.isnan(values)], corrected[~np.isnan(corrected)]
    assert len(values) == len(corrected)
    expected = excess_where_significant(gain, error, 1.959964, two_sided=False)
    # Differences are whole thousandths: the bound lies up to one of them away from where it acts.
    assert abs(values.mean() - expected) < 3.9 * values.std() / math.sqrt(len(values)) + 0.001
    # The likeliest gain is not free of bias, and nearer to the truth than the estimate.
    assert abs(corrected.mean()) < 0.8 * values.mean()
