"""What a study found in one world: what is true there, and what each policy does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simab.result.policy_result import PolicyResult
from simab.result.truth_summary import TruthSummary

__all__ = ["KEEP", "NEITHER", "PROMOTE", "WorldLabel", "WorldResult", "asks_of"]

PROMOTE: Final = "promote"
KEEP: Final = "keep"
NEITHER: Final = "neither"


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
        """What is right to do with the candidate: `asks_of` its truth."""
        return asks_of(self.truth)


def asks_of(truth: TruthSummary) -> str:
    """Whether to "promote" the candidate or "keep" the control, or "neither" counts.

    Keep where the candidate is not better than the control or is broken; promote where it is better
    by the smallest effect or more. Between the two neither is held against a policy.
    """
    candidate = truth.candidate
    if candidate in truth.breaks or not truth.gains[candidate] > 0:
        return KEEP
    return PROMOTE if truth.judgements[candidate] == "right" else NEITHER
