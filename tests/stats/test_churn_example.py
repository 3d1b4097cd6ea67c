"""Every metric of the founding example, against values computed independently from its rows."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from simab.stats.classification import METRICS
from simab.stats.proportions import mcnemar_exact
from simab.stats.scores import brier, confusion, log_loss, roc_auc, roc_auc_from_histograms

# Row set of churn_metrics.csv: (prefix of the score columns, only the last 120 rows?).
ROW_SETS = {
    "tail120": ("score", True),
    "all334 (test-dataset.csv)": ("score", False),
    "all334 (input-cols, as served)": ("served_score", False),
}


@pytest.fixture(scope="module")
def churn(shared: Path) -> Path:
    folder = shared / "data" / "churn"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: the project does not ship the churn predictions")
    return folder


@pytest.fixture(scope="module")
def predictions(churn: Path) -> dict[str, np.ndarray]:
    with (churn / "churn_predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    # The scores are single-precision numbers written with nine digits, enough to restore them; the
    # decimals themselves would be 1e-11 off in log loss and Brier score.
    return {
        name: np.array([row[name] for row in rows], dtype=np.float32).astype(np.float64)
        for name in rows[0]
    }


@pytest.fixture(scope="module")
def published(churn: Path) -> dict[str, dict[str, str]]:
    with (churn / "churn_metrics.csv").open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("model", ["model1", "model2"])
@pytest.mark.parametrize("row_set", ROW_SETS)
def test_every_metric(
    row_set: str,
    model: str,
    predictions: dict[str, np.ndarray],
    published: dict[str, dict[str, str]],
) -> None:
    """Counts are equal and metrics agree to 1e-12 with churn_metrics.csv, threshold .5."""
    column, tail_only = ROW_SETS[row_set]
    kept = predictions["in_tail120"] == 1 if tail_only else np.full(334, True)
    labels, scores = predictions["y_true"][kept], predictions[f"{column}_{model}"][kept]
    expected = published[f"{row_set} {model}"]
    counts = confusion(labels, scores, 0.5)
    cells = [counts.total, counts.positives, counts.true_positive, counts.false_positive]
    cells += [counts.false_negative, counts.true_negative]
    assert cells == [int(expected[name]) for name in ("n", "pos", "tp", "fp", "fn", "tn")]
    computed = {
        **{name: metric(counts) for name, metric in METRICS.items()},
        "auc_score": roc_auc(labels, scores),
        "logloss": log_loss(labels, scores),
        "brier": brier(labels, scores),
    }
    computed["auc_binary"] = computed.pop("roc_auc_binary")
    answers_of_one = (int(expected["tp"]) + int(expected["fp"])) / int(expected["n"])
    assert computed.pop("positive_rate") == pytest.approx(answers_of_one, rel=0, abs=1e-12)
    assert computed == pytest.approx(
        {name: float(expected[name]) for name in computed}, rel=0, abs=1e-12
    )


def test_on_the_120_rows_each_model_wins_one(predictions: dict[str, np.ndarray]) -> None:
    """The models disagree on two rows and win one each: McNemar p = 1 (design, section 1)."""
    tail = predictions["in_tail120"] == 1
    right = [
        (predictions[f"score_{model}"][tail] >= 0.5) == predictions["y_true"][tail]
        for model in ("model1", "model2")
    ]
    only_first, only_second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    assert (only_first, only_second) == (1, 1)
    assert mcnemar_exact(only_first, only_second).p_value == 1.0


def test_a_histogram_of_128_equal_bins_loses_little(
    predictions: dict[str, np.ndarray],
) -> None:
    """A bin is worth half a win for each pair within it: that half bounds the AUC's error."""
    positive = predictions["y_true"] == 1
    bins = np.minimum((predictions["score_model1"] * 128).astype(int), 127)
    hits = np.bincount(bins[positive], minlength=128)
    others = np.bincount(bins[~positive], minlength=128)
    within = (hits * others).sum() / (hits.sum() * others.sum())
    exact = roc_auc(predictions["y_true"], predictions["score_model1"])
    assert 0.0 < abs(roc_auc_from_histograms(hits, others) - exact) <= within / 2
