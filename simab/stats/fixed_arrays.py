"""Arrays that cannot be written to: their memory is that of bytes, whose flag stays."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["fixed"]

Values = TypeVar("Values", bound=np.generic)


def fixed(array: NDArray[Values]) -> NDArray[Values]:
    """A copy of the array for good: neither `setflags` nor `base` leads to anything writable."""
    return np.ndarray(array.shape, array.dtype, array.tobytes())
