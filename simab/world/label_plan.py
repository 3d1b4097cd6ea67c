"""What both planes read of the labels where there is more to them than a delay and a share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Final

from simab.policies.immature import AsArrived, Immature, SoFar, Wait, Weight, Window
from simab.profiles.durations import Constant
from simab.profiles.outcomes import NONE, OutcomeSampler, RequestOutcome
from simab.profiles.quantile_table import QuantileTable
from simab.scenario.labels import LabelBatches, LabelDuplicates, Labels
from simab.scenario.models import Scenario

__all__ = ["NO_WINDOW", "LabelCounting", "LabelPlan", "LabelRule", "OutagePlan"]

NO_WINDOW: Final = -1
_WORD: Final = 1 << 64
_AT_ONCE: Final = Constant(value="0s")


class LabelCounting(IntEnum):
    """How labels are counted, as the kernel has it."""

    AS_ARRIVED = 0
    WAIT = 1
    WINDOW = 2
    WEIGHT = 3
    SO_FAR = 4


@dataclass(frozen=True, slots=True, eq=False)
class LabelRule:
    """Of a variant's positives or negatives: how late, and the words below which what happens.

    A word below `wrong_below` makes a label wrong for good, one from there to below `revised_below`
    wrong at first.
    """

    delay: QuantileTable
    never_below: int
    wrong_below: int
    revised_below: int


@dataclass(frozen=True, slots=True)
class OutagePlan:
    """From when until when no label arrives, in ns, and whether those due meanwhile are lost."""

    since_ns: int
    until_ns: int
    loses: bool


@dataclass(frozen=True, eq=False)
class LabelPlan:
    """The course of the labels.

    `rules[variant]` holds that of negatives, then that of positives. `zeros[variant]` is a reward
    of 0 in the variant's units. `batch_every_ns` is 0 where labels arrive at any time. A rule
    weighs answers by `laws`, of the delay of each variant's positives.
    """

    rules: tuple[tuple[LabelRule, LabelRule], ...]
    zeros: tuple[int, ...]
    window_ns: int
    batch_every_ns: int
    batch_at_ns: int
    again_below: int
    again_after: QuantileTable
    revised_after: QuantileTable
    outages: tuple[OutagePlan, ...]
    counting: LabelCounting
    counted_after_ns: int
    laws: tuple[QuantileTable, ...]

    @classmethod
    def of(
        cls, scenario: Scenario, outcomes: tuple[OutcomeSampler, ...], immature: Immature | None
    ) -> LabelPlan | None:
        """The plan of a scenario under a rule; None where a delay and a share are all."""
        labels, counting = scenario.labels, _counting_of(immature)
        if labels.is_plain and counting is LabelCounting.AS_ARRIVED:
            return None
        batches = labels.batches or LabelBatches.model_construct(every=0, at=0)
        again = labels.duplicates or LabelDuplicates.model_construct(share=0.0, delay=_AT_ONCE)
        return cls(
            rules=tuple(
                (_rule(labels, name, positive=False), _rule(labels, name, positive=True))
                for name in scenario.endpoint.variants
            ),
            zeros=tuple(map(_zero_of, outcomes)),
            window_ns=labels.attribution_window or NO_WINDOW,
            batch_every_ns=batches.every,
            batch_at_ns=batches.at,
            again_below=_threshold(Fraction(again.share)),
            again_after=again.delay.table(),
            revised_after=(labels.revised_after or _AT_ONCE).table(),
            outages=tuple(
                OutagePlan(each.at, each.at + each.lasts, each.then == "lost")
                for each in sorted(labels.outages, key=lambda each: each.at)
            ),
            counting=counting,
            counted_after_ns=_counted_after_ns(labels, immature),
            laws=_laws(scenario, immature),
        )

    def is_positive(self, variant: int, outcome: RequestOutcome) -> bool:
        """Whether an answer is a success, has a label of 1, or earns something."""
        if outcome.correct == NONE:
            return outcome.score != self.zeros[variant]
        return bool(outcome.correct if outcome.label == NONE else outcome.label)

    def opposite(self, variant: int, outcome: RequestOutcome) -> RequestOutcome:
        """What a label says that has it the wrong way round; of a reward, that there is none."""
        label, score, correct = outcome
        if correct == NONE:
            return RequestOutcome(label, self.zeros[variant], correct)
        return RequestOutcome(label if label == NONE else 1 - label, score, 1 - correct)


def _zero_of(outcomes: OutcomeSampler) -> int:
    """How many units no reward is; NONE where there are no rewards, or all earn something."""
    scale = outcomes.reward_scale
    return scale.zero if scale is not None and len(outcomes.scores) > 1 else NONE


def _rule(labels: Labels, variant: str, *, positive: bool) -> LabelRule:
    delay, never, wrong, revised = labels.settled(variant, positive=positive)
    return LabelRule(
        delay=delay.table(),
        never_below=_threshold(Fraction(never)),
        wrong_below=_threshold(Fraction(wrong)),
        revised_below=_threshold(Fraction(wrong) + Fraction(revised)),
    )


def _threshold(share: Fraction) -> int:
    return min(int(share * _WORD), _WORD)


def _counting_of(immature: Immature | None) -> LabelCounting:
    match immature:
        case Wait():
            return LabelCounting.WAIT
        case Window():
            return LabelCounting.WINDOW
        case Weight():
            return LabelCounting.WEIGHT
        case SoFar():
            return LabelCounting.SO_FAR
        case AsArrived() | None:
            return LabelCounting.AS_ARRIVED


def _laws(scenario: Scenario, immature: Immature | None) -> tuple[QuantileTable, ...]:
    """By which law of delay each variant's answers are weighed."""
    of_all = isinstance(immature, Weight) and immature.law == "control"
    return tuple(
        scenario.labels.settled(
            scenario.objective.control if of_all else name, positive=True
        ).delay.table()
        for name in scenario.endpoint.variants
    )


def _counted_after_ns(labels: Labels, immature: Immature | None) -> int:
    """The age from which a request counts."""
    if isinstance(immature, Wait):
        return immature.after or labels.attribution_window or 0
    return immature.within if isinstance(immature, Window) else 0
