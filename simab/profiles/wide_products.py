"""Upper halves of 128-bit products, of arrays of 64-bit words."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["high_products"]

_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)


def high_products(
    words: NDArray[np.uint64], factors: NDArray[np.uint64] | np.uint64
) -> NDArray[np.uint64]:
    """(words x factors) / 2**64, rounded down: by four products of halves."""
    upper, lower = words >> _HALF, words & _LOW
    high, low = factors >> _HALF, factors & _LOW
    middle = upper * low + (lower * low >> _HALF)
    across = lower * high + (middle & _LOW)
    product: NDArray[np.uint64] = upper * high + (middle >> _HALF) + (across >> _HALF)
    return product
