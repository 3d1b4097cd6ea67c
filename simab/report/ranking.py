"""Which policies stand out, and which do not differ: the comparisons behind every sentence.

Two policies differ only where the study compared them run by run on the same traffic and
found a difference with all its comparisons taken into account: `PairedDifference.differs`.
"""

from __future__ import annotations

import math

from simab.result import Mean, PolicyResult, StudyResult

__all__ = [
    "breaks_long",
    "error_share_without",
    "errs_much",
    "fastest",
    "is_worse",
    "most_often_right",
    "right_but_harmful",
]


def most_often_right(result: StudyResult) -> list[PolicyResult]:
    """The policy with the most right endings and all that do not differ from it, best first."""
    ordered = sorted(result.policies, key=lambda policy: -policy.correct.share)
    best = ordered[0]
    return [best, *(each for each in ordered[1:] if not is_worse(result, best, each))]


def right_but_harmful(result: StudyResult) -> list[PolicyResult]:
    """Policies right in half of their runs or more under which users suffer, the worst first."""
    harmful = [
        each
        for each in result.policies
        if each.correct.share >= 0.5 and (breaks_long(result, each) or errs_much(each))
    ]
    return sorted(
        harmful,
        key=lambda each: (
            -each.means["error_share_excess"].mean,
            -each.means["guardrail_breach_excess_s"].mean,
        ),
    )


def breaks_long(result: StudyResult, policy: PolicyResult) -> bool:
    """Whether the candidate breaks guardrails for a hundredth of a run or more, at the mean.

    That is time in excess of the same runs with a candidate that answers as the control, and by
    more than chance.
    """
    least_s = result.horizon_s / 100 if math.isfinite(result.horizon_s) else 0.0
    excess = policy.means["guardrail_breach_excess_s"]
    return excess.mean > least_s and _least(excess) > 0.0


def errs_much(policy: PolicyResult) -> bool:
    """Whether more than twice as many requests are in error as with a candidate like the control.

    By more than chance, and by more than one request in a thousand.
    """
    excess = policy.means["error_share_excess"]
    return _least(excess) > max(error_share_without(policy), 1e-3)


def error_share_without(policy: PolicyResult) -> float:
    """The share of requests in error if the candidate answered as the control does."""
    return max(policy.means["error_share"].mean - policy.means["error_share_excess"].mean, 0.0)


def _least(value: Mean) -> float:
    return value.low if math.isfinite(value.low) else value.mean


def is_worse(result: StudyResult, best: PolicyResult, other: PolicyResult) -> bool:
    """Whether `other` is right less often than `best` by more than chance explains."""
    return _less(result, "correct", other, best)


def _less(result: StudyResult, quantity: str, less: PolicyResult, more: PolicyResult) -> bool:
    """Whether the quantity is less under one policy than under another, beyond chance."""
    for paired in result.paired:
        if paired.quantity == quantity and paired.differs:
            if (paired.first, paired.second) == (less.name, more.name):
                return paired.difference > 0
            if (paired.first, paired.second) == (more.name, less.name):
                return paired.difference < 0
    return False


def fastest(result: StudyResult, policies: list[PolicyResult]) -> PolicyResult | None:
    """The one with the soonest median that also decides sooner than each other; None if unclear.

    Sooner by the mean time within the horizon, beyond chance. A policy that leaves half of its runs
    undecided has no median over all runs: the median of the others would flatter it, so it is not
    compared.
    """
    timed = [each for each in policies if each.verdicts["undecided"].share < 0.5]
    if len(timed) < 2 or len(timed) < len(policies):
        return None
    best, *others = sorted(timed, key=lambda policy: policy.decision_time_s.p50)
    clear = all(
        best.decision_time_s.p50 < other.decision_time_s.p50
        and _less(result, "decision_time_within_horizon_s", best, other)
        for other in others
    )
    return best if clear else None
