"""Waits that explain states where requests come in bursts, against theory for one worker."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from simab.explain.capacity import capacity_rows
from simab.scenario import Scenario
from simab.theory.unusual_arrivals import batches_mean_wait_s, gamma_gaps_mean_wait_s
from tests.world.building import scenario, variant

SERVICE_S = 0.1


def queue(gaps: dict[str, Any], load: float, **latency: Any) -> Scenario:
    """One worker with all requests; the other variant has none."""
    served = latency or {"kind": "exponential", "mean": "100ms"}
    pair = {"a": variant(weight=1, latency=served), "b": variant(weight=0, latency=served)}
    traffic = {"users": {"rate": f"{load / SERVICE_S}/s", "arrivals": {"gaps": gaps}}}
    return scenario(pair, horizon="1h", traffic=traffic)


def wait_s(described: Scenario) -> float:
    (row,) = [row for row in capacity_rows(described) if row.variant == "a" and row.share == 1.0]
    return row.mean_wait_s


@pytest.mark.parametrize(
    ("cv", "load"), [*itertools.product((1.5, 3.0, 5.0, 10.0), (0.1, 0.5, 0.8))]
)
def test_gamma_gaps_before_exponential_service_wait_as_theory_says(cv: float, load: float) -> None:
    expected = gamma_gaps_mean_wait_s(load / SERVICE_S, SERVICE_S, cv)
    assert wait_s(queue({"kind": "gamma", "cv": cv}, load)) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("size", "load"), [*itertools.product((1.5, 3, 10), (0.1, 0.5, 0.8))])
def test_batches_before_exponential_service_wait_as_theory_says(size: float, load: float) -> None:
    expected = batches_mean_wait_s(load / SERVICE_S, SERVICE_S, size)
    found = wait_s(queue({"kind": "batches", "mean_size": size}, load))
    assert found == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["gamma", "weibull"])
def test_waits_rise_with_the_bursts(kind: str, load: float) -> None:
    constant = {"kind": "constant", "value": "100ms"}
    found = [
        wait_s(queue({"kind": kind, "cv": cv}, load, **constant))
        for cv in (0.2, 0.5, 0.9, 1.0, 1.1, 1.5, 2, 4, 10)
    ]
    assert found == sorted(found)
    assert found[-1] > 10 * found[3]
