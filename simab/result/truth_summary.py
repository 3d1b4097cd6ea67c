"""What is true of the variants, which no policy sees: values, gains and how endings are judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["KEEP", "NEITHER", "PROMOTE", "TruthSummary"]

PROMOTE: Final = "promote"
KEEP: Final = "keep"
NEITHER: Final = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthSummary:
    """What the scenario says is so, which no policy can see.

    `direction` says whether "higher" or "lower" is better. `gains` are over the control, `breaks`
    says which guardrail a variant breaks by what it is, and `judgements` whether it is "right",
    "wrong" or "neither" to end with it. A run can end with the `contenders`. `worse` variants are
    worse than `best` or break a guardrail.
    """

    metric: str
    direction: str
    values: Mapping[str, Mapping[str, float]]
    gains: Mapping[str, float]
    breaks: Mapping[str, str]
    judgements: Mapping[str, str]
    contenders: tuple[str, ...]
    best: str
    worse: tuple[str, ...]
    smallest_effect: float
    control: str
    candidate: str

    @property
    def endings(self) -> tuple[str, ...]:
        """The variants that a run can end with: control and candidate, then the others."""
        return tuple(dict.fromkeys([self.control, self.candidate, *self.contenders]))

    def value(self, variant: str) -> float:
        """The true metric of a variant; NaN where it is not known."""
        return self.values.get(variant, {}).get(self.metric, math.nan)

    def judged(self, judgement: str) -> list[str]:
        """The variants that it is right, wrong or neither to end with."""
        return [name for name in self.endings if self.judgements[name] == judgement]

    @property
    def asks(self) -> str:
        """Whether to "promote" the candidate or "keep" the control, or "neither" counts.

        Keep where the candidate is not better than the control or is broken; promote where it is
        better by the smallest effect or more. Between the two neither is held against a policy.
        """
        if self.candidate in self.breaks or not self.gains[self.candidate] > 0:
            return KEEP
        return PROMOTE if self.judgements[self.candidate] == "right" else NEITHER
