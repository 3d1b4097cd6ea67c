"""The two engines give the same bits: whole runs drawn by Hypothesis, played on both and compared.

To try more runs than CI does, for example 50,000 that nobody has tried before:

    SIMAB_EXAMPLES=50000 pytest -m long tests/world/test_engines_agree.py -k as_many_runs
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simab.policies import Mirror, SessionAffinity, SetInstances, SetWeights
from simab.run.simulation import Run, simulate
from simab.scenario.models import Scenario
from simab.world import Blueprint
from simab.world.compiled.kernel import advance
from tests.effort import examples
from tests.strategies import scenarios
from tests.world.building import Script, scenario, variant
from tests.world.drawn_runs import Play, plays, some_plays
from tests.world.engines_comparison import (
    blocks_of_arrivals,
    compiled_plane,
    differences,
    fingerprint,
    play_on,
)

ASKED_FOR = os.environ.get("SIMAB_EXAMPLES")
LONGEST = "366d"


def differing(play: Play, *, frames: bool) -> list[str]:
    """The parts in which the engines differ on a run; they share its tables, which are slow."""
    blueprint = Blueprint.of(play.scenario)
    reference, compiled = (
        play_on(engine, play, blueprint=blueprint) for engine in ("reference", "compiled")
    )
    return differences(reference, compiled, frames=frames)


@given(play=plays())
@examples(3 / 2)
def test_both_engines_give_the_same_bits(play: Play) -> None:
    """Counts, records, totals, decisions, splits, frames and what the policy saw are all equal."""
    assert differing(play, frames=True) == []


@pytest.mark.long
@given(play=plays())
@settings(max_examples=int(ASKED_FOR or 600), derandomize=not ASKED_FOR)
def test_both_engines_give_the_same_bits_in_as_many_runs_as_asked_for(play: Play) -> None:
    """The same over more runs; the frames are left out, as they are made of the rest."""
    with blocks_of_arrivals(64):
        assert differing(play, frames=False) == []


@given(drawn=scenarios(max_requests=100, max_variants=4), seed=st.integers(0, 2**64 - 1))
@examples(1 / 6)
def test_the_policies_that_simab_ships_decide_alike(drawn: Scenario, seed: int) -> None:
    """A policy that looks at metrics does the same on both engines, as it is shown the same."""
    for name in drawn.policies:
        reference, compiled = (
            simulate(drawn, policy=name, seed=seed, engine=engine, record_requests=True)
            for engine in ("reference", "compiled")
        )
        assert reference.decision_log == compiled.decision_log
        assert np.array_equal(reference.data.records, compiled.data.records)
        assert reference.windows.equals(compiled.windows)


def what_happens(run: Run) -> Counter[str]:
    """How often a run does what the engines could get wrong."""
    requests, decisions = run.requests, run.decisions
    arrived, horizon = requests["arrived_ns"], run.scenario.horizon
    new_splits = run.splits["at_ns"].iloc[1:]
    served = requests[requests["status"].isin((200, 500))]
    labels = requests.loc[requests["label_ns"] >= 0, "label_ns"]
    scalings = run.scalings
    windows, users = run.windows, requests.groupby(["segment", "client"]).ngroups
    period, interval = run.scenario.metrics.period, run.scenario.controller.interval
    counts: Counter[str] = Counter({f"status {status}": 0 for status in (0, 200, 400, 500, 503)})
    counts.update(f"status {status}" for status in requests["status"])
    accepted = decisions.loc[decisions["accepted"].astype(bool), "action"]
    counts.update(f"accepted {action}" for action in accepted)
    counts.update(f"refusal: ...{text[-20:]}" for text in decisions["refusal"] if text)
    return counts + Counter(
        {
            "waits": int((requests["started_ns"] > arrived).sum()),
            "two arrivals at once": int(arrived.duplicated().sum()),
            "arrival at a finish": int(arrived.isin(served["finished_ns"]).sum()),
            "arrival at a new split": int(arrived.isin(new_splits).sum()),
            "arrival at a look": int((arrived % interval == 0).sum()),
            "arrival at a window's end": int((arrived % period == 0).sum()),
            "finish at a window's end": int((served["finished_ns"] % period == 0).sum()),
            "label at a window's end": int((labels % period == 0).sum()),
            "copies": int((requests["attempt"] == -1).sum()),
            "users assigned": int(windows["users_assigned"].sum()),
            "users assigned again": max(int(windows["users_assigned"].sum()) - users, 0),
            "label at its reply": int((served["label_ns"] == served["finished_ns"]).sum()),
            "label beyond the horizon": int((labels >= horizon).sum()),
            "look at an update's end": int((new_splits % interval == 0).sum()),
            "scaled out": int(
                ((scalings.after > scalings.before) & (scalings.refusal == "")).sum()
            ),
            "scaled in": int(((scalings.after < scalings.before) & (scalings.refusal == "")).sum()),
            "scaling refused": int((scalings.refusal != "").sum()),
            "scaling at a look": int((scalings.at_ns % interval == 0).sum()),
        }
    )


ACTIONS = ("SetWeights", "SetInstances", "AddVariant", "RemoveVariant", "Promote", "RollBack")
TO_HAPPEN = {
    *(f"status {status}" for status in (0, 200, 400, 500, 503)),
    *(f"accepted {action}" for action in (*ACTIONS, "Conclude", "Hold")),
    "waits",
    "two arrivals at once",
    *(f"arrival at {tie}" for tie in ("a finish", "a new split", "a look", "a window's end")),
    *(f"{event} at a window's end" for event in ("finish", "label")),
    "copies",
    "users assigned",
    "users assigned again",
    "label at its reply",
    "label beyond the horizon",
    "look at an update's end",
    *(f"scal{which}" for which in ("ed out", "ed in", "ing refused", "ing at a look")),
}


@given(play=plays())
@examples(1 / 6)
def test_how_the_log_is_cut_and_how_rings_grow_change_nothing(play: Play) -> None:
    """Chunks of 1, 2, 7 or 65,536 records and rings of 1, 2 or 16 places give one fingerprint."""
    blueprint = Blueprint.of(play.scenario)
    found = set()
    for log_chunk, first_ring in ((1, 1), (2, 2), (7, 16), (65_536, 1)):
        with compiled_plane(log_chunk=log_chunk, first_ring=first_ring):
            found.add(fingerprint(play_on("compiled", play, blueprint=blueprint)))
    assert len(found) == 1


@given(play=plays())
@examples(1 / 4)
def test_keeping_records_changes_nothing_else(play: Play) -> None:
    """Without records a run has the same counts and decisions, on both engines."""
    for engine in ("compiled", "reference"):
        without = play_on(engine, play, record_requests=False)
        assert without.run.data.records is None
        found = differences(play_on(engine, play), without, frames=False)
        assert found == ["records"]


@given(play=plays(most_requests=150), chunk=st.sampled_from([1, 7, 64]))
@examples(1 / 4)
def test_how_many_arrivals_are_drawn_at_once_changes_nothing(play: Play, chunk: int) -> None:
    """The reference draws blocks of 512 arrivals; blocks of another size give the same run."""
    with blocks_of_arrivals(chunk):
        assert differing(play, frames=False) == []


def crowd(**more: Any) -> Scenario:
    """Three times as many requests as can be served, so that thousands wait."""
    latency = {"kind": "lognormal", "mean": "40ms", "cv": 1.5}
    busy = variant(workers=2, instances=3, latency=latency, error_rate=0.1) | more
    many = {"weight": 2, "workers": 12, "instances": 1}  # more than are looked at one by one
    segments = {
        "x": {"rate": "400/s", "clients": 300},
        "y": {"rate": "80/s", "clients": 60, "paired_targets": ["a", "b", "c"]},
    }
    return scenario(
        {"a": busy, "b": busy | many, "c": busy | {"weight": 0}},
        endpoint={"weight_update": "3s", "provisioning": "5s"},
        traffic=segments,
        horizon="20s",
        metrics={"period": "2s", "publication_delay": "1s"},
        controller={"interval": "1s"},
        labels={"delay": {"kind": "exponential", "mean": "2s"}, "never": 0.2},
    )


CROWDS = {
    "open queues": crowd(),
    "long limits": crowd(queue_limit=300),
    "fewest held, open queues": crowd(instance_routing="least_outstanding_requests"),
    "fewest held, limits": crowd(instance_routing="least_outstanding_requests", queue_limit=40),
}
RULES = SessionAffinity("b", 2_000_000_000), Mirror("c", 0.5)
STEPS = {
    1: [SetWeights({"a": 3.0}, *RULES)],
    5: [SetInstances("a", 4)],
    11: [SetInstances("b", 1)],
    15: [SetWeights({"a": 2.0}, *RULES)],
}


@pytest.mark.parametrize(
    "name",
    [
        "open queues",
        pytest.param("long limits", marks=pytest.mark.long),
        pytest.param("fewest held, open queues", marks=pytest.mark.long),
        "fewest held, limits",
    ],
)
def test_thousands_of_waiting_requests_are_served_alike(name: str) -> None:
    """Rings that double many times and draws over many blocks keep the engines equal.

    So do cookies that run out, several replies on their way to one client, and copies.
    """
    play = Play(CROWDS[name], STEPS, None, seed=7, replication=3)
    assert differing(play, frames=True) == []
    assert play_on("compiled", play).run.totals.copies > 1_000


def test_the_compared_runs_reach_what_the_engines_could_get_wrong() -> None:
    """Ties of every sort, ways to end, waits, and actions of every kind occur in 400 runs or fewer.

    Which ones are drawn depends on numbers in the sources, which Hypothesis reads. Cookies that run
    out, copies and users who are assigned again are rare among them: a crowd, which is compared
    above, has them all.
    """
    crowd = [Play(CROWDS["open queues"], STEPS, None, seed=7, replication=3)]
    happened: set[str] = set()
    refusals: set[str] = set()
    for play in chain(crowd, chain.from_iterable(map(partial(some_plays, count=25), range(16)))):
        counts = what_happens(play_on("compiled", play).run)
        found = {name for name, count in counts.items() if count}
        refusals |= {name for name in found if name.startswith("refusal")}
        happened |= found - refusals
        if happened >= TO_HAPPEN and len(refusals) >= 7:
            return
    assert happened >= TO_HAPPEN
    assert len(refusals) >= 7


def test_the_kernel_is_compiled_for_one_set_of_types() -> None:
    """Another set would cost seconds in the middle of a study: arrays always have one layout."""
    for name in ("open queues", "fewest held, limits"):
        for recorded in (True, False):
            play_on("compiled", Play(CROWDS[name], STEPS, None, 1, 0), record_requests=recorded)
    assert len(advance.signatures) == 1


def test_replications_at_once_in_threads_are_the_same_as_one_after_the_other() -> None:
    """The kernel lets other threads run; what they play does not mix."""
    many = [Play(CROWDS["fewest held, limits"], STEPS, None, seed, 0) for seed in range(12)]
    alone = [fingerprint(play_on("compiled", play)) for play in many]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda play: fingerprint(play_on("compiled", play)), many))
    assert together == alone
    assert len(set(alone)) == len(many)


def agree(scenario: Scenario, **numbers: int) -> Run:
    """Play on both engines without any action, assert that they agree, and return the run."""
    reference, compiled = (
        simulate(scenario, policy=Script(), engine=engine, record_requests=True, **numbers)
        for engine in ("reference", "compiled")
    )
    assert np.array_equal(reference.data.records, compiled.data.records)
    assert reference.totals == compiled.totals
    assert reference.windows.equals(compiled.windows)
    return compiled


def test_a_queue_may_be_longer_than_64_bits_of_nanoseconds() -> None:
    """Six hundred requests of a year each would end beyond the year 2262 of int64: in flight."""
    slow = variant(latency={"kind": "constant", "value": LONGEST})
    run = agree(scenario({"a": slow}, rate="10/s", horizon="1min"))
    assert run.totals.in_flight == run.totals.arrived > 500


def test_the_clock_of_arrivals_holds_the_longest_horizon() -> None:
    """At the lowest rate the block of arrivals that crosses 366 days runs beyond int64: unseen."""
    rare = scenario(
        {"a": variant(latency={"kind": "constant", "value": "1ms"})},
        rate="0.00001/s",
        horizon=LONGEST,
        metrics={"period": "10d", "publication_delay": "0s"},
        controller={"interval": "10d"},
    )
    for replication in range(20):
        agree(rare, seed=1, replication=replication)
