"""A race of policies for the requirements: who is out, who is through, and whom to play on.

Each is judged at every look by tests that hold at all looks together (`simab.stats.share_bounds`,
`simab.stats.mean_bounds`), with the error divided by the number of candidates that began. So with
probability 97.5 % at least none that breaks a requirement is ever called through, and as probably
none that keeps them all is put out, however many there are and however long it takes. Racing as in
Maron and Moore (1994), "Hoeffding races", with tests in place of Hoeffding's bound.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from simab.analyse.recommendation import scores_by_replication
from simab.analyse.requirements import ALPHA, PlayedWorld, judged
from simab.result.requirement_result import (
    Compliance,
    JudgedRequirement,
    RequirementStatement,
    compliance_of,
)
from simab.scenario.requirements import Preference
from simab.stats.intervals import paired_difference

__all__ = ["INDIFFERENCE", "Look", "looked_at"]

INDIFFERENCE: Final = 0.05
"""Part of the best's score within which it does not matter which one is taken."""
_FEWEST_PAIRS: Final = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of the candidates that are still played.

    `scores` are the criterion's, the less the better; `best` is the first of those that are
    through, None if none is; `play_on` are those that more runs could make the choice.
    """

    found: tuple[JudgedRequirement, ...]
    compliance: Mapping[str, Compliance]
    scores: Mapping[str, float]
    best: str | None
    play_on: tuple[str, ...]


def looked_at(
    statements: Sequence[RequirementStatement],
    worlds: Sequence[PlayedWorld],
    weights: Sequence[float],
    prefer: Preference,
    *,
    began: int,
    passed: Collection[str] = (),
) -> Look:
    """Judge all that is played so far of the candidates that are in the rows of the worlds.

    `began` is how many candidates the race began with; those that `passed` at an earlier look are
    through. Differences of scores are judged pair by pair, on common random numbers, and by their
    95 % intervals divided among all that began: for the choice among those that meet the
    requirements, not for whether they do.
    """
    names = list(dict.fromkeys(name for world in worlds for name in world.rows))
    found = tuple(judged(statements, worlds, alpha=ALPHA / began))
    compliance = {
        name: Compliance.PASSES if name in passed else compliance_of(found, name) for name in names
    }
    runs = {name: scores_by_replication(name, worlds, weights, prefer) for name in names}
    scores = {name: fmean(each.values()) if each else math.nan for name, each in runs.items()}
    through = [name for name in names if compliance[name] is Compliance.PASSES]
    undecided = [
        name
        for name in names
        if compliance[name] is Compliance.OPEN and _can_be_known(name, found, worlds)
    ]
    best = min(through, key=lambda name: _last_if_unknown(scores[name]), default=None)
    if best is None:
        return Look(found, compliance, scores, None, tuple(undecided))
    level = 1.0 - 2.0 * ALPHA / began
    rivals = [
        name
        for name in (*through, *undecided)
        if name != best and _may_be_better(runs[name], runs[best], level)
    ]
    return Look(found, compliance, scores, best, (best, *rivals) if rivals else ())


def _can_be_known(
    name: str, found: Sequence[JudgedRequirement], worlds: Sequence[PlayedWorld]
) -> bool:
    """Whether more runs may tell: a world asks all that is required, and no run has failed."""
    asked = all(each.world for each in found if each.policy == name)
    return asked and not any(world.failed.get(name) for world in worlds)


def _may_be_better(runs: Mapping[int, float], best: Mapping[int, float], level: float) -> bool:
    """Whether a candidate may need less than the best by more than one would be indifferent to."""
    both = sorted(runs.keys() & best.keys())
    if len(both) < _FEWEST_PAIRS:
        return True
    own, others = [runs[each] for each in both], [best[each] for each in both]
    found = paired_difference(others, own, level=level)
    low = found.estimate if math.isnan(found.interval.low) else found.interval.low  # all alike
    return low < -INDIFFERENCE * fmean(others)


def _last_if_unknown(score: float) -> float:
    return math.inf if math.isnan(score) else score
