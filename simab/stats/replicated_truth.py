"""Does a simulation agree with a known value, or a known law? Tests over independent replications.

Both say beforehand how large an error has to be to be caught.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LawTest",
    "RatioTest",
    "law_test",
    "ratio_test",
    "smallest_noncentrality",
]

_LARGEST_DEVIATION: Final = 0.5
"""Standard deviation of an indicator of probability one half, the largest there is."""
_STRIPS: Final = 4_000
"""Equally likely strips of a law over which a mean is taken."""


class RatioTest(NamedTuple):
    """A ratio of sums over replications, held against its true value.

    `low` and `high` are a 95 % interval of Student's t, `error` is the standard error. `z` is how
    many of them the ratio lies above the truth, and `bound` what its size may not exceed.
    `smallest_caught` is the error, in units of the ratio, that exceeds it with the power asked for.
    """

    ratio: float
    low: float
    high: float
    error: float
    z: float
    bound: float
    smallest_caught: float


class LawTest(NamedTuple):
    """Independent values held against their distribution, by the Kolmogorov distance.

    `distance` is the largest difference of the distribution functions, `error` one over the root of
    the count, `score` their ratio, and `bound` what it may not exceed. `smallest_caught` is a
    distance that exceeds it with the power asked for.
    """

    distance: float
    error: float
    score: float
    bound: float
    smallest_caught: float


def ratio_test(
    parts: NDArray[np.float64],
    wholes: NDArray[np.float64],
    truth: float,
    *,
    size: float,
    power: float,
) -> RatioTest:
    """Student's t of a ratio of sums; `parts` and `wholes` have a value for each replication.

    The standard error is that of the residuals (Cochran 1977, "Sampling techniques", section
    2.11). A ratio without any spread is right where it is the truth to the last bit but three.
    """
    from scipy.stats import t as student

    count = len(parts)
    ratio = float(parts.sum() / wholes.sum())
    residuals = parts - ratio * wholes
    squares = float((residuals * residuals).sum())  # in one order: BLAS has its own
    error = math.sqrt(squares * count / (count - 1)) / float(wholes.sum())
    bound = float(student.isf(size / 2.0, count - 1))
    half = float(student.ppf(0.975, count - 1)) * error
    apart = ratio - truth
    z = apart / error if error else (0.0 if abs(apart) <= 1e-15 * abs(truth) else math.inf)
    caught = smallest_noncentrality(bound, count - 1, power) * error
    return RatioTest(ratio, ratio - half, ratio + half, error, z, bound, caught)


@lru_cache(64)
def smallest_noncentrality(bound: float, degrees: int, power: float) -> float:
    """By how many true standard errors a mean has to be off for t to exceed a bound so often.

    Given the standard error that is found, it exceeds it with a normal probability; this is the
    mean of that over the chi-square law of the squared standard error. What the other side of the
    test adds is left out.
    """
    from scipy.optimize import brentq
    from scipy.special import chdtri, ndtr

    middles = (np.arange(_STRIPS) + 0.5) / _STRIPS
    found = np.sqrt(chdtri(degrees, middles) / degrees)

    def excess(noncentrality: float) -> float:
        return float(ndtr(noncentrality - bound * found).mean()) - power

    return float(brentq(excess, 0.0, bound * float(found.max()) + 10.0, xtol=1e-9))


def law_test(cells: NDArray[np.float64], *, size: float, power: float) -> LawTest:
    """Kolmogorov's test of values counted in equally likely cells, in order of the values.

    The distance is taken at the edges of cells alone: the size is kept, and distances between them
    are overlooked. Where distribution functions differ most, that of n values lies within a normal
    error of at most 1 / (2 root n), which gives the distance that is caught.
    """
    from scipy.special import kolmogi, ndtri

    count = float(cells.sum())
    edges = np.arange(1, len(cells) + 1) / len(cells)
    distance = float(np.abs(np.cumsum(cells) / count - edges).max())
    bound, root = float(kolmogi(size)), math.sqrt(count)
    caught = (bound + float(ndtri(power)) * _LARGEST_DEVIATION) / root
    return LawTest(distance, 1.0 / root, distance * root, bound, caught)
