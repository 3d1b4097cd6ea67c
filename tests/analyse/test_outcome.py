"""One run becomes one row: verdict, times and costs, against scripted policies and the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from simab.analyse import RunSummary, Verdict, summary_of, truth_of_scenario
from simab.policies import (
    Action,
    AddVariant,
    Conclude,
    Hold,
    HoldReason,
    Mirror,
    Promote,
    RemoveVariant,
    RollBack,
    SetInstances,
    SetWeights,
)
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.world.records import COPY
from tests.world.building import SECOND, Script, record, scenario, variant

QUICK = {"weight_update": "15s", "provisioning": "15s"}


def success(probability: float, **fields: Any) -> dict[str, Any]:
    return variant(quality={"kind": "success", "probability": probability}, **fields)


def three(**parts: Any) -> Scenario:
    """Control 0.9, candidate 0.95 and a third variant of 0.5; looks every 10 s, updates of 15 s."""
    variants = {"a": success(0.9), "b": success(0.95), "c": success(0.5)}
    return scenario(variants, **{"endpoint": QUICK} | parts)


def played(actions: Mapping[int, Sequence[Action]], played_on: Scenario | None = None) -> Run:
    return record(played_on or three(), "compiled", policy=Script(actions), seed=3)


def outcome(
    actions: Mapping[int, Sequence[Action]], played_on: Scenario | None = None
) -> RunSummary:
    run = played(actions, played_on)
    return summary_of(run, truth_of_scenario(run.scenario))


@pytest.mark.parametrize(
    ("actions", "verdict", "decided_s"),
    [
        ({3: [Promote("b")]}, Verdict.PROMOTED_CANDIDATE, 30),
        ({3: [Promote("a")]}, Verdict.KEPT_CONTROL, 30),
        ({4: [RollBack()]}, Verdict.ROLLED_BACK, 40),
        ({5: [Conclude()]}, Verdict.UNDECIDED, None),
        ({}, Verdict.UNDECIDED, None),
        ({2: [SetWeights({"a": 0, "b": 1, "c": 0})]}, Verdict.UNDECIDED, None),
        ({2: [Promote("c")]}, Verdict.PROMOTED_OTHER, 20),
        ({2: [Promote("nobody")]}, Verdict.UNDECIDED, None),
        ({2: [SetWeights({"a": 1})], 3: [Promote("b")]}, Verdict.UNDECIDED, None),
        ({2: [SetWeights({"a": 1})], 3: [RollBack()], 5: [Promote("b")]}, "promoted_candidate", 50),
        ({2: [Promote("b")], 6: [Promote("a")], 9: [RollBack()]}, "promoted_candidate", 20),
        ({2: [Promote("b"), Promote("a")]}, "promoted_candidate", 20),
        ({1: [Conclude()], 4: [Promote("b")]}, Verdict.UNDECIDED, None),
    ],
    ids=[
        "promotes the candidate",
        "promotes the control",
        "rolls back",
        "concludes",
        "does nothing",
        "all weight to the candidate without a decision",
        "promotes a third variant",
        "promotes one that is not there",
        "promotes during an update, which is refused",
        "is refused first and accepted later",
        "decides thrice: the first decision counts",
        "decides twice at one look: the second is refused",
        "concludes, then promotes",
    ],
)
def test_the_first_accepted_decision_is_the_verdict(
    actions: dict[int, list[Action]], verdict: str, decided_s: float | None
) -> None:
    """The rule of `RunSummary`: refused actions and weights alone decide nothing (decisions.md)."""
    row = outcome(actions)
    assert row.verdict == verdict
    assert row.decided_s == decided_s


def test_requests_that_fail_or_are_refused_are_counted() -> None:
    """A 500 is a failure, a 503 a refusal; the counts are those of the run."""
    slow = {"latency": {"kind": "constant", "value": "2s"}, "queue_limit": 1}
    run = played({}, scenario({"a": success(0.9, **slow), "b": success(0.9, error_rate=0.3)}))
    row = summary_of(run, truth_of_scenario(run.scenario))
    statuses = run.requests["status"].value_counts()
    assert row.requests_failed == statuses[500] > 0
    assert row.requests_rejected == statuses[503] > 0


def test_a_hold_is_in_the_row_whatever_comes_of_it() -> None:
    """Each reason once, also where the candidate is promoted later."""
    share, guardrail = Hold(HoldReason.SAMPLE_RATIO), Hold(HoldReason.GUARDRAIL)
    row = outcome({2: [guardrail], 3: [share], 4: [guardrail], 6: [Promote("b")]})
    assert row.held_for == "sample ratio; guardrail"
    assert row.verdict == Verdict.PROMOTED_CANDIDATE
    assert outcome({}).held_for is None


def test_refused_actions_are_counted_with_the_most_frequent_reason() -> None:
    """Three of five: two while the endpoint is Updating, one that names nobody."""
    row = outcome(
        {
            2: [SetWeights({"a": 1}), SetWeights({"a": 2}), SetWeights({"a": 3})],
            9: [SetWeights({"nobody": 1}), SetWeights({"a": 5})],
        }
    )
    assert row.actions_refused == 3
    assert row.refusal == "the endpoint is Updating; ask again when it is InService"
    assert (outcome({}).actions_refused, outcome({}).refusal) == (0, None)


def test_promoting_the_control_that_has_all_traffic_needs_no_update_and_counts() -> None:
    """Keeping the control is a decision even where no weight has to change."""
    alone = three(endpoint={"variants": {"a": success(0.9), "b": success(0.95, weight=0)}} | QUICK)
    row = outcome({2: [Promote("a")]}, alone)
    assert (row.verdict, row.decided_s, row.weight_changes) == ("kept_control", 20, 0)
    assert (row.ends_with, row.ends_with_since_s) == ("a", 0)


@pytest.mark.parametrize(
    ("actions", "ends_with", "since_s", "decided_for"),
    [
        ({}, None, None, None),
        ({2: [Conclude()]}, None, None, None),
        ({2: [Promote("b")]}, "b", 35, "b"),
        ({2: [Promote("a")]}, "a", 35, "a"),
        ({2: [RollBack()]}, "a", 35, "a"),
        ({2: [Promote("c")]}, "c", 35, "c"),
        ({2: [SetWeights({"a": 0, "b": 1, "c": 0})]}, "b", 35, None),
        ({2: [SetWeights({"a": 1, "b": 0, "c": 0})], 5: [Conclude()]}, "a", 35, None),
        ({2: [Promote("b")], 6: [SetWeights({"a": 1, "b": 0})]}, "a", 75, "b"),
        ({2: [Promote("b")], 6: [SetWeights({"a": 1})]}, None, None, "b"),
        ({2: [Promote("b")], 6: [SetWeights({"a": 1})], 9: [Promote("b")]}, "b", 105, "b"),
        ({2: [Promote("b")], 6: [SetWeights({"b": 7})], 8: [SetInstances("b", 2)]}, "b", 35, "b"),
        ({2: [RemoveVariant("c")], 4: [RemoveVariant("a")]}, "b", 55, None),
        ({11: [Promote("b")]}, "b", 125, "b"),
        ({5: [Promote("b")], 11: [RollBack()]}, "a", 125, "b"),
    ],
    ids=[
        "nothing", "gives up", "promotes", "keeps", "rolls back", "promotes a third variant",
        "moves without promoting", "leaves the control all without deciding",
        "promotes and moves back", "promotes and splits again", "decides, splits, decides",
        "other weights and instances, the same traffic", "removes the others",
        "an update under way at the horizon counts", "an update back under way at the horizon",
    ],
)  # fmt: skip
def test_a_run_ends_with_the_variant_that_has_all_traffic(
    actions: dict[int, list[Action]],
    ends_with: str | None,
    since_s: float | None,
    decided_for: str | None,
) -> None:
    """Who serves from when on is read from the weights; what was decided is another matter."""
    run = played(actions)
    row = summary_of(run, truth_of_scenario(run.scenario))
    assert (row.ends_with, row.ends_with_since_s) == (ends_with, since_s)
    plain = None if since_s is None else (ends_with, since_s * SECOND)
    assert run.decision_log.ending == plain
    assert row.decided_for == decided_for
    assert row.overturned == (decided_for not in (None, ends_with))
    judged = {"a": "wrong", "b": "right", "c": "wrong", None: "neither"}[ends_with]
    assert (row.judgement, row.correct) == (judged, judged == "right")


@pytest.mark.parametrize(
    ("actions", "gone_s"),
    [
        ({}, None),
        ({2: [SetWeights({"a": 1, "b": 0, "c": 1})]}, 35),  # two others share the traffic
        ({2: [RemoveVariant("b")]}, 35),
        ({2: [Promote("a")]}, 35),
        ({2: [SetWeights({"b": 0})], 6: [SetWeights({"b": 1})]}, None),
        ({2: [SetWeights({"b": 0})], 4: [Promote("a")]}, 35),
        ({2: [Promote("c")]}, 35),
        ({11: [RollBack()]}, None),  # under way at the horizon: it still takes requests
    ],
    ids=[
        "nothing", "others share", "is removed", "the control", "comes back", "in two steps",
        "a third", "under way",
    ],
)  # fmt: skip
def test_a_candidate_is_gone_when_it_has_no_weight_and_takes_no_request(
    actions: dict[int, list[Action]], gone_s: float | None
) -> None:
    """Whoever serves instead, one variant or several."""
    assert outcome(actions).candidate_gone_s == gone_s


def test_a_candidate_that_requests_name_is_not_gone_at_weight_0() -> None:
    """And one whose queue takes a while is gone at the end of the window in which it is empty."""
    named = three(traffic={"users": {"rate": "10/s", "targets": {"b": 0.2}}})
    assert outcome({2: [Promote("a")]}, named).candidate_gone_s is None
    slow = success(0.95, latency={"kind": "constant", "value": "300ms"})
    queue = scenario({"a": success(0.9), "b": slow}, rate="10/s", endpoint=QUICK)
    run = played({2: [Promote("a")]}, queue)
    row = summary_of(run, truth_of_scenario(run.scenario))
    requests = run.requests[(run.requests["variant"] == "b")]
    emptied_ns = int(requests["finished_ns"].max())
    assert emptied_ns > 40 * SECOND
    period_ns = queue.metrics.period
    assert row.candidate_gone_s == -(-emptied_ns // period_ns) * period_ns / SECOND


@pytest.mark.parametrize("other", [0.9, 0.8], ids=["the same model", "another model"])
@pytest.mark.parametrize("decision", [RollBack(), Promote("b"), None], ids=["back", "on", "none"])
def test_a_copy_of_the_control_beside_it_is_the_control(
    other: float, decision: Action | None
) -> None:
    """Kayenta's baseline stays beside production when the canary is turned down."""
    variants = {"a": success(0.9), "b": success(0.8), "c": success(other)}
    decided = {3: [decision]} if decision else {}
    actions = decided | {6: [SetWeights({"a": 1, "b": 0, "c": 4})]}
    row = outcome(actions, scenario(variants, endpoint=QUICK))
    turned_down = isinstance(decision, RollBack) and other == 0.9
    assert row.ends_with == ("a" if turned_down else None)


@pytest.mark.parametrize("candidate", [0.8, 0.9, 0.905, 0.95], ids=lambda share: f"b={share}")
@pytest.mark.parametrize(
    ("actions", "ends_with"),
    [
        ({2: [Promote("b")]}, "b"),
        ({2: [SetWeights({"a": 0, "b": 1})]}, "b"),
        ({2: [Promote("a")]}, "a"),
        ({2: [RollBack()]}, "a"),
        ({2: [Conclude()]}, None),
        ({}, None),
    ],
)
def test_right_is_what_the_truth_says_of_who_has_the_traffic(
    candidate: float, actions: dict[int, list[Action]], ends_with: str | None
) -> None:
    """Better by .01 matters here: right with b; not better: right with a; between: neither."""
    row = outcome(actions, scenario({"a": success(0.9), "b": success(candidate)}, endpoint=QUICK))
    right = {0.8: "a", 0.9: "a", 0.905: None, 0.95: "b"}[candidate]
    judged = "right" if ends_with == right else "wrong"
    assert row.judgement == ("neither" if None in (right, ends_with) else judged)
    assert row.correct == (row.judgement == "right")


SHIFTS = {
    2: [SetWeights({"a": 1, "b": 3, "c": 1})],
    6: [Promote("b")],
    9: [SetWeights({"a": 1, "b": 0, "c": 0})],
}


def test_costs_are_those_of_the_request_records() -> None:
    """Requests served by each variant, counted one by one; regret by its definition."""
    run = played(SHIFTS)
    row = summary_of(run, truth_of_scenario(run.scenario))
    requests = run.requests
    served = requests[requests["status"] != 0]["variant"].value_counts()
    assert served.gt(0).all()
    assert row.requests_on_worse == served["a"] + served["c"]
    assert row.regret == pytest.approx(served["a"] * 0.05 + served["c"] * 0.45, rel=1e-12)
    answered = requests[requests["status"] == 200]["variant"].value_counts()
    assert row.requests_served == answered.to_dict()
    assert row.served_share == {name: row.requests_served[name] / answered.sum() for name in "abc"}
    assert row.requests_total == len(requests)
    assert row.in_flight_at_horizon == (requests["status"] == 0).sum()
    assert row.requests_to_decision == (requests["arrived_ns"] < 60 * SECOND).sum()
    late = requests["label_ns"] >= run.scenario.horizon
    assert row.labels_outstanding == late.sum()


def test_requests_that_a_bad_variant_fails_went_to_it_too() -> None:
    """It answers nobody: who it turned away are the ones that matter."""
    bad = success(0.95) | {"error_rate": 1.0}
    objective = three().objective.model_dump(mode="json")
    objective["guardrails"] = [{"metric": "error_rate", "at_most": 0.01}]
    run = played({}, scenario({"a": success(0.9), "b": bad}, endpoint=QUICK, objective=objective))
    row = summary_of(run, truth_of_scenario(run.scenario))
    failed = run.requests["status"] == 500
    assert row.requests_on_worse == failed.sum() > 0


def test_copies_and_failures_are_not_served() -> None:
    """Nobody gets the reply of a mirror, and a 500 is not an answer."""
    mirrored = {1: [SetWeights({"a": 1.0, "b": 0.0}, mirror=Mirror("b", 1.0))]}
    run = played(mirrored, scenario({"a": success(0.9, error_rate=0.3), "b": success(0.9)}))
    row = summary_of(run, truth_of_scenario(run.scenario))
    users = run.requests[run.requests["attempt"] != COPY]
    answered = users[users["status"] == 200]["variant"].value_counts()
    assert row.requests_served == {"a": answered["a"], "b": answered.get("b", 0)}
    assert len(users) < len(run.requests)
    assert row.requests_failed > 0


def test_equal_variants_cost_nothing() -> None:
    """Of two equal variants none is worse: no request is served by it, and nobody regrets."""
    row = outcome({}, scenario({"a": success(0.9), "b": success(0.9)}))
    assert (row.requests_on_worse, row.regret) == (0, 0.0)


def test_what_the_horizon_cuts_off_is_counted() -> None:
    """Labels due after the horizon are outstanding and requests unanswered at it are in flight."""
    slow = {"latency": {"kind": "constant", "value": "7s"}, "workers": 1000}
    late = scenario(
        {"a": success(0.9, **slow), "b": success(0.8, **slow)},
        labels={"delay": {"kind": "constant", "value": "30s"}},
    )
    run = played({}, late)
    row = summary_of(run, truth_of_scenario(late))
    arrived = run.requests["arrived_ns"]
    assert row.in_flight_at_horizon == (arrived + 7 * SECOND >= late.horizon).sum() > 0
    answered_late = (arrived + 7 * SECOND < late.horizon) & (arrived + 37 * SECOND >= late.horizon)
    assert row.labels_outstanding == answered_late.sum() > 0


GUARDED = {
    "control": "a",
    "candidate": "b",
    "metric": "success_rate",
    "smallest_effect": 0.01,
}
SLOW = {"kind": "exponential", "mean": "90ms"}
TROUBLED = {
    "a": success(0.9, error_rate=0.04),
    "b": success(0.95, error_rate=0.08, queue_limit=1, latency=SLOW),
}


@pytest.mark.parametrize(
    ("metric", "limit", "at_most"),
    [("error_rate", 0.28, 0.28), ("latency_mean", "130ms", 130e6)],
)
@pytest.mark.parametrize("horizon", ["2min", "115s", "64.5s"])
def test_breached_time_is_that_of_the_windows_over_the_limit(
    metric: str, limit: object, at_most: float, horizon: str
) -> None:
    """A window counts, up to the horizon, when any variant breaks the limit in it."""
    guarded = scenario(
        TROUBLED,
        rate="16/s",
        horizon=horizon,
        objective=GUARDED | {"guardrails": [{"metric": metric, "at_most": limit}]},
    )
    run = played({}, guarded)
    requests = run.requests[run.requests["status"] != 0]
    window = requests["finished_ns"] // (10 * SECOND)
    by_window = [window.rename("window"), requests["variant"]]
    if metric == "error_rate":
        values = requests["status"].ne(200).groupby(by_window).mean()
    else:
        answered = requests["status"] != 503
        latency = (requests["finished_ns"] - requests["arrived_ns"])[answered]
        values = latency.groupby([each[answered] for each in by_window]).mean()
    breached = sorted({window for (window, _), value in values.items() if value > at_most})
    assert 0 < len(breached) < values.index.get_level_values("window").nunique()
    ends = [min((each + 1) * 10 * SECOND, guarded.horizon) for each in breached]
    expected_ns = sum(end - each * 10 * SECOND for each, end in zip(breached, ends, strict=True))
    row = summary_of(run, truth_of_scenario(guarded))
    assert row.guardrail_breach_s == expected_ns / 1e9


def test_a_breach_all_along_lasts_until_the_horizon_and_no_longer() -> None:
    """A last window that the horizon cuts short counts for what there is of it."""
    broken = scenario(
        {"a": success(0.9, error_rate=1.0), "b": success(0.9)},
        horizon="25s",
        objective=GUARDED | {"guardrails": [{"metric": "error_rate", "at_most": 0.5}]},
    )
    assert outcome({}, broken).guardrail_breach_s == 25.0


def test_copies_to_a_failing_mirror_break_no_guardrail() -> None:
    """Nobody waits for a copy's reply; once the mirror serves users, its windows count."""
    failing = scenario(
        {"a": success(0.9), "b": success(0.9, weight=0, error_rate=1.0)},
        horizon="60s",
        endpoint={"weight_update": "1ns"},
        objective=GUARDED | {"guardrails": [{"metric": "error_rate", "at_most": 0.5}]},
    )
    mirrored = {1: [SetWeights({}, mirror=Mirror("b"))]}
    assert outcome(mirrored, failing).guardrail_breach_s == 0.0
    served = mirrored | {4: [SetWeights({"b": 1.0})]}
    assert outcome(served, failing).guardrail_breach_s == 20.0


def test_without_guardrails_nothing_is_breached() -> None:
    """No limit, no breach, however many requests fail."""
    assert outcome({}, scenario({"a": success(0.9, error_rate=1.0), "b": success(0.9)})).regret == 0


@pytest.mark.parametrize(
    ("actions", "changes"),
    [
        ({}, 0),
        (SHIFTS, 3),
        ({2: [SetWeights({"b": 2})], 3: [SetWeights({"b": 5})]}, 1),
        ({2: [SetWeights({"b": 1})]}, 0),
        ({2: [SetInstances("a", 3)]}, 0),
        ({2: [SetWeights({"c": 0})], 5: [RemoveVariant("c")], 8: [AddVariant("c")]}, 1),
        ({11: [SetWeights({"b": 2})]}, 0),
    ],
    ids=[
        "nothing",
        "three in turn",
        "the second is refused",
        "to what it is",
        "more instances",
        "a variant of weight 0 goes and comes back",
        "not in force by the horizon",
    ],
)
def test_weight_changes_are_those_that_moved_traffic(
    actions: dict[int, list[Action]], changes: int
) -> None:
    """Counted where the weights in force changed, not where somebody asked."""
    assert outcome(actions).weight_changes == changes


def test_both_engines_give_the_same_row() -> None:
    """Design section 4: the planes give the same bits, so rows are equal to the last digit."""
    rows = [
        summary_of(
            record(three(), engine, policy=Script(SHIFTS), seed=5), truth_of_scenario(three())
        )
        for engine in ("reference", "compiled")
    ]
    assert rows[0] == rows[1]
