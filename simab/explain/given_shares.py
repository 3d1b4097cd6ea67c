"""The shares that routing gives, which may be others than weights ask for: rule, split, routers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from simab.scenario.models import Scenario
from simab.theory.routing_shares import applied_shares, expected_shares, mixed_shares

__all__ = ["given_shares"]


def given_shares(scenario: Scenario, weights: Mapping[str, float]) -> dict[str, float]:
    """The expected share of each variant at some weights, in any unit; all 0 if these are.

    A rule without a fault gives the weights themselves. By the instances of the start. Routers that
    take changes late have taken them; those that never do hold the weights of the start.
    """
    if not any(weights.values()):
        return dict.fromkeys(weights, 0.0)
    endpoint = scenario.endpoint
    faulty = endpoint.variant_routing == "linear_rendezvous" or endpoint.split != "weights"
    if not faulty and endpoint.routers is None:
        return dict(weights)
    held = [weights]
    if endpoint.routers is not None and endpoint.routers.stale:
        first = {name: each.weight for name, each in endpoint.variants.items() if each.deployed}
        known = {name: first.get(name, 0.0) for name in weights}
        stale = endpoint.routers.stale
        held = [weights] * (endpoint.routers.count - stale)
        held += [known if any(known.values()) else weights] * stale
    applied = mixed_shares([_applied(scenario, each) for each in held])
    return expected_shares(endpoint.variant_routing, applied)


def _applied(scenario: Scenario, weights: Mapping[str, float]) -> dict[str, Fraction]:
    variants, split = scenario.endpoint.variants, scenario.endpoint.split
    # a policy of one's own may name a variant that nobody describes
    instances = {name: variants[name].instances if name in variants else 1 for name in weights}
    control = scenario.objective.control
    return applied_shares(split, weights, instances=instances, rest_to=control)
