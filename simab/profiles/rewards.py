"""What an answer earns: distributions of numeric rewards, and the whole numbers that hold them.

A reward is a whole number of units above the lowest one. The unit is a power of two, at least
2**-30 of the range, so that 0 is met exactly and sums of rewards and of squares are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, frexp, fsum, ldexp
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from simab.description import Description
from simab.errors import InvalidInput
from simab.profiles.normal_quantiles import normal_quantiles
from simab.profiles.quantile_table import QuantileTable

__all__ = [
    "LognormalRewards",
    "NormalRewards",
    "ParetoRewards",
    "QuantileRewards",
    "RewardDistribution",
    "RewardScale",
    "tabulated_rewards",
]

Floats = NDArray[np.float64]
_DEEPEST: float = 2.0**-40  # survival probability at which a quantile table ends
_RANGE_BITS = 30
_CLOSEST = 2.0**-20  # of the largest reward: rewards must lie that far apart


class NormalRewards(Description):
    """Rewards with a normal distribution; losses are below 0.

    As quantile tables are fine at the upper end, the lowest one in 512 lie evenly spread down to
    3.47 standard deviations below the mean.
    """

    kind: Literal["normal"] = "normal"
    mean: Annotated[float, Field(ge=-1e9, le=1e9)]
    """Mean reward."""
    standard_deviation: Annotated[float, Field(ge=1e-9, le=1e9)]
    """Spread of single rewards."""

    @model_validator(mode="after")
    def _resolved(self) -> NormalRewards:
        _require_resolved(self.standard_deviation, self.mean)
        return self

    @property
    def mean_reward(self) -> float:
        """As given."""
        return self.mean

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Rewards exceeded with probability `survival`, elementwise."""
        upper = np.clip(survival, _DEEPEST, 1.0 - _DEEPEST)
        quantiles: Floats = self.mean - self.standard_deviation * normal_quantiles(upper)
        return quantiles


class LognormalRewards(Description):
    """Rewards whose logarithm is normal: many small ones and a few large, as orders are."""

    kind: Literal["lognormal"] = "lognormal"
    mean: Annotated[float, Field(ge=1e-9, le=1e9)]
    """Mean reward."""
    cv: Annotated[float, Field(ge=1e-4, le=10)]
    """Coefficient of variation: standard deviation over mean."""

    @property
    def mean_reward(self) -> float:
        """As given."""
        return self.mean

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Rewards exceeded with probability `survival`, elementwise."""
        variance = np.log1p(self.cv**2)
        location = np.log(self.mean) - variance / 2.0
        quantiles: Floats = np.exp(location - np.sqrt(variance) * normal_quantiles(survival))
        return quantiles


class ParetoRewards(Description):
    """Rewards with a tail that falls as a power: a few make up most of what is earned.

    The chance of more than x is (smallest / x)^tail_index, with the smallest at
    mean (tail_index - 1) / tail_index. At a tail index of 2.5 the largest tenth of the answers earn
    a quarter of all. Source: Arnold, Pareto Distributions (2015).
    """

    kind: Literal["pareto"] = "pareto"
    mean: Annotated[float, Field(ge=1e-9, le=1e9)]
    """Mean reward."""
    tail_index: Annotated[float, Field(ge=2.5, le=100)]
    """The power: the smaller, the heavier the tail. The standard deviation is the mean over
    sqrt(tail_index (tail_index - 2)); below 2.5 the rarest rewards would hold too much of it."""

    @property
    def mean_reward(self) -> float:
        """As given."""
        return self.mean

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Rewards exceeded with probability `survival`, elementwise."""
        smallest = self.mean * (self.tail_index - 1.0) / self.tail_index
        quantiles: Floats = smallest * np.power(survival, -1.0 / self.tail_index)
        return quantiles


class QuantileRewards(Description):
    """Rewards by equally spaced quantiles, from smallest to largest, joined by straight lines."""

    kind: Literal["quantiles"] = "quantiles"
    values: Annotated[
        tuple[Annotated[float, Field(ge=-1e9, le=1e9)], ...],
        Field(min_length=2, max_length=10_001),
    ]
    """Rising rewards: 11 values are the minimum, the nine deciles and the maximum."""

    @model_validator(mode="after")
    def _rising(self) -> QuantileRewards:
        if list(self.values) != sorted(self.values):
            raise InvalidInput("quantiles rise from the smallest to the largest; sort the values")
        if self.values[0] < self.values[-1]:
            _require_resolved(self.values[-1] - self.values[0], self.values[-1])
        return self

    @property
    def mean_reward(self) -> float:
        """Of straight lines between the values: half of both ends, and the others whole."""
        inner = fsum(self.values) - (self.values[0] + self.values[-1]) / 2.0
        return inner / (len(self.values) - 1)

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Rewards exceeded with probability `survival`, elementwise."""
        return np.interp(1.0 - survival, np.linspace(0.0, 1.0, len(self.values)), self.values)


RewardDistribution = Annotated[
    NormalRewards | LognormalRewards | ParetoRewards | QuantileRewards,
    Field(discriminator="kind"),
]
"""How rewards spread over the answers that earn any."""


def _require_resolved(spread: float, size: float) -> None:
    if spread < abs(size) * _CLOSEST:
        raise InvalidInput(
            f"rewards around {size:g} that are only {spread:g} apart cannot be distinguished; "
            "spread them further, or give what lies above a common amount"
        )


@dataclass(frozen=True, slots=True)
class RewardScale:
    """What whole numbers of units stand for: a reward of (lowest + units) * 2**exponent."""

    lowest: int
    exponent: int

    def value(self, units: float) -> float:
        """The reward that so many units above the lowest are; also of a mean of units."""
        return ldexp(self.lowest + units, self.exponent)

    def squared(self, units: float) -> float:
        """Squared units as squared reward."""
        return ldexp(units, 2 * self.exponent)

    @property
    def zero(self) -> int:
        """How many units no reward is; to be asked only where 0 lies in the range."""
        return -self.lowest


def tabulated_rewards(
    distribution: NormalRewards | LognormalRewards | ParetoRewards | QuantileRewards,
    *,
    with_zero: bool,
    largest_factor: float = 1.0,
) -> tuple[QuantileTable, RewardScale]:
    """The table of a distribution in units, and what these stand for.

    `with_zero` makes 0 a number of units as well, for the answers that earn nothing. All rewards
    times any factor up to the largest one can be counted in these units.
    """
    ends = distribution.quantile_of_survival(np.array([1.0, _DEEPEST]))
    low, high = float(ends[0]), float(ends[1])
    low, high = low * largest_factor, high * largest_factor
    if with_zero or largest_factor > 1.0:
        low, high = min(low, 0.0), max(high, 0.0)
    # A range of mantissa * 2**power, with a mantissa below 1, has at most 2**30 such units.
    exponent = frexp(max(high - low, abs(high) * _CLOSEST) or 1.0)[1] - _RANGE_BITS
    scale = RewardScale(floor(ldexp(low, -exponent)), exponent)
    assert ceil(ldexp(high, -exponent)) - scale.lowest <= (1 << _RANGE_BITS) + 1
    table = QuantileTable.build(
        lambda survival: (
            np.ldexp(distribution.quantile_of_survival(survival), -exponent) - scale.lowest
        ).clip(0.0)
    )
    return table, scale
