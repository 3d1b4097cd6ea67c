"""Scenarios under routing rules by name: each rule fits a file whose worlds vary the routing."""

from __future__ import annotations

from pathlib import Path

import pytest

import simab
from simab.errors import InvalidInput
from simab.scenario.changes import with_changes
from simab.scenario.routing_rules import ROUTING_RULES, rules_for, under_rule


@pytest.mark.parametrize("name", [name for name in ROUTING_RULES if name != "session_hash"])
def test_worlds_that_vary_the_routing_are_in_nobodys_way(name: str, repository: Path) -> None:
    """The shipped file has worlds with routers and cookies; any rule can be asked for."""
    described = simab.load(repository / "scenarios" / "routing_rules.yaml")
    made = under_rule(described, name)
    assert made.endpoint.variant_routing in (name, "weighted_random")
    assert made.traffic == described.traffic


def test_a_rule_by_sessions_is_for_scenarios_that_have_some(repository: Path) -> None:
    """Without it the names are those of all others; asked for by name it is refused."""
    described = simab.load(repository / "scenarios" / "routing_rules.yaml")
    assert set(ROUTING_RULES) - set(rules_for(described)) == {"session_hash"}
    with pytest.raises(InvalidInput, match="no segment has sessions"):
        under_rule(described, "session_hash")
    sessions = {"requests": 3, "gap": {"kind": "exponential", "mean": "2s"}}
    segment = next(iter(described.traffic))
    with_some = with_changes(described, {f"traffic.{segment}.sessions": sessions})
    assert rules_for(with_some) == tuple(ROUTING_RULES)
    assert under_rule(with_some, "session_hash").endpoint.assigns_sessions
