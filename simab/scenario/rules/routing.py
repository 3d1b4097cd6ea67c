"""Rules on how requests find their variants: what a routing rule needs, and its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.documents.violations import Violation
from simab.scenario.memory import MOST_KEPT_CLIENTS
from simab.scenario.parts import KEEPING, UncheckedScenario

__all__ = ["affinity_has_a_use", "affinity_is_given", "kept_clients_can_be_remembered"]

_ROUTING: Final = ("endpoint", "variant_routing")
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
