"""A ratio of sums over users, such as successes a request, with an error that knows users differ.

The requests of one user are alike, so that only users are independent draws. The delta method
gives the variance from six sums over users; it equals that of an ordinary regression with errors
clustered by user (Deng, Lu and Qin 2021, arXiv 2105.14705). Only NumPy loads with this module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_same_length, require_sample
from simab.stats.interval import Interval, two_sided_normal_quantile
from simab.stats.means import Moments
from simab.stats.proportions import Alternative, normal_p_value, require_alternative

__all__ = ["RatioEstimate", "RatioTest", "UserTotals", "ratio_estimate", "ratio_test", "user_means"]


@dataclass(frozen=True, slots=True)
class UserTotals:
    """Sums over the users of an arm: of their requests n and values y, and of products of these.

    A user's y is the sum of the values of all of its requests. Whole numbers stay exact.
    """

    users: int
    requests: float
    values: float
    requests_squared: float
    values_squared: float
    products: float

    def __post_init__(self) -> None:
        """Refuse counts that are negative or NaN."""
        for field in ("users", "requests", "requests_squared", "values_squared"):
            if not getattr(self, field) >= 0:
                raise InvalidInput(
                    f"{field} = {getattr(self, field)!r}: must be a number of at least 0. "
                    "Add up the requests of each user, and their squares."
                )

    @classmethod
    def of(cls, requests: ArrayLike, values: ArrayLike) -> UserTotals:
        """Of one entry a user (shapes: users and users). Raises InvalidInput for other shapes."""
        counts, sums = require_sample("requests", requests), require_sample("values", values)
        require_same_length("requests and values", counts, sums)
        added = (counts.sum(), sums.sum(), counts @ counts, sums @ sums, counts @ sums)
        return cls(counts.size, *(_whole_where_it_is(float(each)) for each in added))

    def __add__(self, other: UserTotals) -> UserTotals:
        """Of both groups of users, none of whom is in both."""
        return UserTotals(
            self.users + other.users,
            self.requests + other.requests,
            self.values + other.values,
            self.requests_squared + other.requests_squared,
            self.values_squared + other.values_squared,
            self.products + other.products,
        )


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """Sum of values over sum of requests, and its variance; NaN with a reason."""

    value: float
    variance: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RatioTest:
    """Ratio b - ratio a with its variance, z, p-value and two-sided interval.

    What is undefined is NaN, and `reason` says why.
    """

    difference: float
    variance: float
    z: float
    p_value: float
    interval: Interval
    reason: str | None = None


def ratio_estimate(totals: UserTotals, *, small_sample: bool = True) -> RatioEstimate:
    """R = sum y / sum n with variance sum (y - R n)^2 / (sum n)^2 x users / (users - 1).

    The delta method with sample variances (Deng, Knoblich and Lu 2018, arXiv 1803.06336, equation
    of section 3.2), which is the cluster-robust variance CR1 of a regression on a constant; CR0
    without `small_sample`, the factor of users. Good from some tens of users on. Fewer than two
    users, or none that asked, gives NaN and a reason.
    """
    if not totals.requests > 0.0:
        return RatioEstimate(math.nan, math.nan, "no requests")
    value = totals.values / totals.requests
    if totals.users < 2:
        reason = f"{totals.users} users: at least 2 are needed for a variance"
        return RatioEstimate(value, math.nan, reason)
    # Over whole numbers this is exact: users who are all alike have variance 0, not a rounding.
    scaled = (
        totals.values_squared * totals.requests * totals.requests
        - 2 * totals.values * totals.requests * totals.products
        + totals.values * totals.values * totals.requests_squared
    )
    variance = max(scaled / totals.requests**2, 0.0) / totals.requests**2
    if small_sample:
        variance *= totals.users / (totals.users - 1.0)
    return RatioEstimate(value, variance)


def ratio_test(
    a: UserTotals, b: UserTotals, *, alternative: Alternative = "two-sided", level: float = 0.95
) -> RatioTest:
    """The z test of equal ratios in two arms of different users; "larger" asks of b.

    Each arm has its own variance (`ratio_estimate`). It holds its level where requests of a user
    are alike and users ask unequally often, which a test that counts requests does not. Raises
    InvalidInput for another alternative or a level not strictly between 0 and 1.
    """
    require_alternative(alternative)
    require_level("level", level)
    first, second = ratio_estimate(a), ratio_estimate(b)
    difference, variance = second.value - first.value, first.variance + second.variance
    reason = _undefined(first, second)
    if reason is not None:
        undefined = Interval.undefined(level, reason)
        return RatioTest(difference, math.nan, math.nan, math.nan, undefined, reason)
    error = math.sqrt(variance)
    z = difference / error
    margin = two_sided_normal_quantile(level) * error
    interval = Interval(difference - margin, difference + margin, level)
    return RatioTest(difference, variance, z, normal_p_value(z, alternative), interval)


def user_means(requests: ArrayLike, values: ArrayLike) -> Moments:
    """Moments of the users' own ratios y / n, for Welch's test of users (shapes: users, users).

    Each user counts alike, however often it asked: another quantity than the ratio of sums, unless
    activity and ratio are unrelated. Users who did not ask have no ratio and are left out. Raises
    InvalidInput for unequal lengths or values that are not finite.
    """
    counts, sums = require_sample("requests", requests), require_sample("values", values)
    require_same_length("requests and values", counts, sums)
    asked = counts > 0.0
    own = sums[asked] / counts[asked]
    mean = float(own.mean()) if own.size else math.nan
    return Moments(own.size, mean, float(np.var(own, ddof=1)) if own.size > 1 else math.nan)


def _whole_where_it_is(value: float) -> float:
    # Python's whole numbers have no largest one: products of sums stay exact.
    return int(value) if value.is_integer() else value


def _undefined(a: RatioEstimate, b: RatioEstimate) -> str | None:
    for arm, estimate in (("a", a), ("b", b)):
        if estimate.reason is not None:
            return f"arm {arm}: {estimate.reason}"
    if not a.variance + b.variance > 0.0:
        return "the variance of both arms is 0 or unknown"
    return None
