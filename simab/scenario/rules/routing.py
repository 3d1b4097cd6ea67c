"""Rules on how requests find their variants: what a routing rule needs, and its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.documents.violations import Violation
from simab.scenario.memory import MOST_KEPT_CLIENTS
from simab.scenario.parts import UncheckedScenario
from simab.scenario.serving import KEEPING

__all__ = [
    "affinity_has_a_use",
    "affinity_is_given",
    "kept_clients_can_be_remembered",
    "routed_sessions_come",
    "routers_draw_by_weight",
    "some_router_takes_changes",
]

_ROUTING: Final = ("endpoint", "variant_routing")
_ROUTERS: Final = ("endpoint", "routers")
_AFFINITY: Final = ("endpoint", "affinity")


def affinity_is_given(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Clients are kept for a time, which has no usual value."""
    endpoint = scenario.endpoint
    if endpoint.variant_routing in KEEPING and endpoint.affinity is None:
        rule = "keeps clients with their variant, but for how long is not said"
        yield Violation(_ROUTING, rule, "Add endpoint.affinity, such as `affinity: 1d`.")


def affinity_has_a_use(scenario: UncheckedScenario) -> Iterator[Violation]:
    """The other rules keep nobody for a time: they draw each request, or keep clients for ever."""
    endpoint = scenario.endpoint
    if endpoint.affinity is not None and endpoint.variant_routing not in KEEPING:
        rule = f"has no use under {endpoint.variant_routing}"
        remedy = "Remove it, or set endpoint.variant_routing to session_cookie or keep_alive."
        yield Violation(_AFFINITY, rule, remedy)


def routed_sessions_come(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Without any session each request would be drawn by itself, which has a name of its own."""
    if not scenario.endpoint.assigns_sessions:
        return
    if all(segment.sessions is None for segment in scenario.traffic.values()):
        rule = "keeps the requests of a session together, and no segment has sessions"
        remedy = "Add sessions to a segment of traffic, or take weighted_random or sticky_hash."
        yield Violation(_ROUTING, rule, remedy)


def kept_clients_can_be_remembered(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Which variant a client has is remembered for each of them."""
    if scenario.endpoint.variant_routing not in KEEPING:
        return
    clients = sum(segment.clients for segment in scenario.traffic.values())
    if clients > MOST_KEPT_CLIENTS:
        rule = (
            f"would remember the variant of each of {clients:,} clients, at most "
            f"{MOST_KEPT_CLIENTS:,} are kept"
        )
        remedy = "Lower the clients of the segments, or take consistent_hash, which remembers none."
        yield Violation(_ROUTING, rule, remedy)


def some_router_takes_changes(scenario: UncheckedScenario) -> Iterator[Violation]:
    """If none did, no change of weights would ever have an effect."""
    routers = scenario.endpoint.routers
    if routers is not None and routers.stale >= routers.count:
        rule = f"is all of the {routers.count} routers: no change would ever have an effect"
        remedy = f"Write at most {routers.count - 1}, or a larger count."
        yield Violation((*_ROUTERS, "stale"), rule, remedy)


def routers_draw_by_weight(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Only of independent draws is a mixture of routers a draw again."""
    endpoint = scenario.endpoint
    if endpoint.routers is None:
        return
    if endpoint.variant_routing != "weighted_random":
        rule = f"hold weights for independent draws, not for {endpoint.variant_routing}"
        remedy = "Remove them, or set endpoint.variant_routing to weighted_random."
        yield Violation(_ROUTERS, rule, remedy, shows_value=False)
    if endpoint.split == "instance_ratio":
        rule = "hold weights, and by endpoint.split: instance_ratio the split goes by instances"
        remedy = "Remove one of the two."
        yield Violation(_ROUTERS, rule, remedy, shows_value=False)
