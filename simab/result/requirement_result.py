"""What is required of policies, how each was judged in each world, and which policy to use."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Compliance",
    "JudgedRequirement",
    "Recommendation",
    "RequirementStatement",
    "compliance_of",
]


class Compliance(StrEnum):
    """What the runs say of a requirement."""

    PASSES = "passes"
    FAILS = "fails"
    OPEN = "cannot tell"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementStatement:
    """A bound on a quantity of the result: `at_most`, or else at least, `bound`.

    The bound is a share, seconds, requests, clients, of the metric or a cost, as `unit` says. With
    `share_of_runs` that share of the runs has to keep it; NaN: the mean, or the quantity is a share
    of runs itself. `policy` None: every policy has to.
    """

    quantity: str
    at_most: bool
    bound: float
    unit: str
    share_of_runs: float = math.nan
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRequirement:
    """A requirement of one policy in one world; of no world ("") where none asks it.

    `requirement` is its place among the statements. `estimate` is the share of runs, or the mean;
    `low` to `high` is where it lies at all looks together, wrong with probability 2.5 % a side, and
    `compliance`, one of `Compliance`, follows from it. `runs_to_tell`: how many runs would tell
    with probability 80 % if the estimate is true; None where it is told, or cannot be. Where some
    of the policy's runs failed there, or none asks it, it cannot tell.
    """

    requirement: int
    policy: str
    world: str
    estimate: float
    low: float
    high: float
    runs: int
    compliance: str
    runs_to_tell: int | None = None


def compliance_of(found: Iterable[JudgedRequirement], policy: str) -> Compliance:
    """Whether a policy meets all that was asked of it: it fails with one, and passes with all."""
    own = {each.compliance for each in found if each.policy == policy}
    if not own:
        return Compliance.NOT_ASKED
    if Compliance.FAILS in own:
        return Compliance.FAILS
    return Compliance.PASSES if own == {Compliance.PASSES} else Compliance.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Which policy to use: of those that pass everything, the first by `criterion`.

    `policy` None: none passes. `certain`: it also passes with the error shared among all policies
    that it was chosen from. `scores` are the criterion's by policy, the less the better (seconds,
    requests, or the objective's metric; NaN: not known). `nearest` is the policy that fails the
    fewest requirements where none passes.
    """

    criterion: str
    policy: str | None
    certain: bool
    scores: Mapping[str, float]
    nearest: str | None = None
