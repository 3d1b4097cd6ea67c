"""What a study found in one world: what is true there, and what each policy does."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simab.result.policy_result import PolicyResult
from simab.result.truth_summary import TruthSummary

__all__ = ["WorldLabel", "WorldResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldLabel:
    """A world by name: `title` in reports, and in `made` how it was made from the file.

    `weight` is how likely the file holds it to be, in proportion to the others; NaN where the file
    says nothing. `same_as` names an earlier world in which all runs are the same; this one was not
    played then.
    """

    name: str
    title: str
    made: str
    weight: float = math.nan
    same_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldResult:
    """A world, what is true in it, and what each policy does there."""

    label: WorldLabel
    scenario_hash: str
    truth: TruthSummary
    policies: tuple[PolicyResult, ...]

    @property
    def name(self) -> str:
        """The name of the world."""
        return self.label.name

    @property
    def asks(self) -> str:
        """What is right to do with the candidate: see TruthSummary."""
        return self.truth.asks
