"""Means of values that are cut off at a cap (winsorised above), of samples and of known laws.

A cap keeps a few large values, such as what the largest customers spend, from deciding a test. It
changes what is estimated: E min(X, c), which actuaries call the limited expected value (Klugman,
Panjer and Willmot 2012, Loss Models, appendix A).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simab.errors import InvalidInput
from simab.stats.checks import require_probability, require_sample
from simab.stats.means import Moments

__all__ = [
    "CappedLaw",
    "capped_exponential",
    "capped_gamma",
    "capped_lognormal",
    "capped_moments",
    "pooled_cap",
    "zero_inflated",
]


@dataclass(frozen=True, slots=True)
class CappedLaw:
    """Mean and mean square of min(X, cap), in the units of X and their square."""

    mean: float
    mean_square: float

    @property
    def variance(self) -> float:
        """Of min(X, cap); not below 0, where it is lost in rounding."""
        return max(self.mean_square - self.mean * self.mean, 0.0)


def capped_lognormal(log_mean: float, log_deviation: float, cap: float) -> CappedLaw:
    """Of a lognormal law with these moments of its logarithm.

    E min(X, c)^k = exp(k m + k^2 s^2 / 2) Phi(z - k s) + c^k (1 - Phi(z)), z = (ln c - m) / s. An
    infinite cap gives the whole law. Raises InvalidInput for a cap or deviation not above 0.
    """
    _require_above_zero(log_deviation=log_deviation, cap=cap)

    def moment(order: float) -> float:
        whole = math.exp(order * log_mean + 0.5 * (order * log_deviation) ** 2)
        if math.isinf(cap):
            return whole
        z = (math.log(cap) - log_mean) / log_deviation
        return whole * _below(z - order * log_deviation) + math.pow(cap, order) * _below(-z)

    return CappedLaw(moment(1.0), moment(2.0))


def capped_gamma(shape: float, scale: float, cap: float) -> CappedLaw:
    """Of a gamma law with mean shape x scale.

    E min(X, c)^k = scale^k Gamma(a + k) / Gamma(a) P(a + k, c / scale) + c^k Q(a, c / scale), with
    P and Q the regularised incomplete gamma functions. An infinite cap gives the whole law. Raises
    InvalidInput for a cap, shape or scale not above 0.
    """
    from scipy.special import gammainc, gammaincc

    _require_above_zero(shape=shape, scale=scale, cap=cap)
    first, second = scale * shape, scale * scale * shape * (shape + 1.0)
    if math.isinf(cap):
        return CappedLaw(first, second)
    at = cap / scale
    above = float(gammaincc(shape, at))
    mean = first * float(gammainc(shape + 1.0, at)) + cap * above
    return CappedLaw(mean, second * float(gammainc(shape + 2.0, at)) + cap * cap * above)


def capped_exponential(mean: float, cap: float) -> CappedLaw:
    """Of an exponential law: m (1 - e^(-c/m)), and 2 m (m - (m + c) e^(-c/m)) for the square.

    An infinite cap gives the whole law. Raises InvalidInput for a cap or mean not above 0.
    """
    _require_above_zero(mean=mean, cap=cap)
    if math.isinf(cap):
        return CappedLaw(mean, 2.0 * mean * mean)
    at = cap / mean
    # 1 - (1 + x) e^-x loses digits for small x: it is x^2 / 2 - x^3 / 3 + ... there.
    square = 1.0 - (1.0 + at) * math.exp(-at) if at > 0.01 else _few_terms(at)
    return CappedLaw(-mean * math.expm1(-at), 2.0 * mean * mean * square)


def zero_inflated(positive_share: float, law: CappedLaw) -> CappedLaw:
    """Of values that are 0 but for a share, which follows `law`: both moments times the share.

    Raises InvalidInput for a share outside 0 to 1.
    """
    require_probability("positive_share", positive_share)
    return CappedLaw(positive_share * law.mean, positive_share * law.mean_square)


def pooled_cap(a: ArrayLike, b: ArrayLike, share: float) -> float:
    """The value that at least `share` of both arms' values together do not exceed (an order one).

    One cap for both arms, from both: a cap of each arm's own hides a difference of the largest
    values and is itself a difference. The caps of A/A tests are alike in both arms, so that the
    test of capped means keeps its level. Raises InvalidInput without values, or for a share that is
    not above 0 and at most 1.
    """
    together = np.concatenate((require_sample("a", a), require_sample("b", b)))
    if not together.size:
        raise InvalidInput("a and b have no values: must have one. Give a value a user.")
    if not 0.0 < share <= 1.0:
        raise InvalidInput(
            f"share = {share!r}: must be above 0 and at most 1. Give 0.99 for the 99th percentile."
        )
    # The tolerance keeps 0.07 x 100 from being 7.000000000000001.
    rank = max(math.ceil(share * together.size - 1e-9), 1)
    return float(np.partition(together, rank - 1)[rank - 1])


def capped_moments(values: ArrayLike, cap: float) -> Moments:
    """Moments of min(value, cap) over a sample (shape: n), for Welch's test of capped means.

    Raises InvalidInput for values that are not finite, or a cap that is NaN.
    """
    sample = require_sample("values", values)
    if math.isnan(cap):
        raise InvalidInput(
            "cap = nan: must be a number. Give one, or the cap of the pooled values."
        )
    capped = np.minimum(sample, cap)
    mean = float(capped.mean()) if capped.size else math.nan
    variance = float(capped.var(ddof=1)) if capped.size > 1 else math.nan
    return Moments(capped.size, mean, variance)


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _few_terms(at: float) -> float:
    return at * at * (0.5 - at * (1.0 / 3.0 - at * (0.125 - at / 30.0)))


def _require_above_zero(**parameters: float) -> None:
    for field, value in parameters.items():
        if not value > 0.0:
            raise InvalidInput(
                f"{field} = {value!r}: must be above 0. Caps and parameters of these laws are in "
                "the units of the values, which are not negative."
            )
