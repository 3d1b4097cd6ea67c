"""Standard errors of the mean of a series whose neighbours are alike, such as waits in a queue.

A series is given as sums and counts of stretches of equal length: single values have counts of 1,
metric windows have as many as were served. The mean is the sum of sums over the sum of counts, and
its error follows from the residuals `sum - mean * count` (the ratio estimator).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_same_length, require_sample

__all__ = [
    "BATCHES",
    "MeanError",
    "batch_means_error",
    "effective_sample_size",
    "independent_error",
    "mser5_cut",
    "spectral_constants",
    "spectral_error",
]

Floats = NDArray[np.float64]

BATCHES: Final = 20
_POINTS: Final = 25  # of the log periodogram; each is the mean of two ordinates
_DEGREE: Final = 2
_MOST_STRETCHES: Final = 400
_LOG_BIAS: Final = 0.270  # the mean of the log of a chi-square of 4 degrees over 4 is -0.270
_LOG_VARIANCE: Final = 0.645  # pi^2 / 6 - 1: its variance
_MSER_BATCH: Final = 5


@dataclass(frozen=True, slots=True)
class MeanError:
    """A mean, its standard error, and the degrees of freedom of that; NaN with a reason."""

    mean: float
    standard_error: float
    degrees_of_freedom: float
    reason: str | None = None

    def half_width(self, level: float = 0.95) -> float:
        """Half the confidence interval of Student's t; NaN where the error is not known."""
        from scipy.special import stdtrit

        require_level("level", level)
        if not math.isfinite(self.standard_error):
            return math.nan
        return float(stdtrit(self.degrees_of_freedom, 0.5 + level / 2.0)) * self.standard_error


def independent_error(mean: float, variance: float, count: int) -> MeanError:
    """As if all values were independent: the naive one, which queues make far too small."""
    if count < 2 or not variance >= 0.0:
        return MeanError(mean, math.nan, math.nan, "fewer than two values")
    return MeanError(mean, math.sqrt(variance / count), count - 1.0)


def batch_means_error(sums: ArrayLike, counts: ArrayLike, batches: int = BATCHES) -> MeanError:
    """Nonoverlapping batch means: the series cut into equal runs of stretches (Conway 1963).

    Honest only where a batch is much longer than the memory of the series (Law 2015, section 9.5).
    Raises InvalidInput for unequal lengths, values that are not finite, or fewer than two batches.
    """
    if batches < 2:
        raise InvalidInput(f"batches = {batches}: must be at least 2; 20 are usual")
    total, count = _series(sums, counts)
    mean = _ratio(total, count)
    if count.size < batches or not math.isfinite(mean):
        reason = f"{count.size} stretches: {batches} batches take as many"
        return MeanError(mean, math.nan, math.nan, reason)
    residuals = _merged(total, batches) - mean * _merged(count, batches)
    variance = batches / (batches - 1.0) * float(residuals @ residuals) / float(count.sum()) ** 2
    return MeanError(mean, math.sqrt(variance), batches - 1.0)


def spectral_error(sums: ArrayLike, counts: ArrayLike) -> MeanError:
    """From the spectrum at frequency 0, by regression on the log periodogram.

    Heidelberger and Welch 1981, Communications of the ACM 24:233: a quadratic through 25 means of
    two neighbouring ordinates each; of a series longer than 400 the means of 200 to 400 batches.
    Raises InvalidInput as `batch_means_error`.
    """
    total, count = _series(sums, counts)
    mean = _ratio(total, count)
    length = count.size
    if length > _MOST_STRETCHES:
        length = length // -(-length // _MOST_STRETCHES)
        total, count = _merged(total, length), _merged(count, length)
    if length <= 4 * _POINTS or not math.isfinite(mean):
        return MeanError(mean, math.nan, math.nan, f"{length} stretches: it takes over 100")
    residuals = total - mean * count
    periodogram = np.abs(np.fft.rfft(residuals)[1 : 2 * _POINTS + 1]) ** 2 / length
    pairs = periodogram.reshape(_POINTS, 2).mean(axis=1)
    if not (pairs > 0.0).all():
        return MeanError(mean, math.nan, math.nan, "the series does not vary")
    at = (4.0 * np.arange(1, _POINTS + 1) - 1.0) / (2.0 * length)
    powers = np.vander(at, _DEGREE + 1, increasing=True)
    start = float(np.linalg.lstsq(powers, np.log(pairs) + _LOG_BIAS, rcond=None)[0][0])
    correction, degrees = spectral_constants()
    spectrum = correction * math.exp(start)
    return MeanError(mean, math.sqrt(length * spectrum) / float(count.sum()), float(degrees))


def spectral_constants() -> tuple[float, int]:
    """The factor that takes the bias off exp of the regression's value at 0, and degrees.

    For 25 points and a quadratic .882 and 7 (Heidelberger and Welch 1981, table 1).
    """
    at = 4.0 * np.arange(1, _POINTS + 1) - 1.0
    powers = np.vander(at / at[-1], _DEGREE + 1, increasing=True)
    variance = _LOG_VARIANCE * float(np.linalg.inv(powers.T @ powers)[0, 0])
    return math.exp(-variance / 2.0), round(2.0 / math.expm1(variance))


def effective_sample_size(variance: float, standard_error: float) -> float:
    """How many independent values would know the mean as well: variance / standard_error^2."""
    if not (variance > 0.0 and standard_error > 0.0):
        return math.nan
    return variance / standard_error**2


def mser5_cut(values: ArrayLike) -> int:
    """How many values to leave out at the start, by MSER-5 (White 1997, Simulation 69:323).

    Means of 5 neighbours; the cut minimises the squared standard error of what is left, over the
    first half. NaN values (stretches without any) are passed over. Raises InvalidInput for values
    that are infinite.
    """
    series = np.asarray(values, dtype=np.float64)
    if np.isinf(series).any():
        raise InvalidInput("values: an infinite one has no mean; leave it out")
    known = np.flatnonzero(~np.isnan(series))
    batches = known.size // _MSER_BATCH
    if batches < 2:
        return 0
    batched = series[known[: batches * _MSER_BATCH]].reshape(batches, _MSER_BATCH).mean(axis=1)
    left = batches - np.arange(batches)
    # About the overall mean, so that nothing cancels; sums of what is left, from each place on.
    centred = batched - batched.mean()
    sums = np.cumsum(centred[::-1])[::-1]
    squares = np.cumsum(centred[::-1] ** 2)[::-1]
    errors = (squares - sums**2 / left) / left.astype(np.float64) ** 2
    cut = int(np.argmin(errors[: batches // 2 + 1]))
    return int(known[cut * _MSER_BATCH]) if cut else 0


def _series(sums: ArrayLike, counts: ArrayLike) -> tuple[Floats, Floats]:
    total, count = require_sample("sums", sums), require_sample("counts", counts)
    require_same_length("sums and counts", total, count)
    return total, count


def _ratio(total: Floats, count: Floats) -> float:
    served = float(count.sum())
    return float(total.sum()) / served if served else math.nan


def _merged(series: Floats, pieces: int) -> Floats:
    edges = np.arange(pieces) * series.size // pieces
    merged: Floats = np.add.reduceat(series, edges)
    return merged
