"""Three tests of two pages in plain NumPy and SciPy, without simab: by request, user and mean."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["CRITICAL", "ZValues", "by_counts", "z_values"]

CRITICAL = float(stats.norm.isf(0.025))
Numbers = NDArray[np.float64] | NDArray[np.int64]


class ZValues(NamedTuple):
    """Standardised differences, new less old."""

    request: float
    user: float
    users_mean: float


def by_counts(hits: tuple[float, float], asked: tuple[float, float]) -> float:
    """The pooled z of two shares, of old and new."""
    pooled = sum(hits) / sum(asked)
    error = math.sqrt(pooled * (1 - pooled) * (1 / asked[0] + 1 / asked[1]))
    return (hits[1] / asked[1] - hits[0] / asked[0]) / error


def z_values(hits: tuple[Numbers, Numbers], asked: tuple[Numbers, Numbers]) -> ZValues:
    """Of successes and requests of every user with old and with new."""
    sums = hits[0].sum(), hits[1].sum()
    counts = asked[0].sum(), asked[1].sum()
    shares = sums[0] / counts[0], sums[1] / counts[1]
    own = [(h - share * n) / n.sum() for h, n, share in zip(hits, asked, shares, strict=True)]
    delta = (shares[1] - shares[0]) / math.sqrt(np.square(own[1] - own[0]).sum())
    means = [h[n > 0] / n[n > 0] for h, n in zip(hits, asked, strict=True)]
    welch = stats.ttest_ind(means[1], means[0], equal_var=False)
    return ZValues(by_counts(sums, counts), float(delta), float(welch.statistic))
