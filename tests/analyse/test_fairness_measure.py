"""What one run says of the split, recomputed from its request frame by other means."""

from __future__ import annotations

import numpy as np
import pytest

from simab.analyse.fairness.measure import MOST_WINDOWS, FairnessMeasure
from simab.analyse.fairness.people import compared_groups
from simab.analyse.fairness.routed import asked_phases, left_out_segments, routed_requests
from simab.draws import Draws
from simab.run.simulation import Run, simulate
from simab.stats.evenness import gini_coefficient, jain_index
from simab.world import Blueprint, Session
from tests.world.building import scenario, variant

MOVES = {
    "moves": {
        "kind": "manual_schedule",
        "steps": [
            {"at": "30s", "weights": {"a": 1, "b": 3}},
            {"at": "60s", "weights": {"a": 3, "b": 1}},
            {"at": "90s", "promote": "b"},
        ],
    }
}


def run_of(**parts):
    parts = {"policies": MOVES, "endpoint": {"weight_update": "10s"}} | parts
    made = scenario(
        {
            "a": variant(instances=2, error_rate=0.1),
            "b": variant(quality={"kind": "success", "probability": 0.7}),
        },
        rate=parts.pop("rate", "40/s"),
        horizon="2min",
        traffic={"users": {"rate": "40/s", "clients": 50}, "others": {"rate": "5/s", "clients": 9}},
        **parts,
    )
    return simulate(made, record_requests=True, seed=3)


RUN = run_of()
FRAME = RUN.requests.assign(who=RUN.requests["segment"] + RUN.requests["client"].astype(str))
FOUND = FairnessMeasure(worse=("b",)).of(RUN)
EDGES_S = [0, 40, 70, 100, 120]


def test_phases_are_the_splits_in_force():
    asked = asked_phases(RUN)
    assert [each.since_ns / 1e9 for each in asked] == EDGES_S[:-1]
    assert [each.shares.tolist() for each in asked] == [
        [0.5, 0.5],
        [0.25, 0.75],
        [0.75, 0.25],
        [0, 1],
    ]
    assert asked[0].instances.tolist() == [2, 1]
    assert len(FOUND.phases) == FOUND.phases_in_all == 3  # the last has one variant


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_phase_counts_requests_users_and_known_clients(number):
    since, until = (1e9 * each for each in EDGES_S[number : number + 2])
    own = FRAME[(FRAME["arrived_ns"] >= since) & (FRAME["arrived_ns"] < until)]
    phase = FOUND.phases[number]
    assert phase.requests.tolist() == [int((own["variant"] == each).sum()) for each in "ab"]
    firsts = own.drop_duplicates("who")
    assert phase.users.tolist() == [int((firsts["variant"] == each).sum()) for each in "ab"]
    before = set(FRAME.loc[FRAME["arrived_ns"] < since, "who"])
    known = own["who"].isin(before)
    by_known = [
        [int(((known == is_known) & (own["variant"] == each)).sum()) for each in "ab"]
        for is_known in (False, True)
    ]
    assert phase.cells.counts.sum(axis=0).tolist() == by_known
    assert phase.cells.total.tolist() == phase.requests.tolist()  # requests are assigned


def test_clients_that_move_are_counted_by_variant():
    last = FRAME[FRAME["arrived_ns"] < 40e9].drop_duplicates("who", keep="last")
    first = FRAME[(FRAME["arrived_ns"] >= 40e9) & (FRAME["arrived_ns"] < 70e9)].drop_duplicates(
        "who"
    )
    both = last.merge(first, on="who")
    for row, old in enumerate("ab"):
        for column, new in enumerate("ab"):
            count = ((both["variant_x"] == old) & (both["variant_y"] == new)).sum()
            assert FOUND.phases[1].moved[row, column] == count


def test_requests_after_a_change_add_up_and_clients_that_asked_since_are_where_they_were_last():
    phase = FOUND.phases[1]
    assert phase.requests_lagged.sum(axis=0).tolist() == phase.requests.tolist()
    for lag_ns, users in zip(phase.lag_ns, phase.users_at, strict=True):
        since = FRAME[FRAME["arrived_ns"].between(40e9, 40e9 + lag_ns, inclusive="left")]
        until = since.drop_duplicates("who", keep="last")
        assert users.tolist() == [int((until["variant"] == each).sum()) for each in "ab"]


def test_windows_have_all_requests_and_what_their_shares_promise():
    windows = FOUND.windows
    assert windows.requests.sum() == len(FRAME)
    assert windows.expected.sum() == pytest.approx(len(FRAME))
    in_force = np.searchsorted(np.array(EDGES_S[1:-1]) * 1e9, FRAME["arrived_ns"], side="right")
    share = np.array([0.5, 0.25, 0.75, 0.0])[in_force]
    window = (FRAME["arrived_ns"] // (120e9 / MOST_WINDOWS)).astype(int)
    expected = np.bincount(window, weights=share, minlength=MOST_WINDOWS)
    variance = np.bincount(window, weights=share * (1 - share), minlength=MOST_WINDOWS)
    np.testing.assert_allclose(windows.expected[:, 0], expected, atol=1e-9)
    np.testing.assert_allclose(windows.variance[:, 0], variance, atol=1e-9)


def test_the_longest_run_is_the_one_of_the_busiest_phase():
    phase = FOUND.longest_phase
    own = FRAME[(FRAME["arrived_ns"] >= phase.since_ns) & (FRAME["arrived_ns"] < phase.until_ns)]
    runs = own["variant"].ne(own["variant"].shift()).cumsum()
    longest = own.groupby([runs.rename("run"), "variant"]).size().groupby("variant").max()
    assert FOUND.longest.tolist() == [longest["a"], longest["b"]]
    assert FOUND.scanned.sum() == len(own)


def test_people_are_counted_by_client():
    on_b = FRAME[FRAME["variant"] == "b"].groupby("who").size()
    asked = FRAME.groupby("who").size()
    people = FOUND.people
    assert people.clients == len(asked)
    assert people.met_several == (FRAME.groupby("who")["variant"].nunique() > 1).mean()
    assert people.met_worse == len(on_b) / len(asked)
    assert people.worse_each == pytest.approx(on_b.mean())
    exposed = on_b.reindex(asked.index, fill_value=0).to_numpy(float)
    assert people.jain_exposure == pytest.approx(jain_index(exposed))
    assert people.gini_exposure == pytest.approx(gini_coefficient(exposed))
    assert people.busiest_share == pytest.approx(asked.max() / asked.sum())  # 1 % of 59 is one
    answered = FRAME[FRAME["finished_ns"] >= 0]
    latency = (answered["finished_ns"] - answered["arrived_ns"]).groupby(answered["who"]).mean()
    assert people.jain_latency == pytest.approx(jain_index(latency.to_numpy() / 1e9))


def test_groups_are_the_segments():
    for row, name in enumerate(("users", "others")):
        own = FRAME[FRAME["segment"] == name]
        answered = own[own["finished_ns"] >= 0]
        known = own[own["correct"] >= 0]
        took_s = (answered["finished_ns"] - answered["arrived_ns"]).mean() / 1e9
        expected = [
            len(own),
            (own["variant"] == "b").mean(),
            took_s,
            own["status"].isin([500, 503]).mean(),
            known["correct"].mean(),
        ]
        assert FOUND.people.groups[row].tolist() == pytest.approx(expected)


def test_places_are_variants_with_their_instances():
    keys = [(each.variant, each.instance) for each in FOUND.places]
    assert keys == [("a", None), ("a", 0), ("a", 1), ("b", None), ("b", 0)]
    own = FRAME[(FRAME["variant"] == "a") & (FRAME["instance"] == 1)]
    place = FOUND.places[2]
    assert place.requests == len(own)
    served = own[own["finished_ns"] >= 0]
    begun = own[own["started_ns"] >= 0]
    until = begun["finished_ns"].where(begun["finished_ns"] >= 0, 120e9).clip(upper=120e9)
    assert place.busy_s == pytest.approx((until - begun["started_ns"]).sum() / 1e9)
    took = np.sort((served["finished_ns"] - served["arrived_ns"]).to_numpy()) / 1e9
    assert place.p50_s == pytest.approx(took[int(np.ceil(0.5 * (len(took) - 1)))])
    assert place.p99_s in took


def test_under_a_hash_clients_are_the_units():
    """Each client counts once a phase, and a window's variance is that of its clients' requests."""
    run = run_of(endpoint={"weight_update": "10s", "variant_routing": "sticky_hash"})
    found = FairnessMeasure(worse=()).of(run)
    for phase in found.phases:
        assert phase.cells.total.tolist() == phase.users.tolist()
    frame = run.requests
    first = frame[frame["arrived_ns"] < 120e9 / MOST_WINDOWS]
    squares = (first.groupby(["segment", "client"]).size() ** 2).sum()
    assert found.windows.variance[0, 0] == pytest.approx(0.25 * squares)
    assert found.people.met_worse == 0.0


def test_segments_that_name_variants_and_copies_are_left_out():
    made = scenario(
        traffic={
            "users": {"rate": "20/s"},
            "testers": {"rate": "20/s", "targets": {"b": 0.5}},
            "rows": {"rate": "5/s", "paired_targets": ["a", "b"]},
        }
    )
    assert left_out_segments(made) == ("testers", "rows")
    run = simulate(made, record_requests=True)
    routed = routed_requests(run)
    assert routed.client.size == (run.requests["segment"] == "users").sum() > 0
    assert set(routed.segment.tolist()) == {0}


def test_requests_of_a_script_are_left_out():
    """Some of them name their variant; they belong to no segment of the scenario."""
    made = scenario(traffic={"users": {"rate": "5/s", "clients": 7}}, horizon="1min")
    blueprint = Blueprint.of(made, called=True)
    session = Session(blueprint, Draws(1, 0), record_requests=True)
    for _ in range(20):
        session.call("a")
    session.advance(made.horizon)
    run_data, log = session.close()
    run = Run(made, "script", 1, 0, "compiled", run_data, log)
    assert run_data.records is not None
    routed = routed_requests(run)
    assert len(run_data.records) == routed.client.size + 20
    assert set(routed.segment.tolist()) == {0}
    assert routed.clients == 7


def test_a_run_without_a_split_has_no_phase():
    made = scenario({"a": variant(weight=1), "b": variant(weight=0)})
    found = FairnessMeasure(worse=("b",)).of(simulate(made, record_requests=True))
    assert found.phases == ()
    assert found.longest_phase is None
    assert found.people.met_worse == 0.0


def test_clients_of_unequal_activity_are_compared_by_group():
    """Of 200 clients by Zipf's law the first two are the heaviest 1 %."""
    made = scenario(
        traffic={
            "users": {
                "rate": "50/s",
                "clients": 200,
                "activity": {"kind": "zipf", "exponent": 1.2},
            },
            "others": {"rate": "5/s", "clients": 9},
        }
    )
    titles = [each.title for each in compared_groups(made)]
    assert titles == ["users, heaviest 1 %", "users, next 9 %", "users, other 90 %", "others"]
    run = simulate(made, record_requests=True)
    frame = run.requests
    users = frame[frame["segment"] == "users"]
    counts = [
        (users["client"] < 2).sum(),
        ((users["client"] >= 2) & (users["client"] < 20)).sum(),
        (users["client"] >= 20).sum(),
        (frame["segment"] == "others").sum(),
    ]
    found = FairnessMeasure(worse=()).of(run).people
    assert found.groups[:, 0].tolist() == counts
    assert found.busiest_share > 0.3


def test_what_is_in_flight_at_the_horizon_keeps_its_worker_busy():
    """One worker with an hour's service: busy from the first request to the end of the run."""
    slow = variant(latency={"kind": "constant", "value": "1h"})
    run = simulate(scenario({"a": slow, "b": slow}, rate="1/s"), record_requests=True)
    first = run.requests.groupby("variant")["arrived_ns"].min()
    for place in FairnessMeasure(worse=()).of(run).places:
        assert place.busy_s == pytest.approx(120 - first[place.variant] / 1e9)
        assert np.isnan(place.p50_s)
