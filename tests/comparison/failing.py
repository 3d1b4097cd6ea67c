"""Policies of one's own that fail, or that remember what they should not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import PrivateAttr

from simab.policies import Action, Observation, Policy, Promote

__all__ = ["FailsAtOddCounts", "Remembers", "RemembersAsPolicy"]


class FailsAtOddCounts:
    """Promote the candidate, but raise where its labels are an odd number: in some replications."""

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        labelled = observation.metrics.labels(observation.candidate).labelled
        if state is None and observation.now_ns >= 30_000_000_000:
            if labelled % 2:
                raise ValueError(f"{labelled} labels are an odd number,\n  which it cannot bear")
            return [Promote(observation.candidate)], "done"
        return [], state


class Remembers:
    """Promote the candidate at the third look that the object has ever had."""

    def __init__(self) -> None:
        self.looks: list[int] = []

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        self.looks.append(observation.now_ns)
        return ([Promote(observation.candidate)] if len(self.looks) == 3 else []), state


class RemembersAsPolicy(Policy):
    """The same as one of simab's own kind, which need not stay as it was built."""

    _looks: int = PrivateAttr(default=0)

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        self._looks += 1
        return ([Promote(observation.candidate)] if self._looks == 3 else []), state
