"""Tests of a candidate b against a control a: better, not worse by a margin, or worse by more.

All three are asked of one contrast: the gain plus the margin, which is above 0 where b is not worse
by the margin. A relative margin is a part of a's value, and the contrast is linear in both values
(b less a's value times 1 -+ the margin), so that no ratio has to be estimated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simab.errors import InvalidInput
from simab.stats.checks import require_successes
from simab.stats.means import Moments
from simab.stats.non_inferiority import errors_at_the_margin
from simab.stats.proportions import normal_p_value

__all__ = ["Contrast", "Margin", "margin_test_of_means", "margin_test_of_shares"]


@dataclass(frozen=True, slots=True)
class Margin:
    """By how much b may be worse: in the metric's unit, or as a part of a's value.

    Size 0 asks which is better. `higher_is_better` says which way is worse.
    """

    size: float = 0.0
    relative: bool = False
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        """Refuse a margin that is negative or infinite, and a relative one of the whole value."""
        if not 0.0 <= self.size < math.inf:
            raise InvalidInput(
                f"margin = {self.size!r}: must be at least 0 and finite. Give the largest loss "
                "that you would accept."
            )
        if self.relative and self.higher_is_better and self.size >= 1.0:
            raise InvalidInput(
                f"margin = {self.size!r} of the control's value: must be below 1, or nothing is "
                "too low. Write for example 0.05."
            )

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1."""
        return 1 if self.higher_is_better else -1

    def factor(self, a: float) -> float:
        """What a's value is multiplied by: 1 -+ a relative margin, else 1.

        The margin is a part of the size of a value; of one below 0 it lies on the other side.
        """
        return 1.0 - self.sign * math.copysign(self.size, a) if self.relative else 1.0

    @property
    def added(self) -> float:
        """What is added to the gain: an absolute margin, else 0."""
        return 0.0 if self.relative else self.size

    def contrast(self, a: float, b: float) -> float:
        """The gain of b over a, with the margin."""
        return self.sign * (b - self.factor(a) * a) + self.added


@dataclass(frozen=True, slots=True)
class Contrast:
    """Values of a and b, their contrast with its standard error, and degrees of freedom.

    Infinite degrees are a normal law. Where the standard error is not above 0, `reason` says why.
    """

    a: float
    b: float
    contrast: float
    standard_error: float
    degrees: float = math.inf
    reason: str | None = None

    @classmethod
    def unknown(cls, a: float, b: float, reason: str) -> Contrast:
        """Of what cannot be tested."""
        return cls(a, b, math.nan, math.nan, math.nan, reason)

    @property
    def statistic(self) -> float:
        """The contrast over its standard error; NaN where it is not known."""
        return self.contrast / self.standard_error if self.standard_error > 0.0 else math.nan

    @property
    def p_not_worse(self) -> float:
        """One-sided p-value: small where b is better, or within the margin."""
        return _upper_tail(self.statistic, self.degrees)

    @property
    def p_worse(self) -> float:
        """One-sided p-value: small where b is worse by more than the margin."""
        return _upper_tail(-self.statistic, self.degrees)


def margin_test_of_shares(
    hits_a: int, trials_a: int, hits_b: int, trials_b: int, margin: Margin
) -> Contrast:
    """Of independent hits: pooled without a margin, restricted with an absolute one.

    The restricted variance is that of the likeliest shares that the margin parts (Farrington and
    Manning 1990, Statistics in Medicine 9:1447); under a relative margin each share has its own,
    with a hit and a miss more than seen. Raises InvalidInput unless 0 <= hits <= trials.
    """
    require_successes("hits_a", hits_a, trials_a)
    require_successes("hits_b", hits_b, trials_b)
    if not (trials_a and trials_b):
        reason = f"arm {'b' if trials_a else 'a'} has no trials"
        return Contrast.unknown(math.nan, math.nan, reason)
    a, b = hits_a / trials_a, hits_b / trials_b
    variance = _variance_of_shares(hits_a, trials_a, hits_b, trials_b, margin)
    contrast = margin.contrast(a, b)
    if not variance > 0.0:
        return Contrast(a, b, contrast, math.nan, math.inf, "all hits or all misses")
    return Contrast(a, b, contrast, math.sqrt(variance))


def margin_test_of_means(a: Moments, b: Moments, margin: Margin) -> Contrast:
    """Of independent values by Welch's t, each arm with its own variance (Welch 1947).

    Fewer than two values in an arm, or variance 0 in both, leaves it open, with a reason.
    """
    if min(a.count, b.count) < 2:
        return Contrast.unknown(a.mean, b.mean, "fewer than two values in an arm")
    factor = margin.factor(a.mean)
    part_a, part_b = factor**2 * a.variance / a.count, b.variance / b.count
    contrast = margin.contrast(a.mean, b.mean)
    if not part_a + part_b > 0.0:
        return Contrast(a.mean, b.mean, contrast, math.nan, math.nan, "the values are all alike")
    squares = part_a**2 / (a.count - 1) + part_b**2 / (b.count - 1)
    degrees = (part_a + part_b) ** 2 / squares
    return Contrast(a.mean, b.mean, contrast, math.sqrt(part_a + part_b), degrees)


def _variance_of_shares(
    hits_a: int, trials_a: int, hits_b: int, trials_b: int, margin: Margin
) -> float:
    """Of the contrast, at the shares where it is 0."""
    if margin.relative and margin.size:
        parts = zip((hits_a, hits_b), (trials_a, trials_b), (margin.factor(1.0), 1.0), strict=True)
        return sum(
            factor**2 * (hits + 1) * (trials - hits + 1) / (trials + 2) ** 2 / trials
            for hits, trials, factor in parts
        )
    if not margin.size:
        share = (hits_a + hits_b) / (trials_a + trials_b)
        return share * (1.0 - share) * (1.0 / trials_a + 1.0 / trials_b)
    if margin.size >= 1.0:
        return math.nan
    errors_a, errors_b = hits_a, hits_b
    if margin.higher_is_better:
        errors_a, errors_b = trials_a - hits_a, trials_b - hits_b
    rate_a, rate_b = errors_at_the_margin(errors_a, trials_a, errors_b, trials_b, margin.size)
    return rate_a * (1.0 - rate_a) / trials_a + rate_b * (1.0 - rate_b) / trials_b


def _upper_tail(statistic: float, degrees: float) -> float:
    if math.isnan(statistic):
        return math.nan
    if math.isinf(degrees):
        return normal_p_value(statistic, "larger")
    from scipy.special import stdtr

    return float(stdtr(degrees, -statistic))
