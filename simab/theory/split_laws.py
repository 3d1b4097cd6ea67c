"""The shares that flawed routing rules give where other shares were asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["instance_ratio_shares", "truncated_percentage_shares"]

Floats = NDArray[np.float64]


def truncated_percentage_shares(shares: ArrayLike) -> Floats:
    """Each share cut to whole percents; what is left goes to the first of the largest."""
    wanted = np.asarray(shares, dtype=np.float64)
    percents = np.floor(wanted * 100.0 + 1e-9)
    percents[int(np.argmax(wanted))] += 100.0 - percents.sum()
    found: Floats = percents / 100.0
    return found


def instance_ratio_shares(shares: ArrayLike, instances: ArrayLike) -> Floats:
    """In proportion to the instances of the variants that have a weight; the weights as they are
    where none has any.
    """
    wanted = np.asarray(shares, dtype=np.float64)
    counted = np.where(wanted > 0.0, np.asarray(instances, dtype=np.float64), 0.0)
    return counted / counted.sum() if counted.sum() else wanted
