"""Flagger's metric checks: what is read, over which windows, and which values pass."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from simab.policies.flagger.metrics import Check, FlaggerMetric, run_checks
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import requests, successes
from tests.policies.scripted_rollout import SECOND, counted, seen

BUCKET = 0.008  # a latency read off the histogram is off by at most so much of itself


def metric(name: str = "request-success-rate", **fields: Any) -> FlaggerMetric:
    return FlaggerMetric.model_validate({"name": name, "threshold_range": {"min": 99}} | fields)


@pytest.mark.parametrize(
    ("bounds", "passes"),
    [
        ({"min": 98}, True),
        ({"min": 98.01}, False),
        ({"max": 98}, True),
        ({"max": 97.99}, False),
        ({"min": 98, "max": 98}, True),
        ({"min": 97, "max": 97.5}, False),
    ],
)
def test_a_value_equal_to_a_bound_passes(bounds: dict[str, float], passes: bool) -> None:
    """98 of 100 without a 5XX are exactly 98."""
    check = run_checks([metric(threshold_range=bounds)], seen(counted(98, 2)))
    assert check.passed is passes


def test_the_success_rate_counts_every_5xx() -> None:
    """Refused requests (503) as well as failed ones (500)."""
    window = requests([40.0] * 8, failed=1, rejected=2)
    assert metric().read(seen(window)) == pytest.approx(70.0)


def test_the_duration_is_the_99th_percentile_in_whole_milliseconds_cut_off() -> None:
    """500.9 ms pass a maximum of 500, as in Flagger, which compares integers."""
    duration = metric("request-duration", threshold_range={"max": 500})
    slow = requests([10.0] * 98 + [900.0] * 2)
    assert duration.read(seen(slow)) == pytest.approx(900, rel=BUCKET)
    for latency_ms in (497.3, 500.9, 503.9):
        value = duration.read(seen(requests([latency_ms])))
        assert value == math.floor(value)


@pytest.mark.parametrize("name", ["request-success-rate", "request-duration"])
@pytest.mark.parametrize("windows", [(), (requests(),), (requests(), requests())])
def test_no_data_fails(name: str, windows: tuple[RequestTotals, ...]) -> None:
    """Nothing published, or published windows without a request."""
    check = run_checks([metric(name, threshold_range={"max": 1000})], seen(*windows))
    assert check == Check(False, f"{name}: no values in 1min")


def test_a_duration_needs_a_served_request() -> None:
    """Only 503s: the success rate is 0, the duration has no value."""
    refused = seen(requests(rejected=5))
    assert metric().read(refused) == 0.0
    assert math.isnan(metric("request-duration").read(refused))


def test_the_first_metric_that_fails_ends_the_check() -> None:
    """Built-in metrics come first wherever they stand; what follows a failure is not read."""
    errors = metric("errors", measures="errors", threshold_range={"max": 5})
    duration = metric("request-duration", threshold_range={"max": 500})
    window = requests([40.0] * 90, failed=2)
    check = run_checks([errors, metric(threshold_range={"min": 98}), duration], seen(window))
    assert not check.passed
    assert check.measured == "request-success-rate 97.7778 < 98"
    passed = run_checks([errors, metric(threshold_range={"min": 97}), duration], seen(window))
    assert passed.passed
    names = [reading.split()[0] for reading in passed.measured.split(", ")]
    assert names == ["request-success-rate", "request-duration", "errors"]


def test_a_metric_reads_its_newest_windows() -> None:
    """A minute of windows of 15 s are the last four, however many there were before."""
    windows = [counted(0, 10), counted(10), counted(10), counted(10), counted(9, 1)]
    seen_now = seen(*windows, period_ns=15 * SECOND)
    assert metric(interval="1min").read(seen_now) == pytest.approx(100 * 39 / 40)
    assert metric(interval="15s").read(seen_now) == pytest.approx(90.0)
    assert metric(interval="2h").read(seen_now) == pytest.approx(100 * 39 / 50)


def test_an_interval_is_rounded_up_to_whole_windows() -> None:
    """20 s of windows of 15 s are two of them; half a window is one."""
    windows = [counted(0, 10), counted(10), counted(0, 10)]
    seen_now = seen(*windows, period_ns=15 * SECOND)
    assert metric(interval="20s").read(seen_now) == pytest.approx(50.0)
    assert metric(interval="5s").read(seen_now) == 0.0


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"measures": "error_rate", "scale": 100}, 20.0),
        ({"measures": "errors"}, 2.0),
        ({"measures": "requests"}, 10.0),
        ({"measures": "latency_mean"}, 40.0),
        ({"measures": "latency_p90", "scale": 0.001}, 0.040),
        ({"measures": "accuracy", "scale": 100}, 75.0),
    ],
)
def test_a_metric_of_your_own_reads_what_it_measures(fields: Any, value: float) -> None:
    """Latencies in milliseconds, shares from 0 to 1, labels as far as they have arrived."""
    now = seen(requests([40.0] * 10, failed=2), labels={"new": successes(3, 1)})
    assert metric("mine", **fields).read(now) == pytest.approx(value, rel=BUCKET)


def test_labels_that_have_not_arrived_are_no_data() -> None:
    """A check of accuracy fails until the first label."""
    check = run_checks([metric("mine", measures="accuracy")], seen(counted(9)))
    assert not check.passed


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"name": "mine"}, "not built in"),
        ({"measures": "errors"}, "is built in"),
        ({"scale": 2}, "is built in"),
        ({"threshold_range": {}}, "checks nothing"),
        ({"threshold_range": {"min": 2, "max": 1}}, "nothing passes"),
    ],
)
def test_a_metric_that_cannot_be_checked_is_refused(fields: dict[str, Any], rule: str) -> None:
    """With what to change."""
    with pytest.raises(ValidationError, match=rule):
        metric(**fields)
