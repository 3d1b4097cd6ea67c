"""Which share of requests still gets an answer where conditions of the timeline let some fail."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simab.profiles.strength import values_at
from simab.scenario.models import Scenario
from simab.scenario.rates import rate_curve_per_s
from simab.scenario.timeline import Conditions

__all__ = ["spared_share"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
"""Exact for polynomials up to degree 15: a rate times 14 strengths, all in straight pieces."""


def spared_share(scenario: Scenario, variant: str, segments: Iterable[str]) -> float:
    """The share of requests that fail by no condition, a mean over these segments and the run.

    1 where none lets any fail, or where none of the segments has a request.
    """
    failing = [
        entry
        for entry in scenario.timeline
        if isinstance(entry, Conditions) and entry.error_rate and entry.hits_variant(variant)
    ]
    if not failing:
        return 1.0
    sums = np.zeros(2)
    for name in segments:
        hit = [entry for entry in failing if entry.hits(name, variant)]
        sums += _spared_and_all(scenario, variant, name, hit)
    return float(sums[0] / sums[1]) if sums[1] else 1.0


def _spared_and_all(
    scenario: Scenario, variant: str, segment: str, failing: Iterable[Conditions]
) -> tuple[float, float]:
    """Requests of a segment that fail by no condition, and all of them, up to one factor."""
    instances = scenario.endpoint.variants[variant].instances
    rate = rate_curve_per_s(scenario, scenario.traffic[segment])
    curves = [
        (entry, entry.strength_over(scenario.start, scenario.horizon).knots) for entry in failing
    ]
    ends = {knot.at_ns for curve in (rate, *(knots for _, knots in curves)) for knot in curve}
    bounds = np.array(sorted(ends | {0, scenario.horizon}), dtype=np.int64)
    half = np.diff(bounds)[:, None] / 2.0
    nodes = (bounds[:-1, None] + half * (1.0 + _NODES)).ravel()
    weights = (half * _WEIGHTS).ravel() * values_at(rate, nodes)
    spared = weights
    for entry, knots in curves:
        part = 1.0
        if entry.instance is not None:
            part = 1.0 / instances if entry.instance < instances else 0.0
        spared = spared * (1.0 - part * entry.error_rate * values_at(knots, nodes))
    return float(spared.sum()), float(weights.sum())
