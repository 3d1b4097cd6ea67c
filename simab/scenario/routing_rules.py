"""Routing rules by name, to be played side by side: each says what it changes of an endpoint.

Some are sound, each in its own way; others are flawed ones that are seen in the wild.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simab.errors import InvalidInput
from simab.scenario.changes import with_changes
from simab.scenario.changes.block import without_worlds
from simab.scenario.models import Scenario
from simab.scenario.serving import KEEPING
from simab.scenario.suggestions import remedy_for_name

__all__ = ["ROUTING_RULES", "RoutingRule", "rule_title", "rules_for", "under_rule"]

_AFFINITY: Final = "30min"
_USUAL: Final[Mapping[str, Any]] = {
    "endpoint.affinity": None,
    "endpoint.split": "weights",
    "endpoint.routers": None,
}


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """A rule: in words, and the fields of an endpoint that make it, by path."""

    title: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    flawed: bool = False


def _by(routing: str, title: str, *, flawed: bool = False, **fields: Any) -> RoutingRule:
    changes = {f"endpoint.{name}": value for name, value in fields.items()}
    return RoutingRule(title, {"endpoint.variant_routing": routing} | changes, flawed)


ROUTING_RULES: Final[Mapping[str, RoutingRule]] = {
    "weighted_random": _by("weighted_random", "a draw for each request"),
    "smooth_weighted_round_robin": _by("smooth_weighted_round_robin", "in turn"),
    "sticky_hash": _by("sticky_hash", "a hash of the client, in ranges"),
    "consistent_hash": _by("consistent_hash", "a consistent hash of the client"),
    "session_cookie": _by("session_cookie", "a draw that a cookie keeps"),
    "session_hash": _by("session_hash", "a hash of the session"),
    "linear_rendezvous": _by(
        "linear_rendezvous", "a rendezvous hash weighted linearly", flawed=True
    ),
    "keep_alive": _by("keep_alive", "a draw that a connection keeps", flawed=True),
    "truncated_percentages": _by(
        "weighted_random",
        "shares cut to whole percents",
        flawed=True,
        split="truncated_percentages",
    ),
    "instance_ratio": _by(
        "weighted_random",
        "a split by the number of instances",
        flawed=True,
        split="instance_ratio",
    ),
    "stale_router": _by(
        "weighted_random",
        "one router of four never takes new weights",
        flawed=True,
        routers={"count": 4, "stale": 1},
    ),
    "lagging_routers": _by(
        "weighted_random",
        "four routers that take new weights a minute apart",
        flawed=True,
        routers={"count": 4, "lag": "1min"},
    ),
}
"""In the order in which a page shows them: sound ones first."""


def rules_for(scenario: Scenario) -> tuple[str, ...]:
    """The names of all rules, but of one by sessions where no segment has any."""
    sessions = any(segment.sessions is not None for segment in scenario.traffic.values())
    return tuple(name for name in ROUTING_RULES if sessions or name != "session_hash")


def under_rule(scenario: Scenario, name: str) -> Scenario:
    """The scenario with this rule; a cookie's age is the scenario's, or half an hour.

    Without the worlds of the file, whose changes of the routing may not fit the rule.

    Raises:
        InvalidInput: no such rule, or one that the scenario cannot have.
    """
    if name not in ROUTING_RULES:
        remedy = remedy_for_name(name, ROUTING_RULES, "Rules")
        raise InvalidInput(f"rule = {name!r}: there is no such routing rule. {remedy}")
    changes = dict(_USUAL) | dict(ROUTING_RULES[name].changes)
    if changes["endpoint.variant_routing"] in KEEPING:
        kept = scenario.endpoint.affinity
        changes["endpoint.affinity"] = _AFFINITY if kept is None else f"{kept}ns"
    return with_changes(without_worlds(scenario), changes)


def rule_title(scenario: Scenario) -> str:
    """The rule of a scenario's endpoint in words."""
    endpoint = scenario.endpoint
    words = [ROUTING_RULES[endpoint.variant_routing].title]
    if endpoint.split != "weights":
        words.append(ROUTING_RULES[endpoint.split].title)
    if endpoint.routers is not None:
        words.append(f"{endpoint.routers.count} routers out of step")
    return ", ".join(words)
