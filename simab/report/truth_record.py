"""What is true of the variants, as a record read from the result's JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from simab.report.reader import Reader

__all__ = ["TruthSummary", "read_truth"]


@dataclass(frozen=True, slots=True)
class TruthSummary:
    """What the scenario says is so, which no policy can see.

    `gains` are over the control, `breaks` says which guardrail a variant breaks by what it is, and
    `judgements` whether it is "right", "wrong" or "neither" to end with it. `contenders` begin with
    control and candidate. `worse` variants are worse than `best` or break a guardrail.
    """

    metric: str
    direction: str
    control: str
    candidate: str
    values: Mapping[str, Mapping[str, float]]
    gains: Mapping[str, float]
    breaks: Mapping[str, str]
    judgements: Mapping[str, str]
    contenders: tuple[str, ...]
    best: str
    worse: tuple[str, ...]
    smallest_effect: float

    def value(self, variant: str) -> float:
        """The true metric of a variant; NaN where it is not known."""
        return self.values.get(variant, {}).get(self.metric, math.nan)

    def judged(self, judgement: str) -> list[str]:
        """The contenders that it is right, wrong or neither to end with."""
        return [name for name in self.contenders if self.judgements[name] == judgement]


def read_truth(reader: Reader) -> TruthSummary:
    """The truth, in which every variant spoken of is judged; names the place that is not so."""
    control, candidate = reader.text("control"), reader.text("candidate")
    contenders = [each.as_text() for each in reader.items("contenders")]
    judgements = {name: each.as_text() for name, each in reader.entries("judgements")}
    for name in (control, candidate, *contenders):
        if name not in judgements:
            raise reader.child("judgements").invalid(f"the variant {name!r} is missing")
    return TruthSummary(
        metric=reader.text("metric"),
        direction=reader.text("direction"),
        control=control,
        candidate=candidate,
        values={
            variant: {
                name: value.as_number() for name, value in Reader({"": each.value}).entries("")
            }
            for variant, each in reader.entries("values")
        },
        gains={name: each.as_number() for name, each in reader.entries("gains")},
        breaks={name: each.as_text() for name, each in reader.entries("breaks")},
        judgements=judgements,
        contenders=tuple(dict.fromkeys([control, candidate, *contenders])),
        best=reader.text("best"),
        worse=tuple(each.as_text() for each in reader.items("worse")),
        smallest_effect=reader.number("smallest_effect"),
    )
