"""Which policy to use: of those that meet all requirements, the first by what the file prefers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Final

from simab.analyse.requirements import ALPHA, PlayedWorld, column_value, judged
from simab.result.columns import COLUMNS
from simab.result.requirement_result import (
    Compliance,
    JudgedRequirement,
    Recommendation,
    RequirementStatement,
    compliance_of,
)
from simab.result.run_summary import RunSummary
from simab.scenario.requirements import Preference

__all__ = ["recommended", "scores_by_replication"]


def recommended(
    found: Sequence[JudgedRequirement],
    statements: Sequence[RequirementStatement],
    worlds: Sequence[PlayedWorld],
    weights: Sequence[float],
    prefer: Preference,
) -> Recommendation:
    """The policy to use, and whether that holds though it was chosen from all of them.

    `found` is how the statements were judged in these worlds. `weights` are those of the worlds, in
    their order, and need not add up to 1. The choice is certain where the policy also passes with
    the error divided by the number of policies (Bonferroni). Of equal ones the first is named.
    """
    policies = list(dict.fromkeys(name for world in worlds for name in world.rows))
    if not any(weights):  # the file's worlds of any weight were not played
        weights = [1.0] * len(worlds)
    scores = {name: _score(name, worlds, weights, prefer) for name in policies}
    passing = [name for name in policies if compliance_of(found, name) is Compliance.PASSES]

    def by_score(name: str) -> float:
        return math.inf if math.isnan(scores[name]) else scores[name]

    if passing:
        first = min(passing, key=by_score)
        stricter = list(judged(statements, worlds, alpha=ALPHA / len(policies)))
        certain = compliance_of(stricter, first) is Compliance.PASSES
        return Recommendation(criterion=prefer, policy=first, certain=certain, scores=scores)
    asked = [name for name in policies if compliance_of(found, name) != Compliance.NOT_ASKED]
    nearest = min(asked, key=lambda name: (*_missed(found, name), by_score(name)), default=None)
    return Recommendation(
        criterion=prefer, policy=None, certain=False, scores=scores, nearest=nearest
    )


def _missed(found: Sequence[JudgedRequirement], policy: str) -> tuple[int, int]:
    """How many requirements a policy fails, and of how many nobody can tell."""
    own = [each.compliance for each in found if each.policy == policy]
    return own.count(Compliance.FAILS), own.count(Compliance.OPEN)


def _score(
    policy: str, worlds: Sequence[PlayedWorld], weights: Sequence[float], prefer: Preference
) -> float:
    """What the policy needs or costs, averaged over runs and then over worlds; NaN if unknown."""
    of = _SCORES[prefer]
    pairs = [
        (weight, fmean(of(row, world) for row in world.rows[policy]))
        for weight, world in zip(weights, worlds, strict=True)
        if world.rows.get(policy)
    ]
    total = math.fsum(weight for weight, _ in pairs)
    return math.fsum(weight * mean for weight, mean in pairs) / total if total else math.nan


def scores_by_replication(
    policy: str, worlds: Sequence[PlayedWorld], weights: Sequence[float], prefer: Preference
) -> dict[int, float]:
    """What the policy needs or costs in each replication that it finished in all worlds.

    The mean over the worlds by their weights, by number of the replication: all policies meet the
    same clients in it, so that they can be compared pair by pair.
    """
    of, total = _SCORES[prefer], math.fsum(weights)
    parts = [
        {row.replication: weight * of(row, world) for row in world.rows.get(policy, ())}
        for weight, world in zip(weights, worlds, strict=True)
        if weight
    ]
    complete = set.intersection(*map(set, parts)) if parts else set()
    return {each: math.fsum(part[each] for part in parts) / total for each in sorted(complete)}


def _until_decided(row: RunSummary, world: PlayedWorld) -> float:
    """Seconds until the decision; of a run without one, until its end."""
    return min(row.time_to_decision_s, world.limits.horizon_s)


def _column(key: str) -> Callable[[RunSummary, PlayedWorld], float]:
    column = COLUMNS[key]
    return lambda row, world: column_value(column, row, world.truth)


_SCORES: Final[Mapping[str, Callable[[RunSummary, PlayedWorld], float]]] = {
    "soonest": _until_decided,
    "least_exposure": _column("requests_on_worse"),
    "least_cost": _column("cost_of_serving"),
}
