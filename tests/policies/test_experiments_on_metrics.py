"""Experiments test the objective's metric: its level with equal models, and what they find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import simab
from simab.errors import InvalidInput
from simab.policies import Policy, Promote
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.evidence import evidence_of
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.sprt import SequentialProbabilityRatio
from simab.policies.metrics import LabelMetric
from simab.scenario import Scenario
from simab.stats.classification import ConfusionCounts
from simab.stats.label_totals import SCORE_BINS, SQUARED_ERROR_ONE, LabelTotals, known_scores
from simab.stats.proportions import two_proportion_test
from tests.policies.fake_metrics import FakeMetrics, confusion, observation

METRICS: tuple[LabelMetric, ...] = (
    "precision", "recall", "positive_rate", "f1", "roc_auc", "roc_auc_binary", "brier",
)  # fmt: skip
RULES: list[Policy] = [
    FixedHorizonTest(labelled_requests=500),
    NaivePeeking(labelled_requests=500),
    GroupSequential(labelled_requests=500, looks=1),
    AlwaysValid(labelled_requests=500),
    AlwaysValid(labelled_requests=500, method="mixture", typical_effect=0.1),
    BayesianExperiment(labelled_requests=500, probability_better=0.99),
]


def arm(random: np.random.Generator, count: int, separation: float) -> LabelTotals:
    """Labels, 5 % positive, of a logistic score that lies so much higher for positives."""
    label = random.random(count) < 0.05
    score = 1 / (1 + np.exp(3.0 - separation * label - random.normal(0, 1, count)))
    called = score >= 0.2
    cells = [(label & called), (~label & called), (label & ~called), (~label & ~called)]
    bins = (score * SCORE_BINS).astype(int)
    histogram = np.array([np.bincount(bins[label == y], minlength=SCORE_BINS) for y in (0, 1)])
    squares = int(((score - label) ** 2).sum() * SQUARED_ERROR_ONE)
    counts = ConfusionCounts(*(int(c.sum()) for c in cells))
    return LabelTotals(counts, 0, 0, squares, known_scores(histogram))


def winner(policy: Policy, metric: LabelMetric, old: LabelTotals, new: LabelTotals) -> str | None:
    """Who is promoted at one look at these labels; None while nobody is."""
    metrics = FakeMetrics({"old": old, "new": new})
    actions, _ = policy.decide(None, observation(metrics, metric=metric))
    if not actions:
        return None
    (action,) = actions
    assert isinstance(action, Promote)
    return action.variant


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("policy", RULES, ids=lambda policy: policy.kind)
def test_the_better_model_by_the_metric_wins(policy: Policy, metric: LabelMetric) -> None:
    """20,000 labels of a model that ranks better; of Brier, the lower is the better."""
    random = np.random.default_rng(3)
    poor, good = arm(random, 20_000, 1.0), arm(random, 20_000, 3.0)
    if metric == "brier":  # the bound of its variance is wide: give it a clear case
        poor = poor._replace(squared_error_sum=3 * poor.squared_error_sum)
    assert winner(policy, metric, poor, good) == "new"
    assert winner(policy, metric, good, poor) in ("old", None)


def test_recall_decides_where_correct_answers_say_the_opposite() -> None:
    """More positives found at the price of more false alarms: recall .9 to .6, fewer correct."""
    old, new = confusion(tp=60, fn=40, fp=20, tn=1880), confusion(tp=90, fn=10, fp=200, tn=1700)
    policy = FixedHorizonTest(labelled_requests=500)
    assert winner(policy, "recall", old, new) == "new"
    assert winner(policy, "accuracy", old, new) == "old"
    assert winner(policy, "precision", old, new) == "old"


def test_the_test_of_recall_is_the_pooled_test_of_positives() -> None:
    """60 of 100 positives against 70 of 90, whatever the negatives are."""
    old, new = confusion(tp=60, fn=40, fp=9, tn=1), confusion(tp=70, fn=20, tn=5_000)
    seen = evidence_of(observation(FakeMetrics({"old": old, "new": new}), metric="recall"))
    assert seen.test().p_value == two_proportion_test(60, 100, 70, 90).p_value
    assert seen.smaller == 110


@pytest.mark.parametrize("runs", [300, pytest.param(4000, marks=pytest.mark.long)])
@pytest.mark.parametrize("metric", METRICS)
def test_equal_models_are_told_apart_at_most_at_alpha(metric: LabelMetric, runs: int) -> None:
    """3,000 labels an arm, 5 % positive: two-sided at .05, with a point for the normal law."""
    random = np.random.default_rng(17)
    rejected = 0
    for _ in range(runs):
        labels = {"old": arm(random, 3000, 2.0), "new": arm(random, 3000, 2.0)}
        p_value = evidence_of(observation(FakeMetrics(labels), metric=metric)).test().p_value
        rejected += p_value < 0.05
    assert rejected <= stats.binom(runs, 0.06).isf(1e-4)
    if metric != "brier":
        assert rejected >= stats.binom(runs, 0.035).ppf(1e-4)


CHURN = Path(__file__).resolve().parents[2] / "scenarios" / "churn.yaml"


def churn(metric: str, **policy: Any) -> dict[str, Any]:
    """The two churn models under one rule and one metric."""
    data = simab.load(CHURN).model_dump(mode="json")
    data["objective"] |= {"metric": metric, "smallest_effect": 0.02}
    return {**data, "policies": {"rule": policy}}


REFUSED: list[dict[str, Any]] = [
    {"kind": "sprt", "labelled_requests": 10, "p0": 0.9, "p1": 0.95},
    {"kind": "thompson", "update_every": "1min"},
    {"kind": "gaussian_thompson", "update_every": "1min"},
    {"kind": "safe_rollout", "bake": "1min"},
]


@pytest.mark.parametrize("policy", REFUSED, ids=lambda policy: policy["kind"])
def test_a_rule_that_counts_correct_answers_is_refused_beside_another_metric(
    policy: dict[str, Any],
) -> None:
    """At its place, with the rules that can; for accuracy it stays."""
    with pytest.raises(ValueError, match="compares correct answers") as refused:
        Scenario.model_validate(churn("recall", **policy))
    message = str(refused.value)
    assert f"{policy['kind']} compares correct answers" in message
    assert "group_sequential" in message
    assert "always_valid" in message
    Scenario.model_validate(churn("accuracy", **policy))


def test_fields_of_correct_answers_are_refused_beside_another_metric() -> None:
    """A baseline of fixed_horizon is a share of correct answers, not of positives found."""
    policy = {"kind": "fixed_horizon", "baseline": 0.7, "effect": 0.1}
    with pytest.raises(ValueError, match="is about correct answers"):
        Scenario.model_validate(churn("recall", **policy))


def test_a_policy_given_to_simulate_is_refused_alike() -> None:
    """An object has no file to be checked in."""
    described = Scenario.model_validate(churn("f1", kind="fixed_horizon", labelled_requests=300))
    rule = SequentialProbabilityRatio(labelled_requests=10, p0=0.9, p1=0.95)
    with pytest.raises(InvalidInput, match="the objective's metric is f1"):
        simab.simulate(described, policy=rule)
    planned = FixedHorizonTest(baseline=0.7, effect=0.1)
    with pytest.raises(InvalidInput, match=r"FixedHorizonTest\(baseline=0.7\): is about correct"):
        simab.simulate(described, policy=planned)


@pytest.mark.parametrize("metric", METRICS)
def test_a_run_says_which_metric_it_tested(metric: LabelMetric) -> None:
    """Through the simulator: the reason names the metric that is the objective."""
    described = churn(metric, kind="fixed_horizon", labelled_requests=300)
    run = simab.simulate(Scenario.model_validate(described))
    assert run.decision_log.decisions[-1].action.because.startswith(metric)
