"""What is true of the variants, which no policy sees: values, gains and how endings are judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from simab.result.json_metadata import absent_if_none

__all__ = ["DEPENDS", "KEEP", "NEITHER", "PROMOTE", "JudgedFrom", "TruthOfTimes", "TruthSummary"]

PROMOTE: Final = "promote"
KEEP: Final = "keep"
NEITHER: Final = "neither"
DEPENDS: Final = "depends on when"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFrom:
    """How decisions from an instant on are judged, until the next such instant.

    `asks` is PROMOTE, KEEP or NEITHER, `is_worse` says whether the candidate is worse than the
    control or broken, and `judgements` has one for each variant, as the truth has. Of several
    candidates `better` names those that are better than the control and not broken, and `worse`
    those that are worse or broken.
    """

    since_s: float
    asks: str
    is_worse: bool
    judgements: Mapping[str, str]
    better: tuple[str, ...] | None = field(default=None, metadata=absent_if_none())
    worse: tuple[str, ...] | None = field(default=None, metadata=absent_if_none())


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthOfTimes:
    """The truth of variants whose answers change during a run.

    `spans` rise from 0 s, each unlike the one before. `worse` are the variants that are worse than
    the best at some time, or break a guardrail.
    """

    spans: tuple[JudgedFrom, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthSummary:
    """What the scenario says is so, which no policy can see.

    `direction` says whether "higher" or "lower" is better. `gains` are over the control, `breaks`
    says which guardrail a variant breaks by what it is, and `judgements` whether it is "right",
    "wrong" or "neither" to end with it. A run can end with the `contenders`. `worse` variants are
    worse than `best` or break a guardrail. Where answers change during a run, all this is what a
    decision at its start is judged by, as is a run without one, and `over_time` has the rest.
    `candidates` are all that may replace the control, where there are several.
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
    over_time: TruthOfTimes | None = field(default=None, metadata=absent_if_none())
    candidates: tuple[str, ...] | None = field(default=None, metadata=absent_if_none())

    @property
    def every_candidate(self) -> tuple[str, ...]:
        """All variants that may replace the control: the candidate, then the others."""
        return self.candidates or (self.candidate,)

    @property
    def several(self) -> bool:
        """Whether more candidates than one may replace the control."""
        return len(self.every_candidate) > 1

    def spoken_of(self, *variants: str | None) -> TruthSummary:
        """The same with the candidate that a run is about, where there are several.

        It is the first of `variants` that is a candidate, else the one with the largest gain.
        """
        if not self.several:
            return self
        named = [each for each in variants if each in self.every_candidate]
        first = named[0] if named else max(self.every_candidate, key=self._known_gain)
        return replace(self, candidate=str(first))

    def _known_gain(self, candidate: str) -> float:
        gain = self.gains.get(candidate, math.nan)
        return -math.inf if math.isnan(gain) else gain

    @property
    def endings(self) -> tuple[str, ...]:
        """The variants that a run can end with: control and candidates, then the others."""
        return tuple(dict.fromkeys([self.control, *self.every_candidate, *self.contenders]))

    def value(self, variant: str) -> float:
        """The true metric of a variant; NaN where it is not known."""
        return self.values.get(variant, {}).get(self.metric, math.nan)

    def judged(self, judgement: str) -> list[str]:
        """The variants that it is right, wrong or neither to end with."""
        return [name for name in self.endings if self.judgements[name] == judgement]

    @property
    def spans(self) -> tuple[JudgedFrom, ...]:
        """How decisions are judged from when on; none where answers do not change."""
        return () if self.over_time is None else self.over_time.spans

    @property
    def depends(self) -> bool:
        """Whether it depends on when a run decides how its ending is judged."""
        return len(self.spans) > 1

    @property
    def exposed(self) -> tuple[str, ...]:
        """The variants that are worse than the best at some time of a run, or break a guardrail."""
        return self.worse if self.over_time is None else self.over_time.worse

    def judgement(self, variant: str | None, decided_s: float | None = None) -> str:
        """How it is judged to end with a variant that was decided for then; "" where not known.

        `decided_s` is None or NaN where nothing was decided; of several variants it is "neither".
        """
        if variant is None:
            return NEITHER
        span = self._span(decided_s)
        return (self.judgements if span is None else span.judgements).get(variant, "")

    def asks_at(self, decided_s: float | None) -> str:
        """What a decision at an instant ought to be: to promote, to keep, or neither counts."""
        span = self._span(decided_s)
        return self._asks_at_start if span is None else span.asks

    def is_worse_at(self, decided_s: float | None, candidate: str = "") -> bool:
        """Whether a candidate, decided for at an instant, is worse than the control or broken.

        Without a name, whether any is.
        """
        span = self._span(decided_s)
        if span is None:
            return self.is_worse if not candidate else candidate in self._worse
        if span.worse is None or not candidate:
            return span.is_worse
        return candidate in span.worse

    def is_better_at(self, decided_s: float | None, candidate: str) -> bool:
        """Whether a candidate, decided for at an instant, is better than the control."""
        span = self._span(decided_s)
        if span is None:
            return candidate in self._better
        return span.asks != KEEP if span.better is None else candidate in span.better

    @property
    def is_worse(self) -> bool:
        """Whether the candidate, or any of several, is worse than the control or broken."""
        return bool(self._worse)

    @property
    def none_is_better(self) -> bool:
        """Whether no candidate is better than the control, of decisions at the start of a run."""
        return not self._better

    @property
    def _worse(self) -> tuple[str, ...]:
        return tuple(
            each for each in self.every_candidate if each in self.breaks or self.gains[each] < 0
        )

    @property
    def _better(self) -> tuple[str, ...]:
        return tuple(
            each
            for each in self.every_candidate
            if each not in self.breaks and self.gains[each] > 0
        )

    def standings(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The candidates that are better than the control, and those worse or broken."""
        return self._better, self._worse

    def _span(self, decided_s: float | None) -> JudgedFrom | None:
        if self.over_time is None:
            return None
        at_s = 0.0 if decided_s is None or math.isnan(decided_s) else decided_s
        return next(each for each in reversed(self.over_time.spans) if each.since_s <= at_s)

    @property
    def asks(self) -> str:
        """Whether to "promote" the candidate or "keep" the control, or "neither" counts.

        Keep where no candidate is better than the control, or those that are are broken; promote
        where one is better by the smallest effect or more. Between the two neither is held against
        a policy. DEPENDS where that is not the same for all times of a run.
        """
        return DEPENDS if len({each.asks for each in self.spans}) > 1 else self._asks_at_start

    @property
    def _asks_at_start(self) -> str:
        if not self._better:
            return KEEP
        right = any(self.judgements[each] == "right" for each in self._better)
        return PROMOTE if right else NEITHER
