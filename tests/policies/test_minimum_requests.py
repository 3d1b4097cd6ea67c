"""Checks with too few requests are left open, in each controller's own terms."""

from __future__ import annotations

from typing import Any

import pytest

from simab.policies import Observation
from simab.policies.argo.analysis import advance, start
from simab.policies.argo.metrics import ArgoMetric, Phase, measure
from simab.policies.cloudwatch.alarms import Alarm
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests


def metric(**fields: Any) -> ArgoMetric:
    """The share of 5XX of a minute, which succeeds below a tenth."""
    plain = {"metric": "error_rate", "window": "1min", "interval": "1min"}
    return ArgoMetric.model_validate(plain | {"success_condition": "result[0] < 0.1"} | fields)


def at(minute: int, **served: int) -> Observation:
    """So many requests a minute of each variant, none of which fails."""
    windows = {
        (name, each): requests([10.0] * count)
        for name, count in served.items()
        for each in range(minute)
    }
    shown = FakeMetrics(windows=windows, published_until_ns=minute * MINUTE)
    return observation(shown, now_ns=minute * MINUTE)


@pytest.mark.parametrize(("minimum", "found"), [(10, "RRRR"), (11, "RIII"), (None, "RRRR")])
def test_argo_leaves_a_measurement_open(minimum: int | None, found: str) -> None:
    """10 requests a window, with one inconclusive measurement tolerated; a guard is optional."""
    metrics = {"it": metric(minimum_requests=minimum, inconclusive_limit=1)}
    run = start(metrics, at(1, new=10))
    phases = run.results["it"].phase.value[0]
    for minute in (2, 3, 4):
        run = advance(run, metrics, at(minute, new=10))
        phases += run.results["it"].phase.value[0]
    assert phases == found
    assert metrics["it"].can_be_inconclusive == (minimum is not None)
    assert ("minimum_requests" in metrics["it"].model_dump()) == (minimum is not None)


def test_a_ratio_needs_the_requests_of_both_variants() -> None:
    """And without a request a guarded measurement is open, where it would be an error."""
    guarded = measure(metric(of="ratio", minimum_requests=10), at(1, new=10, old=0))
    assert guarded.phase is Phase.INCONCLUSIVE
    assert "0 requests (at least 10)" in guarded.words
    assert measure(metric(of="ratio"), at(1, new=10, old=0)).phase is Phase.ERROR


def test_an_alarm_has_no_datapoint() -> None:
    """As metric math with IF: 2 of 4 failed is half, or nothing where five are asked for."""
    totals = requests([40.0] * 4, failed=2)
    fields = {"metric": "Invocation5XXErrors", "threshold": 0.1}
    assert Alarm.model_validate(fields).datapoint(totals) == 0.5
    assert Alarm.model_validate(fields | {"minimum_requests": 4}).datapoint(totals) == 0.5
    assert Alarm.model_validate(fields | {"minimum_requests": 5}).datapoint(totals) is None
    assert "minimum_requests" not in Alarm.model_validate(fields).model_dump()
