"""A run with finer windows is the same run: its counts add up to those of longer windows."""

from __future__ import annotations

from math import gcd

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simab.errors import InvalidInput
from simab.run.simulation import simulate
from simab.world import Blueprint
from simab.world.coarser_counts import coarser_counts, finer_windows
from simab.world.run_counts import ARRAYS, CARRY_NS, RequestColumn, RunCounts, time_sum_ns
from tests.effort import examples
from tests.world.building import scenario
from tests.world.drawn_runs import Play, plays


@given(play=plays(most_requests=150), parts=st.sampled_from([2, 3, 5]))
@examples(1 / 4)
def test_finer_windows_add_up(play: Play, parts: int) -> None:
    """Counts, records, splits and what autoscaling did, whoever asks for what at whichever tick."""
    period_ns = play.scenario.metrics.period
    parts = gcd(parts, period_ns)
    assume(parts > 1)
    expected = play.on("compiled")
    finer = finer_windows(play.scenario, period_ns // parts)
    found = Play(finer, play.script, play.period, play.seed, play.replication).on("compiled")
    counts = coarser_counts(found.data.run_counts, Blueprint.of(play.scenario))
    for name in ARRAYS:
        one, other = (getattr(each, name) for each in (counts, expected.data.run_counts))
        assert one.dtype == other.dtype
        assert (one == other).all(), name
    assert found.requests.equals(expected.requests)
    assert found.splits.equals(expected.splits)
    assert found.scalings.equals(expected.scalings)


def test_autoscaling_goes_by_what_it_went_by() -> None:
    """Datapoints keep their length, so that instances come and go at the same instants."""
    scaling = {"max_instances": 5, "invocations_per_instance": 100}
    described = scenario(
        {"a": {**_plain(), "autoscaling": scaling}, "b": _plain()},
        rate="10/s",
        horizon="2h",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
    )
    both = described, finer_windows(described, 5 * 10**9)
    runs = [simulate(each, policy="still") for each in both]
    assert len(runs[0].scalings)
    assert runs[0].scalings.equals(runs[1].scalings)


def _plain() -> dict[str, object]:
    return {
        "latency": {"kind": "exponential", "mean": "40ms"},
        "quality": {"kind": "success", "probability": 0.9},
    }


def test_times_that_outgrow_a_window_are_carried_over() -> None:
    """Of five windows with just under CARRY_NS each, four carries and the rest."""
    described = finer_windows(scenario(), 2 * 10**9)
    fine = RunCounts.open(Blueprint.of(described))
    fine.requests[:5, 1, RequestColumn.WAIT_SUM_NS] = CARRY_NS - 1
    fine.requests[:5, 1, RequestColumn.WAIT_CARRIES] = 3
    coarse = coarser_counts(fine, Blueprint.of(scenario()))
    assert coarse.requests[0, 1, RequestColumn.WAIT_SUM_NS] == CARRY_NS - 5
    assert coarse.requests[0, 1, RequestColumn.WAIT_CARRIES] == 19
    expected = time_sum_ns(fine.requests[:, 1], RequestColumn.WAIT_SUM_NS)
    assert time_sum_ns(coarse.requests[:, 1], RequestColumn.WAIT_SUM_NS) == expected


def test_windows_are_cut_into_whole_parts() -> None:
    """A period of 10 s has none of 3 s."""
    with pytest.raises(InvalidInput, match="must divide"):
        finer_windows(scenario(), 3 * 10**9)
