"""Some values that Prometheus's own tests expect, of series and queries like theirs.

Source: github.com/prometheus/prometheus, promql/promqltest/testdata (functions, operators,
histograms).
"""

from __future__ import annotations

import pytest

from tests.prometheus.held import Held, counting

MINUTE = 60


@pytest.mark.parametrize(
    ("first", "again", "length", "expected"),
    [
        (0, None, "50m", 100),
        (0, None, "100m", 100),  # it began at 0: nothing before
        (10, None, "50m", 100),
        (10, None, "100m", 105),  # by half a distance
        (1, None, "100m", 101),  # to where it was 0
        (0, 18, "50m", 160),
        (0, 18, "100m", 162),
    ],
)
def test_increases(first: int, again: int | None, length: str, expected: float) -> None:
    values = [first + 10 * n for n in range(11)]
    if again is not None:
        values = [again * n for n in range(6)] * 2
    held = Held({"m": [counting(5 * MINUTE, values)]})
    assert held.value(f"increase(m[{length}])", at_s=50 * MINUTE)[""] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "early"), [(0, 0.5), (60, 0.55), (120, 0.6), (180, 0.6), (240, 0.6), (300, 0.6)]
)
def test_rates_are_cut_off_at_zero(first: int, early: float) -> None:
    held = Held({"m": [counting(4 * MINUTE, [first + 240 * n for n in range(11)])]})
    assert held.value("rate(m[20m])", at_s=10 * MINUTE)[""] == pytest.approx(early)
    assert held.value("rate(m[20m])", at_s=50 * MINUTE)[""] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("- - - 1", -1), ("-2^---1*3", -1.5), ("2/-2^---1*3+2", -10), ("1000 % 2 ^ 3 ^ 2", 488)],
)
def test_operators(query: str, expected: float) -> None:
    assert Held().value(query) == expected


COUNTED = {
    "positive": {"0.1": 5, ".2": 7, "1e0": 11, "+Inf": 12},
    "negative": {"-.2": 1, "-0.1": 2, "0.3": 2, "+Inf": 3},
}


@pytest.mark.parametrize("of", ["m", "rate(m[10m])"])
@pytest.mark.parametrize(
    ("share", "positive", "negative"),
    [(0, 0, -0.2), (0.2, 0.048, -0.2), (0.5, 0.15, -0.15), (0.8, 0.72, 0.3), (1, 1, 0.3)],
)
def test_quantiles(share: float, positive: float, negative: float, of: str) -> None:
    series = [
        counting(5 * MINUTE, [count * n for n in range(11)], start=start, le=le)
        for start, buckets in COUNTED.items()
        for le, count in buckets.items()
    ]
    found = Held({"m": series}).value(f"histogram_quantile({share}, {of})", at_s=50 * MINUTE)
    assert found == pytest.approx({"start=positive": positive, "start=negative": negative})
