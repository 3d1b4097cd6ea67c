"""How requests and labels of those flow who share the traffic, for what is computed of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simab.explain.capacity import rates_per_s, start_weights
from simab.explain.evidence import labelled_per_hour
from simab.explain.given_shares import given_shares
from simab.explain.label_arrival import arrival_law
from simab.explain.users_forecast import variance_of_values
from simab.policies.explaining.setting import LabelFlow
from simab.scenario.models import Scenario
from simab.scenario.rates import HOUR_NS
from simab.units import NANOSECONDS_PER_SECOND

__all__ = ["label_flow_of"]


def label_flow_of(scenario: Scenario, others: Sequence[str] = ()) -> LabelFlow | None:
    """That of both roles and of others; None where no labels come, or values are not known."""
    roles = scenario.objective.control, scenario.objective.candidate, *others
    weights, labels = start_weights(scenario), labelled_per_hour(scenario)
    rates = rates_per_s(scenario.traffic.values(), given_shares(scenario, weights))
    two = math.fsum(weights.get(name, 0.0) for name in roles)
    interval = scenario.controller.interval
    looks = max(-(-scenario.endpoint.weight_update // interval), 1)
    flow = LabelFlow(
        requests=math.fsum(rates.get(name, 0.0) for name in roles) / NANOSECONDS_PER_SECOND,
        labels=math.fsum(labels[name] for name in roles) / HOUR_NS,
        late_ns=arrival_law(scenario).mean,
        variance=variance_of_values(scenario),
        share=weights.get(roles[1], 0.0) / two if two else 0.0,
        interval_ns=interval,
        first_window_ns=scenario.metrics.period + scenario.metrics.publication_delay,
        changing_ns=float(looks * interval),
    )
    return flow if flow.variance > 0.0 and flow.labels > 0.0 else None
