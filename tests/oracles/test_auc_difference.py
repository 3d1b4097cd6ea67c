"""Two correlated AUCs: DeLong's definition pair by pair, the single AUC, the size of the test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.scores import roc_auc, roc_auc_interval
from tests.oracles.auc_difference import auc_difference


def by_definition(labels: np.ndarray, scores: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """AUCs and their covariance matrix from the kernel of all pairs (DeLong et al. 1988)."""
    components = []
    for score in scores:
        positive, negative = score[labels == 1], score[labels == 0]
        kernel = (positive[:, None] > negative).astype(float)
        kernel += 0.5 * (positive[:, None] == negative)
        components.append((kernel.mean(axis=1), kernel.mean(axis=0)))
    positives = np.cov([rows for rows, _ in components])
    negatives = np.cov([columns for _, columns in components])
    covariance = positives / (labels == 1).sum() + negatives / (labels == 0).sum()
    return np.array([rows.mean() for rows, _ in components]), covariance


@pytest.mark.parametrize("digits", [1, 6])
def test_every_pair_counted(digits: int) -> None:
    """AUCs, standard error and z from the kernel of pairs, with ties and without."""
    random = np.random.default_rng(21)
    labels = random.integers(0, 2, 60)
    signal = labels + random.normal(size=60)
    a = np.round(signal + random.normal(size=60), digits)
    b = np.round(signal + 0.4 * random.normal(size=60), digits)
    aucs, covariance = by_definition(labels, [a, b])
    error = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    ours = auc_difference(labels, a, b)
    assert (ours.auc_a, ours.auc_b) == pytest.approx(tuple(aucs), rel=1e-12)
    assert ours.standard_error == pytest.approx(error, rel=1e-10)
    assert ours.z == pytest.approx((aucs[1] - aucs[0]) / error, rel=1e-10)
    assert ours.p_value == pytest.approx(math.erfc(abs(ours.z) / math.sqrt(2)), rel=1e-12)
    assert ours.interval.high - ours.difference == pytest.approx(1.959964 * error, rel=1e-6)


def test_each_auc_is_that_of_its_own_function() -> None:
    """And against a useless score the variance is larger than the AUC's own."""
    random = np.random.default_rng(22)
    labels = random.integers(0, 2, 500)
    good, noise = labels + random.normal(size=500), random.normal(size=500)
    ours = auc_difference(labels, noise, good)
    assert ours.auc_b == pytest.approx(roc_auc(labels, good), rel=1e-12)
    assert ours.auc_a == pytest.approx(roc_auc(labels, noise), rel=1e-12)
    assert ours.p_value < 1e-6
    assert ours.interval.width > roc_auc_interval(labels, good).interval.width


@pytest.mark.long
def test_equal_models_are_told_apart_as_often_as_stated() -> None:
    """4,000 pairs of equally noisy scores of 200 rows: 5 % rejected, within 4 standard errors.

    Tests that take the scores for independent would reject far less often.
    """
    random = np.random.default_rng(23)
    rejected = 0
    for _ in range(4_000):
        labels = (np.arange(200) % 2).astype(int)
        signal = labels + random.normal(size=200)
        a, b = (signal + 0.5 * random.normal(size=200) for _ in range(2))
        rejected += auc_difference(labels, a, b).p_value < 0.05
    assert rejected / 4_000 == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4_000))


def test_scores_that_rank_alike_are_undefined() -> None:
    """A monotone change of the scores is no other ranking: 0 / 0, with the AUCs still given."""
    labels, score = [0, 1, 0, 1, 1, 0], np.array([0.1, 0.4, 0.35, 0.8, 0.7, 0.6])
    ours = auc_difference(labels, score, score**3)
    assert ours.auc_a == ours.auc_b == roc_auc(labels, score)
    assert math.isnan(ours.p_value)
    assert ours.reason is not None
    once = auc_difference([0, 0, 1], [1, 2, 3], [3, 2, 1])
    assert once.reason == "each label must occur at least twice for a variance"


def test_bad_rows_are_refused() -> None:
    """Labels other than 0 and 1, and arrays that do not belong together."""
    with pytest.raises(InvalidInput, match=r"labels\[1\] = "):
        auc_difference([0, 2], [1, 2], [1, 2])
    with pytest.raises(InvalidInput, match="labels and scores_b have 2 and 3 entries"):
        auc_difference([0, 1], [1, 2], [1, 2, 3])
