"""One decision from the tests of many metrics: which errors each may make, and whether to ship.

The rule of Schultzberg, Ankargren and Frånberg 2024 (arXiv 2402.11609): ship if at least one
success metric is significantly better, and every guardrail is significantly not worse by its
margin. Alpha is split over success metrics only, for one of them is enough; each guardrail is
tested at alpha, for all of them have to pass; the power of each test is raised for that reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simab.errors import InvalidInput
from simab.stats.checks import require_level

__all__ = [
    "ShipDecision",
    "adjusted_alpha",
    "adjusted_beta",
    "decision_p_value",
    "levels_of_candidates",
    "ship_decision",
]


@dataclass(frozen=True, slots=True)
class ShipDecision:
    """Whether to ship, and the places of the metrics that decided, counted from 0.

    `improved` success metrics speak for it; `not_cleared` guardrails, not shown to be within their
    margin, and `deteriorated` metrics against it.
    """

    ship: bool
    improved: tuple[int, ...]
    not_cleared: tuple[int, ...]
    deteriorated: tuple[int, ...]


def adjusted_alpha(alpha: float, success_metrics: int) -> float:
    """Alpha / S, at which each success metric is tested; guardrails keep alpha whole.

    At least one of S true nulls is then rejected with probability alpha at most, however they
    depend on each other. Raises InvalidInput without success metrics, or for an alpha not strictly
    between 0 and 1.
    """
    require_level("alpha", alpha)
    if success_metrics < 1:
        raise InvalidInput(
            f"success_metrics = {success_metrics!r}: must be at least 1. "
            "Nothing is shipped for guardrails alone: name what should improve."
        )
    return alpha / success_metrics


def adjusted_beta(beta: float, guardrails: int, *, false_alarms: float = 0.0) -> float:
    """(beta - false alarms) / (G + 1): the error with which each test may miss its effect.

    A candidate that improves one success metric as planned and equals the control in all G
    guardrails is then shipped with probability 1 - beta at least, however the metrics depend on
    each other: one of G + 1 tests that all have to succeed fails with at most the sum of their
    errors. `false_alarms` is the probability that checks of deterioration or quality stop such a
    candidate, all of them together. Raises InvalidInput for negative guardrails, a beta not
    strictly between 0 and 1, or false alarms that are negative or leave nothing of beta.
    """
    require_level("beta", beta)
    if guardrails < 0:
        raise InvalidInput(f"guardrails = {guardrails!r}: must not be negative. Count the metrics.")
    if not 0.0 <= false_alarms < beta:
        raise InvalidInput(
            f"false_alarms = {false_alarms!r}: must be at least 0 and below beta, {beta!r}. "
            "Test for deterioration at a smaller level, such as 0.01."
        )
    return (beta - false_alarms) / (guardrails + 1)


def ship_decision(
    success: Sequence[float],
    guardrails: Sequence[float] = (),
    deterioration: Sequence[float] = (),
    *,
    alpha: float = 0.05,
    deterioration_alpha: float = 0.01,
) -> ShipDecision:
    """The rule, of one-sided p-values: of superiority, of non-inferiority, and of being worse.

    Success metrics are tested at `adjusted_alpha`, guardrails at alpha, and tests of deterioration,
    where a team has them, at their alpha over their number: any that is significant stops the
    candidate. A NaN shows nothing: no improvement, no cleared guardrail, no deterioration. Raises
    InvalidInput for p-values outside 0 to 1, or as `adjusted_alpha`.
    """
    each = adjusted_alpha(alpha, len(success))
    require_level("deterioration_alpha", deterioration_alpha)
    for name, p_values in (
        ("success", success),
        ("guardrails", guardrails),
        ("deterioration", deterioration),
    ):
        _require_p_values(name, p_values)
    improved = tuple(place for place, p in enumerate(success) if p <= each)
    not_cleared = tuple(place for place, p in enumerate(guardrails) if not p <= alpha)
    worse = deterioration_alpha / max(len(deterioration), 1)
    deteriorated = tuple(place for place, p in enumerate(deterioration) if p <= worse)
    ship = bool(improved) and not not_cleared and not deteriorated
    return ShipDecision(ship, improved, not_cleared, deteriorated)


def decision_p_value(success: Sequence[float], guardrails: Sequence[float] = ()) -> float:
    """The smallest alpha at which the rule ships, tests of deterioration aside; at most 1.

    Of a candidate that is nowhere better, or worse by a guardrail's margin, it is below any alpha
    with that probability at most: a p-value of "not to be shipped". NaN shows nothing.
    """
    smallest = min((p for p in success if not math.isnan(p)), default=1.0)
    cleared = [1.0 if math.isnan(p) else p for p in guardrails]
    return min(max(len(success) * smallest, *cleared, 0.0), 1.0)


def levels_of_candidates(
    p_values: Sequence[float], alpha: float, correction: Literal["holm", "bonferroni", "none"]
) -> list[float]:
    """The alpha at which each of several candidates is decided, by their decision p-values.

    Bonferroni: alpha over their number. Holm (1979): the smallest of K at alpha / K, and while all
    before may be shipped the next at alpha / (K - 1), and so on; the others at the level at which
    the first fails. Either way some candidate that should not be shipped is with probability alpha
    at most. `none`: alpha for each.
    """
    if correction == "none":
        return [alpha] * len(p_values)
    levels = [alpha / len(p_values)] * len(p_values)
    if correction == "bonferroni":
        return levels
    level = alpha / len(p_values)
    failed = False
    for passed, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        level = level if failed else alpha / (len(p_values) - passed)
        levels[place] = level
        failed = failed or p_values[place] > level
    return levels


def _require_p_values(name: str, p_values: Sequence[float]) -> None:
    for place, p in enumerate(p_values):
        if not (0.0 <= p <= 1.0 or math.isnan(p)):
            raise InvalidInput(
                f"{name}[{place}] = {p!r}: must lie between 0 and 1, or be NaN. "
                "Give one-sided p-values, not z or percentages."
            )
