"""What the figures over worlds show of each policy: numbers and the worlds that they are of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simab.result import PolicyResult, Proportion, Quantiles, Spread, StudyResult
from simab.result.truth_summary import KEEP, PROMOTE
from simab.result.world_result import WorldResult

__all__ = ["Trade", "distinct", "ends_right", "harmful", "in_world", "promoting", "trades"]


def distinct(result: StudyResult) -> list[WorldResult]:
    """The worlds that were played: one that is the same as an earlier one has its runs."""
    return [world for world in result.worlds if world.label.same_as is None]


def in_world(world: WorldResult, name: str) -> PolicyResult | None:
    """A policy there; None where it finished no run."""
    return next((each for each in world.policies if each.name == name), None)


def ends_right(world: WorldResult) -> bool:
    """Whether `promoting` counts right endings there, not promotions of whichever candidate."""
    return world.asks == PROMOTE and world.truth.several


def promoting(world: WorldResult, policy: PolicyResult) -> Proportion:
    """What is judged there: where promoting is right, that the candidate has all at the end.

    Of several candidates one that is right has to have it.
    """
    if ends_right(world):
        return policy.correct
    if world.asks == PROMOTE:
        return policy.ends_with.get(world.truth.candidate, policy.promotes)
    return policy.promotes


@dataclass(frozen=True, slots=True)
class Trade:
    """What a policy gives for what it takes: false promotions, and the time to a decision.

    `false` is the largest share of runs that promote, over the worlds in which keeping is right,
    and `where` that world; `rightly` the smallest share that ends with the candidate, over those in
    which promoting is right; `time` is of `when`, the slowest of these.
    """

    policy: str
    false: Proportion
    where: WorldResult
    rightly: Proportion
    time: Quantiles
    when: WorldResult

    @property
    def decides(self) -> bool:
        """Whether half of its runs have decided before the horizon."""
        return math.isfinite(self.time.p50)


def trades(result: StudyResult) -> list[Trade]:
    """One for each policy that finished a run in both kinds of worlds; empty without both kinds."""
    worlds = distinct(result)
    keep = [world for world in worlds if world.asks == KEEP]
    promote = [world for world in worlds if world.asks == PROMOTE]
    found = []
    for policy in result.policies:
        false = [(each, world) for world in keep if (each := in_world(world, policy.name))]
        times = [(each, world) for world in promote if (each := in_world(world, policy.name))]
        if not (false and times):
            continue
        worst, where = max(false, key=lambda pair: pair[0].promotes.share)
        slowest, when = max(times, key=lambda pair: _late(pair[0].decision_time_s.p50))
        shares = [promoting(world, each) for each, world in times]
        rightly = min(shares, key=lambda each: each.share)
        time = slowest.decision_time_s
        found.append(Trade(policy.name, worst.promotes, where, rightly, time, when))
    return found


def _late(at_s: float) -> float:
    return at_s if math.isfinite(at_s) else math.inf


def harmful(result: StudyResult) -> list[tuple[WorldResult, list[tuple[str, Spread]]]]:
    """The worlds in which some variant is worse, with each policy's requests on such variants."""
    found = []
    for world in distinct(result):
        spreads = [
            (policy.name, policy.spread["requests_on_worse"])
            for policy in world.policies
            if "requests_on_worse" in policy.spread
        ]
        if world.truth.exposed and spreads:
            found.append((world, spreads))
    return found
