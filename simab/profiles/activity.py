"""How unequally the clients of a segment share its requests: equally, or by a heavy-tailed law.

Clients are numbered from the heaviest on, from 0. Who asks is drawn by cutting the range of a
64-bit word in proportion to the clients' weights, so both data planes draw the same clients.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simab.description import Description
from simab.stats.fixed_arrays import fixed

__all__ = [
    "Activity",
    "EqualActivity",
    "GammaActivity",
    "LognormalActivity",
    "ZipfActivity",
    "client_thresholds",
]

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
_FRACTION_BITS = 53


class _Law(Description, ABC):
    """A law of activity, final once it says what each client weighs."""

    kind: str
    """Which law it is."""

    @abstractmethod
    def weights(self, clients: int) -> Floats:
        """A weight for each client, from the heaviest on, shape (clients,); any scale."""

    def shares(self, clients: int) -> Floats:
        """The share of the requests that each client sends, shape (clients,); the sum is 1."""
        weights = self.weights(clients)
        shares: Floats = weights / weights.sum()
        return shares

    def concentration(self, clients: int) -> float:
        """The sum of squared shares: 1 / clients where all are equal, 1 if one sends everything."""
        return float(np.square(self.shares(clients)).sum())

    @property
    def equal(self) -> bool:
        """Whether all clients send equally many requests."""
        return False


class EqualActivity(_Law):
    """Every client sends as many requests as any other."""

    kind: Literal["equal"] = "equal"

    def weights(self, clients: int) -> Floats:
        """1 for each client."""
        return np.ones(clients)

    def concentration(self, clients: int) -> float:
        """1 / clients."""
        return 1.0 / clients

    @property
    def equal(self) -> bool:
        """Whether all clients send equally many requests: they do."""
        return True


class ZipfActivity(_Law):
    """Zipf's law: the i-th heaviest client weighs i to the power of -exponent."""

    kind: Literal["zipf"] = "zipf"
    exponent: Annotated[float, Field(gt=0, le=5)] = 1.0
    """How unequal clients are: at 1 the heaviest 1 % of 10,000 clients send 53 % of the
    requests."""

    def weights(self, clients: int) -> Floats:
        """I to the power of -exponent, i from 1."""
        weights: Floats = np.arange(1, clients + 1, dtype=np.float64) ** -self.exponent
        return weights


class LognormalActivity(_Law):
    """Lognormal rates: clients weigh the quantiles of a lognormal law at (i - 1/2) / clients."""

    kind: Literal["lognormal"] = "lognormal"
    sigma: Annotated[float, Field(gt=0, le=5)] = 1.0
    """Standard deviation of the logarithm of a client's rate: at 1 the heaviest 1 % send 9 % of
    the requests."""

    def weights(self, clients: int) -> Floats:
        """exp(sigma x normal quantile), the largest first."""
        from scipy.special import ndtri

        places = (np.arange(clients, dtype=np.float64) + 0.5) / clients
        weights: Floats = np.exp(-self.sigma * ndtri(places))
        return weights


class GammaActivity(_Law):
    """Gamma distributed rates: clients weigh the quantiles of a gamma law at (i - 1/2) / clients.

    At a cv of 1 rates are exponential, so that a client's number of requests is geometric, counted
    from 0; at other cv it is negative binomial.
    """

    kind: Literal["gamma"] = "gamma"
    cv: Annotated[float, Field(ge=0.01, le=10)] = 1.0
    """Coefficient of variation of clients' rates: at 1 the heaviest 1 % send 5.6 % of the
    requests."""

    def weights(self, clients: int) -> Floats:
        """Quantiles of a gamma law of mean 1, the largest first."""
        from scipy.special import gammainccinv

        places = (np.arange(clients, dtype=np.float64) + 0.5) / clients
        return np.asarray(gammainccinv(self.cv**-2, places), dtype=np.float64) * self.cv**2


Activity: TypeAlias = Annotated[
    EqualActivity | ZipfActivity | LognormalActivity | GammaActivity, Field(discriminator="kind")
]


@lru_cache(maxsize=8)
def client_thresholds(activity: Activity, clients: int) -> Words:
    """Where the range of a word is cut between clients, shape (clients - 1,); none where equal.

    Client i is who asks where as many thresholds as i are at or below the word. Each part is its
    client's share to 2**-52; parts of equal clients are those of a product, without thresholds.
    """
    if activity.equal:
        return fixed(np.zeros(0, dtype=np.uint64))
    ends = np.cumsum(activity.weights(clients))
    cuts = (ends[:-1] / ends[-1] * 2.0**_FRACTION_BITS).astype(np.uint64)
    highest = np.uint64((1 << _FRACTION_BITS) - 1)
    return fixed(np.minimum(cuts, highest) << np.uint64(64 - _FRACTION_BITS))
