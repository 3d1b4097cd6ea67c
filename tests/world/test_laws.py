"""Laws of every run, on scenarios that Hypothesis draws; and planted faults that break them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import simpy
from hypothesis import given

from simab.draws import Draws
from simab.policies import SetWeights
from simab.run.simulation import Run, play_run
from simab.scenario.models import Scenario
from simab.world import Blueprint
from simab.world.reference import plane
from simab.world.run_counts import RequestColumn, RunCounts, Status
from tests.effort import examples
from tests.world import laws
from tests.world.building import Script, record, scenario, variant
from tests.world.drawn_runs import Play, plays


def test_the_laws_hold_in_every_run(engine: str) -> None:
    """Each law of tests/world/laws.py, whose docstrings state them and their sources.

    The drawn runs have every way to end, requests that wait, changes taken and refused.
    """
    seen: Counter[str] = Counter()

    @given(plays(by_weight=True))
    @examples(1 / 3)
    def hold(play: Play) -> None:
        run = play.on(engine)
        for law in laws.LAWS:
            law(run)
        requests, accepted = run.requests, run.decisions["accepted"].astype(bool)
        seen.update(f"status {each}" for each in requests["status"])
        seen["waits"] += int((requests["started_ns"] > requests["arrived_ns"]).sum())
        seen["accepted"] += int(accepted.sum())
        seen["refused"] += int((~accepted).sum())

    hold()
    assert {each for each in seen if each.startswith("status")} == {
        f"status {each}" for each in (0, 200, 400, 500, 503)
    }
    assert min(seen["waits"], seen["accepted"], seen["refused"]) >= 5


def crowded_instants() -> Scenario:
    """Arrivals every 300 ns: several each run fall on the nanosecond of a completion or a tick."""
    few = variant(workers=2, instances=2, latency={"kind": "constant", "value": "1us"})
    return scenario(
        {
            "a": few | {"queue_limit": 1},
            "b": few | {"queue_limit": 0, "instance_routing": "least_outstanding_requests"},
        },
        endpoint={"weight_update": "0s"},
        traffic={name: {"rate": "1000000/s"} for name in ("x", "y", "z")},
        horizon="2ms",
        metrics={"period": "50us", "publication_delay": "0s"},
        controller={"interval": "2us"},
    )


def test_the_laws_hold_where_instants_coincide(engine: str) -> None:
    """Completions come before arrivals of their instant, and control before both.

    The recursion and the limits of places tell them apart to the nanosecond.
    """
    tick = {number: [SetWeights({"a": 1.0, "b": float(number % 2)})] for number in range(1, 1000)}
    run = record(crowded_instants(), engine, policy=Script(tick))
    requests = run.requests
    arrived = requests["arrived_ns"]
    served = requests.loc[requests["status"].isin(laws.SERVED), "finished_ns"]
    assert arrived.isin(served).sum() >= 5
    assert arrived.duplicated().sum() >= 5
    assert arrived.isin(run.splits["at_ns"]).sum() >= 1
    for law in laws.LAWS:
        law(run)


def busy_scenario() -> Scenario:
    """Two variants of which requests wait at both and some are turned away."""
    crowded = variant(workers=2, queue_limit=3)
    return scenario({"a": crowded, "b": crowded}, rate="150/s", horizon="20s")


def broken(law: Callable[[Run], None], run: Run) -> bool:
    """Whether a law does not hold."""
    try:
        law(run)
    except AssertionError:
        return True
    return False


def laws_broken_by(run: Run) -> set[str]:
    """The names of the laws that do not hold in a run."""
    return {law.__name__ for law in laws.LAWS if broken(law, run)}


def play_reference(scenario: Scenario) -> Run:
    """A run on the reference engine, in which faults are planted."""
    return play_run(
        Blueprint.of(scenario),
        ("script", Script()),
        Draws(1, 0),
        engine="reference",
        record_requests=True,
    )


def test_without_a_fault_the_busy_run_keeps_all_laws() -> None:
    """What the planted faults below start from, and it does exercise the queue and the 503."""
    run = play_reference(busy_scenario())
    assert laws_broken_by(run) == set()
    assert run.totals.rejected > 100
    assert run.windows["wait_sum_ns"].sum() > 0


class LastComeFirstServed(simpy.Resource):
    """A fault: a free worker takes the request that came last."""

    def _trigger_put(self, get_event: Any) -> None:
        self.put_queue.reverse()
        super()._trigger_put(get_event)
        self.put_queue.reverse()


class OneWorkerMore(simpy.Resource):
    """A fault: an instance serves one request more than it has workers."""

    def __init__(self, environment: simpy.Environment, capacity: int) -> None:
        super().__init__(environment, capacity + 1)


def test_serving_the_last_first_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """LIFO breaks FIFO and the recursion, though every request is served and none waits idle."""
    monkeypatch.setattr(plane.simpy, "Resource", LastComeFirstServed)
    found = laws_broken_by(play_reference(busy_scenario()))
    assert {"first_come_first_served", "lindley_kiefer_wolfowitz"} <= found
    assert "conservation" not in found


def test_a_worker_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """W + 1 at once breaks the limit of workers and the recursion."""
    monkeypatch.setattr(plane.simpy, "Resource", OneWorkerMore)
    found = laws_broken_by(play_reference(busy_scenario()))
    assert {"workers_and_places", "lindley_kiefer_wolfowitz"} <= found


def test_counting_a_rejection_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice in the windows: they are no sums of the records any more."""
    once = RunCounts.book_rejected

    def twice(self: RunCounts, variant: int, arrived_ns: int, instances: int) -> None:
        once(self, variant, arrived_ns, instances)
        once(self, variant, arrived_ns, instances)

    monkeypatch.setattr(RunCounts, "book_rejected", twice)
    assert "windows_are_sums_of_records" in laws_broken_by(play_reference(busy_scenario()))


def test_counting_an_end_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice in the totals breaks conservation, whatever the windows say."""
    once = RunCounts.book_end

    def twice(self: RunCounts, status: Status) -> None:
        once(self, status)
        once(self, status)

    monkeypatch.setattr(RunCounts, "book_end", twice)
    assert laws_broken_by(play_reference(busy_scenario())) == {"conservation"}


def test_booking_by_arrival_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A latency in the window of the arrival, though the sums of the run stay right."""
    right = RunCounts.book_served

    def early(
        self: RunCounts, variant: int, times_ns: tuple[int, int, int], failed: bool, instances: int
    ) -> None:
        right(self, variant, times_ns, failed, instances)
        arrived, _, finished = (time // self.blueprint.period_ns for time in times_ns)
        latency = times_ns[2] - times_ns[0]
        self.requests[finished, variant, RequestColumn.LATENCY_SUM_NS] -= latency
        self.requests[arrived, variant, RequestColumn.LATENCY_SUM_NS] += latency

    monkeypatch.setattr(RunCounts, "book_served", early)
    assert laws_broken_by(play_reference(busy_scenario())) == {"windows_are_sums_of_records"}


def test_forgetting_who_is_in_flight_is_noticed() -> None:
    """A latency lost from the counts by one nanosecond breaks Little's law."""
    run = play_reference(busy_scenario())
    run.data.run_counts.requests[0, 0, RequestColumn.LATENCY_SUM_NS] -= 1
    assert {"little", "windows_are_sums_of_records"} == laws_broken_by(run)
