"""The truth of a variant against expanded rows, closed forms and numerical integration."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from simab.draws import Draws, Purpose
from simab.profiles import OutcomeTable, Truth, truth_of
from simab.profiles.outcomes import SCORE_ONE, OutcomeSampler
from simab.profiles.quality import Classifier, JointOutcomes, Success
from simab.stats import classification, scores

COUNTED = ("accuracy", "precision", "recall", "positive_rate", "f1", "roc_auc_binary")


def truth_of_table(rows: list[dict], column: str, threshold: float = 0.5) -> Truth:
    table = OutcomeTable(rows=rows)
    quality = JointOutcomes(table="t", column=column, threshold=threshold)
    return truth_of(quality.sampler({"t": table}, None))


@given(
    rows=st.lists(
        # scores in 64ths are exact in units of 2**-30
        st.tuples(st.integers(0, 1), st.integers(0, 64), st.integers(1, 20)),
        min_size=1,
        max_size=30,
    ),
    cut=st.integers(1, 64),
)
def test_a_joint_tables_truth_is_the_metric_of_its_expanded_rows(
    rows: list[tuple[int, int, int]], cut: int
) -> None:
    """Rows with counts written out one by one, through simab.stats, give the same to 1e-12."""
    truth = truth_of_table(
        [{"label": label, "scores": {"m": s / 64}, "count": n} for label, s, n in rows],
        "m",
        cut / 64,
    )
    labels = [label for label, _, n in rows for _ in range(n)]
    scored = [s / 64 for _, s, n in rows for _ in range(n)]
    counts = scores.confusion(labels, scored, cut / 64)
    for name in COUNTED:
        expected = classification.METRICS[name](counts)
        assert truth.metric(name) == pytest.approx(expected, abs=1e-12, nan_ok=True), name
    assert truth.metric("success_rate") == truth.metric("accuracy")
    expected_auc = scores.roc_auc(labels, scored)
    assert truth.metric("roc_auc") == pytest.approx(expected_auc, abs=1e-12, nan_ok=True)
    assert truth.metric("brier") == pytest.approx(scores.brier(labels, scored), abs=1e-12)


def test_four_rows_worked_by_hand() -> None:
    """Positives .9 and .4, negatives .4 and .1: AUC (1 + 1 + 1/2 + 1) / 4, Brier .54 / 4."""
    rows = [(1, 0.9), (1, 0.4), (0, 0.4), (0, 0.1)]
    truth = truth_of_table([{"label": y, "scores": {"m": s}} for y, s in rows], "m")
    assert truth.metric("accuracy") == pytest.approx(0.75, abs=1e-12)
    assert truth.metric("precision") == pytest.approx(1.0, abs=1e-12)
    assert truth.metric("recall") == pytest.approx(0.5, abs=1e-12)
    assert truth.metric("positive_rate") == pytest.approx(0.25, abs=1e-12)
    assert truth.metric("f1") == pytest.approx(2 / 3, abs=1e-12)
    assert truth.metric("roc_auc_binary") == pytest.approx(0.75, abs=1e-12)
    assert truth.metric("roc_auc") == pytest.approx(0.875, abs=1e-12)
    assert truth.metric("brier") == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4, abs=2.0**-30)


@pytest.mark.parametrize(
    ("positive", "negative", "threshold", "share"),
    [
        ((8, 2), (2, 5), 0.5, 0.2),
        ((0.5, 0.5), (0.5, 3), 0.3, 0.9),
        ((1, 1), (1, 1), 0.5, 0.5),
        ((200, 300), (100, 900), 0.3, 0.1),
        ((0.05, 0.05), (1, 20), 0.5, 0.5),
    ],
)
def test_a_beta_classifiers_truth_is_the_integral(positive, negative, threshold, share) -> None:
    """SciPy's beta tails give each share to 5e-6, AUC to 2e-5 and Brier to 1e-5.

    The largest errors are at the low end, where all scores below p0.2 lie on one line.
    """
    p, n = stats.beta(*positive), stats.beta(*negative)
    truth = truth_of(
        Classifier(
            positive_scores={"kind": "beta", "alpha": positive[0], "beta": positive[1]},
            negative_scores={"kind": "beta", "alpha": negative[0], "beta": negative[1]},
            threshold=threshold,
        ).sampler({}, share)
    )
    hit, false_alarm = p.sf(threshold), n.sf(threshold)
    tp, fp, fn = share * hit, (1 - share) * false_alarm, share * (1 - hit)
    assert truth.metric("accuracy") == pytest.approx(1 - fp - fn, abs=5e-6)
    assert truth.metric("recall") == pytest.approx(hit, abs=5e-6)
    assert truth.metric("positive_rate") == pytest.approx(tp + fp, abs=5e-6)
    assert truth.metric("precision") == pytest.approx(tp / (tp + fp), rel=1e-5)
    assert truth.metric("f1") == pytest.approx(2 * tp / (2 * tp + fp + fn), rel=1e-5)
    assert truth.metric("roc_auc_binary") == pytest.approx((hit + 1 - false_alarm) / 2, abs=5e-6)
    area = integrate.quad(lambda u: p.sf(n.ppf(u)), 0, 1, limit=500, epsabs=1e-10)[0]
    assert truth.metric("roc_auc") == pytest.approx(area, abs=2e-5)
    brier = share * ((1 - p.mean()) ** 2 + p.var()) + (1 - share) * (n.mean() ** 2 + n.var())
    assert truth.metric("brier") == pytest.approx(brier, abs=1e-5)


def test_a_classifier_of_score_quantiles_is_the_integral() -> None:
    """Piecewise uniform scores: tails and AUC against the line through the quantiles, 1e-5."""
    positive, negative = (0.1, 0.4, 0.9, 1.0), (0.0, 0.2, 0.2, 0.7)
    share, threshold = 0.3, 0.5
    truth = truth_of(
        Classifier(
            positive_scores={"kind": "quantiles", "values": positive},
            negative_scores={"kind": "quantiles", "values": negative},
            threshold=threshold,
        ).sampler({}, share)
    )
    # 0.5 is a fifth of the way from .4 to .9 (second third), and 3/5 from .2 to .7 (last third)
    hit, false_alarm = 1 - (1 + 1 / 5) / 3, 1 - (2 + 3 / 5) / 3
    assert truth.metric("recall") == pytest.approx(hit, abs=1e-5)
    assert truth.metric("accuracy") == pytest.approx(
        share * hit + (1 - share) * (1 - false_alarm), abs=1e-5
    )
    u = (np.arange(200_000) + 0.5) / 200_000
    drawn = np.interp(u, np.linspace(0, 1, 4), negative)
    above = 1 - np.interp(drawn, positive, np.linspace(0, 1, 4))
    assert truth.metric("roc_auc") == pytest.approx(above.mean(), abs=1e-5)


def test_one_value_of_score_quantiles_may_hold_a_mass() -> None:
    """A third of the positives ties with all negatives, the others lie above: AUC 5/6, by hand.

    The bend at 1/3 lies within a cell of mass 1/512, whose ties the table spreads: 1/1024.
    """
    truth = truth_of(
        Classifier(
            positive_scores={"kind": "quantiles", "values": (0.25, 0.25, 0.75, 0.75)},
            negative_scores={"kind": "quantiles", "values": (0.25, 0.25)},
        ).sampler({}, 0.5)
    )
    assert truth.metric("roc_auc") == pytest.approx(5 / 6, abs=1 / 1024)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_classifier_of_one_class_has_no_ranking(share: float) -> None:
    """Without one of the labels AUC is 0 / 0: NaN, never a number."""
    scored = {"kind": "beta", "alpha": 2, "beta": 3}
    truth = truth_of(Classifier(positive_scores=scored, negative_scores=scored).sampler({}, share))
    assert math.isnan(truth.metric("roc_auc"))
    assert math.isnan(truth.metric("roc_auc_binary"))
    assert 0 < truth.metric("accuracy") < 1


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_success_rate_is_its_own_truth(probability: float) -> None:
    """The probability itself; what needs labels is NaN."""
    truth = truth_of(Success(probability=probability).sampler({}, None))
    assert truth.metric("success_rate") == truth.metric("accuracy") == probability
    for name in (
        "precision",
        "recall",
        "positive_rate",
        "f1",
        "roc_auc",
        "roc_auc_binary",
        "brier",
    ):
        assert math.isnan(truth.metric(name)), name


SAMPLERS = {
    "joint table": JointOutcomes(table="t", column="m").sampler(
        {
            "t": OutcomeTable(
                rows=[
                    {"label": 1, "scores": {"m": 0.9}, "count": 3},
                    {"label": 1, "scores": {"m": 0.2}, "count": 1},
                    {"label": 0, "scores": {"m": 0.6}, "count": 2},
                    {"label": 0, "scores": {"m": 0.1}, "count": 7},
                ]
            )
        },
        None,
    ),
    "classifier": Classifier(
        positive_scores={"kind": "beta", "alpha": 3, "beta": 2},
        negative_scores={"kind": "beta", "alpha": 2, "beta": 4},
    ).sampler({}, 0.25),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_draws_have_the_true_metrics(name: str) -> None:
    """Over 40,000 draws each cell of the confusion table and the Brier score: z below 4.9."""
    sampler: OutcomeSampler = SAMPLERS[name]
    words = Draws(seed=2, replication=0).blocks(Purpose.OUTCOME, 1, 0, 40_000).tolist()
    drawn = [sampler.draw(row, score, 7) for row, score, _, _ in words]
    truth = truth_of(sampler)
    assert truth.confusion is not None
    labels = np.array([outcome.label for outcome in drawn])
    scored = np.array([outcome.score for outcome in drawn]) / SCORE_ONE
    right = np.array([outcome.correct for outcome in drawn])
    cells = {
        "true_positive": (labels == 1) & (right == 1),
        "false_negative": (labels == 1) & (right == 0),
        "false_positive": (labels == 0) & (right == 0),
        "true_negative": (labels == 0) & (right == 1),
    }
    for cell, seen in cells.items():
        share = getattr(truth.confusion, cell) / truth.confusion.total
        error = math.sqrt(share * (1 - share) / len(drawn))
        assert abs(seen.mean() - share) < 4.9 * error, cell
    squares = (scored - labels) ** 2
    assert abs(squares.mean() - truth.brier) < 4.9 * squares.std() / math.sqrt(len(drawn))
    np.testing.assert_array_equal((scored >= 0.5) == (labels == 1), right == 1)


CHURN_SETS = {"all334 (test-dataset.csv)": "0", "tail120": "1"}
CHURN_METRICS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "roc_auc_binary": "auc_binary",
    "roc_auc": "auc_score",
}


@pytest.mark.parametrize("model", ["model1", "model2"])
@pytest.mark.parametrize("rows", CHURN_SETS)
def test_the_churn_rows_have_the_published_metrics(shared: Path, rows: str, model: str) -> None:
    """All 334 rows and the 120 of the walk-through give churn_metrics.csv.

    Counts and ranks decide all but the Brier score: right to 1e-12, in the table's units of 2**-30
    too, for no two rows of different labels are that close. Of the Brier score the published value
    is good to 1e-10, as the file's scores have nine digits; the plain sum over them is met to 1e-12
    by simab.stats, and within 2**-30, what the units can move it, by the table.
    """
    folder = shared / "data" / "churn"
    with (folder / "churn_metrics.csv").open() as file:
        published = next(r for r in csv.DictReader(file) if r["name"] == f"{rows} {model}")
    with (folder / "churn_predictions.csv").open() as file:
        data = [r for r in csv.DictReader(file) if r["in_tail120"] >= CHURN_SETS[rows]]
    assert len(data) == int(published["n"])
    labels = [int(row["y_true"]) for row in data]
    scored = [float(row[f"score_{model}"]) for row in data]
    truth = truth_of_table(
        [{"label": y, "scores": {model: s}} for y, s in zip(labels, scored, strict=True)], model
    )
    for ours, theirs in CHURN_METRICS.items():
        assert truth.metric(ours) == pytest.approx(float(published[theirs]), abs=1e-12), ours
    auc = float(published["auc_score"])
    assert scores.roc_auc(labels, scored) == pytest.approx(auc, abs=1e-12)
    squares = math.fsum((s - y) ** 2 for s, y in zip(scored, labels, strict=True))
    brier = squares / len(labels)
    assert brier == pytest.approx(float(published["brier"]), abs=1e-10)
    assert scores.brier(labels, scored) == pytest.approx(brier, abs=1e-12)
    assert truth.metric("brier") == pytest.approx(brier, abs=2.0**-30)


@pytest.mark.parametrize("score", [0.3, 0.7, 0.1, 1e-6, 0.5, 1.0])
def test_a_score_equal_to_the_threshold_predicts_positive(score: float) -> None:
    """At least this is at least this: also 0.3 at 0.3, which no binary fraction is."""
    rows = [{"label": 1, "scores": {"a": score}}]
    assert truth_of_table(rows, "a", score).success_rate == 1.0
