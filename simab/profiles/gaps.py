"""From one request of a segment to the next: laws of the gaps between arrivals, of mean 1.

A law is given by what people know of it, the coefficient of variation of the gaps or the size of
batches; the segment's rate says how long a gap is. Gaps are independent of each other.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simab.description import Description
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.weibull import weibull_shape

__all__ = [
    "Batches",
    "GammaGaps",
    "Gaps",
    "Poisson",
    "Regular",
    "WeibullGaps",
]

Floats = NDArray[np.float64]


class _Law(Description, ABC):
    """A law of gaps, final once it says its quantile function."""

    kind: str
    """Which law it is."""

    @abstractmethod
    def of_survival(self, survival: Floats) -> Floats:
        """Gaps of mean 1 that are exceeded with probability `survival`, elementwise."""

    @property
    @abstractmethod
    def variation(self) -> float:
        """The squared coefficient of variation of the gaps: 1 for Poisson arrivals."""

    def table(self, mean_gap: float) -> QuantileTable:
        """The tabulated law with this mean, in the mean's units."""
        return _tabulated(self, mean_gap)


@lru_cache(maxsize=64)
def _tabulated(law: _Law, mean_gap: float) -> QuantileTable:
    return QuantileTable.build(lambda survival: mean_gap * law.of_survival(survival))


class Poisson(_Law):
    """Exponential gaps: requests of many who do not know of each other."""

    kind: Literal["poisson"] = "poisson"

    def of_survival(self, survival: Floats) -> Floats:
        """-ln of the survival probability."""
        return -np.log(survival)

    @property
    def variation(self) -> float:
        """1."""
        return 1.0


class Regular(_Law):
    """The same gap always: a clock that sends."""

    kind: Literal["regular"] = "regular"

    def of_survival(self, survival: Floats) -> Floats:
        """1."""
        return np.ones_like(survival)

    @property
    def variation(self) -> float:
        """0."""
        return 0.0


class GammaGaps(_Law):
    """Gamma distributed gaps: above a cv of 1 requests come in bursts, below it evenly."""

    kind: Literal["gamma"] = "gamma"
    cv: Annotated[float, Field(ge=0.01, le=10)]
    """Coefficient of variation of the gaps: standard deviation over mean."""

    def of_survival(self, survival: Floats) -> Floats:
        """By the inverse of the regularised incomplete gamma function."""
        from scipy.special import gammainccinv

        shape = self.cv**-2
        return np.asarray(gammainccinv(shape, survival) / shape, dtype=np.float64)

    @property
    def variation(self) -> float:
        """The square of the cv."""
        return self.cv**2


class WeibullGaps(_Law):
    """Weibull distributed gaps: with a cv above 1 a tail between an exponential and a power law."""

    kind: Literal["weibull"] = "weibull"
    cv: Annotated[float, Field(ge=0.05, le=10)]
    """Coefficient of variation of the gaps: standard deviation over mean."""

    def of_survival(self, survival: Floats) -> Floats:
        """(-ln s) to the power of 1 / shape, over its mean."""
        shape = weibull_shape(self.cv)
        mean = math.exp(math.lgamma(1.0 + 1.0 / shape))
        gaps: Floats = (-np.log(survival)) ** (1.0 / shape) / mean
        return gaps

    @property
    def variation(self) -> float:
        """The square of the cv."""
        return self.cv**2


class Batches(_Law):
    """Requests that come together: batches of geometric size, at the instants of a Poisson process.

    A gap is 0 with probability 1 - 1 / mean_size, and else exponential.
    """

    kind: Literal["batches"] = "batches"
    mean_size: Annotated[float, Field(ge=1, le=1e4)]
    """Mean number of requests at one instant."""

    def of_survival(self, survival: Floats) -> Floats:
        """0 above a survival probability of 1 / mean_size, exponential below it."""
        inside = np.minimum(survival * self.mean_size, 1.0)
        gaps: Floats = -np.log(inside) * self.mean_size
        return gaps

    @property
    def variation(self) -> float:
        """2 mean_size - 1."""
        return 2.0 * self.mean_size - 1.0


Gaps = Annotated[Poisson | Regular | GammaGaps | WeibullGaps | Batches, Field(discriminator="kind")]
"""Any of the laws; `kind` says which in a file."""
