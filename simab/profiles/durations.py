"""How long something takes: the families of distributions for latency and label delay.

Each is given by what people know (median and p99, mean and coefficient of variation, quantiles or
samples from a log) and becomes a `QuantileTable` in nanoseconds, which is its definition. All of
them can be stretched as a whole by `scale`.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from simab.description import Description, Duration, PositiveDuration
from simab.errors import InvalidInput
from simab.profiles.normal_quantiles import normal_quantiles
from simab.profiles.quantile_table import QuantileTable

__all__ = [
    "Constant",
    "Distribution",
    "DurationProfile",
    "Exponential",
    "Gamma",
    "Hyperexponential",
    "Lognormal",
    "Quantiles",
    "Samples",
]

Floats = NDArray[np.float64]
_Z99 = 2.3263478740408408  # the normal 99 % point
_BISECTIONS = 80


class _Family(Description, ABC):
    """A distribution of durations, final once it says its quantile function."""

    kind: str
    """Which family it is."""
    scale: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """What every duration is multiplied by: 3 makes it three times as long."""

    @abstractmethod
    def unscaled_ns(self, survival: Floats) -> Floats:
        """The quantile function as the other fields give it, elementwise."""

    def quantile_of_survival_ns(self, survival: Floats) -> Floats:
        """Nanoseconds exceeded with probability `survival` (0 < survival <= 1), elementwise."""
        quantiles: Floats = self.unscaled_ns(survival) * self.scale
        return quantiles

    def table(self) -> QuantileTable:
        """The tabulated distribution, in nanoseconds; the same object while it is asked often."""
        return _tabulated(self)


@lru_cache(maxsize=64)
def _tabulated(family: _Family) -> QuantileTable:
    return QuantileTable.build(family.quantile_of_survival_ns)


class Constant(_Family):
    """Always the same duration."""

    kind: Literal["constant"] = "constant"
    value: Duration
    """The duration."""

    def unscaled_ns(self, survival: Floats) -> Floats:
        return np.full_like(survival, self.value)


class Exponential(_Family):
    """Exponentially distributed: the memoryless distribution of queueing theory."""

    kind: Literal["exponential"] = "exponential"
    mean: PositiveDuration
    """Mean duration."""

    def unscaled_ns(self, survival: Floats) -> Floats:
        return -self.mean * np.log(survival)


class Lognormal(_Family):
    """Lognormal: most near the median, some very slow; by median and p99, or by mean and cv."""

    kind: Literal["lognormal"] = "lognormal"
    median: PositiveDuration | None = None
    """Half of the durations are below this."""
    p99: PositiveDuration | None = None
    """99 % of the durations are below this."""
    mean: PositiveDuration | None = None
    """Mean duration."""
    cv: Annotated[float, Field(gt=0, le=20)] | None = None
    """Coefficient of variation: standard deviation over mean."""

    @model_validator(mode="after")
    def _given_by_one_pair(self) -> Lognormal:
        given = {
            name for name in ("median", "p99", "mean", "cv") if getattr(self, name) is not None
        }
        if given not in ({"median", "p99"}, {"mean", "cv"}):
            raise InvalidInput(
                "a lognormal is given by median and p99, or by mean and cv; write exactly one pair"
            )
        if self.median is not None and self.p99 is not None and self.p99 < self.median:
            raise InvalidInput("the p99 is below the median; write a p99 of at least the median")
        return self

    def unscaled_ns(self, survival: Floats) -> Floats:
        if self.median is not None and self.p99 is not None:
            centre, spread = float(self.median), math.log(self.p99 / self.median) / _Z99
        else:
            assert self.mean is not None
            assert self.cv is not None
            spread = math.sqrt(math.log1p(self.cv**2))
            centre = self.mean * math.exp(-(spread**2) / 2)
        # exp(-inf) is 0: the smallest value, at survival 1
        if not spread:
            return np.full_like(survival, centre)
        return centre * np.exp(-spread * normal_quantiles(survival))


class Gamma(_Family):
    """Gamma distributed; cv 1 is the exponential, cv 0.5 an Erlang-4."""

    kind: Literal["gamma"] = "gamma"
    mean: PositiveDuration
    """Mean duration."""
    cv: Annotated[float, Field(ge=0.01, le=10)]
    """Coefficient of variation: standard deviation over mean."""

    def unscaled_ns(self, survival: Floats) -> Floats:
        from scipy.special import gammainccinv

        shape = self.cv**-2
        return np.asarray(gammainccinv(shape, survival) * (self.mean / shape), dtype=np.float64)


class Hyperexponential(_Family):
    """Two exponential phases with balanced means: fast and slow requests (cv above 1)."""

    kind: Literal["hyperexponential"] = "hyperexponential"
    mean: PositiveDuration
    """Mean duration."""
    cv: Annotated[float, Field(gt=1, le=20)]
    """Coefficient of variation: standard deviation over mean."""

    def unscaled_ns(self, survival: Floats) -> Floats:
        excess = (self.cv**2 - 1) / (self.cv**2 + 1)
        fast = (1 + math.sqrt(excess)) / 2
        fast_rate, slow_rate = 2 * fast / self.mean, 2 * (1 - fast) / self.mean
        low, high = np.zeros_like(survival), -np.log(survival) / slow_rate
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            beyond = fast * np.exp(-fast_rate * middle) + (1 - fast) * np.exp(-slow_rate * middle)
            low = np.where(beyond > survival, middle, low)
            high = np.where(beyond > survival, high, middle)
        return high


class Quantiles(_Family):
    """Quantiles read off a dashboard or a log, joined by straight lines."""

    kind: Literal["quantiles"] = "quantiles"
    quantiles: Annotated[dict[str, Duration], Field(min_length=2)]
    """Durations by percentile: `{p0: 5ms, p50: 20ms, p100: 400ms}`; p0 and p100 are needed."""

    def __hash__(self) -> int:
        return hash((self.scale, *sorted(self.quantiles.items())))

    @field_validator("quantiles")
    @classmethod
    def _rise_from_p0_to_p100(cls, quantiles: dict[str, int]) -> dict[str, int]:
        for name in quantiles:
            if not re.fullmatch(r"p(100|\d{1,2}(\.\d+)?)", name):
                raise InvalidInput(
                    f"{name!r} is not a percentile; write p0, p50, p99, p99.9 or p100"
                )
        if not {"p0", "p100"} <= set(quantiles):
            raise InvalidInput("quantiles need p0 (the smallest) and p100 (the largest); add them")
        ordered = [quantiles[name] for name in sorted(quantiles, key=_percent)]
        if ordered != sorted(ordered):
            raise InvalidInput("quantiles fall as the percentile rises; sort the durations")
        return quantiles

    def unscaled_ns(self, survival: Floats) -> Floats:
        names = sorted(self.quantiles, key=_percent)
        shares = [_percent(name) / 100 for name in names]
        return np.interp(1.0 - survival, shares, [self.quantiles[name] for name in names])


class Samples(_Family):
    """Measured durations, listed; quantiles between them are joined by straight lines."""

    kind: Literal["samples"] = "samples"
    values: Annotated[tuple[Duration, ...], Field(min_length=2, max_length=100_000)]
    """The measured durations, in any order."""

    def unscaled_ns(self, survival: Floats) -> Floats:
        ordered = np.sort(np.array(self.values, dtype=np.float64))
        return np.interp(1.0 - survival, np.linspace(0.0, 1.0, ordered.size), ordered)


def _percent(name: str) -> float:
    return float(name[1:])


Distribution: TypeAlias = (
    Constant | Exponential | Lognormal | Gamma | Hyperexponential | Quantiles | Samples
)
"""Any of the families."""
DurationProfile = Annotated[Distribution, Field(discriminator="kind")]
"""The same in a file, where `kind` says which."""
