"""When labels arrive and what share of them is right, in closed form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from simab.policies.immature import AsArrived, Immature, SoFar, Wait, Weight, Window
from simab.profiles.outcomes import NONE, OutcomeSampler
from simab.profiles.quantile_table import QuantileTable
from simab.scenario.answers_over_time import quality_shares
from simab.scenario.models import Scenario

__all__ = ["Law", "arrival_law", "positive_share"]


class Law(Protocol):
    """A distribution of delays, in ns."""

    @property
    def mean(self) -> float:
        """The mean, or more."""

    def mean_shortfall(self, limit: int) -> float:
        """How far a delay falls short of a limit on average; not at all where it is longer."""


class _Piece(NamedTuple):
    """A part of the labels: its weight, its delay, and after how long a window closes on it."""

    weight: float
    delay: QuantileTable
    window_ns: float

    def shortfall(self, limit: float) -> float:
        inside = min(limit, self.window_ns)
        return self.delay.mean_shortfall(math.floor(max(inside, 0.0))) + max(limit - inside, 0.0)


class _Late(NamedTuple):
    """Parts of the labels, all of which come `held_ns` later than they would, or not before an age.

    Waiting for a batch takes half of the time between two, on average.
    """

    pieces: tuple[_Piece, ...]
    held_ns: float = 0.0
    age_ns: float = 0.0

    @property
    def mean(self) -> float:
        delays = (each.weight * min(each.delay.mean, each.window_ns) for each in self.pieces)
        return math.fsum(delays) + self.held_ns + self.age_ns

    def mean_shortfall(self, limit: int) -> float:
        """The integral of the share that has arrived, from 0 or from the age on."""
        if limit <= self.age_ns:
            return 0.0
        return self._until(limit) - (self._until(self.age_ns) if self.age_ns else 0.0)

    def _until(self, limit: float) -> float:
        found = (each.weight * each.shortfall(limit - self.held_ns) for each in self.pieces)
        return math.fsum(found)


def arrival_law(scenario: Scenario, immature: Immature | None = None) -> Law:
    """From the reply to when a label counts for a rule, of the role whose labels come latest."""
    labels = scenario.labels
    if labels.is_plain and isinstance(immature, AsArrived | None):
        return labels.delay.table()
    roles = scenario.objective.control, *scenario.objective.every_candidate
    laws = [_law_of(scenario, name, immature) for name in roles]
    return max(laws, key=lambda law: law.mean)


def _law_of(scenario: Scenario, variant: str, immature: Immature | None) -> Law:
    labels, at_once = scenario.labels, QuantileTable.build(lambda survival: 0.0 * survival)
    held_ns = labels.batches.every / 2 if labels.batches is not None else 0.0
    window_ns = math.inf if labels.attribution_window is None else float(labels.attribution_window)
    positives = labels.settled(variant, positive=True).delay.table()
    match immature:
        case SoFar():
            return at_once
        case Window():
            return _Late((_Piece(1.0, at_once, math.inf),), age_ns=immature.within)
        case Weight():
            return _Late((_Piece(1.0, positives, window_ns),), held_ns)
    pieces = tuple(_pieces(scenario, variant, window_ns))
    age_ns = 0.0
    if isinstance(immature, Wait):
        age_ns = float(immature.after or labels.attribution_window or 0)
    return _Late(pieces, held_ns, age_ns)


def _pieces(scenario: Scenario, variant: str, window_ns: float) -> Iterator[_Piece]:
    """Positives and negatives that get a label, with their shares of all that do."""
    share = positive_share(scenario, variant)
    parts = [(share, True), (1.0 - share, False)]
    labelled = [
        part * (1.0 - scenario.labels.settled(variant, positive=positive).never)
        for part, positive in parts
    ]
    for weight, (_, positive) in zip(labelled, parts, strict=True):
        delay = scenario.labels.settled(variant, positive=positive).delay.table()
        if not positive and math.isfinite(window_ns):
            delay = _constant(window_ns)
        if weight > 0:
            yield _Piece(weight / math.fsum(labelled), delay, window_ns)


def _constant(value_ns: float) -> QuantileTable:
    return QuantileTable.build(lambda survival: 0.0 * survival + value_ns)


def positive_share(scenario: Scenario, variant: str) -> float:
    """The share of a variant's answers that are positive: a success, a label of 1, a reward."""
    return math.fsum(
        share * float(row)
        for share, quality in quality_shares(scenario, variant)
        for row in _positive_rows(scenario.sampler(quality))
    )


def _positive_rows(sampler: OutcomeSampler) -> Sequence[Fraction]:
    rows = zip(sampler.shares, sampler.labels, sampler.correct, sampler.scores, strict=True)
    if sampler.reward_scale is not None:
        return [share for share, _, _, score in rows if score == NONE]
    return [share for share, label, right, _ in rows if (right if label == NONE else label) == 1]
