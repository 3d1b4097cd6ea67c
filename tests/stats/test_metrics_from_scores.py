"""AUC, Brier score, log loss and confusion from scores: definitions, SciPy, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.classification import ConfusionCounts, roc_auc_binary
from simab.stats.scores import (
    brier,
    confusion,
    log_loss,
    roc_auc,
    roc_auc_from_histograms,
    roc_auc_interval,
)

# Few distinct scores, so that ties are the rule.
row = st.tuples(st.booleans(), st.integers(0, 12).map(lambda tick: tick / 12))
rows = st.lists(row, min_size=4, max_size=60).filter(
    lambda pairs: 1 < sum(label for label, _ in pairs) < len(pairs) - 1
)


def split(pairs: list[tuple[bool, float]]) -> tuple[np.ndarray, np.ndarray]:
    labels, scores = zip(*pairs, strict=True)
    return np.array(labels), np.array(scores)


def wins(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """For each positive (row) and negative (column): 1 above, 1/2 level, 0 below."""
    difference = scores[labels][:, None] - scores[~labels][None, :]
    return (difference > 0) + 0.5 * (difference == 0)


@given(rows)
def test_auc_is_the_share_of_pairs_won(pairs: list[tuple[bool, float]]) -> None:
    """The definition, pair by pair with ties half, and scipy.stats.mannwhitneyu / (m n)."""
    labels, scores = split(pairs)
    auc = roc_auc(labels, scores)
    assert auc == pytest.approx(wins(labels, scores).mean(), rel=1e-12)
    statistic = stats.mannwhitneyu(scores[labels], scores[~labels]).statistic
    assert auc == pytest.approx(statistic / (labels.sum() * (~labels).sum()), rel=1e-12)


@given(rows)
def test_auc_of_0_and_1_calls_needs_the_counts_only(pairs: list[tuple[bool, float]]) -> None:
    """(TPR + TNR) / 2 is the AUC of the calls themselves as scores."""
    labels, scores = split(pairs)
    counts = confusion(labels, scores, 0.5)
    assert roc_auc(labels, scores >= 0.5) == pytest.approx(roc_auc_binary(counts), rel=1e-12)


@given(rows)
def test_histograms_give_the_auc_of_the_binned_scores(pairs: list[tuple[bool, float]]) -> None:
    """One bin a distinct score loses nothing: both ways agree, ties included."""
    labels, scores = split(pairs)
    ticks = np.rint(scores * 12).astype(int)
    positive = np.bincount(ticks[labels], minlength=13)
    negative = np.bincount(ticks[~labels], minlength=13)
    auc = roc_auc_from_histograms(positive, negative)
    assert auc == pytest.approx(roc_auc(labels, scores), rel=1e-12)


@given(rows)
def test_the_interval_has_delongs_variance(pairs: list[tuple[bool, float]]) -> None:
    """DeLong et al. 1988 from the pairs themselves: var of row means / m + of column means / n."""
    labels, scores = split(pairs)
    won = wins(labels, scores)
    by_positive, by_negative = won.mean(axis=1), won.mean(axis=0)
    variance = by_positive.var(ddof=1) / by_positive.size
    variance += by_negative.var(ddof=1) / by_negative.size
    result = roc_auc_interval(labels, scores)
    if result.reason is not None:
        assert variance < 1e-15 or not 0 < result.value < 1
        return
    auc = won.mean()
    reach = 1.959963984540054 * math.sqrt(variance) / (auc * (1 - auc))
    logit = math.log(auc / (1 - auc))
    expected = [1 / (1 + math.exp(-end)) for end in (logit - reach, logit + reach)]
    assert [result.interval.low, result.interval.high] == pytest.approx(expected, rel=1e-9)


def test_the_auc_of_normal_scores_is_covered_as_often_as_stated() -> None:
    """Two normal laws 1.2 apart: AUC = Phi(1.2 / sqrt 2) = .8019; 25 + 50 rows, 1,500 samples.

    Within 4 standard errors and the .015 that DeLong's method is known to be off at this size
    (Feng, Cortese and Baumgartner 2017); a variance off by a factor 2 misses by more than .04.
    """
    truth = 0.5 * math.erfc(-1.2 / 2)
    random = np.random.default_rng(2_024)
    labels = np.arange(75) < 25
    covered = np.mean(
        [
            truth in roc_auc_interval(labels, random.normal(size=75) + 1.2 * labels).interval
            for _ in range(1_500)
        ]
    )
    assert abs(covered - 0.95) < 0.015 + 4 * math.sqrt(0.95 * 0.05 / 1_500)


def test_a_hand_worked_case() -> None:
    """Positives .9, .4; negatives .4, .1: pairs won 1, 1, 1/2, 1, so AUC .875."""
    labels, scores = [1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1]
    assert roc_auc(labels, scores) == 0.875
    assert brier(labels, scores) == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4, rel=1e-14)
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.6) + math.log(0.9)) / 4
    assert log_loss(labels, scores) == pytest.approx(expected, rel=1e-14)
    assert roc_auc_from_histograms([0, 1, 1], [1, 1, 0]) == 0.875


def test_a_score_at_the_threshold_is_called_positive() -> None:
    """Score >= threshold, as the platform's models do; each cell is distinguished."""
    counts = confusion([1, 1, 1, 0, 0, 0, 0, 0, 0, 1], [0.5, 0.7, 0.2, 0.5, *[0.1] * 5, 0.0])
    assert counts == ConfusionCounts(2, 1, 2, 5)
    assert confusion([1, 0], [0.3, 0.2], 0.25) == ConfusionCounts(1, 0, 0, 1)


def test_large_counts_do_not_overflow() -> None:
    """10^10 rows of each label in each of two bins: pairs are 4 x 10^20, beyond 64 bits."""
    assert roc_auc_from_histograms([10**10, 10**10], [10**10, 10**10]) == 0.5


@pytest.mark.parametrize("labels", [[1, 1], [0, 0], []])
def test_one_label_alone_has_no_auc(labels: list[int]) -> None:
    """NaN where no pair exists, from scores and from histograms."""
    assert math.isnan(roc_auc(labels, [0.3, 0.6][: len(labels)]))
    assert math.isnan(roc_auc_from_histograms([sum(labels)], [labels.count(0)]))


def test_scores_that_separate_the_labels_give_no_interval() -> None:
    """DeLong's variance is 0 then: NaN and a reason, not an interval of width 0."""
    result = roc_auc_interval([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert result.value == 1.0
    assert math.isnan(result.interval.low)
    assert result.reason is not None
    assert "variance is 0" in result.reason
    single = roc_auc_interval([0, 0, 1], [0.1, 0.9, 0.8])
    assert single.value == 0.5
    assert single.reason == "each label must occur at least twice for a variance"


def test_no_rows_have_no_loss() -> None:
    """NaN, not 0."""
    assert math.isnan(brier([], []))
    assert math.isnan(log_loss([], []))


def test_a_certain_mistake_costs_infinitely_much() -> None:
    """Log loss is not clipped: probability 0 for what happened is inf, and a sure hit costs 0."""
    assert log_loss([1, 0], [0.0, 0.5]) == math.inf
    assert log_loss([1, 0], [1.0, 0.0]) == 0.0


def test_bad_rows_are_refused() -> None:
    """An error gives the place, the value and the remedy."""
    with pytest.raises(InvalidInput, match=r"labels\[1\] = .*2.*: must be 0 or 1"):
        roc_auc([0, 2], [0.1, 0.2])
    with pytest.raises(InvalidInput, match=r"scores\[0\] = 1\.5: must be a probability"):
        brier([1, 0], [1.5, 0.2])
    with pytest.raises(InvalidInput, match=r"scores\[1\] = nan"):
        confusion([1, 0], [0.5, math.nan])
    with pytest.raises(InvalidInput, match="2 and 3 entries"):
        roc_auc([1, 0], [0.1, 0.2, 0.3])
    with pytest.raises(InvalidInput, match="below 0"):
        roc_auc_from_histograms([1, -1], [1, 1])
