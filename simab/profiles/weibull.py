"""The Weibull distribution by its coefficient of variation."""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["weibull_shape"]


@lru_cache(maxsize=64)
def weibull_shape(cv: float) -> float:
    """The shape with this coefficient of variation, by bisection: it falls as the shape rises."""

    def variation(shape: float) -> float:
        second = math.lgamma(1.0 + 2.0 / shape) - 2.0 * math.lgamma(1.0 + 1.0 / shape)
        return math.expm1(second)

    low, high = 0.05, 100.0
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if variation(middle) > cv**2 else (low, middle)
    return low
