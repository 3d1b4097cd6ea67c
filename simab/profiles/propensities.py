"""How the clients of a segment differ in what comes of the answers that they get.

What a quality says is then a mean over clients. Each client has a propensity of its own, drawn once
for a replication: the same client is a likely buyer, or an unlikely one, all the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, model_validator

from simab.description import Description, Share, is_absent
from simab.errors import InvalidInput
from simab.profiles.normal_quantiles import normal_quantiles
from simab.profiles.quantile_table import QuantileTable

__all__ = [
    "FACTOR_BITS",
    "BetaProbabilities",
    "ClientProbabilities",
    "GammaFactors",
    "LognormalFactors",
    "Propensities",
    "RewardFactors",
    "factor_table",
]

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
FACTOR_BITS: Final = 18
"""A factor of 1 is 2**18: a factor times a reward, at most 2**30 units, fits into 64 bits."""
_BITS: Final = 60  # of a tabulated probability: sums of two fit into 64 bits
_SHIFT: Final = np.uint64(64 - _BITS)


class BetaProbabilities(Description):
    """Probabilities with a beta distribution about the mean that the quality gives.

    A mean of m and a concentration of c are Beta(m x c, (1 - m) x c): a variance between clients of
    m (1 - m) / (c + 1). Of all variance of single answers, 1 / (c + 1) lies between clients: their
    intra-class correlation.
    """

    concentration: Annotated[float, Field(ge=0.1, le=1e6)]
    """How alike clients are: at 10 a mean of 20 % is Beta(2, 8), of which the middle 90 % of
    the clients lie between 4.1 % and 43 %."""

    @property
    def intraclass_correlation(self) -> float:
        """The correlation of two answers to one client, 1 / (concentration + 1)."""
        return 1.0 / (self.concentration + 1.0)

    def around(self, mean: float) -> ClientProbabilities | None:
        """The clients' probabilities; None where the mean is 0 or 1, and so are all of them."""
        return _tabulated(self.concentration, mean) if 0.0 < mean < 1.0 else None


class LognormalFactors(Description):
    """Factors of mean 1 with a lognormal distribution: few clients spend many times the mean."""

    kind: Literal["lognormal"] = "lognormal"
    cv: Annotated[float, Field(ge=1e-3, le=2)]
    """Coefficient of variation between clients: standard deviation over mean."""

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Factors exceeded with probability `survival`, elementwise."""
        variance = math.log1p(self.cv**2)
        logarithms = -variance / 2.0 - math.sqrt(variance) * normal_quantiles(survival)
        found: Floats = np.exp(np.asarray(logarithms, dtype=np.float64))
        return found


class GammaFactors(Description):
    """Factors of mean 1 with a gamma distribution; at a cv of 1 they are exponential."""

    kind: Literal["gamma"] = "gamma"
    cv: Annotated[float, Field(ge=1e-3, le=2)]
    """Coefficient of variation between clients: standard deviation over mean."""

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Factors exceeded with probability `survival`, elementwise."""
        from scipy.special import gammainccinv

        shape = self.cv**-2
        found = np.asarray(gammainccinv(shape, survival), dtype=np.float64)
        return found / shape


RewardFactors = Annotated[LognormalFactors | GammaFactors, Field(discriminator="kind")]
"""How the factors spread over the clients; `kind` says which law in a file."""


@lru_cache(maxsize=64)
def factor_table(factors: LognormalFactors | GammaFactors) -> QuantileTable:
    """Factors in units of 2**-18."""
    return QuantileTable.build(
        lambda survival: factors.quantile_of_survival(survival) * 2.0**FACTOR_BITS
    )


class Propensities(Description):
    """How clients differ; their means are what the qualities say."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["probability"]}, {"required": ["rewards"]}]}
    )

    probability: Annotated[BetaProbabilities | None, Field(exclude_if=is_absent)] = None
    """The probability of a success; of numeric rewards, that an answer earns anything."""
    rewards: Annotated[RewardFactors | None, Field(exclude_if=is_absent)] = None
    """A factor of mean 1 on all that a client's answers earn, of numeric rewards."""
    correlation: Share = 1.0
    """How much what a client makes of one variant says of what it makes of another: a Gaussian
    copula of this correlation. At 1 the client of the highest propensity has it with every
    variant, at 0 a client's propensities with two variants have nothing to do with each other."""

    @model_validator(mode="after")
    def _something_differs(self) -> Propensities:
        if self.probability is None and self.rewards is None:
            raise InvalidInput(
                "nothing is said of how clients differ; add `probability: {concentration: 10}`, "
                "or `rewards: {kind: lognormal, cv: 1}` of numeric rewards"
            )
        return self

    @property
    def largest_factor(self) -> float:
        """The most by which any client's rewards are multiplied, at least 1."""
        if self.rewards is None:
            return 1.0
        return max(float(factor_table(self.rewards).edges[-1]) / 2.0**FACTOR_BITS, 1.0)

    @property
    def mean_squared_factor(self) -> float:
        """Of the factors, whose mean is 1: by how much the second moment of rewards is larger."""
        return 1.0 if self.rewards is None else 1.0 + self.rewards.cv**2


@dataclass(frozen=True, slots=True, eq=False)
class ClientProbabilities:
    """Quantiles of the clients' probabilities in units of 2**-60.

    The table is of the rarer end, success or its opposite, whose larger values it holds finely.
    """

    table: QuantileTable
    of_failure: bool

    def thresholds(self, words: Words) -> Words:
        """The word below which an answer is a success, for clients of these words.

        The smaller a client's word, the likelier it succeeds; with all variants alike.
        """
        drawn = self.table.draws(~words if self.of_failure else words)
        rare = np.minimum(drawn, (1 << _BITS) - 1).astype(np.uint64) << _SHIFT
        return ~rare if self.of_failure else rare

    def quantile(self, probability: float) -> float:
        """The probability that so many of the clients are below."""
        if self.of_failure:
            return 1.0 - self.table.quantile(1.0 - probability) / 2.0**_BITS
        return self.table.quantile(probability) / 2.0**_BITS


@lru_cache(maxsize=64)
def _tabulated(concentration: float, mean: float) -> ClientProbabilities:
    from scipy.special import betainccinv

    of_failure = mean > 0.5
    rare = 1.0 - mean if of_failure else mean

    def quantile_of_survival(survival: Floats) -> Floats:
        first, second = rare * concentration, (1.0 - rare) * concentration
        values: Floats = betainccinv(first, second, survival) * 2.0**_BITS
        return values

    return ClientProbabilities(QuantileTable.build(quantile_of_survival), of_failure)
