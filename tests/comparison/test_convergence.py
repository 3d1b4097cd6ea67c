"""`simab.convergence`: what it finds of worlds whose answers are known, and how it is asked."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import simab
from simab.errors import InvalidInput
from simab.result.convergence_result import convergence_json, read_saved_convergence
from tests.study.building import small

RUNS = 60
DELAYED = {"labels": {"delay": {"kind": "constant", "value": "30s"}, "never": 0.2}}
CLASSIFIERS = """
title: Two classifiers
endpoint:
  variants:
    old:
      weight: 1
      workers: 4
      latency: {kind: constant, value: 10ms}
      quality: {kind: classifier, positive_scores: {kind: beta, alpha: 3, beta: 2},
                negative_scores: {kind: beta, alpha: 1, beta: 4}}
    new:
      weight: 1
      workers: 4
      latency: {kind: constant, value: 10ms}
      quality: {kind: classifier, positive_scores: {kind: beta, alpha: 4, beta: 2},
                negative_scores: {kind: beta, alpha: 1, beta: 4}}
traffic: {users: {rate: 20/s}}
labels: {positive_share: 30%}
controller: {interval: 10s}
metrics: {period: 10s, publication_delay: 0s}
objective: {control: old, candidate: new, metric: f1, smallest_effect: 0.05}
horizon: 200s
starts_at: "2026-02-27T23:59:00"
policies: {test: {kind: fixed_horizon, labelled_requests: 500}}
"""
BUSY = """
title: A busy queue
endpoint:
  variants:
    a:
      weight: 1
      workers: 4
      latency: {kind: exponential, mean: 40ms}
      quality: {kind: success, probability: 90%}
    b:
      weight: 1
      workers: 4
      latency: {kind: exponential, mean: 40ms}
      quality: {kind: success, probability: 90%}
traffic: {users: {rate: 180/s}}
metrics: {period: 1s, publication_delay: 0s}
controller: {interval: 10s}
objective: {control: a, candidate: b, metric: success_rate, smallest_effect: 0.02}
horizon: 222s
policies: {test: {kind: fixed_horizon, labelled_requests: 500}}
"""


@pytest.fixture(scope="module")
def found() -> simab.Convergence:
    """Success rates of .80 and .85, five requests a second each, labels at once, two minutes."""
    return simab.convergence(small(), replications=RUNS, half_width=0.05)


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory: pytest.TempPathFactory) -> simab.Convergence:
    """Two classifiers that differ in recall, with a date to start at."""
    file = tmp_path_factory.mktemp("classifiers") / "two.yaml"
    file.write_text(CLASSIFIERS, encoding="utf-8")
    return simab.convergence(simab.load(file), replications=RUNS)


def test_the_time_to_a_half_width_is_that_of_poisson_labels(found: simab.Convergence) -> None:
    """N = 1.96^2 (p q + p' q') / h^2 labels of each, at five a second."""
    size = found.result.found.metric.size("half-width")
    assert size is not None
    labels = 1.96**2 * (0.8 * 0.2 + 0.85 * 0.15) / 0.05**2
    assert size.theory == pytest.approx(labels, rel=1e-3)
    assert size.simulated == pytest.approx(labels, rel=0.1)
    assert size.time_s == pytest.approx(labels / 5, rel=0.12)


def test_intervals_of_independent_labels_cover_what_they_say(found: simab.Convergence) -> None:
    """Wilson's interval at 95 %: within four standard errors of that over the runs, at the end."""
    error = math.sqrt(0.95 * 0.05 / RUNS)
    for each in (
        *found.result.found.metric.variants.values(),
        found.result.found.metric.difference,
    ):
        assert each.coverage[-1].covered.share > 0.95 - 4 * error


def test_the_spread_falls_as_binomial_counts_do(found: simab.Convergence) -> None:
    """The 5 and 95 % quantiles at the most labels are 3.29 standard errors apart."""
    point = found.result.found.metric.by_labels[-1]
    error = math.sqrt(0.8 * 0.2 / point.labelled)
    assert point.control.width(0) == pytest.approx(3.29 * error, rel=0.4)


def test_the_rule_of_the_file_says_where_to_judge(found: simab.Convergence) -> None:
    """The first rule of `small` waits for 150 labels; another number can be asked for."""
    assert (found.result.found.decision_labels, found.result.found.decision_rule) == (150, "test")
    asked = simab.convergence(small(), replications=2, labels=40).result.found
    assert (asked.decision_labels, asked.decision_rule) == (40, "")
    assert asked.decision is not None
    assert asked.decision.reached == 2


def test_f1_is_found_with_as_many_labels_as_theory_says(classifiers: simab.Convergence) -> None:
    """Independent labels: within the interval that the number of runs leaves, times 1.3."""
    for metric in classifiers.result.found.metrics[:4]:
        for purpose in ("true difference", "smallest effect"):
            size = metric.size(purpose)
            assert size is not None
            if math.isfinite(size.theory) and not size.at_most:
                assert size.low / 1.3 < size.theory < size.high * 1.3, (metric.name, size)


def test_the_first_metric_is_the_objectives_and_all_others_follow(
    classifiers: simab.Convergence,
) -> None:
    """All that classifiers support, then what is known of requests."""
    names = [each.name for each in classifiers.result.found.metrics]
    assert names[0] == "f1"
    assert {"accuracy", "precision", "recall", "roc_auc", "brier", "latency_p99"} < set(names)


def test_a_start_gives_dates_and_changes_no_run(classifiers: simab.Convergence) -> None:
    """A minute before midnight: what takes over a minute is a day later."""
    assert classifiers.result.found.starts_at == "2026-02-27T23:59:00"
    for size in classifiers.result.found.metric.sizes:
        if math.isfinite(size.time_s) and size.time_s < 86_400:
            assert size.date == ("2026-02-28" if size.time_s >= 60 else "2026-02-27")
    without = classifiers.scenario.model_copy(update={"starts_at": ""})
    again = simab.convergence(without, replications=2).result.found
    assert (
        again.metric.samples
        == simab.convergence(classifiers.scenario, replications=2).result.found.metric.samples
    )


def test_late_and_missing_labels_are_held_against_an_oracle() -> None:
    """30 s late of 120 s and 20 % never: 60 % of the labels arrive, and none is biased."""
    found = simab.convergence(small(**DELAYED), replications=RUNS).result.found
    assert found.no_oracle == ""
    for each in found.metric.bias:
        assert each.seen_labels / each.all_labels == pytest.approx(0.6, abs=0.02)
        assert abs(each.bias) < 5 * (each.high - each.low) / 4
        assert each.wider == pytest.approx(1 / math.sqrt(0.6), rel=0.35)
        assert each.oracle == pytest.approx(each.truth, abs=0.02)


def test_labels_at_once_leave_nothing_to_an_oracle(found: simab.Convergence) -> None:
    """The reason is said instead."""
    assert found.result.found.no_oracle == "all labels arrive at once"
    assert not found.result.found.metric.bias


def test_both_engines_and_any_executor_find_the_same() -> None:
    """Bit for bit."""
    texts = {
        convergence_json(simab.convergence(small(), replications=3, engine=engine).result)
        for engine in ("compiled", "reference")
    }
    with ThreadPoolExecutor(2) as pool:
        again = simab.convergence(small(), replications=3, executor=pool).result
    assert texts == {convergence_json(again)}


def test_what_is_saved_is_read_back(found: simab.Convergence) -> None:
    """And makes the same page."""
    text = convergence_json(found.result)
    assert convergence_json(read_saved_convergence(text.encode(), "convergence.json")) == text


def test_a_variant_without_traffic_has_no_numbers_and_a_remedy() -> None:
    """Weights held at 0 give the candidate no labels; no number is made up."""
    from simab.report.convergence_text import convergence_sentences

    scenario = small()
    variants = dict(scenario.endpoint.variants)
    variants["b"] = variants["b"].model_copy(update={"weight": 0.0})
    endpoint = scenario.endpoint.model_copy(update={"variants": variants})
    rules = {"schedule": scenario.policies["schedule"]}  # no rule counts labels
    changed = scenario.model_copy(update={"endpoint": endpoint, "policies": rules})
    held = simab.convergence(changed, replications=3)
    assert held.result.found.decision_labels == 0
    assert held.result.found.metric.by_labels == ()
    assert np.isnan(held.result.found.metric.difference.fan.p50).all()
    (sentence,) = convergence_sentences(held.result.found)
    assert "--policy" in sentence


def test_a_rule_may_move_the_weights() -> None:
    """Under the schedule all traffic goes to b after a minute, so a gets no labels from then on."""
    held = simab.convergence(small(), replications=4).result.found.metric.samples
    moved = simab.convergence(small(), policy="schedule", replications=4).result.found
    assert moved.policy == "schedule"
    assert moved.metric.samples[-1] < 0.8 * held[-1]
    assert "rule" in moved.no_oracle


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"metric": "f1"}, "metric = 'f1'"),
        ({"metric": "latency_p42"}, "metric = 'latency_p42'"),
        ({"half_width": 0.0}, "half_width = 0.0"),
        ({"half_width": math.inf}, "half_width = inf"),
        ({"labels": 0}, "labels = 0"),
        ({"policy": "nobody"}, "policy = 'nobody'"),
        ({"replications": 0}, "replications = 0"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, object], message: str) -> None:
    """With field and value, before anything is played."""
    with pytest.raises(InvalidInput, match=message):
        simab.convergence(small(), **asked)  # type: ignore[arg-type]


def test_a_latency_can_be_asked_for() -> None:
    """It comes first; constant latencies never vary, so that nothing has to be brought down."""
    found = simab.convergence(
        small(), metric="latency_p99", half_width=1.0, replications=3
    ).result.found
    assert found.metric.name == "latency_p99"
    assert found.metric.asked_half_width == 1.0


def test_the_series_has_a_row_for_each_run_metric_variant_and_time(
    found: simab.Convergence,
) -> None:
    """Thinned: some forty instants."""
    series = found.series
    metrics, times = len(found.result.found.metrics), len(found.result.found.times_s)
    assert len(series) == RUNS * metrics * 2 * times
    assert times <= 40


def test_it_shows_itself_and_its_sizes(found: simab.Convergence) -> None:
    """In a notebook by its verdict; as a frame with a row a metric and purpose."""
    assert "labelled requests" in found._repr_html_()
    assert f"{RUNS} replications" in repr(found)
    sizes = found.summary
    assert len(sizes) == sum(len(each.sizes) for each in found.result.found.metrics)
    assert {"metric", "purpose", "theory", "simulated", "time_s"} < set(sizes.columns)


@pytest.mark.long
def test_naive_latency_intervals_of_a_busy_queue_cover_far_too_little(tmp_path: Path) -> None:
    """M/M/4 at load .9, 20,000 requests a run: about 7 % for waits, batch means about 86 %."""
    (tmp_path / "busy.yaml").write_text(BUSY, encoding="utf-8")
    found = simab.convergence(simab.load(tmp_path / "busy.yaml"), replications=300).result.found
    for each in found.latency:
        naive, batches, *_ = each.methods
        assert each.mean_ms == pytest.approx(118.775, rel=0.03)  # Erlang C, and 40 ms of service
        assert naive.coverage.covered.share < 0.15
        assert batches.coverage.covered.share == pytest.approx(0.858, abs=0.1)
        assert each.effective < each.requests / 50


def test_a_study_knows_that_answers_change() -> None:
    """By the timeline; latency alone is no answer."""
    entry = {"kind": "conditions", "name": "drift", "at": "10s"}
    other = {"kind": "success", "probability": 0.5}
    drift = small(timeline=[{**entry, "quality": other}])
    assert simab.convergence(drift, replications=2).result.found.answers_change is True
    slow = small(timeline=[{**entry, "latency_times": 2}])
    assert simab.convergence(slow, replications=2).result.found.answers_change is None
