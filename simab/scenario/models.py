"""A scenario whose parts fit together: the model that the rest of simab works with.

It is frozen, and no invalid one exists: the rules across fields are checked here, in the scenario
as described and in each world that it adds.
"""

from __future__ import annotations

from pydantic import model_validator

from simab.scenario import rules
from simab.scenario.changes.block import world_violations
from simab.scenario.parts import UncheckedScenario

__all__ = ["Scenario"]


class Scenario(UncheckedScenario):
    """A rehearsal: everything that simab needs to know, and nothing that it executes."""

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Scenario:
        rules.require(self)
        rules.refuse(self, world_violations(self))
        return self
