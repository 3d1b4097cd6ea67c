"""Answers that are as good as those of the variant that a client met before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from simab.policies import SetWeights
from simab.scenario.models import Scenario
from tests.world.building import SECOND, WITHOUT_REFERENCE, Script, record, scenario, variant

QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 50}
NOT_SERVED = 400


def pair(worse: float, better: float, **fields: Any) -> dict[str, dict[str, Any]]:
    """Two variants, a and b, right with these probabilities."""
    return {
        name: variant(quality={"kind": "success", "probability": share}, **(QUICK | fields))
        for name, share in {"a": worse, "b": better}.items()
    }


def carrying(share: float, variants: dict[str, dict[str, Any]], **parts: Any) -> Scenario:
    """A scenario of thirty clients who carry over that share."""
    users = {"rate": "50/s", "clients": 30, "carry_over": share}
    return scenario(variants, **({"horizon": "1min", "traffic": {"users": users}} | parts))


def met_before(requests: pd.DataFrame) -> pd.Series:
    """The variant to which the request before of the same client went; its own of a first one."""
    sent = requests[requests["status"] != NOT_SERVED]
    before = sent.groupby(["segment", "client"])["variant"].shift()
    return before.fillna(sent["variant"])


@pytest.mark.parametrize("rule", ["weighted_random", "smooth_weighted_round_robin", "sticky_hash"])
def test_all_answers_are_those_of_the_variant_met_before(engine: str, rule: str) -> None:
    """Of variants that are always wrong and always right, at a share of 1: who is met before says.

    Requests that fail or are turned away have met their variant, too.
    """
    crowded = {"error_rate": 0.2, "workers": 1, "queue_limit": 0}
    slow = {"latency": {"kind": "exponential", "mean": "20ms"}}
    routing = {"variant_routing": rule}
    described = carrying(1.0, pair(0.0, 1.0, **slow, **crowded), endpoint=routing)
    requests = record(described, engine).requests
    assert {200, 500, 503} <= set(requests["status"])
    before = met_before(requests)
    answered = requests[requests["label_ns"] >= 0]
    assert (answered["correct"] == (before[answered.index] == "b")).all()
    moved = (answered["variant"] != before[answered.index]).mean()
    assert moved == 0 if rule == "sticky_hash" else moved > 0.3


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_all_but_the_answers_stays_as_it_is(engine: str, share: float) -> None:
    """Who asks, who serves, when and how it ends: a run without carry-over differs in nothing
    else, and in no answer to a client who stays with a variant.
    """
    plain, carried = (
        record(carrying(each, pair(0.2, 0.8)), engine).requests for each in (0.0, share)
    )
    same = [name for name in plain if name != "correct"]
    pd.testing.assert_frame_equal(plain[same], carried[same])
    stays = met_before(plain) == plain["variant"]
    assert plain["correct"][stays].equals(carried["correct"][stays])
    assert not plain["correct"].equals(carried["correct"])


@WITHOUT_REFERENCE
@pytest.mark.parametrize("weight", [1.0, 4.0])
def test_a_difference_is_smaller_by_the_share_whatever_the_weights(
    engine: str, weight: float
) -> None:
    """B - a is (1 - share) of what it would be, where each request is drawn: 4 standard errors.

    The request before was drawn as well, so that both variants have the same part of its answers.
    """
    share, worse, better = 0.4, 0.3, 0.7
    variants = pair(worse, better)
    variants["b"]["weight"] = weight
    users = {"rate": "500/s", "clients": 50, "carry_over": share}
    requests = record(carrying(share, variants, traffic={"users": users}), engine).requests
    labelled = requests[requests["label_ns"] >= 0]
    found = labelled.groupby("variant")["correct"].agg(["mean", "count"])
    error = (0.25 / found["count"]).sum() ** 0.5
    difference = found["mean"]["b"] - found["mean"]["a"]
    assert abs(difference - (1 - share) * (better - worse)) < 4 * error + 50 / len(labelled)
    mixed = (worse + weight * better) / (1 + weight)
    mean = (1 - share) * worse + share * mixed
    assert abs(found["mean"]["a"] - mean) < 4 * (0.25 / found["count"]["a"]) ** 0.5 + 0.005


@WITHOUT_REFERENCE
def test_of_sessions_the_first_answers_alone_are_carried_over(engine: str) -> None:
    """Of 4 requests each, seldom two of a client at once: a difference is smaller by a quarter."""
    sessions = {"requests": 4, "law": "fixed", "gap": {"kind": "constant", "value": "10ms"}}
    users = {"rate": "500/s", "clients": 300, "carry_over": 1.0, "sessions": sessions}
    parts = {"traffic": {"users": users}, "endpoint": {"variant_routing": "session_hash"}}
    requests = record(carrying(1.0, pair(0.3, 0.7), **parts), engine).requests
    found = requests[requests["label_ns"] >= 0].groupby("variant")["correct"].agg(["mean", "count"])
    error = (0.25 / found["count"]).sum() ** 0.5
    assert abs(found["mean"]["b"] - found["mean"]["a"] - 0.75 * 0.4) < 4 * error + 0.01


def test_after_a_change_of_weights_it_fades(engine: str) -> None:
    """Once all is at b, each client has one more answer of whom it met before, and no second."""
    script = Script({2: [SetWeights({"a": 0.0, "b": 1.0})]})
    described = carrying(1.0, pair(0.0, 1.0), endpoint={"weight_update": "1ns"})
    requests = record(described, engine, policy=script).requests
    late = requests[requests["arrived_ns"] > 20 * SECOND + 1]
    wrong = late[late["correct"] == 0].groupby("client").size()
    assert set(late["variant"]) == {"b"}
    assert 0 < len(wrong) < 30
    assert set(wrong) == {1}


def test_what_a_timeline_makes_of_all_instances_is_carried_over(engine: str) -> None:
    """From 30 s on b is always right on one instance, then on both: others carry the latter."""
    for instance, carried in ((None, True), (0, False)):
        better = {"kind": "success", "probability": 1}
        hit = {"kind": "conditions", "variants": ["b"], "at": "30s", "quality": better}
        described = carrying(
            1.0, pair(0.0, 0.0, instances=2), timeline=[hit | {"instance": instance}]
        )
        requests = record(described, engine).requests
        late = requests[(requests["arrived_ns"] > 30 * SECOND) & (requests["label_ns"] >= 0)]
        before = met_before(requests)[late.index]
        of_b_to_a = late[(before == "b") & (late["variant"] == "a")]
        assert (of_b_to_a["correct"] == int(carried)).all()
        assert (late.loc[before == "a", "correct"] == 0).all()
        of_b = late[(before == "b") & (late["variant"] == "b")]
        right = of_b["correct"] == 1
        assert right.all() if instance is None else (right == (of_b["instance"] == 0)).all()


def test_rewards_are_those_that_the_client_would_have_earned_there(engine: str) -> None:
    """Quantiles of one range, so that both count in the same units; factors of the client stay."""
    earns = {"a": [0, 0, 0, 0, 100], "b": [0, 100, 100, 100, 100]}
    variants = {
        name: variant(
            quality={"kind": "numeric_reward", "distribution": {"kind": "quantiles", "values": own}}
        )
        for name, own in earns.items()
    }
    users = {"rate": "50/s", "clients": 30, "propensities": {"rewards": {"kind": "gamma", "cv": 1}}}
    objective = {"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 1}
    one, every = (
        record(
            scenario(
                variants,
                horizon="1min",
                traffic={"users": users | {"carry_over": share}},
                objective=objective,
            ),
            engine,
        ).requests
        for share in (0.0, 1.0)
    )
    labelled = one["label_ns"] >= 0
    stays = labelled & (met_before(one) == one["variant"])
    assert one["reward"][stays].equals(every["reward"][stays])
    moves = labelled & ~stays
    means = every[moves].groupby("variant")["reward"].mean()
    assert means["a"] > 2 * means["b"]  # each as good as the other
    assert np.isfinite(every["reward"][labelled]).all()


def test_without_it_nothing_is_written_of_it() -> None:
    """A file that does not say it is written out as before there was any."""
    dumped = carrying(0.0, pair(0.2, 0.8)).model_dump(mode="json")
    assert "carry_over" not in dumped["traffic"]["users"]
