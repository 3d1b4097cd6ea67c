"""The positive rate: which share of the answers is 1, whether or not they are right."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from simab.analyse.truth import truth_of_scenario
from simab.policies.flagger.metrics import FlaggerMetric
from simab.policies.metrics import label_metric
from simab.run.simulation import simulate
from simab.scenario import load
from simab.world.session import ENGINES
from tests.policies.fake_metrics import FakeMetrics, confusion, observation
from tests.world.building import Script, record, scenario, variant

ROOT = Path(__file__).resolve().parents[2]


def classifier(alpha: float, beta: float, threshold: float = 0.5) -> dict:
    """Scores of positives by this beta law; of negatives by its mirror image."""
    return {
        "kind": "classifier",
        "positive_scores": {"kind": "beta", "alpha": alpha, "beta": beta},
        "negative_scores": {"kind": "beta", "alpha": beta, "beta": alpha},
        "threshold": threshold,
    }


def test_it_counts_calls_and_not_whether_they_are_right() -> None:
    """3 + 9 of 100 answers are 1; turning every label over changes nothing."""
    assert label_metric("positive_rate", confusion(tp=3, fp=9, fn=7, tn=81)) == 0.12
    assert label_metric("positive_rate", confusion(tp=9, fp=3, fn=81, tn=7)) == 0.12


def test_the_two_churn_models_call_equally_many_customers() -> None:
    """Of 334 rows 37 + 3 and 36 + 4 are called 1: nobody who watches this rate sees them differ."""
    truth = truth_of_scenario(load(ROOT / "scenarios" / "churn.yaml"))
    for values in truth.values.values():
        assert values["positive_rate"] == pytest.approx(40 / 334, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.9])
def test_a_played_run_has_the_rate_of_its_records_and_the_truth_of_its_profile(
    engine: str, threshold: float
) -> None:
    """Scores of at least the threshold among labelled requests; the beta law within 4.5 sigma."""
    quality = classifier(3, 1.5, threshold)
    script = Script()
    played = record(
        scenario(
            {"a": variant(quality=quality), "b": variant(weight=0, quality=quality)},
            labels={"positive_share": "20%"},
        ),
        engine,
        policy=script,
    )
    labels = script.seen[-1].metrics.labels("a")
    frame = played.requests
    arrived = frame[(frame["label_ns"] >= 0) & (frame["label_ns"] < script.seen[-1].now_ns)]
    assert labels.labelled == len(arrived) > 1000
    assert label_metric("positive_rate", labels) == (arrived["score"] >= threshold).mean()
    positive, negative = (stats.beta(*each).sf(threshold) for each in ((3, 1.5), (1.5, 3)))
    expected = 0.2 * positive + 0.8 * negative
    true = truth_of_scenario(played.scenario).values["a"]["positive_rate"]
    assert true == pytest.approx(expected, abs=5e-6)
    sigma = (expected * (1 - expected) / len(arrived)) ** 0.5
    assert abs(label_metric("positive_rate", labels) - expected) < 4.5 * sigma


def test_a_range_around_the_usual_rate_is_a_drift_alarm() -> None:
    """From 10 to 14 % passes: 12 % does, 9 % and 15 % do not."""
    alarm = FlaggerMetric.model_validate(
        {
            "name": "drift",
            "measures": "positive_rate",
            "threshold_range": {"min": 0.10, "max": 0.14},
        }
    )
    for called, passes in ((9, False), (12, True), (15, False)):
        seen = observation(
            FakeMetrics({"old": confusion(tn=100), "new": confusion(fp=called, tn=100 - called)})
        )
        assert alarm.read(seen) == called / 100
        low, high = alarm.passing.min, alarm.passing.max
        assert (low <= alarm.read(seen) <= high) is passes


def test_it_is_an_objective_of_which_more_counts_as_better() -> None:
    """A candidate that calls more is the better one by it; a file may not say the reverse."""
    described = scenario(
        {"a": variant(quality=classifier(3, 2)), "b": variant(quality=classifier(3, 2, 0.4))},
        labels={"positive_share": "20%"},
        objective={
            "control": "a",
            "candidate": "b",
            "metric": "positive_rate",
            "smallest_effect": 0.01,
        },
        policies={"test": {"kind": "fixed_horizon", "labelled_requests": 500}},
    )
    assert truth_of_scenario(described).gains["b"] > 0
    (decision, *_) = simulate(described).decision_log.decisions
    assert decision.action.because.startswith("positive_rate: a ")
