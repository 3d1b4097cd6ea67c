"""The largest deviation of a realised share over any stretch of time, and what chance makes it.

The scan statistic of window counts: over all intervals of windows, the count of one variant less
what its share promises, in standard deviations of independent draws.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level

__all__ = ["Deviation", "largest_deviation", "scan_p_value", "scan_reference"]

_FEWEST: Final = 5.0
"""Requests that are expected of a variant in an interval, and of the others, for it to count."""


class Deviation(NamedTuple):
    """An interval of windows, from `first` up to, not including, `last`, and its deviation.

    `score` is in standard deviations, with the sign of the deviation.
    """

    first: int
    last: int
    score: float


def largest_deviation(hits: ArrayLike, trials: ArrayLike, share: float) -> Deviation:
    """The interval whose share is furthest from `share` (shapes: windows and windows).

    Only intervals count in which at least 5 hits and 5 misses are expected; without any the score
    is 0. Raises InvalidInput unless the share lies strictly between 0 and 1 and each window has as
    many trials as hits at least.
    """
    require_level("share", share)
    counted, asked = _windows(hits, trials)
    return _largest(np.cumsum(counted - asked * share), np.cumsum(asked), share)


def scan_p_value(
    found: Deviation, trials: ArrayLike, share: float, *, simulations: int = 999, seed: int = 1
) -> float:
    """How often independent draws deviate as much over any interval, by so many simulations.

    The share of simulations, the one seen included, that reach its score (Davison and Hinkley
    1997, section 4.2), so that it errs at most as often as it says. Same seed, same value.
    """
    _, asked = _windows(np.zeros(np.shape(trials)), trials)
    scores = scan_reference(asked, share, simulations=simulations, seed=seed)
    reached = int((scores >= abs(found.score) * (1.0 - 1e-12)).sum())
    return (1 + reached) / (1 + simulations)


def scan_reference(
    trials: ArrayLike, share: float, *, simulations: int = 999, seed: int = 1
) -> NDArray[np.float64]:
    """The largest deviations over any interval of so many simulations of independent draws.

    Scores without their sign, as `largest_deviation` has them, shape (simulations,). Same seed,
    same values.
    """
    require_level("share", share)
    _, asked = _windows(np.zeros(np.shape(trials)), trials)
    generator = np.random.default_rng(seed)
    drawn = generator.binomial(asked.astype(np.int64), share, (simulations, asked.size))
    excess = np.cumsum(drawn - asked * share, axis=1)
    above = np.concatenate((np.zeros((simulations, 1)), excess), axis=1)
    until = np.concatenate(([0.0], np.cumsum(asked)))
    scores = np.zeros(simulations)
    for length in range(1, until.size):
        spread = _spreads(until[length:] - until[:-length], share)
        off = np.abs(above[:, length:] - above[:, :-length]) / spread
        np.maximum(scores, off.max(axis=1), out=scores)
    return scores


def _windows(hits: ArrayLike, trials: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    counted, asked = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if counted.ndim != 1 or counted.shape != asked.shape or not (counted >= 0).all():
        raise InvalidInput("hits, trials: must be two lists of counts of one length, of 0 or more.")
    if not (counted <= asked).all():
        raise InvalidInput("hits: must be at most the trials of their window; count both alike.")
    return counted, asked


def _largest(excess: NDArray[np.float64], ends: NDArray[np.float64], share: float) -> Deviation:
    """From running sums of hits beyond what is expected, and of trials."""
    above, until = np.concatenate(([0.0], excess)), np.concatenate(([0.0], ends))
    best = Deviation(0, 0, 0.0)
    for length in range(1, above.size):
        deviations = above[length:] - above[:-length]
        scores = deviations / _spreads(until[length:] - until[:-length], share)
        first = int(np.argmax(np.abs(scores)))
        if abs(scores[first]) > abs(best.score):
            best = Deviation(first, first + length, float(scores[first]))
    return best


def _spreads(trials: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Standard deviations of binomial counts; infinite where too few are expected to count."""
    enough = trials * min(share, 1.0 - share) >= _FEWEST
    spread: NDArray[np.float64] = np.sqrt(np.where(enough, trials, np.inf) * share * (1.0 - share))
    return spread
