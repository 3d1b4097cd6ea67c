"""Broken windows: all at once as one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from simab.analyse.breaches import broken_windows
from simab.policies.limits import Limit
from simab.stats.request_totals import (
    LATENCY_BUCKETS,
    RequestTotals,
    known_latencies,
    latency_quantile_buckets,
)
from tests.world.building import record, scenario, variant


def test_quantiles_of_many_windows_are_those_of_each() -> None:
    """Empty windows, one request, many: the bucket is the one that a window alone gives."""
    draw = np.random.default_rng(1)
    many = draw.choice([0, 1, 2, 99, 100, 101, 1000], size=5000)
    histograms = np.zeros((len(many), LATENCY_BUCKETS), dtype=np.int32)
    for window, count in enumerate(many):
        np.add.at(histograms[window], draw.integers(0, LATENCY_BUCKETS, count), 1)
    probabilities = (0.5, 0.9, 0.99, 0.999)
    found = latency_quantile_buckets(histograms, probabilities)
    for row, probability in zip(found, probabilities, strict=True):
        alone = [
            RequestTotals(0, 0, 0, 0, 0, known_latencies(each)).latency_quantile_bucket(probability)
            for each in histograms
        ]
        assert [None if bucket < 0 else bucket for bucket in row] == alone


LIMITS = [
    *({"metric": "error_rate", "at_most": share} for share in (0.0, 0.05, 0.2, 1.0)),
    *({"metric": f"latency_{of}", "at_most": at_most}
      for of in ("mean", "p50", "p90", "p99", "p99.9")
      for at_most in ("1ms", "80ms", "140ms", "900ms", "10h")),
]  # fmt: skip


@pytest.mark.parametrize("given", LIMITS, ids=lambda each: f"{each['metric']} {each['at_most']}")
def test_a_window_is_broken_where_the_limit_says_so_of_its_totals(given: dict[str, Any]) -> None:
    """Every limit on every window of a run with errors, refusals, waits and idle windows."""
    slow = {"kind": "exponential", "mean": "100ms"}
    play = scenario(
        {
            "a": variant(error_rate=0.04, latency=slow),
            "b": variant(error_rate=0.1, queue_limit=1, latency=slow),
        },
        rate="6/s",
        horizon="115s",
        metrics={"period": "1s", "publication_delay": "0s"},
    )
    run_counts = record(play, "compiled", seed=4).data.run_counts
    limit: Limit = TypeAdapter(Limit).validate_python(given)
    one_by_one = [
        any(
            limit.breached(run_counts.request_totals(number, window, window + 1))
            for number in range(2)
        )
        for window in range(len(run_counts.requests))
    ]
    assert broken_windows(run_counts, [limit]).tolist() == one_by_one
