"""The setting of the policies: what their explainers may know of a scenario."""

from __future__ import annotations

import math
from bisect import bisect_left

from simab.explain.capacity import rates_per_s
from simab.explain.evidence import labelled_per_hour, labels_until
from simab.explain.given_shares import given_shares
from simab.explain.label_flow import label_flow_of
from simab.explain.recorded_shares import bias_of_the_new
from simab.explain.variant_queue import VariantQueue
from simab.policies.explaining.setting import Clients, Setting
from simab.policies.immature import Immature
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment

__all__ = ["setting_of"]


def setting_of(scenario: Scenario) -> Setting:
    """The scenario as its policies' explainers see it."""
    objective, variants = scenario.objective, scenario.endpoint.variants
    segments = tuple(scenario.traffic.values())

    def load_at(name: str, rate_per_s: float) -> float:
        return VariantQueue(variants[name], rate_per_s).row(name, math.nan, ()).load

    def labelled_at_ns(labels: int, immature: Immature | None) -> float:
        per_hour = labelled_per_hour(scenario, immature)
        slower = min(per_hour[name] for name in (objective.control, objective.candidate))

        def expected(until_ns: int) -> int:
            return math.floor(labels_until(scenario, slower, until_ns, immature))

        until_ns = bisect_left(range(scenario.horizon), labels, key=expected)
        return math.inf if until_ns == scenario.horizon else until_ns

    return Setting(
        control=objective.control,
        candidate=objective.candidate,
        candidates=objective.every_candidate,
        horizon=scenario.horizon,
        interval=scenario.controller.interval,
        period=scenario.metrics.period,
        publication_delay=scenario.metrics.publication_delay,
        weight_update=scenario.endpoint.weight_update,
        variants=variants,
        clients=tuple(Clients(_by_weight(each), each.clients, each.activity) for each in segments),
        rates_per_s=lambda weights: rates_per_s(segments, given_shares(scenario, weights)),
        load_at=load_at,
        labelled_at_ns=labelled_at_ns,
        unlike=lambda first, second: _unlike(scenario, first, second),
        label_flow=lambda others: label_flow_of(scenario, others),
        bias_of_the_new=lambda since_ns, until_ns: bias_of_the_new(scenario, since_ns, until_ns),
        smallest_effect=objective.smallest_effect,
    )


def _unlike(scenario: Scenario, first: str, second: str) -> list[str]:
    """The fields in which two variants differ, the quality for any segment among them."""
    one, other = (scenario.endpoint.variants[name] for name in (first, second))
    fields = ("quality", "latency", "error_rate")
    found = [field for field in fields if getattr(one, field) != getattr(other, field)]
    apart = any(
        each.quality.get(first, one.quality) != each.quality.get(second, other.quality)
        for each in scenario.traffic.values()
    )
    return ["quality", *found] if apart and "quality" not in found else found


def _by_weight(segment: Segment) -> float:
    """Requests a second that name no variant."""
    by_name = 1.0 if segment.paired_targets else math.fsum(segment.targets.values())
    return segment.rate * max(0.0, 1.0 - by_name)
