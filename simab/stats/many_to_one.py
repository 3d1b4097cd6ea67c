"""Several candidates compared with one control: Dunnett's constants and adjusted p-values.

Statistics share the control's noise: given it they are independent, so that all probabilities are
integrals over one normal variable (Dunnett 1955). Approximate where variances are estimated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level

__all__ = ["control_shares", "dunnett_critical_value", "dunnett_p_values", "none_beyond"]

Floats = NDArray[np.float64]
_REACH: Final = 8.5
_PANELS: Final = 200


def control_shares(variances: ArrayLike, control_variance: float) -> Floats:
    """Of each difference from the control the share of its variance that the control makes.

    `variances` are those of the candidates' means, such as p (1 - p) / n. Raises InvalidInput
    unless all are above 0 and finite.
    """
    own = np.atleast_1d(np.asarray(variances, dtype=np.float64))
    for name, value in (("variances", own), ("control_variance", np.array([control_variance]))):
        if not (np.isfinite(value) & (value > 0.0)).all():
            raise InvalidInput(
                f"{name} = {value.tolist()!r}: must be above 0 and finite. "
                "Give the variance of each mean, such as p (1 - p) / n."
            )
    return np.asarray(control_variance / (control_variance + own))


def none_beyond(critical: float, shares: ArrayLike, *, two_sided: bool = True) -> float:
    """Probability that no difference is beyond a critical value where all are truly 0.

    `shares` are those of `control_shares`, one for each candidate: 0.5 for arms of equal size.
    """
    from scipy.special import ndtr

    common = np.asarray(shares, dtype=np.float64)[:, None]
    noise, weights = _noise()
    shift, spread = np.sqrt(common) * noise, np.sqrt(1.0 - common)
    inside = ndtr((critical + shift) / spread)
    if two_sided:
        inside = inside - ndtr((shift - critical) / spread)
    return float((inside.prod(axis=0) * weights).sum())


def dunnett_critical_value(
    shares: ArrayLike, *, alpha: float = 0.05, two_sided: bool = True
) -> float:
    """What |z|, or z, of a candidate has to reach for a family-wise error of alpha.

    Raises InvalidInput for an alpha not strictly between 0 and 1, or no candidate.
    """
    from scipy.optimize import brentq

    require_level("alpha", alpha)
    common = np.asarray(shares, dtype=np.float64)
    if common.ndim != 1 or not common.size:
        raise InvalidInput(f"shares = {shares!r}: must name a share for each candidate.")

    def excess(critical: float) -> float:
        return none_beyond(critical, common, two_sided=two_sided) - (1.0 - alpha)

    low = 0.0 if two_sided else -_REACH
    return float(brentq(excess, low, 2.0 * _REACH, xtol=1e-12))


def dunnett_p_values(
    z_values: Sequence[float], shares: ArrayLike, *, two_sided: bool = True
) -> Floats:
    """Adjusted p-values of a step-down test, each to be compared with alpha as if alone.

    The largest statistic is compared with the largest of all, the next with the largest of the
    others, and none is below one before it (Dunnett and Tamhane 1991). NaN stays NaN, never
    rejects, and still counts.
    """
    z = np.asarray(z_values, dtype=np.float64)
    common = np.asarray(shares, dtype=np.float64)
    size = np.abs(z) if two_sided else z
    order = np.argsort(np.where(np.isnan(size), -math.inf, size))[::-1]
    found = np.full(z.size, math.nan)
    before = 0.0
    for rank, place in enumerate(order):
        if math.isnan(size[place]):
            break
        others = common[order[rank:]]
        before = max(before, 1.0 - none_beyond(float(size[place]), others, two_sided=two_sided))
        found[place] = before
    return found


def _noise() -> tuple[Floats, Floats]:
    """Nodes of the control's noise with their weights: Simpson's rule over its normal density."""
    nodes = np.linspace(-_REACH, _REACH, 2 * _PANELS + 1)
    rule = np.full(nodes.size, 2.0)
    rule[1::2] = 4.0
    rule[[0, -1]] = 1.0
    step = nodes[1] - nodes[0]
    density = np.exp(-0.5 * nodes * nodes) / math.sqrt(2.0 * math.pi)
    return nodes, rule * density * step / 3.0
