"""Several candidates against one control: who is still in the race, and who wins at a look.

Source of the corrections: Dunnett (1955) and Dunnett and Tamhane (1991), Holm (1979), Bonferroni.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.two_metrics import MetricEvidence
from simab.policies.observation import Observation
from simab.stats.label_estimates import VARIANCE_IS_A_BOUND
from simab.stats.many_to_one import dunnett_p_values
from simab.stats.multiplicity import holm
from simab.stats.winners_curse import conditional_estimate

__all__ = [
    "Comparison",
    "Correction",
    "adjusted_p_values",
    "by_gain",
    "corrected_gain",
    "in_the_race",
]

Correction = Literal["dunnett", "holm", "bonferroni", "none"]
_SHARES_IN_HUNDREDTHS: Final = 2


class Comparison(NamedTuple):
    """A candidate as a look finds it: what is known of it, and what the rule remembers of it."""

    candidate: str
    seen: Evidence
    memory: Any = None


def in_the_race(observation: Observation, dropped: Sequence[str]) -> list[Observation]:
    """The endpoint in the eyes of each comparison with the control that is still open."""
    if not observation.several:
        return [observation]
    return [observation.of(each) for each in observation.several if each not in dropped]


def adjusted_p_values(seen: Sequence[Evidence], correction: Correction, family: int) -> list[float]:
    """Two-sided p-values, each to be compared with the level as if alone.

    `family` counts the candidates at the start: those dropped since count as not significant.
    """
    tests = [each.test() for each in seen]
    p_values = [test.p_value for test in tests]
    if correction == "none":
        return p_values
    if correction == "bonferroni":
        return [min(1.0, family * p_value) for p_value in p_values]
    absent = family - len(seen)
    if correction == "holm":
        known = [1.0 if math.isnan(each) else each for each in p_values]
        return list(map(float, holm([*known, *[1.0] * absent])[: len(seen)]))
    sizes = [abs(test.z) for test in tests]
    shares = [round(each.control_share, _SHARES_IN_HUNDREDTHS) for each in seen]
    # One that was dropped has no statistic left, and still counts.
    found = dunnett_p_values([*sizes, *[0.0] * absent], [*shares, *[0.5] * absent])
    return list(map(float, found[: len(seen)]))


def corrected_gain(seen: Evidence, critical: float) -> float | None:
    """The gain of a winner, corrected for being significant; None where it is not, or not known.

    By the conditional likelihood (`simab.stats.winners_curse`), with the standard error that the
    test has; None where that is no standard error but the most that it can be: it would correct
    by too much.
    """
    if isinstance(seen, MetricEvidence) and seen.metric in VARIANCE_IS_A_BOUND:
        return None
    z = seen.test().z
    if not critical < z < math.inf:
        return None
    return conditional_estimate(seen.difference, seen.difference / z, critical)


def by_gain(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """From the largest gain over the control to the smallest; what is not known comes last."""

    def gain(comparison: Comparison) -> float:
        difference = comparison.seen.difference
        return -math.inf if math.isnan(difference) else difference

    return sorted(comparisons, key=gain, reverse=True)
