"""Histograms of latencies in memory that windows share: nothing is lost by putting windows away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.run.simulation import simulate
from simab.scenario.memory import open_windows
from simab.stats.request_totals import LATENCY_BUCKETS, latency_quantile_buckets
from simab.world import latency_counts
from simab.world.latency_counts import LatencyCounts
from tests.world.building import assert_same, scenario, variant

WINDOWS, VARIANTS = 30, 2
requests = st.tuples(
    st.integers(0, WINDOWS - 1),
    st.integers(0, VARIANTS - 1),
    st.sampled_from([0, 1, 700, 701, LATENCY_BUCKETS - 1]),
)


def few_open(windows: int) -> LatencyCounts:
    """Counts that have room for so many windows at once."""
    return LatencyCounts(
        np.zeros((windows, VARIANTS, LATENCY_BUCKETS), np.int32),
        np.full(WINDOWS, -1, np.int32),
        np.array([windows]),
    )


@given(counted=st.lists(requests, max_size=60), at_once=st.integers(1, 5), data=st.data())
def test_what_is_counted_is_found_again(
    counted: list[tuple[int, int, int]], at_once: int, data: st.DataObject
) -> None:
    """In any order of windows, each of them opened as often as it takes."""
    counts = few_open(at_once)
    expected = np.zeros((WINDOWS, VARIANTS, LATENCY_BUCKETS), np.int32)
    for each in counted:
        counts.count(*each)
        expected[each] += 1
    first = data.draw(st.integers(0, WINDOWS))
    last = data.draw(st.integers(first, WINDOWS + 5))
    for number in range(VARIANTS):
        own = expected[:, number]
        assert np.array_equal(counts.rows(number, first, last), own[first:last])
        assert np.array_equal(counts.sum(number, first, last), own[first:last].sum(axis=0))
        assert np.array_equal(
            counts.quantile_buckets(number, (0.5, 0.99)), latency_quantile_buckets(own, (0.5, 0.99))
        )
    assert np.array_equal(counts.all(), expected)


def test_more_of_one_latency_than_two_bytes_count_are_kept() -> None:
    """70,000 of them in a window, which 16 bits do not hold."""
    counts = few_open(1)
    counts.count(0, 1, 700)
    counts.opened[counts.places[0], 1, 700] = 70_000
    counts.put_away()
    assert counts.sum(1, 0, 1)[700] == counts.rows(1, 0, 1)[0, 700] == 70_000


def test_pieces_are_all_windows_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A multiple of the windows at a time, and the rest last."""
    monkeypatch.setattr(latency_counts, "_ROWS_AT_ONCE", 8)
    counts = few_open(3)
    for window in range(WINDOWS):
        counts.count(window, 0, window)
    pieces = list(counts.pieces(0, 3))
    assert [len(each) for each in pieces] == [6, 6, 6, 6, 6]
    assert np.array_equal(np.concatenate(pieces), counts.rows(0, 0, WINDOWS))


def test_shown_counts_go_on_and_cannot_be_written_to() -> None:
    """As a policy sees them: what is put away later is there too."""
    counts = few_open(1)

    def lock(array: np.ndarray) -> np.ndarray:
        view = array[:]
        view.flags.writeable = False
        return view

    shown = counts.shown(lock)
    for window in (0, 1, 0, 2):
        counts.count(window, 0, 5)
    assert shown.rows(0, 0, 3)[:, 5].tolist() == [2, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        shown.opened[0, 0, 0] = 1


@pytest.mark.long
@pytest.mark.parametrize("mean", ["5ms", "80ms"])
def test_runs_are_the_same_however_many_windows_are_open(
    mean: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both engines; with a queue that grows over many windows, copies, and two segments."""
    latency = {"kind": "exponential", "mean": mean}
    described = scenario(
        {name: variant(latency=latency, workers=4, instances=2) for name in ("a", "b")},
        traffic={"users": {"rate": "60/s"}, "batch": {"rate": "30/s"}},
        horizon="40s",
        metrics={"period": "20ms", "publication_delay": "0s"},
        controller={"interval": "5s"},
    )
    whole = simulate(described, record_requests=True)
    assert whole.data.run_counts.latency_counts.whole
    monkeypatch.setattr(latency_counts, "open_windows", lambda *_: 512)
    runs = [simulate(described, engine=each, record_requests=True) for each in ENGINES]
    for run in runs:
        counts = run.data.run_counts.latency_counts
        assert len(counts.opened) == 512
        assert len(counts._put_away) > 1
        assert_same(whole, run)


ENGINES = ("compiled", "reference")


def test_a_week_of_windows_of_a_second_is_put_away() -> None:
    """What fits into 256 MiB stays open: 17 days of minutes, and not a week of seconds."""
    assert open_windows(7 * 24 * 60, 2, 1) == 7 * 24 * 60
    assert open_windows(7 * 24 * 3600, 2, 1) * 2 * 4 * LATENCY_BUCKETS <= 32 * 2**20
    assert open_windows(7 * 24 * 3600, 50, 3) >= 4 * 128
