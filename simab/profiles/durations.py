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

from simab.description import Description, Duration, PositiveDuration, Share
from simab.errors import InvalidInput
from simab.profiles.normal_quantiles import normal_quantiles
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.weibull import weibull_shape

__all__ = [
    "Constant",
    "Distribution",
    "DurationProfile",
    "Exponential",
    "Gamma",
    "Hyperexponential",
    "Lognormal",
    "Mixture",
    "MixturePart",
    "Quantiles",
    "Samples",
    "Weibull",
]

Floats = NDArray[np.float64]
_Z99 = 2.3263478740408408  # the normal 99 % point
_BISECTIONS = 80
_WHOLE = 1e-9  # shares in decimal digits add up to 1 within this


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


class Weibull(_Family):
    """Weibull distributed; by mean and cv, or by median and p99. A cv of 1 is the exponential.

    With a cv above 1 a tail between an exponential and a power law, as of conversions that come
    soon or very late.
    """

    kind: Literal["weibull"] = "weibull"
    mean: PositiveDuration | None = None
    """Mean duration."""
    cv: Annotated[float, Field(ge=0.05, le=10)] | None = None
    """Coefficient of variation: standard deviation over mean."""
    median: PositiveDuration | None = None
    """Half of the durations are below this."""
    p99: PositiveDuration | None = None
    """99 % of the durations are below this."""

    @model_validator(mode="after")
    def _given_by_one_pair(self) -> Weibull:
        given = {
            name for name in ("mean", "cv", "median", "p99") if getattr(self, name) is not None
        }
        if given not in ({"mean", "cv"}, {"median", "p99"}):
            raise InvalidInput(
                "a Weibull is given by mean and cv, or by median and p99; write exactly one pair"
            )
        if self.median is not None and self.p99 is not None and self.p99 <= self.median:
            raise InvalidInput("the p99 is not above the median; write a p99 above the median")
        return self

    def unscaled_ns(self, survival: Floats) -> Floats:
        if self.median is not None and self.p99 is not None:
            shape = math.log(math.log(100) / math.log(2)) / math.log(self.p99 / self.median)
            once_ns = self.median / math.log(2) ** (1 / shape)
        else:
            assert self.mean is not None
            assert self.cv is not None
            shape = weibull_shape(self.cv)
            once_ns = self.mean / math.exp(math.lgamma(1.0 + 1.0 / shape))
        quantiles: Floats = once_ns * (-np.log(survival)) ** (1.0 / shape)
        return quantiles


class Quantiles(_Family):
    """Quantiles read off a dashboard or a log, joined by straight lines.

    Without p0 the line begins at 0. Without p100 the tail is exponential, and falls as it does
    between the last two percentiles.
    """

    kind: Literal["quantiles"] = "quantiles"
    quantiles: Annotated[dict[str, Duration], Field(min_length=1)]
    """Durations by percentile: `{p0: 5ms, p50: 20ms, p99: 90ms, p100: 400ms}`; p0 and p100 may be
    left out."""

    def __hash__(self) -> int:
        return hash((self.scale, *sorted(self.quantiles.items())))

    @field_validator("quantiles")
    @classmethod
    def _rise_with_the_percentile(cls, quantiles: dict[str, int]) -> dict[str, int]:
        for name in quantiles:
            if not re.fullmatch(r"p(100|\d{1,2}(\.\d+)?)", name):
                raise InvalidInput(
                    f"{name!r} is not a percentile; write p0, p50, p99, p99.9 or p100"
                )
        percents = sorted({_percent(name) for name in quantiles})
        if len(percents) < len(quantiles):
            raise InvalidInput("one percentile is given twice; keep one of the two")
        if all(percent in (0, 100) for percent in percents) and len(percents) < 2:
            raise InvalidInput(
                "quantiles need p0 and p100, or a percentile between them; add one, such as p50"
            )
        ordered = [quantiles[name] for name in sorted(quantiles, key=_percent)]
        if ordered != sorted(ordered):
            raise InvalidInput("quantiles fall as the percentile rises; sort the durations")
        return quantiles

    def unscaled_ns(self, survival: Floats) -> Floats:
        names = sorted(self.quantiles, key=_percent)
        shares = [_percent(name) / 100 for name in names]
        values = [float(self.quantiles[name]) for name in names]
        if shares[0] > 0:
            shares, values = [0.0, *shares], [0.0, *values]
        found = np.interp(1.0 - survival, shares, values)
        if shares[-1] == 1:
            return found
        last, before = 1.0 - shares[-1], 1.0 - shares[-2]
        decay = (values[-1] - values[-2]) / math.log(before / last)
        beyond: Floats = values[-1] + decay * np.log(last / np.minimum(survival, last))
        return np.where(survival < last, beyond, found)


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


def _survival_at(times: Floats, knots: Floats, shares: Floats, *, just_before: bool) -> Floats:
    """A survival function at some times; it is straight between knots, and jumps where two meet."""
    # The knots between which each time lies: a jump has happened just after its time, not before.
    after = np.searchsorted(knots, times, side="left" if just_before else "right")
    low, high = np.maximum(after - 1, 0), np.minimum(after, len(knots) - 1)
    width = knots[high] - knots[low]
    inside = np.divide(times - knots[low], width, out=np.zeros_like(times), where=width > 0)
    found: Floats = shares[low] + inside * (shares[high] - shares[low])
    return found


SingleDuration = Annotated[
    Constant | Exponential | Lognormal | Gamma | Hyperexponential | Weibull | Quantiles | Samples,
    Field(discriminator="kind"),
]
"""Any of the families but mixtures."""


class MixturePart(Description):
    """One of several distributions, and how often it is the one."""

    share: Annotated[Share, Field(gt=0)]
    """How often a duration is drawn from it."""
    duration: SingleDuration
    """The distribution."""


class Mixture(_Family):
    """Several distributions, of which one is drawn first: fast and slow ones, with shares.

    It is tabulated from the tables of its parts, by adding up their survival functions.
    """

    kind: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[MixturePart, ...], Field(min_length=2, max_length=20)]
    """The distributions, with shares that add up to 1."""

    @field_validator("parts")
    @classmethod
    def _whole(cls, parts: tuple[MixturePart, ...]) -> tuple[MixturePart, ...]:
        total = math.fsum(part.share for part in parts)
        if abs(total - 1) > _WHOLE:
            raise InvalidInput(
                f"the shares of the parts add up to {total:.6g}; let them add up to 1"
            )
        return parts

    def unscaled_ns(self, survival: Floats) -> Floats:
        times, shares = _mixed(self.parts)
        # Survival falls as times rise; where it does not fall no duration lies.
        return np.interp(-survival, -shares, times)


@lru_cache(maxsize=64)
def _mixed(parts: tuple[MixturePart, ...]) -> tuple[Floats, Floats]:
    """Times at which the slope of the survival changes, twice each: just before, and just after."""
    points = [(part.share, *part.duration.table().survival_points()) for part in parts]
    times = np.unique(np.concatenate([each for _, each, _ in points]))
    before, after = np.zeros_like(times), np.zeros_like(times)
    for share, own_times, own_shares in points:
        before += share * _survival_at(times, own_times, own_shares, just_before=True)
        after += share * _survival_at(times, own_times, own_shares, just_before=False)
    return np.repeat(times, 2), np.column_stack([before, after]).ravel()


Distribution: TypeAlias = (
    Constant
    | Exponential
    | Lognormal
    | Gamma
    | Hyperexponential
    | Weibull
    | Quantiles
    | Samples
    | Mixture
)
"""Any of the families."""
DurationProfile = Annotated[Distribution, Field(discriminator="kind")]
"""The same in a file, where `kind` says which."""
