"""Estimates by batches of time: by hand, against NumPy, and how often their tests err."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.batched_estimates import (
    BatchedEstimate,
    batched_mean,
    batched_percentile,
    batched_ratio,
    margin_test_of_batches,
)
from simab.stats.margin_tests import Margin
from simab.stats.request_totals import LATENCY_BUCKETS, latency_bucket

SLOWER = Margin(higher_is_better=False)


def histograms(batches: Sequence[np.ndarray]) -> np.ndarray:
    """Of latencies in nanoseconds."""
    found = np.zeros((len(batches), LATENCY_BUCKETS), dtype=np.int64)
    for row, values in zip(found, batches, strict=True):
        np.add.at(row, [latency_bucket(int(each)) for each in values], 1)
    return found


def test_a_ratio_and_what_each_batch_adds_to_its_error() -> None:
    """By hand: 12 of 40 is .3, and the batches are off by 5 - 6, 4 - 3 and 3 - 3."""
    counts, sums = np.array([20.0, 10.0, 10.0]), np.array([5.0, 4.0, 3.0])
    estimate = batched_ratio(sums, counts, by_request=0.0)
    assert estimate.value == pytest.approx(0.3)
    assert estimate.residuals.tolist() == pytest.approx([-1 / 40, 1 / 40, 0.0])


def test_both_arms_residuals_of_a_batch_are_taken_together() -> None:
    """By hand: what both have in common in a batch is no error of their difference."""
    common = np.array([1.0, -2.0, 1.0])
    a = BatchedEstimate(10.0, common, 0.0)
    b = BatchedEstimate(11.0, common + np.array([0.5, 0.0, -0.5]), 0.0)
    test = margin_test_of_batches(a, b, SLOWER)
    assert test.contrast == -1.0
    assert test.standard_error == pytest.approx(math.sqrt(3 / 2 * 0.5))
    assert test.degrees == 2
    assert test.p_worse == pytest.approx(stats.t.sf(1 / math.sqrt(0.75), 2))


def test_the_variance_by_request_is_the_least() -> None:
    """Where hardly anything has happened, batches may be alike by chance."""
    none = BatchedEstimate(0.0, np.zeros(5), 1e-4)
    assert margin_test_of_batches(none, none, SLOWER).standard_error == pytest.approx(
        math.sqrt(2e-4)
    )
    test = margin_test_of_batches(none, none, Margin(0.01, False, False), by_request=4e-6)
    assert test.statistic == pytest.approx(5.0)


def test_mean_and_percentile_are_near_those_of_the_values() -> None:
    """Buckets are known to 0.8 %, and the mean exactly by its sums."""
    rng = np.random.default_rng(2)
    batches = [rng.lognormal(18, 0.6, size) for size in (300, 500, 400, 350)]
    everything = np.concatenate(batches)
    counted, sums = histograms(batches), np.array([each.sum() for each in batches])
    mean = batched_mean(sums, counted)
    assert mean.value == pytest.approx(everything.mean())
    assert mean.by_request == pytest.approx(everything.var(ddof=1) / everything.size, rel=0.01)
    for share in (0.5, 0.9, 0.99):
        percentile = batched_percentile(counted, share)
        assert percentile.value == pytest.approx(np.quantile(everything, share), rel=0.02)
        assert percentile.residuals.sum() == pytest.approx(0.0, abs=1e-6 * percentile.value)


def test_the_error_of_a_median_is_that_of_theory() -> None:
    """Of uniform values on (0, w): sqrt(1/4 / n) x w, by request and by many batches alike."""
    rng = np.random.default_rng(4)
    batches = [rng.uniform(0, 2**30, 100) for _ in range(400)]
    median = batched_percentile(histograms(batches), 0.5)
    theory = math.sqrt(0.25 / 40_000) * 2**30
    assert math.sqrt(median.by_request) == pytest.approx(theory, rel=0.1)
    by_batch = math.sqrt(400 / 399 * float(median.residuals @ median.residuals))
    assert by_batch == pytest.approx(theory, rel=0.15)  # its own error is 1 / sqrt(2 x 399) = 3.5 %


def test_what_is_not_known_has_a_reason() -> None:
    """No requests, one alone, and a percentile so high that its ranks leave the sample."""
    nothing = np.zeros((3, LATENCY_BUCKETS), dtype=np.int64)
    few = histograms([np.array([5e6]), np.array([6e6] * 4), np.array([7e6])])
    empty = batched_ratio(np.zeros(3), np.zeros(3), by_request=0.0)
    assert empty.reason == batched_percentile(nothing, 0.5).reason == "nothing was served"
    assert batched_mean(np.zeros(3), nothing).reason is not None
    highest = batched_percentile(few, 0.99)
    assert highest.reason == "6 requests: too few for its ranks"
    test = margin_test_of_batches(highest, batched_percentile(few, 0.5), SLOWER)
    assert test.reason == highest.reason
    assert math.isnan(test.p_worse)


def test_other_batches_and_shares_are_refused() -> None:
    """With a remedy."""
    two, three = (BatchedEstimate(1.0, np.zeros(count), 1.0) for count in (2, 3))
    with pytest.raises(InvalidInput, match="same times"):
        margin_test_of_batches(two, three, SLOWER)
    with pytest.raises(InvalidInput, match="strictly between"):
        batched_percentile(np.zeros((2, LATENCY_BUCKETS), dtype=np.int64), 1.0)


@pytest.mark.parametrize("share", [None, 0.5, 0.9], ids=["mean", "p50", "p90"])
def test_equal_arms_of_independent_requests_differ_as_often_as_alpha_says(
    share: float | None,
) -> None:
    """At most: the larger of two variances is taken. 400 pairs of 20 batches of 40 requests."""
    rng = np.random.default_rng(11)
    values = rng.lognormal(18, 0.5, (400, 2, 20, 40))
    worse = 0
    for pair in values:
        a, b = (_estimate(arm, share) for arm in pair)
        worse += margin_test_of_batches(a, b, SLOWER).p_worse <= 0.05
    assert worse <= stats.binom.ppf(0.9999, 400, 0.05)
    assert worse >= stats.binom.ppf(0.0001, 400, 0.02)  # and it is no test that never speaks


def _estimate(batches: np.ndarray, share: float | None) -> BatchedEstimate:
    counted = histograms([*batches])
    if share is None:
        return batched_mean(batches.sum(axis=1), counted)
    return batched_percentile(counted, share)
