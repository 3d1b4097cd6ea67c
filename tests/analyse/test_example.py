"""A run told in full for the report: its windows, metric and decisions are those of the run."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from simab.analyse import summary_of, truth_of_scenario
from simab.analyse.example import example_of
from simab.policies import Mirror, Promote, SetWeights
from simab.result import Example
from simab.result.example_run import WeightsInForce
from simab.result.json_form import dumped, loaded
from simab.result.reader import Reader
from simab.run.simulation import Run
from simab.stats.intervals import wilson_interval
from tests.world.building import SECOND, Script, record, scenario, variant

ACTIONS = {
    2: [SetWeights({"a": 1, "b": 3}, because="it looks well")],
    3: [Promote("a")],
    6: [Promote("b", because="enough")],
}


@pytest.fixture(scope="module")
def run() -> Run:
    labels = {"delay": {"kind": "exponential", "mean": "5s"}, "never": 0.1}
    play = scenario(endpoint={"weight_update": "25s"}, labels=labels, horizon="95s")
    return record(play, "compiled", policy=Script(ACTIONS), seed=2)


@pytest.fixture(scope="module")
def story(run: Run) -> Example:
    return example_of(run, summary_of(run, truth_of_scenario(run.scenario)), "it was asked for")


def test_json_holds_it(story: Example) -> None:
    """Without NaN, and gives it back unchanged."""
    plain = json.loads(json.dumps(dumped(story), allow_nan=False))
    assert loaded(Example, Reader(plain)) == story


def test_weights_are_shares_from_when_they_are_in_force(story: Example) -> None:
    """A change asked for at 20 s is in force 25 s later."""
    assert story.weights == (
        WeightsInForce(at_s=0.0, weights={"a": 0.5, "b": 0.5}),
        WeightsInForce(at_s=45.0, weights={"a": 0.25, "b": 0.75}),
        WeightsInForce(at_s=85.0, weights={"a": 0.0, "b": 1.0}),
    )


def test_decisions_say_what_was_refused_and_why(story: Example) -> None:
    """The reason is the policy's where it was followed, the endpoint's where it was not."""
    told = [(each.at_s, each.action, each.accepted) for each in story.decisions]
    assert told == [(20.0, "SetWeights", True), (30.0, "Promote", False), (60.0, "Promote", True)]
    reasons = [each.because for each in story.decisions]
    assert (reasons[0], reasons[2]) == ("it looks well", "enough")
    assert reasons[1] is not None
    assert "Updating" in reasons[1]
    assert (story.verdict, story.decided_at_s) == ("promoted_candidate", 60.0)


def test_windows_are_those_of_the_records(run: Run, story: Example) -> None:
    """Requests by the window in which they finish, and each variant's share of the window."""
    requests = run.requests[run.requests["status"] != 0]
    window = requests["finished_ns"] // (10 * SECOND)
    counts = requests.groupby([window.rename("window"), "variant"]).size()
    told = pd.DataFrame(story.spans)
    told["window"] = (told.start_s // 10).astype(int)
    assert told.set_index(["window", "variant"]).invocations.to_dict() == counts.to_dict()
    assert (told.end_s - told.start_s).tolist()[:-2] == [10.0] * (len(told) - 2)
    assert told.groupby("window").realised_share.sum().tolist() == pytest.approx([1.0] * 10)


def test_mirrored_copies_are_no_traffic_of_users() -> None:
    """All requests go to a and half of what is served is copies at b: a's share is 1."""
    play = scenario(endpoint={"weight_update": "1ns"}, horizon="95s")
    mirrored = SetWeights({"a": 1, "b": 0}, mirror=Mirror("b"))
    run = record(play, "compiled", policy=Script({2: [mirrored]}), seed=2)
    told = example_of(run, summary_of(run, truth_of_scenario(play)), "it was asked for")
    assert told.totals["copies"] > 1_000
    late = [each for each in told.spans if each.start_s >= 30]
    assert {(each.variant, each.realised_share) for each in late} == {("a", 1.0)}


def test_the_metric_is_that_of_all_labels_arrived_by_then(run: Run, story: Example) -> None:
    """Recomputed from the records; the interval is Wilson's."""
    requests = run.requests[run.requests["correct"] >= 0]
    assert len(story.metric_series) == 20
    for point in story.metric_series:
        arrived = requests["label_ns"] < point.at_s * SECOND
        answers = requests[arrived & (requests["variant"] == point.variant)]["correct"]
        assert point.labelled == len(answers)
        assert point.value == pytest.approx(answers.mean())
        interval = wilson_interval(int(answers.sum()), len(answers))
        assert (point.low, point.high) == (interval.low, interval.high)
    assert story.metric_series[-1].at_s == 95.0


@pytest.fixture(scope="module")
def long_run() -> Run:
    """2,000 windows of a second, decided after ten minutes."""
    play = scenario(
        horizon="2000s",
        rate="2/s",
        endpoint={"weight_update": "25s"},
        metrics={"period": "1s", "publication_delay": "0s"},
        controller={"interval": "10s"},
        labels={"delay": {"kind": "exponential", "mean": "5s"}},
    )
    return record(play, "compiled", policy=Script({60: [Promote("b")]}), seed=3)


def test_many_windows_are_merged_and_none_is_left_out(long_run: Run) -> None:
    """A few hundred spans, fine until a third after the decision; counts are those of the run."""
    told = example_of(long_run, summary_of(long_run, truth_of_scenario(long_run.scenario)), "")
    assert len(told.spans) <= 2 * (240 + 60 + 2)
    assert len(told.metric_series) <= 2 * (240 + 60 + 2)
    assert len(json.dumps(dumped(told))) < 250_000
    ended = long_run.requests[long_run.requests["status"] != 0]
    counts = ended.groupby("variant").size().to_dict()
    spans = pd.DataFrame(told.spans)
    assert spans.groupby("variant").invocations.sum().to_dict() == counts
    shown = spans[spans.end_s <= told.shown_until_s]
    assert told.shown_until_s == pytest.approx(1.35 * 600)
    assert (shown.end_s - shown.start_s).max() <= 1.35 * 600 / 240 + 1
    assert 625.0 in {*spans.start_s, *spans.end_s}  # the split that the decision brought


def test_each_variant_is_summed_up_window_by_window(long_run: Run) -> None:
    """The worst window's p99 and the median window's p50 are those of `Run.windows`."""
    told = example_of(long_run, summary_of(long_run, truth_of_scenario(long_run.scenario)), "")
    frame = long_run.windows[long_run.windows["invocations"] > 0]
    for each in told.variants:
        own = frame[frame["variant"] == each.variant]
        p50 = sorted(own["latency_p50_ns"].dropna())
        assert each.windows == len(own)
        assert each.requests == own["invocations"].sum()
        assert each.median_latency_p50_ms == p50[len(p50) // 2] / 1e6
        assert each.worst_latency_p99_ms == own["latency_p99_ns"].max() / 1e6


def test_until_the_decision_is_what_the_records_say_of_that_instant(run: Run) -> None:
    """Arrivals and labels before the tick at 60 s, shares in force before it, whole windows."""
    told = example_of(run, summary_of(run, truth_of_scenario(run.scenario)), "").until_decision
    requests = run.requests
    assert told.at_s == 60.0
    assert told.arrived == (requests["arrived_ns"] < 60 * SECOND).sum()
    ended = requests[(requests["status"] != 0) & (requests["finished_ns"] < 60 * SECOND)]
    assert told.ended == ended.groupby("variant").size().to_dict()
    assert told.largest_shares == {"a": 0.5, "b": 0.75}
    for point in told.labels:
        seen = (requests["label_ns"] < 60 * SECOND) & (requests["correct"] >= 0)
        answers = requests[seen & (requests["variant"] == point.variant)]["correct"]
        assert (point.labelled, point.value) == (len(answers), answers.mean())


def test_a_look_between_two_windows_counts_the_labels_of_its_own_instant() -> None:
    """A look every 7 s beside windows of 10 s: the labels are those of the look, not a window's."""
    play = scenario(
        horizon="95s",
        controller={"interval": "7s"},
        labels={"delay": {"kind": "exponential", "mean": "1s"}},
    )
    run = record(play, "compiled", policy=Script({4: [Promote("b")]}), seed=2)
    told = example_of(run, summary_of(run, truth_of_scenario(play)), "").until_decision
    requests = run.requests[run.requests["label_ns"] < 28 * SECOND]
    requests = requests[requests["correct"] >= 0]
    counts = requests.groupby("variant").size().to_dict()
    assert {each.variant: each.labelled for each in told.labels} == counts
    assert told.at_s == 28.0
    assert sum(told.ended.values()) < told.arrived


def test_the_truth_of_what_is_shown() -> None:
    """Answers turn from 0 to 100 % half way: by how many of each came until the figure ends."""
    turns = {"kind": "conditions", "at": "50s", "variants": ["a"]}
    play = scenario(
        {"a": variant(quality={"kind": "success", "probability": 0.0}), "b": variant()},
        rate="10/s",
        horizon="100s",
        timeline=[turns | {"quality": {"kind": "success", "probability": 1.0}}],
    )
    steady = truth_of_scenario(play).summary().value("b")
    for actions in ({}, {3: [Promote("a")]}, {8: [Promote("b")]}):
        run = record(play, "compiled", policy=Script(actions), seed=3)
        told = example_of(run, summary_of(run, truth_of_scenario(play)), "")
        assert told.true_values is not None
        ends_ns = told.shown_until_s * SECOND
        frame = run.requests
        own = frame[(frame.variant == "a") & (frame.status == 200) & (frame.finished_ns < ends_ns)]
        late = (own.finished_ns >= 50 * SECOND).mean()
        assert told.true_values["a"] == pytest.approx(late, abs=0.03)
        assert told.true_values["b"] == pytest.approx(steady)
