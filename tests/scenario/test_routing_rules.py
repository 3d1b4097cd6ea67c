"""Scenarios under routing rules by name: each rule fits a file whose worlds vary the routing."""

from __future__ import annotations

from pathlib import Path

import pytest

import simab
from simab.scenario.routing_rules import ROUTING_RULES, under_rule


@pytest.mark.parametrize("name", ROUTING_RULES)
def test_worlds_that_vary_the_routing_are_in_nobodys_way(name: str, repository: Path) -> None:
    """The shipped file has worlds with routers and cookies; any rule can be asked for."""
    described = simab.load(repository / "scenarios" / "routing_rules.yaml")
    made = under_rule(described, name)
    assert made.endpoint.variant_routing in (name, "weighted_random")
    assert made.traffic == described.traffic
