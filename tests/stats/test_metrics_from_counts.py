"""Metrics of a 0/1 classifier and their intervals: definitions, exact coverage, undefined cases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.classification import (
    METRICS,
    METRICS_WITH_INTERVAL,
    ConfusionCounts,
    accuracy,
    f1,
    f1_metric,
    precision,
    recall,
    roc_auc_binary,
    roc_auc_binary_metric,
)
from simab.stats.interval import Interval
from simab.stats.intervals import wilson_interval

cells = st.integers(0, 1_000)
tables = st.builds(ConfusionCounts, cells, cells, cells, cells)


def test_the_founding_example() -> None:
    """The vendor's walk-through, all 334 rows (design, section 1), as exact fractions."""
    first = ConfusionCounts(37, 3, 11, 283)
    assert (accuracy(first), precision(first)) == (320 / 334, 37 / 40)
    assert (recall(first), f1(first)) == (37 / 48, 74 / 88)
    assert roc_auc_binary(first) == pytest.approx((37 / 48 + 283 / 286) / 2, rel=1e-15)
    assert (first.positives, first.negatives, first.total) == (48, 286, 334)
    assert (first.predicted_positives, first.correct) == (40, 320)


@given(tables)
def test_f1_is_the_harmonic_mean(counts: ConfusionCounts) -> None:
    """2 / (1 / precision + 1 / recall), where both exist and are not 0 (van Rijsbergen 1979)."""
    if counts.true_positive:
        mean = 2 / (1 / precision(counts) + 1 / recall(counts))
        assert f1(counts) == pytest.approx(mean, rel=1e-12)


@given(tables, tables)
def test_counts_of_two_windows_add(one: ConfusionCounts, other: ConfusionCounts) -> None:
    """A sum of windows has the sum of each cell: the metric of the sum is that of all requests."""
    both = one + other
    assert both.true_positive == one.true_positive + other.true_positive
    assert both.false_positive == one.false_positive + other.false_positive
    assert both.false_negative == one.false_negative + other.false_negative
    assert both.true_negative == one.true_negative + other.true_negative
    assert both.total == one.total + other.total


@pytest.mark.parametrize(
    ("name", "counts", "reason"),
    [
        ("accuracy", ConfusionCounts(), "no labelled request"),
        ("positive_rate", ConfusionCounts(), "no labelled request"),
        ("precision", ConfusionCounts(0, 0, 3, 5), "no request was called positive"),
        ("recall", ConfusionCounts(0, 2, 0, 5), "no label is positive"),
        ("f1", ConfusionCounts(0, 0, 0, 9), "no label and no call is positive"),
        ("roc_auc_binary", ConfusionCounts(0, 2, 0, 5), "no label is positive"),
        ("roc_auc_binary", ConfusionCounts(2, 0, 3, 0), "no label is negative"),
    ],
)
def test_what_is_0_over_0_is_nan_with_a_reason(
    name: str, counts: ConfusionCounts, reason: str
) -> None:
    """Never 0 or 1 for what is undefined; the interval is then the whole range."""
    assert math.isnan(METRICS[name](counts))
    result = METRICS_WITH_INTERVAL[name](counts)
    assert math.isnan(result.value)
    assert result.reason == reason
    assert (result.interval.low, result.interval.high) == (0.0, 1.0)


@given(tables, st.sampled_from(sorted(METRICS)))
def test_the_interval_holds_the_metric_within_0_and_1(counts: ConfusionCounts, name: str) -> None:
    """Value and table agree with the plain function; the interval never leaves the range."""
    result = METRICS_WITH_INTERVAL[name](counts)
    assert result.value == pytest.approx(METRICS[name](counts), nan_ok=True, rel=1e-15)
    assert -1e-12 <= result.interval.low <= result.interval.high <= 1.0 + 1e-12
    if result.reason is None:
        assert result.interval.low - 1e-12 <= result.value <= result.interval.high + 1e-12


@pytest.mark.parametrize(
    ("name", "part", "whole"),
    [("accuracy", 320, 334), ("precision", 37, 40), ("recall", 37, 48), ("positive_rate", 40, 334)],
)
def test_shares_have_wilson_intervals(name: str, part: int, whole: int) -> None:
    """Accuracy, precision, recall and positive rate are shares of fixed wholes (Wilson 1927)."""
    result = METRICS_WITH_INTERVAL[name](ConfusionCounts(37, 3, 11, 283), level=0.9)
    assert result.interval == wilson_interval(part, whole, level=0.9)


def three_cells(size: int, hit: float, miss: float) -> Iterator[tuple[int, int, float]]:
    """(TP, FP + FN, probability) of `size` requests, by the trinomial law."""
    law = stats.multinomial(size, [hit, miss, 1 - hit - miss])
    for true_positive in range(size + 1):
        for wrong in range(size + 1 - true_positive):
            right = size - true_positive - wrong
            yield true_positive, wrong, float(law.pmf([true_positive, wrong, right]))


def delta_method_interval(counts: ConfusionCounts) -> Interval:
    """F1 with the multinomial delta method, in the manner of Takahashi et al. 2022."""
    value = f1(counts)
    if math.isnan(value):
        return Interval(0.0, 1.0, 0.95)
    spread = 2 * counts.true_positive + counts.false_positive + counts.false_negative
    margin = 1.96 * math.sqrt(value * (1 - value) * (2 - value) / spread)
    return Interval(value - margin, value + margin, 0.95)


@pytest.mark.parametrize(("hit", "miss"), [(0.15, 0.03), (0.30, 0.10), (0.10, 0.10)])
def test_exact_coverage_of_the_f1_interval(hit: float, miss: float) -> None:
    """Over all tables of 40 requests coverage is within .93 and .985.

    The delta method covers less than .93 in each case: the conditions can fail (Lam, Gopal and
    Qian 2023 find the same order).
    """
    truth = 2 * hit / (2 * hit + miss)

    def covered(interval: Callable[[ConfusionCounts], Interval]) -> float:
        return sum(
            weight
            for right, wrong, weight in three_cells(40, hit, miss)
            if truth in interval(ConfusionCounts(right, wrong, 0, 40 - right - wrong))
        )

    assert 0.93 < covered(lambda counts: f1_metric(counts).interval) < 0.985
    assert covered(delta_method_interval) < 0.93


@pytest.mark.parametrize(("hit", "pass_over"), [(0.8, 0.97), (0.5, 0.5), (0.95, 0.9)])
def test_exact_coverage_of_the_binary_auc_interval(hit: float, pass_over: float) -> None:
    """Over all tables of 20 positives and 60 negatives coverage is within .93 and .98.

    Half or double the width would cover less than .75 or more than .99.
    """
    truth = (hit + pass_over) / 2
    hits, passes = stats.binom(20, hit), stats.binom(60, pass_over)
    weight = np.outer(hits.pmf(range(21)), passes.pmf(range(61)))
    covered = sum(
        float(weight[right, passed])
        for right in range(21)
        for passed in range(61)
        if truth
        in roc_auc_binary_metric(ConfusionCounts(right, 60 - passed, 20 - right, passed)).interval
    )
    assert 0.93 < covered < 0.98


def test_a_perfect_sample_leaves_doubt() -> None:
    """5 + 5 right calls: the AUC is 1, and the interval still has a width (DeLong's has none)."""
    result = roc_auc_binary_metric(ConfusionCounts(5, 0, 0, 5))
    assert result.value == 1.0
    assert result.interval.low < 0.75
    assert result.interval.high == 1.0


def test_negative_counts_are_refused() -> None:
    """An error names the cell."""
    with pytest.raises(InvalidInput, match="false_negative = -2"):
        ConfusionCounts(1, 1, -2, 1)
