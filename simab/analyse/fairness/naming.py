"""Flaws by name: which ways to split wrongly the requests of a run are consistent with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.measure import PhaseSplit
from simab.analyse.fairness.routed import AskedPhase
from simab.stats.sample_ratio import one_share_power, share_test_power
from simab.stats.split_fit import (
    MixedSplit,
    fits_shares,
    keeps_clients,
    mixes_at_first,
    mixes_throughout,
    seen_shift,
)
from simab.theory.routing_shares import applied_shares, expected_shares

__all__ = ["ALPHA", "FLAWS", "Flaw", "consistent_flaws", "is_off", "level_of"]

Floats = NDArray[np.float64]

ALPHA: Final = 0.001
"""How often a sound split is said to be off, over all tests of a run together."""
_FEWEST_WHO_WOULD: Final = 10.0
TESTS: Final = 3
"""Of a phase: over all, by time, and by new and known clients."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A way to be off, with the words for it.

    Either `shares` says which shares it gives, or `fit` how well a mixture with the `old` ones
    fits. It may say whether each client stays with a variant during a phase (`keeps`), and whether
    it is the same all the time (`lasts`).
    """

    name: str
    words: str
    shares: Callable[[AskedPhase], Floats] | None = None
    fit: Callable[[PhaseSplit], MixedSplit] | None = None
    old: Callable[[PhaseSplit], Floats | None] = lambda phase: phase.cells.before
    keeps: bool | None = None
    lasts: bool = False

    def p_value(self, phase: PhaseSplit) -> float:
        """That the phase was split this way."""
        if self.shares is not None:
            return fits_shares(phase.cells, self.shares(phase.asked))
        assert self.fit is not None
        if self.keeps is not None and _keeps(phase) not in (None, self.keeps):
            return 0.0
        if not self._shows(phase):
            return fits_shares(phase.cells)  # it shows after a change of weights only
        return self.fit(phase).p_value

    def differs(self, phases: Sequence[PhaseSplit]) -> bool:
        """Whether it would give other shares than asked for in one of the phases at least."""
        if self.shares is None:
            return any(map(self._shows, phases))
        return any(not np.allclose(self.shares(each.asked), each.asked.shares) for each in phases)

    def power(self, phases: Sequence[PhaseSplit], units: Sequence[float]) -> float:
        """How often it is seen among so many units a phase; NaN where that depends on its size."""
        if self.shares is None:
            return float("nan")
        powers = [
            _power(int(count), self.shares(each.asked), each.asked.shares, level_of(len(phases)))
            for each, count in zip(phases, units, strict=True)
        ]
        return max(powers, default=float("nan"))

    def least_part(self, phases: Sequence[PhaseSplit], units: Sequence[float]) -> float:
        """The smallest lasting part of old shares that is seen with 90 % power; NaN for none.

        Of mixtures that end, or are of some clients alone, it depends on how long, and how many.
        """
        if not self.lasts:
            return float("nan")
        parts = [
            _least_part(int(count), each, self.old(each), level_of(len(phases)))
            for each, count in zip(phases, units, strict=True)
            if self._shows(each)
        ]
        return min((part for part in parts if part <= 1.0), default=float("nan"))

    def _shows(self, phase: PhaseSplit) -> bool:
        """Whether the old shares differ from those asked for."""
        old = self.old(phase)
        return old is not None and not np.allclose(old, phase.asked.shares)


def level_of(phases: int) -> float:
    """The level of one test, so that all of a run err at ALPHA together (Bonferroni)."""
    return ALPHA / (TESTS * max(phases, 1))


def is_off(phases: Sequence[PhaseSplit], *, keeps: bool) -> bool:
    """Whether a run's split is not what the rule promises: the weights, at once and for all.

    `keeps`: the rule promises to keep clients, so that the weights are for new ones.
    """
    tests = [
        keeps_clients(each.cells).p_value if keeps else fits_shares(each.cells) for each in phases
    ]
    return _at_least_one(tests) < ALPHA


def consistent_flaws(phases: Sequence[PhaseSplit], *, keeps: bool) -> Mapping[str, float]:
    """The flaws that a run is consistent with, best first, with their p-values."""
    found = {
        flaw.name: _joint(flaw, phases)
        for flaw in FLAWS
        if flaw.differs(phases) and not (keeps and flaw is KEEPS)
    }
    likely = [(name, value) for name, value in found.items() if value >= ALPHA]
    return dict(sorted(likely, key=lambda each: -each[1]))


def _joint(flaw: Flaw, phases: Sequence[PhaseSplit]) -> float:
    """One p-value of all phases."""
    return _at_least_one([flaw.p_value(each) for each in phases])


def _at_least_one(tests: Sequence[float]) -> float:
    """The least p-value of some tests that may depend on each other, times their number."""
    return min([1.0, *(len(tests) * each for each in tests)])


def _keeps(phase: PhaseSplit) -> bool | None:
    """Whether clients meet several variants less than half as often as by chance; None: few do."""
    if phase.would_meet_several < _FEWEST_WHO_WOULD:
        return None
    return phase.met_several < phase.would_meet_several / 2.0


def _power(total: int, actual: Floats, asked: Floats, level: float) -> float:
    if np.allclose(actual, asked) or total < 1:
        return 0.0
    if (actual[asked == 0.0] > 0.0).any():
        return 1.0
    chosen = asked > 0.0
    if chosen.sum() == 2:
        (first, _) = np.flatnonzero(chosen)
        return one_share_power(total, float(actual[first]), float(asked[first]), alpha=level)
    return share_test_power(total, actual[chosen], asked[chosen], alpha=level)


def _least_part(total: int, phase: PhaseSplit, old: Floats | None, level: float) -> float:
    """By the variant whose share moved most."""
    assert old is not None
    asked = phase.asked.shares
    most = int(np.argmax(np.abs(old - asked)))
    share, was = float(asked[most]), float(old[most])
    return seen_shift(total, share, was, alpha=level) / abs(was - share)


def _applied(split: str, asked: AskedPhase) -> Floats:
    """What a router that makes its shares this way goes by."""
    weights = dict(enumerate(asked.shares.tolist()))
    instances = dict(enumerate(asked.instances.tolist()))
    found = applied_shares(split, weights, instances=instances, rest_to=asked.control)
    return np.array([float(share) for share in found.values()])


def _linear_shares(asked: Floats) -> Floats:
    found = expected_shares("linear_rendezvous", dict(enumerate(asked.tolist())))
    return np.array(list(found.values()))


KEEPS: Final = Flaw(
    "keeps_clients",
    "clients that stay where they were: a cookie, or a router that caches by connection",
    fit=lambda phase: keeps_clients(phase.cells),
    keeps=True,
)
FLAWS: Final = (
    Flaw(
        "linear_rendezvous",
        "a rendezvous hash that multiplies its scores by the weights",
        shares=lambda asked: _linear_shares(asked.shares),
    ),
    Flaw(
        "truncated_percentages",
        "shares cut to whole percents",
        shares=lambda asked: _applied("truncated_percentages", asked),
    ),
    Flaw(
        "instance_ratio",
        "a split by the number of instances",
        shares=lambda asked: _applied("instance_ratio", asked),
    ),
    Flaw(
        "stale_routers",
        "replicas of the router that never took the new weights",
        fit=lambda phase: mixes_throughout(replace(phase.cells, before=phase.start)),
        old=lambda phase: phase.start,
        keeps=False,
        lasts=True,
    ),
    Flaw(
        "lagging_routers",
        "replicas of the router that took the new weights late",
        fit=lambda phase: mixes_at_first(phase.cells),
        keeps=False,
    ),
    KEEPS,
)
"""In the order in which a page names them; those of constant shares first."""
