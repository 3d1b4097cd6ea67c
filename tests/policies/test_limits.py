"""Limits on latencies that are known by their bucket only: what may lie within a limit keeps it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.policies.cloudwatch.alarms import Alarm
from simab.policies.flagger.metrics import FlaggerMetric
from simab.policies.limits import LatencyLimit
from simab.stats.request_totals import (
    LATENCY_BUCKETS,
    bucket_ceiling_ns,
    bucket_floor_ns,
    bucket_middle_ns,
    latency_bucket,
)
from tests.policies.fake_metrics import requests

METRICS = ("latency_p50", "latency_p90", "latency_p99", "latency_mean")


@given(st.integers(0, 2**46 - 1))
def test_a_latency_lies_within_its_bucket(latency_ns: int) -> None:
    """From its floor to its ceiling, both included, and the middle between them."""
    bucket = latency_bucket(latency_ns)
    assert bucket_floor_ns(bucket) <= latency_ns <= bucket_ceiling_ns(bucket)
    assert bucket_floor_ns(bucket) < bucket_middle_ns(bucket) <= bucket_ceiling_ns(bucket)


def test_buckets_leave_no_gap() -> None:
    """Each begins where the one before ends."""
    for lower, upper in pairwise(range(LATENCY_BUCKETS)):
        assert bucket_ceiling_ns(lower) + 1 == bucket_floor_ns(upper)
        assert latency_bucket(bucket_floor_ns(upper)) == upper


@pytest.mark.parametrize("metric", METRICS)
@given(st.integers(1, 3_600_000))
def test_a_constant_latency_keeps_a_limit_of_the_same_length(metric: Any, latency_ms: int) -> None:
    """At most 500 ms is kept by requests that take 500 ms each; 505 ms are over it."""
    limit = LatencyLimit(metric=metric, at_most=f"{latency_ms}ms")
    assert not limit.breached(requests([latency_ms] * 3))
    assert limit.breached(requests([latency_ms * 1.017] * 3))


def test_without_requests_no_limit_is_broken() -> None:
    """NaN is not over anything."""
    for metric in METRICS:
        assert not LatencyLimit(metric=metric, at_most="1ms").breached(requests())


@pytest.mark.parametrize("statistic", ["p50", "p99", "Minimum", "Maximum"])
@pytest.mark.parametrize(
    ("comparison", "off"), [("GreaterThanThreshold", 1.017), ("LessThanThreshold", 1 / 1.017)]
)
def test_an_alarm_is_silent_at_its_threshold(statistic: str, comparison: Any, off: float) -> None:
    """500 ms are neither above nor below 500 ms, whichever edge the bucket has there."""
    alarm = Alarm(
        metric="ModelLatency", statistic=statistic, threshold=500_000, comparison=comparison
    )
    for factor, breaches in ((1.0, False), (off, True)):
        value = alarm.datapoint(requests([500 * factor] * 3))
        assert value is not None
        assert alarm.breaches(value) is breaches


def test_flagger_reads_the_lower_edge() -> None:
    """Its integer milliseconds would turn 501.8 ms of a bucket's middle into 501."""
    metric = FlaggerMetric(name="request-duration", threshold_range={"max": 500})
    assert metric._of_requests(requests([500] * 3)) <= 500
