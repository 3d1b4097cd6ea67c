"""Policies of a study meet the same clients and the same potential outcomes."""

from __future__ import annotations

import numpy as np
import pytest

import simab
from simab.draws import Draws
from simab.policies import Promote, SetWeights
from simab.run.simulation import play_run
from simab.world import Blueprint
from simab.world.run_counts import ARRAYS
from simab.world.session import ENGINES
from tests.study.building import small
from tests.world.building import SECOND, Script, never, record


@pytest.mark.parametrize("engine", ENGINES)
def test_two_policies_that_do_nothing_leave_identical_books(engine: str) -> None:
    """Nothing in a run depends on which policy looks on."""
    blueprint, draws = Blueprint.of(small()), Draws(5, 2)
    one, other = (
        play_run(blueprint, (name, policy), draws, engine=engine).data.run_counts
        for name, policy in (("one", Script()), ("other", never()))
    )
    for name in ARRAYS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.totals[0] > 1000


@pytest.mark.parametrize("engine", ENGINES)
def test_until_two_policies_differ_nothing_does(engine: str) -> None:
    """What finished before the first split of one of them is the same request by request."""
    runs = [
        record(small(), engine, policy=Script(actions), seed=4).requests
        for actions in ({}, {5: [Promote("b")]})
    ]
    before = [each[each["finished_ns"].between(0, 60 * SECOND - 1)] for each in runs]
    assert before[0].equals(before[1])
    assert len(before[0]) > 500
    assert not runs[0].equals(runs[1])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_carries_its_outcomes_with_it(engine: str) -> None:
    """Same client, target, service time and truth in both worlds, wherever the weights send it.

    Two models err each on their own: one that is right less often is still right on some of the
    requests on which the other one is wrong (decisions.md).
    """
    slow, quick = (
        record(small(), engine, policy=Script({1: [SetWeights(weights)]}), seed=4).requests
        for weights in ({"a": 9, "b": 1}, {"a": 1, "b": 9})
    )
    for column in ("request", "client", "segment", "arrived_ns"):
        assert slow[column].equals(quick[column])
    both = slow.join(quick.add_suffix("_other"))
    both = both[(both["correct"] >= 0) & (both["correct_other"] >= 0)]
    alike = both[both["variant"] == both["variant_other"]]
    assert (alike["correct"] == alike["correct_other"]).all()
    service = alike["finished_ns"] - alike["started_ns"]
    assert service.equals(alike["finished_ns_other"] - alike["started_ns_other"])
    moved = both[(both["variant"] == "a") & (both["variant_other"] == "b")]
    assert len(moved) > 300
    assert (moved["correct"] > moved["correct_other"]).any()
    assert (moved["correct"] < moved["correct_other"]).any()


def test_pairing_gains_precision_between_rules_that_read_the_same_labels() -> None:
    """Variance reduction above 1: fewer replications for the same interval (Law, section 11.2).

    Two tests that differ in their alpha alone mostly agree on a replication.
    """
    rule = {"kind": "fixed_horizon", "labelled_requests": 150}
    policies = {"strict": rule | {"alpha": 0.1}, "lax": rule | {"alpha": 0.4}}
    study = simab.compare(small(policies=policies), replications=120, seed=2)
    gains = {each.quantity: each.variance_reduction for each in study.result.paired}
    assert gains["correct"] > 1.5
    assert gains["requests_on_worse"] > 1.5


def test_another_replication_and_another_seed_are_other_clients() -> None:
    """Common random numbers are common to policies, not to replications."""
    arrivals = [
        tuple(record(small(), "compiled", seed=seed, replication=number).requests["arrived_ns"])
        for seed, number in ((1, 0), (1, 1), (2, 0))
    ]
    assert len({each[:5] for each in arrivals}) == 3
