"""Many tests at once: p-values adjusted so that each may be compared with alpha as if alone.

A NaN p-value (a test that is undefined) stays NaN, never rejects, and still counts as a test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput

__all__ = ["benjamini_hochberg", "bonferroni", "holm"]


def bonferroni(p_values: ArrayLike) -> NDArray[np.float64]:
    """Each p-value times the number of tests, at most 1 (shape: m).

    Raises InvalidInput as `holm`.
    """
    p = _require_p_values(p_values)
    adjusted: NDArray[np.float64] = np.minimum(p * p.size, 1.0)
    return adjusted


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down p-values (shape: m): P(any true null rejected) is at most alpha.

    The i-th smallest of m times m - i + 1, never below the one before (Holm 1979). Valid however
    the tests depend on each other, and never larger than Bonferroni's. Raises InvalidInput for a
    p-value outside 0 to 1, or another shape.
    """
    p = _require_p_values(p_values)
    order = np.argsort(p, kind="stable")  # NaN comes last
    factors = p.size - np.arange(p.size)
    return _in_place(order, np.maximum.accumulate(p[order] * factors))


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Benjamini and Hochberg's step-up p-values (shape: m): they bound the false discovery rate.

    The i-th smallest of m times m / i, never above the one after (Benjamini and Hochberg 1995).
    Valid for independent and for positively dependent tests. Raises InvalidInput as `holm`.
    """
    p = _require_p_values(p_values)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * (p.size / np.arange(1.0, p.size + 1.0))
    # fmin passes over the NaNs at the end, which must not spread to the tests before them.
    stepped = np.fmin.accumulate(scaled[::-1])[::-1]
    return _in_place(order, np.where(np.isnan(scaled), np.nan, stepped))


def _in_place(order: NDArray[np.intp], stepped: NDArray[np.float64]) -> NDArray[np.float64]:
    adjusted = np.empty(order.size)
    adjusted[order] = np.minimum(stepped, 1.0)
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
