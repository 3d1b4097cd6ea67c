"""Metrics of one arm with the variance of the estimate: DeLong on scores, F1 by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.stats.classification import ConfusionCounts, f1
from simab.stats.label_estimates import (
    brier_estimate,
    f1_estimate,
    roc_auc_binary_estimate,
    roc_auc_estimate,
)
from simab.stats.scores import delong_components, roc_auc

RANDOM = np.random.default_rng(8)


def test_the_auc_of_bins_is_delongs_of_the_same_tied_scores() -> None:
    """The placements of every request, written out, for 400 scores in 16 bins."""
    labels = RANDOM.random(400) < 0.1
    scores = np.clip(RANDOM.normal(6 + 4 * labels, 3, 400).round(), 0, 15)
    histogram = np.array(
        [np.bincount(scores[labels == y].astype(int), minlength=16) for y in (0, 1)]
    )
    above, below = delong_components(labels, scores)
    direct = above.var(ddof=1) / above.size + below.var(ddof=1) / below.size
    ours = roc_auc_estimate(*histogram)
    assert ours.value == pytest.approx(roc_auc(labels, scores), rel=1e-12)
    assert ours.variance == pytest.approx(direct, rel=1e-12)


def test_f1_varies_as_the_delta_method_says() -> None:
    """20,000 samples of 2,000 with 5 % positives: variance within 5 % of the mean estimate."""
    cells = RANDOM.multinomial(2_000, [0.04, 0.02, 0.01, 0.93], 20_000)
    hits, wrong = cells[:, 0], cells[:, 1] + cells[:, 2]
    values = 2 * hits / (2 * hits + wrong)
    expected = f1_estimate(ConfusionCounts(80, 40, 20, 1_860))
    assert expected.value == pytest.approx(f1(ConfusionCounts(80, 40, 20, 1_860)))
    assert values.var() == pytest.approx(expected.variance, rel=0.05)


def test_the_binary_auc_is_the_mean_of_two_independent_shares() -> None:
    """Recall 8/10 and specificity 81/90: (.16/10 + .09/90) / 4."""
    ours = roc_auc_binary_estimate(ConfusionCounts(8, 9, 2, 81))
    assert ours == pytest.approx((0.85, (0.16 / 10 + 0.09 / 90) / 4))


def test_the_variance_of_brier_is_the_most_that_it_can_be() -> None:
    """Squared errors of any law with their mean vary no more than b (1 - b)."""
    errors = RANDOM.beta(0.5, 3.0, 500)
    ours = brier_estimate(float(errors.sum()), 500)
    assert ours.value == pytest.approx(errors.mean())
    assert ours.variance >= errors.var() / 500
    assert ours.variance == pytest.approx(errors.mean() * (1 - errors.mean()) / 500)


@pytest.mark.parametrize(
    "estimate",
    [
        f1_estimate(ConfusionCounts(0, 0, 0, 9)),
        roc_auc_binary_estimate(ConfusionCounts(3, 0, 0, 0)),
        roc_auc_estimate(np.zeros(4, np.int64), np.ones(4, np.int64)),
        brier_estimate(0.0, 0),
    ],
)
def test_a_metric_without_its_labels_is_nan(estimate: tuple[float, float]) -> None:
    """Neither value nor variance."""
    assert all(math.isnan(each) for each in estimate)


def test_scores_that_part_the_labels_do_not_tell_their_variance() -> None:
    """AUC 1, and a variance of 0 would be certainty."""
    ours = roc_auc_estimate(np.array([5, 0]), np.array([0, 5]))
    assert ours.value == 1.0
    assert math.isnan(ours.variance)
