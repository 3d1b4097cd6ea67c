"""Two shares over the same trials, success or not in each: their difference, its score interval.

Only the trials in which the two differ carry information; the exact test on these is
`proportions.mcnemar_exact`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from simab.errors import InvalidInput
from simab.stats.interval import Interval, two_sided_normal_quantile

__all__ = ["tango_interval"]

_HALVINGS = 50  # of a length of 2 at most: to 13 decimals


def tango_interval(only_b: int, only_a: int, trials: int, *, level: float = 0.95) -> Interval:
    """Score interval of share b - share a from the same trials, always within [-1, 1].

    `only_b` trials were a success for b alone, `only_a` for a alone. The ends are the differences
    that the score test just does not reject (Tango 1998, Statistics in Medicine 17:891-908,
    equations 18 to 22). No trials give [-1, 1] with a reason. Raises InvalidInput unless the counts
    are whole, not negative and together at most `trials`, and 0 < level < 1.
    """
    _require_counts(only_b, only_a, trials)
    z = two_sided_normal_quantile(level)
    if not trials:
        return Interval(-1.0, 1.0, level, "no trials")
    estimate = (only_b - only_a) / trials

    def beyond(difference: float) -> bool:
        return abs(_score(difference, only_b, only_a, trials)) > z

    return Interval(
        _last_within(estimate, -1.0, beyond), _last_within(estimate, 1.0, beyond), level
    )


def _score(difference: float, only_b: int, only_a: int, trials: int) -> float:
    """The score statistic of that difference; 0 where nothing is left to doubt."""
    # The share of "a alone" that is most likely under this difference: the root of a quadratic.
    linear = -only_b - only_a + (2 * trials - only_b + only_a) * difference
    constant = -only_a * difference * (1 - difference)
    root = math.sqrt(max(linear * linear - 8 * trials * constant, 0.0))
    # Written without the difference of two near-equal numbers, which would lose the small shares.
    alone = (root - linear) / (4 * trials) if linear <= 0 else -2 * constant / (root + linear)
    variance = trials * (2 * alone + difference * (1 - difference))
    distance = only_b - only_a - trials * difference
    if variance <= 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _last_within(inside: float, outermost: float, beyond: Callable[[float], bool]) -> float:
    """The end between a value inside and the border, by halving; the border if it is inside."""
    if not beyond(outermost):
        return outermost
    outside = outermost
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if beyond(middle) else (middle, outside)
    return outside


def _require_counts(only_b: int, only_a: int, trials: int) -> None:
    for name, value in (("only_b", only_b), ("only_a", only_a), ("trials", trials)):
        if value != int(value) or value < 0:
            raise InvalidInput(f"{name} = {value!r}: must be a whole number, 0 or more. Count it.")
    if only_b + only_a > trials:
        raise InvalidInput(
            f"only_b + only_a = {only_b + only_a}: must be at most trials = {trials}. "
            "Count each trial once."
        )
