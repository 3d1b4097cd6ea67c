"""What a policy is shown at a look: published windows, arrived labels, and never the future."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simab.errors import InvalidInput
from simab.policies import Action, Observation, SetWeights
from simab.policies.metrics import LATENCY_PROBABILITIES, label_metric, latency_metric_ns
from simab.run.simulation import Run, simulate
from simab.world.published import PublishedMetrics
from tests.effort import examples
from tests.world.building import SECOND, Script, record, scenario, variant
from tests.world.drawn_runs import Play, plays
from tests.world.engines_comparison import shown

LABEL_METRICS = (
    "accuracy", "success_rate", "precision", "recall", "positive_rate", "f1", "roc_auc", "brier",
)  # fmt: skip


@dataclass
class Gambler:
    """A policy whose every action depends on what was shown so far: metrics at every nth look."""

    every: int = 1
    digests: list[str] = field(default_factory=list)

    def decide(self, state: str | None, observation: Observation) -> tuple[Sequence[Action], str]:
        metrics_too = len(self.digests) % self.every == 0
        text = repr((state, shown(observation, with_metrics=metrics_too)))
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.digests.append(digest)
        first, *others = observation.weights
        weights = {first: 1.0 + int(digest[0], 16)}
        weights |= {name: float(int(digest[1], 16)) for name in others[:1]}
        return ((SetWeights(weights),) if int(digest[2], 16) < 8 else ()), digest


@examples(1 / 6)
@given(play=plays(most_requests=150), longer=st.integers(1, 100))
def test_nothing_shown_depends_on_the_future(engine: str, play: Play, longer: int) -> None:
    """A longer horizon changes nothing of what was shown and decided before the shorter one."""
    looks = play.scenario.horizon // play.scenario.controller.interval
    gambler, other = (Gambler(every=looks // 12 + 1) for _ in range(2))
    horizon = play.scenario.horizon + longer * play.scenario.horizon // 100
    extended = play.scenario.model_copy(update={"horizon": horizon})
    play.on(engine, policy=gambler)
    play.on(engine, policy=other, scenario=extended)
    assume(gambler.digests)
    assert other.digests[: len(gambler.digests)] == gambler.digests


def test_a_glimpse_of_the_future_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels shown ten seconds early make the last look depend on the horizon.

    Only where the counts hold the future at a look: labels are booked when the answer is given.
    """
    right = PublishedMetrics.labels

    def early(self: PublishedMetrics, name: str) -> Any:
        run_counts = self._shown.run_counts
        until = (self.now_ns + 10 * SECOND) // run_counts.blueprint.label_resolution_ns
        return run_counts.label_totals(run_counts.blueprint.names.index(name), 0, until)

    assert right is not early
    plain = scenario(labels={"delay": {"kind": "constant", "value": "15s"}}, horizon="61s")
    extended = plain.model_copy(update={"horizon": 80 * SECOND})
    for planted in (False, True):
        if planted:
            monkeypatch.setattr(PublishedMetrics, "labels", early)
        gambler, other = Gambler(), Gambler()
        simulate(plain, policy=gambler, engine="reference")
        simulate(extended, policy=other, engine="reference")
        same = other.digests[: len(gambler.digests)] == gambler.digests
        assert same is not planted


def observed(run: Run, script: Script, at_s: int) -> Observation:
    """What the policy saw at a look."""
    return next(seen for seen in script.seen if seen.now_ns == at_s * SECOND)


def play(engine: str, **parts: Any) -> tuple[Run, Script]:
    script = Script()
    roomy = variant(workers=20)
    return record(scenario({"a": roomy, "b": roomy}, **parts), engine, policy=script), script


@pytest.mark.parametrize(
    ("delay_s", "published_at_60_s"), [(0, 60), (5, 50), (10, 50), (11, 40), (45, 10), (300, 0)]
)
def test_a_window_is_visible_after_its_end_and_the_delay(
    engine: str, delay_s: int, published_at_60_s: int
) -> None:
    """Windows of 10 s; at 60 s those are shown whose end plus the delay is not later.

    The platform was recorded to show metrics 31 to 51 s late.
    """
    timing = {"period": "10s", "publication_delay": f"{delay_s}s"}
    run, script = play(engine, metrics=timing)
    metrics = observed(run, script, 60).metrics
    assert metrics.period_ns == 10 * SECOND
    assert metrics.published_until_ns == published_at_60_s * SECOND
    finished = run.requests.loc[run.requests["variant"] == "a", "finished_ns"]
    for start_s in range(0, 120, 10):
        window = metrics.requests("a", start_s * SECOND, (start_s + 10) * SECOND)
        inside = finished.between(start_s * SECOND, (start_s + 10) * SECOND - 1).sum()
        assert window.invocations == (inside if start_s + 10 <= published_at_60_s else 0)
    whole = metrics.requests("a", 0, 10**18).invocations
    assert whole == finished.between(0, published_at_60_s * SECOND - 1).sum()


def test_only_windows_that_lie_within_the_span_count(engine: str) -> None:
    """A span that starts or ends inside a window leaves that window out."""
    run, script = play(engine)
    metrics = observed(run, script, 100).metrics
    inner = metrics.requests("a", 20 * SECOND, 40 * SECOND).invocations
    assert metrics.requests("a", 10 * SECOND + 1, 50 * SECOND - 1).invocations == inner
    assert metrics.requests("a", 25 * SECOND, 28 * SECOND).invocations == 0
    assert metrics.requests("a", 40 * SECOND, 20 * SECOND).invocations == 0
    assert inner > 0


def test_a_window_without_requests_is_absent_and_its_metrics_are_nan(engine: str) -> None:
    """Recorded on the platform: no datapoint in a minute without traffic, not a 0."""
    run, script = play(
        engine,
        traffic={"users": {"rate": "50/s", "targets": {"a": "100%"}}},
        horizon="100s",
    )
    assert set(run.windows["variant"]) == {"a"}
    totals = observed(run, script, 60).metrics.requests("b", 0, 60 * SECOND)
    assert totals.invocations == 0
    assert math.isnan(totals.error_rate)
    assert math.isnan(totals.latency_mean_ns)
    assert math.isnan(latency_metric_ns("latency_mean", totals))
    for name in LATENCY_PROBABILITIES:
        assert math.isnan(latency_metric_ns(name, totals))
    labels = observed(run, script, 60).metrics.labels("b")
    assert labels.labelled == 0
    for name in LABEL_METRICS:
        assert math.isnan(label_metric(name, labels)), name


def test_a_window_with_only_rejections_shows_errors_but_no_latency(engine: str) -> None:
    """503s are invocations with error rate 1; a latency of nothing is NaN."""
    full = variant(queue_limit=0, latency={"kind": "constant", "value": "1h"})
    script = Script()
    run = record(scenario({"a": full, "b": full}), engine, policy=script)
    totals = observed(run, script, 60).metrics.requests("a", 50 * SECOND, 60 * SECOND)
    assert totals.invocations == totals.rejected > 0
    assert totals.error_rate == 1.0
    assert math.isnan(totals.latency_mean_ns)
    assert math.isnan(totals.latency_quantile_ns(0.5))


@pytest.mark.parametrize("delay", ["0s", "15s", "40s"])
def test_a_label_is_visible_when_it_arrived_before_the_look(engine: str, delay: str) -> None:
    """label_ns < now: at every look the totals are those of the records, for every variant."""
    run, script = play(
        engine,
        labels={"delay": {"kind": "constant", "value": delay}, "never": 0.1},
        controller={"interval": "7s"},
    )
    requests = run.requests
    assert len(script.seen) == 17
    for seen in script.seen:
        for name in ("a", "b"):
            arrived = requests["label_ns"].between(0, seen.now_ns - 1)
            mine = requests[arrived & (requests["variant"] == name)]
            totals = seen.metrics.labels(name)
            assert totals.labelled == len(mine)
            assert totals.correct == (mine["correct"] == 1).sum()


def test_a_label_that_arrives_at_a_look_is_not_seen_yet(engine: str) -> None:
    """Some of 2,000 looks fall on the arrival of a label, which counts at the next look."""
    few = variant(workers=1000, latency={"kind": "constant", "value": "1us"})
    script = Script()
    plain = scenario(
        {"a": few, "b": few},
        traffic={name: {"rate": "1000000/s"} for name in ("x", "y", "z")},
        labels={"delay": {"kind": "constant", "value": "2us"}},
        metrics={"period": "10us", "publication_delay": "0s"},
        controller={"interval": "1us"},
        horizon="2ms",
    )
    run = record(plain, engine, policy=script)
    labels = run.requests.loc[run.requests["variant"] == "a", "label_ns"]
    assert labels.isin([seen.now_ns for seen in script.seen]).sum() >= 1
    for seen in script.seen[::7]:
        assert seen.metrics.labels("a").labelled == labels.between(0, seen.now_ns - 1).sum()
    ends = labels[labels.isin([seen.now_ns for seen in script.seen])]
    for end in ends:
        seen = script.seen[end // 1000 - 1]
        assert seen.metrics.labels("a").labelled == labels.between(0, end - 1).sum()


def test_an_observation_that_is_kept_does_not_change(engine: str) -> None:
    """A policy may keep what it saw in its state: read after the run, it shows the same."""

    class Keeper:
        def __init__(self) -> None:
            self.kept: list[tuple[Observation, list[Any]]] = []

        def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
            self.kept.append((observation, shown(observation)))
            return (), state

    keeper = Keeper()
    simulate(scenario(), policy=keeper, engine=engine)
    assert len(keeper.kept) == 11
    for observation, then in keeper.kept:
        assert shown(observation) == then


@dataclass
class Reader:
    """Reads each observation at once, and before that the one of the look before, if asked to."""

    goes_back: bool = False
    read: list[Any] = field(default_factory=list)

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        if self.goes_back and state is not None:
            assert shown(state) == self.read[-1]
        self.read.append(shown(observation))
        if self.goes_back and state is not None:
            assert shown(state) == self.read[-2]
        return (), observation


def test_an_observation_that_is_first_read_later_shows_what_it_would_have_shown(
    engine: str,
) -> None:
    """Sums are taken when they are asked for: after the run, or by turns with newer ones."""
    scored = variant(
        quality={
            "kind": "classifier",
            "positive_scores": {"kind": "beta", "alpha": 8, "beta": 3},
            "negative_scores": {"kind": "beta", "alpha": 2, "beta": 6},
        }
    )
    classifiers = scenario({"a": scored, "b": scored}, labels={"positive_share": 0.2})
    at_once, by_turns = Reader(), Reader(goes_back=True)
    later = Script()
    for policy in (at_once, by_turns, later):
        simulate(classifiers, policy=policy, engine=engine)
    assert len(at_once.read) == 11
    assert [shown(seen) for seen in later.seen] == at_once.read
    assert by_turns.read == at_once.read


def test_labels_are_printed_alike_in_every_process(engine: str) -> None:
    """A policy may quote them: no address is among the words."""
    run, script = play(engine)
    words = repr(observed(run, script, 60).metrics.labels("a"))
    assert words.startswith("LabelTotals(confusion=ConfusionCounts(")
    assert " at 0x" not in words


def test_looks_are_at_multiples_of_the_interval(engine: str) -> None:
    """The first one interval after the start, the last before the horizon, none at it."""
    run, script = play(engine, controller={"interval": "7s"}, horizon="70s", rate="1/s")
    assert [seen.now_ns for seen in script.seen] == [7 * SECOND * k for k in range(1, 10)]
    assert run.scenario.controller.interval == 7 * SECOND


def test_the_state_is_handed_back(engine: str) -> None:
    """None at the first look, then whatever the policy returned: the same object."""
    given_back: list[Any] = []

    class Counter:
        def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
            given_back.append(state)
            return (), {"looks": len(given_back)}

    simulate(scenario(rate="1/s"), policy=Counter(), engine=engine)
    assert given_back == [None, *({"looks": number} for number in range(1, 11))]


def test_a_policy_of_ones_own_needs_only_decide(engine: str) -> None:
    """Any object with the method; its class gives the name of the policy."""

    class Mine:
        def decide(self, state: Any, observation: Observation) -> tuple[list[Action], Any]:
            return ([SetWeights({"a": 0.0}, because="I say so")] if not state else []), True

    run = simulate(scenario(rate="1/s"), policy=Mine(), engine=engine)
    assert run.policy_name == "Mine"
    assert list(run.decisions["because"]) == ["I say so"]
    assert list(run.decisions["at_ns"]) == [10 * SECOND]
    assert list(run.decisions["detail"]) == ["a 0"]


def test_an_object_without_decide_is_refused() -> None:
    """One clear message."""
    with pytest.raises(InvalidInput, match="has a method decide"):
        simulate(scenario(), policy=object())


def test_an_unknown_policy_or_engine_is_refused() -> None:
    """The message lists what there is."""
    with pytest.raises(InvalidInput, match="It has: still"):
        simulate(scenario(), policy="fast")
    with pytest.raises(InvalidInput, match="must be one of"):
        simulate(scenario(), engine="fast")


def test_without_records_there_is_no_frame_of_requests(engine: str) -> None:
    """Asking for it says how to get it."""
    with pytest.raises(InvalidInput, match="record_requests=True"):
        _ = simulate(scenario(rate="1/s"), engine=engine).requests


def test_the_roles_and_the_instances_are_shown(engine: str) -> None:
    """Control and candidate of the objective, weights and instances in force."""
    script = Script()
    plain = scenario({"x": variant(instances=3, weight=2), "y": variant()}, rate="1/s")
    simulate(plain, policy=script, engine=engine)
    first = script.seen[0]
    assert (first.control, first.candidate) == ("x", "y")
    assert dict(first.weights) == {"x": 2.0, "y": 1.0}
    assert dict(first.instances) == {"x": 3, "y": 1}
