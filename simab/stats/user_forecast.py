"""What a test over users will be like, and how much it gains by what they did before: closed forms.

A user i sends Poisson many requests: m_i on average while the test runs, and k_i before it. A value
has the mean R + d_i and the variance w_i about it; d_i has the mean square D_i. By the delta method
a user adds Y - R M to the error of a ratio of sums, Y being the sum of M values; in a difference
that is adjusted by what requests before were worth (CUPED, `simab.stats.shared_users`) also -theta
M (X - R), with X the mean of K values before, or R where there were none. So over users

    variance of the metric      sum of s_i D_i + m_i w_i
    of what was before          sum of s_i (D_i P(K > 0) + w_i E[1 / K; K > 0])
    covariance of both          sum of s_i D_i P(K > 0)

with s_i = E M^2 = m_i^2 + m_i where all requests of a user go to one variant, and m_i where each
request is drawn for itself: the part m_i^2 is then in both variants and out of the difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput

__all__ = ["UserForecast", "mean_inverse_of_poisson", "user_forecast"]

Floats = NDArray[np.float64]
_LARGE = 50.0


@dataclass(frozen=True, slots=True)
class UserForecast:
    """Variances and covariance of the sums over users, in squares of the value's unit.

    `independent` is the variance of as many values of as many users who are alike.
    """

    independent: float
    metric: float
    before: float
    covariance: float

    @property
    def design_effect(self) -> float:
        """How much larger the variance is than that of independent requests, unadjusted."""
        return self.metric / self.independent

    @property
    def correlation(self) -> float:
        """Of the metric with what was before, over users; 0 where nothing was before."""
        whole = self.metric * self.before
        return self.covariance / math.sqrt(whole) if whole > 0.0 else 0.0

    @property
    def left(self) -> float:
        """The part of the variance that adjusting leaves: 1 less the squared correlation."""
        return 1.0 - self.correlation**2

    @property
    def theta(self) -> float:
        """What the difference before is multiplied by, so that the least variance is left."""
        return self.covariance / self.before if self.before > 0.0 else 0.0

    def adjusted_by(self, theta: float) -> float:
        """The variance that is left with any theta."""
        return self.metric - 2.0 * theta * self.covariance + theta**2 * self.before


def user_forecast(
    requests: Floats, before: Floats, apart: Floats, within: Floats, *, kept: bool
) -> UserForecast:
    """Of users with m_i, k_i, D_i and w_i, arrays of one shape; `kept`: all to one variant.

    Raises InvalidInput for no requests, or anything below 0.
    """
    arrays = (requests, before, apart, within)
    if any((each < 0.0).any() for each in arrays) or not requests.sum() > 0.0:
        raise InvalidInput(
            "requests, before, apart and within: must be at least 0, and some requests above 0. "
            "Give the means of each user's requests in the test and before it."
        )
    squares = requests**2 + requests if kept else requests
    known = -np.expm1(-before)
    spread = squares * (apart * known + within * mean_inverse_of_poisson(before))
    return UserForecast(
        independent=float((requests * (apart + within)).sum()),
        metric=float((squares * apart + requests * within).sum()),
        before=float(spread.sum()),
        covariance=float((squares * apart * known).sum()),
    )


def mean_inverse_of_poisson(means: Floats) -> Floats:
    """E[1 / K; K > 0] of Poisson laws: e^-k (Ei(k) - ln k - gamma), and 0 of none.

    Its asymptotic series from 50 on, to a relative error below 1e-6.
    """
    from scipy.special import expi

    found = np.zeros_like(means)
    few = (means > 0.0) & (means < _LARGE)
    small = means[few]
    found[few] = np.exp(-small) * (expi(small) - np.log(small) - np.euler_gamma)
    large = means[means >= _LARGE]
    series = sum(math.factorial(power) / large**power for power in range(7))
    found[means >= _LARGE] = series / large
    return np.maximum(found, 0.0)
