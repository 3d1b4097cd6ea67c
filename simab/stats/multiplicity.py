"""Many tests at once: p-values adjusted so that each may be compared with alpha as if alone.

A NaN p-value (a test that is undefined) stays NaN, never rejects, and still counts as a test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput

__all__ = ["holm"]


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down p-values (shape: m): P(any true null rejected) is at most alpha.

    The i-th smallest of m times m - i + 1, never below the one before (Holm 1979). Valid however
    the tests depend on each other, and never larger than Bonferroni's. Raises InvalidInput for a
    p-value outside 0 to 1, or another shape.
    """
    p = _require_p_values(p_values)
    order = np.argsort(p, kind="stable")  # NaN comes last
    factors = p.size - np.arange(p.size)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def _require_p_values(p_values: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise InvalidInput(
            f"p_values has shape {p.shape}: must have one dimension. Give one p-value a test."
        )
    outside = (p < 0.0) | (p > 1.0)
    if outside.any():
        first = int(np.argmax(outside))
        raise InvalidInput(
            f"p_values[{first}] = {p[first]}: must lie between 0 and 1, or be NaN. "
            "Give p-values, not z or percentages."
        )
    return p
