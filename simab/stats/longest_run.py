"""The longest run of the same outcome in independent trials, exactly."""

from __future__ import annotations

import numpy as np

from simab.errors import InvalidInput
from simab.stats.checks import require_probability, require_trials

__all__ = ["longest_run", "longest_run_probability"]


def longest_run(outcomes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """How many True follow each other at most, shape (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], outcomes, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def longest_run_probability(length: int, trials: int, probability: float) -> float:
    """How probable a run of at least `length` hits is among so many trials, each a hit by chance.

    By the recursion over the trial at which such a run is first complete: a run of that length
    after a miss, with none before (Feller 1968, section XIII.7). Raises InvalidInput for a length
    or a number of trials below 1, or a probability that is none.
    """
    require_trials("trials", trials)
    require_probability("probability", probability)
    if length < 1:
        raise InvalidInput(f"length = {length!r}: must be at least 1. Give the hits in a row.")
    if length > trials:
        return 0.0
    complete = np.zeros(trials + 1)  # that the first run is complete by trial n
    whole = probability**length
    complete[length] = whole
    for trial in range(length + 1, trials + 1):
        before = complete[trial - length - 1]
        complete[trial] = complete[trial - 1] + (1.0 - before) * (1.0 - probability) * whole
    return float(min(complete[trials], 1.0))
