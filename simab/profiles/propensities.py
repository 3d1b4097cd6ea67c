"""How the clients of a segment differ in what comes of the answers that they get.

What a quality says is then a mean over clients. Each client has a propensity of its own, drawn once
for a replication: the same client is a likely buyer, or an unlikely one, all the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, model_validator

from simab.description import Description, Share, is_absent
from simab.errors import InvalidInput
from simab.profiles.quantile_table import QuantileTable

__all__ = ["BetaProbabilities", "ClientProbabilities", "Propensities"]

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
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


class Propensities(Description):
    """How clients differ; their means are what the qualities say."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["probability"]}]})

    probability: Annotated[BetaProbabilities | None, Field(exclude_if=is_absent)] = None
    """The probability of a success; of numeric rewards, that an answer earns anything."""
    correlation: Share = 1.0
    """How much what a client makes of one variant says of what it makes of another: a Gaussian
    copula of this correlation. At 1 the client of the highest propensity has it with every
    variant, at 0 a client's propensities with two variants have nothing to do with each other."""

    @model_validator(mode="after")
    def _something_differs(self) -> Propensities:
        if self.probability is None:
            raise InvalidInput(
                "nothing is said of how clients differ; add `probability: {concentration: 10}`"
            )
        return self


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
