"""How evenly something is spread over people: Jain's index and Gini's coefficient."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_sample

__all__ = ["gini_coefficient", "jain_index"]


def jain_index(values: ArrayLike) -> float:
    """1 where all have the same, 1 / n where one of n has everything; NaN where nobody has any.

    The square of the sum over n times the sum of squares (Jain, Chiu and Hawe 1984). Shape (n,).
    Raises InvalidInput for a value below 0 or not finite.
    """
    sample = _amounts(values)
    total = float(sample.sum())
    if total == 0.0:
        return math.nan
    shares = sample / total  # so that no square is beyond a float
    return 1.0 / (sample.size * float((shares * shares).sum()))


def gini_coefficient(values: ArrayLike) -> float:
    """0 where all have the same, (n - 1) / n where one of n has everything; NaN where nobody has.

    Half the mean difference of two of them, drawn with replacement, in units of the mean (Gini
    1912). Shape (n,). Raises InvalidInput for a value below 0 or not finite.
    """
    sample = np.sort(_amounts(values))
    total = float(sample.sum())
    if total == 0.0:
        return math.nan
    places = 2.0 * np.arange(1, sample.size + 1) - sample.size - 1.0
    return max(0.0, float((places * (sample / total)).sum()) / sample.size)  # of equal ones a hair


def _amounts(values: ArrayLike) -> NDArray[np.float64]:
    sample = require_sample("values", values)
    if (sample < 0.0).any():
        first = int(np.argmax(sample < 0.0))
        raise InvalidInput(
            f"values[{first}] = {sample[first]}: must be 0 or more. Give amounts, such as requests "
            "or seconds, of each client."
        )
    return sample
