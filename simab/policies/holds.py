"""What holds a candidate back that would be promoted: guardrails, and a split that is not as asked.

A hold changes nothing at the endpoint, but it is an action: a reader of the log of decisions has
to see that a candidate was ready, and why it was not promoted.
"""

from __future__ import annotations

from collections.abc import Sequence

from simab.policies.actions import Hold, HoldReason
from simab.policies.constant_weight_period import ConstantWeightPeriod
from simab.policies.guardrails import Guardrail, first_objection
from simab.policies.observation import Observation
from simab.stats.sample_ratio import mixed_share_test

__all__ = ["hold_for", "split_mismatch"]


def hold_for(
    stretch: ConstantWeightPeriod,
    observation: Observation,
    guardrails: Sequence[Guardrail],
    sample_ratio_alpha: float | None,
    most_looks: int | None = None,
) -> Hold | None:
    """The first reason to hold the candidate now; None if there is none.

    `most_looks` is how often the rule can ask at most; None if nothing limits it.
    """
    if sample_ratio_alpha is not None:
        mismatch = split_mismatch(observation, sample_ratio_alpha)
        if mismatch:
            return Hold(HoldReason.SAMPLE_RATIO, because=mismatch)
    objection = first_objection(stretch, observation, guardrails, most_looks)
    return Hold(HoldReason.GUARDRAIL, because=objection) if objection else None


def split_mismatch(observation: Observation, alpha: float) -> str:
    """What is wrong with the split in force, in words; empty while nothing is.

    By a test that may be looked at any time (Lindon and Malek 2022), of what is assigned
    independently: requests, or users where routing keeps them. Each split of a run is tested by
    itself, the k-th at alpha / (k (k + 1)): these levels sum to alpha, so that it holds over the
    whole run although under a hash all splits are drawn by the same numbers.
    """
    assigned = observation.metrics.assignments()
    weights = {name: weight for name, weight in observation.weights.items() if weight > 0.0}
    if len(weights) < 2 or weights.keys() != assigned.counts.keys():
        return ""
    total = sum(weights.values())
    shares = [weight / total for weight in weights.values()]
    counts = [assigned.counts[name] for name in weights]
    test = mixed_share_test(counts, shares)
    level = alpha / (assigned.split * (assigned.split + 1))
    if test.p_value > level:
        return ""
    seen = " : ".join(f"{count}" for count in counts)
    asked = " : ".join(f"{share:.3g}" for share in shares)
    return (
        f"sample ratio mismatch: {seen} {assigned.unit} at shares {asked}, p = {test.p_value:.2g} "
        f"(at most {level:.2g} for split {assigned.split} of the run, alpha {alpha:g} over all)"
    )
