"""What the statistics refuse before they start: each refusal says field, value, rule and remedy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput

__all__ = [
    "require_binary_labels",
    "require_level",
    "require_probability",
    "require_same_length",
    "require_sample",
    "require_successes",
    "require_trials",
]


def require_successes(field: str, successes: int, trials: int) -> None:
    """Refuse a count of successes below 0 or above its trials (NaN is refused as well)."""
    # Written so that NaN fails it; one comparison chain, for it runs at every controller tick.
    if not 0 <= successes <= trials:
        raise InvalidInput(
            f"{field} = {successes!r} of {trials!r} trials: successes must lie between 0 and the "
            "trials. Count every trial once, successes included."
        )


def require_ratio(ratio: float) -> None:
    """Raise InvalidInput unless one arm may have so many times the trials of the other."""
    if not 0.0 < ratio < math.inf:
        raise InvalidInput(
            f"ratio = {ratio!r}: must be above 0 and finite. "
            "Give the trials of the second arm for each of the first, such as 1."
        )


def require_trials(field: str, trials: int) -> None:
    """Refuse a number of trials below 1."""
    if not trials >= 1:
        raise InvalidInput(f"{field} = {trials!r}: must be at least 1. Give the requests per arm.")


def require_probability(field: str, value: float) -> None:
    """Refuse what is not within 0 and 1."""
    if not 0.0 <= value <= 1.0:
        raise InvalidInput(
            f"{field} = {value!r}: must lie between 0 and 1. Give a share, not a percentage."
        )


def require_level(field: str, value: float) -> None:
    """Refuse what is not strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise InvalidInput(
            f"{field} = {value!r}: must lie strictly between 0 and 1. "
            "Give a share such as 0.95 or 0.05, not a percentage."
        )


def require_sample(field: str, values: ArrayLike, *, infinite: bool = False) -> NDArray[np.float64]:
    """The values as a one-dimensional float array without NaN; infinities only where allowed."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InvalidInput(
            f"{field} has shape {array.shape}: must have one dimension. Give a value a replication."
        )
    bad = np.isnan(array) if infinite else ~np.isfinite(array)
    if bad.any():
        first = int(np.argmax(bad))
        raise InvalidInput(
            f"{field}[{first}] = {array[first]}: must be a number"
            f"{'' if infinite else ' and finite'}. Count the missing ones apart and leave them out."
        )
    return array


def require_same_length(fields: str, first: NDArray[Any], second: NDArray[Any]) -> None:
    """Refuse two arrays of which one has more entries."""
    if first.shape != second.shape:
        raise InvalidInput(
            f"{fields} have {first.size} and {second.size} entries: must be as many. "
            "Entry i of both belongs to the same row or replication."
        )


def require_binary_labels(field: str, labels: ArrayLike) -> NDArray[np.bool_]:
    """The labels as booleans; every entry must be 0 or 1 (or False or True)."""
    array = np.asarray(labels)
    if array.ndim != 1:
        raise InvalidInput(
            f"{field} has shape {array.shape}: must be one-dimensional. Give one label a request."
        )
    positive: NDArray[np.bool_] = np.asarray(array == 1, dtype=np.bool_)
    bad = ~(positive | np.asarray(array == 0, dtype=np.bool_))
    if bad.any():
        first = int(np.argmax(bad))
        raise InvalidInput(
            f"{field}[{first}] = {array[first]!r}: must be 0 or 1. "
            "Map the class to be found to 1 and the other to 0."
        )
    return positive
