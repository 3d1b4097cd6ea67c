"""A difference of two arms adjusted by what the same users did before the test: CUPED.

Deng, Xu, Kohavi and Walker 2013 (WSDM): subtract theta times the difference that the arms already
had. What a user did before cannot depend on the arm, so the adjusted difference estimates the
same effect, with the share 1 - rho^2 of the variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level
from simab.stats.interval import Interval, two_sided_normal_quantile
from simab.stats.proportions import Alternative, normal_p_value, require_alternative

__all__ = ["CupedTest", "PairedEstimate", "UserProducts", "cuped_test", "variance_factor"]

Floats = NDArray[np.float64]
_ROUNDING: Final = 1e-12  # of the variance: less than this is what rounding leaves of none


@dataclass(frozen=True, slots=True, eq=False)
class UserProducts:
    """Sums over users of some quantities (shape: k) and of their products (shape: k, k)."""

    users: int
    sums: Floats
    products: Floats

    @classmethod
    def of(cls, quantities: ArrayLike) -> UserProducts:
        """Of one row a user (shape: users, k). Raises InvalidInput for another shape, or NaN."""
        rows = np.asarray(quantities, dtype=np.float64)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise InvalidInput(
                f"quantities of shape {rows.shape}: must be finite numbers, a row a user. "
                "Give users who did nothing before the test a 0."
            )
        return cls(rows.shape[0], rows.sum(axis=0), rows.T @ rows)

    def __add__(self, other: UserProducts) -> UserProducts:
        """Of both groups of users, none of whom is in both."""
        return UserProducts(
            self.users + other.users, self.sums + other.sums, self.products + other.products
        )

    @property
    def covariance_of_means(self) -> Floats:
        """Of the k means over users, with divisor users - 1; NaN with fewer than two users."""
        if self.users < 2:
            return np.full(self.products.shape, math.nan)
        centred = self.products - np.outer(self.sums, self.sums) / self.users
        return centred / ((self.users - 1.0) * self.users)


@dataclass(frozen=True, slots=True)
class PairedEstimate:
    """An arm's metric in the test and the same users' before it, with their variances."""

    value: float
    before: float
    variance: float
    before_variance: float
    covariance: float

    @classmethod
    def of_means(cls, totals: UserProducts) -> PairedEstimate:
        """Of a value a user and a covariate a user: quantities (value, before)."""
        _require_quantities(totals, 2)
        covariance = totals.covariance_of_means
        return cls._linear(totals.sums / max(totals.users, 1), covariance)

    @classmethod
    def of_ratios(cls, totals: UserProducts) -> PairedEstimate:
        """Of two ratios of sums: quantities (values, requests, values before, requests before).

        The delta method with each ratio's derivatives by its two means, 1 / n and -R / n (Deng,
        Xu, Kohavi and Walker 2013, appendix B). NaN where nobody asked, in the test or before it.
        """
        _require_quantities(totals, 4)
        if not min(totals.sums[1], totals.sums[3]) > 0.0:
            return cls(math.nan, math.nan, math.nan, math.nan, math.nan)
        ratios = totals.sums[[0, 2]] / totals.sums[[1, 3]]
        slopes = np.zeros((2, 4))
        for row, denominator in enumerate((1, 3)):
            per_user = totals.sums[denominator] / totals.users
            slopes[row, denominator - 1] = 1.0 / per_user
            slopes[row, denominator] = -ratios[row] / per_user
        return cls._linear(ratios, slopes @ totals.covariance_of_means @ slopes.T)

    @classmethod
    def _linear(cls, estimates: Floats, covariance: Floats) -> PairedEstimate:
        value, before = (float(each) for each in estimates)
        variance, before_variance = (max(float(each), 0.0) for each in np.diag(covariance))
        return cls(value, before, variance, before_variance, float(covariance[0, 1]))


@dataclass(frozen=True, slots=True)
class CupedTest:
    """The adjusted difference b - a with its variance, z, p-value and two-sided interval.

    `unadjusted` is the difference as it is, and `variance_factor` what is left of its variance.
    What is undefined is NaN, and `reason` says why.
    """

    theta: float
    unadjusted: float
    difference: float
    variance: float
    variance_factor: float
    z: float
    p_value: float
    interval: Interval
    reason: str | None = None


def cuped_test(
    a: PairedEstimate,
    b: PairedEstimate,
    *,
    alternative: Alternative = "two-sided",
    level: float = 0.95,
) -> CupedTest:
    """The z test of the difference less theta times the difference before; "larger" asks of b.

    theta = (cov_a + cov_b) / (var_a + var_b) of the arms' estimates, which leaves least variance.
    Where the covariate does not vary theta is 0, which is the test without it. Raises InvalidInput
    for another alternative or a level not strictly between 0 and 1.
    """
    require_alternative(alternative)
    require_level("level", level)
    plain = a.variance + b.variance
    before = a.before_variance + b.before_variance
    unadjusted = b.value - a.value
    if not plain > 0.0 or math.isnan(before):
        return _undefined(unadjusted, level, "the variance of both arms is 0 or unknown")
    theta = (a.covariance + b.covariance) / before if before > 0.0 else 0.0
    difference = unadjusted - theta * (b.before - a.before)
    variance = plain - theta * theta * before
    if not variance > _ROUNDING * plain:
        return _undefined(unadjusted, level, "the covariate says all: no variance is left")
    error = math.sqrt(variance)
    z = difference / error
    margin = two_sided_normal_quantile(level) * error
    interval = Interval(difference - margin, difference + margin, level)
    p_value = normal_p_value(z, alternative)
    return CupedTest(
        theta, unadjusted, difference, variance, variance / plain, z, p_value, interval
    )


def variance_factor(correlation: float) -> float:
    """1 - rho^2: the variance of the adjusted difference over that of the plain one.

    The sample that a test needs shrinks by it. Exact where theta is known (Deng, Xu, Kohavi and
    Walker 2013, equation 4). Raises InvalidInput for a correlation outside -1 to 1.
    """
    if not -1.0 <= correlation <= 1.0:
        raise InvalidInput(
            f"correlation = {correlation!r}: must lie between -1 and 1. "
            "Give that of a user's value in the test with the one before it."
        )
    return 1.0 - correlation * correlation


def _undefined(unadjusted: float, level: float, reason: str) -> CupedTest:
    interval = Interval.undefined(level, reason)
    return CupedTest(math.nan, unadjusted, *(math.nan,) * 5, interval, reason)


def _require_quantities(totals: UserProducts, wanted: int) -> None:
    if totals.sums.shape != (wanted,) or totals.products.shape != (wanted, wanted):
        raise InvalidInput(
            f"totals of {totals.sums.size} quantities: must be {wanted}. "
            "Means take a value and a covariate of each user; ratios two pairs of sums."
        )
