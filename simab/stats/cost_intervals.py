"""The interval of a mean of costs: bounded, skewed, often 0; and whether a mean is 0 at all.

Student's interval is symmetric, so it stops short where costs are skewed, and it has no width where
all costs seen are equal. Which method holds where was chosen by simulation: reports/intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.checks import require_level, require_sample
from simab.stats.interval import Interval

__all__ = ["CostMean", "cost_mean", "hall_interval", "unseen_share", "zero_mean_p_value"]

_FEW: Final = 10  # runs other than the usual one: fewer say how often, not how much
_LEAST: Final = 50  # runs, below which nothing vouches for a law without bounds
_MANY: Final = 400  # runs, from which Hall's correction holds also for a lognormal with a CV of 2
_EVEN: Final = 0.05  # times the root of the runs: the skewness that Student's interval bears
_DOMINATED: Final = 0.5  # times the root of the runs: half of the skewness of one run against all

Sample = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CostMean:
    """A mean over runs and its interval within the possible range (units of the values).

    `approximate`: the interval may cover less often than its level says, for the `reason` given. A
    reason without the mark says how the interval was made where the runs say little, or why there
    is none (NaN ends).
    """

    estimate: float
    interval: Interval
    count: int
    approximate: bool = False
    reason: str | None = None


def cost_mean(
    values: ArrayLike, low: float = -math.inf, high: float = math.inf, *, level: float = 0.95
) -> CostMean:
    """The mean of independent values, one a run (shape: n), that lie between `low` and `high`.

    Each end is the outer one of Student's interval and of Hall's, whose transformation removes the
    skewness of t (Hall 1992, Journal of the Royal Statistical Society B 54:221-228, equation 3),
    within the range. Where fewer than ten runs differ from the usual value, how much they may cost
    is not known: the ends then take the exact bound of their share times the most that is possible
    (with n runs alike a share of 1 - ((1 - level) / 2)^(1 / n), 3.7 / n at 95 %). A range of one
    value has an interval without width, and the reason. Fewer than two values, or such a share of a
    range without end, have no interval and a reason. Raises InvalidInput for a value that is not
    finite or outside the range, another shape, a level outside 0 to 1.
    """
    require_level("level", level)
    sample = require_sample("values", values)
    _require_within(sample, low, high)
    count = sample.size
    if count and low == high:
        reason = "no other value is possible"
        return CostMean(low, Interval(low, high, level, reason), count, reason=reason)
    if count < 2:
        reason = f"{count} run{'' if count else 's'}: an interval takes at least 2"
        estimate = float(sample[0]) if count else math.nan
        return CostMean(estimate, Interval.undefined(level, reason), count, reason=reason)
    usual = _usual(sample)
    if usual is not None:
        return _rarely_another(sample, usual, (low, high), level)
    found = _corrected(sample, level)
    ends = Interval(max(found.low, low), min(found.high, high), level)
    reason_to_doubt = _doubt(sample, ends, (low, high))
    return CostMean(float(sample.mean()), ends, count, reason_to_doubt is not None, reason_to_doubt)


def hall_interval(values: ArrayLike, *, level: float = 0.95) -> Interval:
    """Hall's interval of a mean alone (shape: n, two values or more), without any range.

    Hall 1992, Journal of the Royal Statistical Society B 54:221-228, equation 3: the ends at which
    his transformation of t, which removes its skewness, takes Student's quantiles. Of values that
    are all equal it has no width. Raises InvalidInput as `cost_mean`.
    """
    from scipy.special import stdtrit

    require_level("level", level)
    sample = require_sample("values", values)
    count, mean, error = sample.size, float(sample.mean()), _standard_error(sample)
    t, skewness = float(stdtrit(count - 1, 0.5 + level / 2.0)), _skewness(sample)
    low, high = (_hall_inverse(each, skewness, count) for each in (t, -t))
    return Interval(mean - low * error, mean - high * error, level)


def unseen_share(count: int, *, level: float = 0.95) -> float:
    """How often may happen what did not happen in `count` runs: the exact two-sided bound.

    3.7 / n at 95 %: the Clopper-Pearson bound of 0 of n (1934). All of them, if there was no run.
    """
    require_level("level", level)
    return 1.0 - ((1.0 - level) / 2.0) ** (1.0 / count) if count else 1.0


def zero_mean_p_value(differences: ArrayLike) -> float:
    """Two-sided p-value of a mean of 0, for differences of pairs (shape: n).

    The larger of Student's p-value and of Hall's, so that it agrees with the interval of
    `cost_mean`; never below 2^(1 - k) where k pairs differ, the least that an exact test of signs
    could give, so that many comparisons take many pairs. 1 where fewer than ten pairs differ: they
    do not show how much a pair may. Raises InvalidInput as `cost_mean`.
    """
    from scipy.special import stdtr

    sample = require_sample("differences", differences)
    differing = int(np.count_nonzero(sample))
    if differing < _FEW:
        return 1.0
    floor = 2.0 ** (1 - min(differing, 1000))
    error, skewness = _standard_error(sample), _skewness(sample)
    if error == 0.0:
        return floor  # every pair differs by the same amount
    t = float(sample.mean()) / error
    without_skew = _hall(t, skewness, sample.size)
    p_values = (2.0 * float(stdtr(sample.size - 1, -abs(each))) for each in (t, without_skew))
    return min(1.0, max(floor, *p_values))


def _usual(sample: Sample) -> float | None:
    """The value that most runs have, all but a few of them; None if there is none."""
    values, counts = np.unique(sample, return_counts=True)
    most = int(counts.argmax())
    others = sample.size - int(counts[most])
    return float(values[most]) if others < _FEW and 2 * others < sample.size else None


def _rarely_another(
    sample: Sample, usual: float, possible: tuple[float, float], level: float
) -> CostMean:
    """Mean <= usual + P(more than usual) (highest - usual), and so for the lower end."""
    count = sample.size
    more, less = int((sample > usual).sum()), int((sample < usual).sum())
    ends = [
        usual + _share_at_most(seen, count, level) * (end - usual) if end != usual else usual
        for seen, end in ((less, possible[0]), (more, possible[1]))
    ]
    others = more + less
    seen = f"{others} of {count} runs differ from the rest" if others else f"{count} runs are alike"
    if not (math.isfinite(ends[0]) and math.isfinite(ends[1])):
        reason = f"{seen}: how far others may be off is not known"
        return CostMean(
            float(sample.mean()), Interval.undefined(level, reason), count, reason=reason
        )
    share = max(_share_at_most(each, count, level) for each in (more, less))
    reason = f"{seen}: up to {100 * share:.2g} % may be off, as far as is possible"
    return CostMean(
        float(sample.mean()), Interval(ends[0], ends[1], level, reason), count, reason=reason
    )


def _share_at_most(seen: int, count: int, level: float) -> float:
    """Clopper and Pearson's upper bound of a share (1934)."""
    from scipy.special import betaincinv

    if not seen:
        return unseen_share(count, level=level)
    return 1.0 if seen == count else float(betaincinv(seen + 1, count - seen, 0.5 + level / 2.0))


def _corrected(sample: Sample, level: float) -> Interval:
    """The outer ends of Student's interval and of Hall's."""
    from scipy.special import stdtrit

    hall = hall_interval(sample, level=level)
    mean, margin = (
        float(sample.mean()),
        _standard_error(sample) * float(stdtrit(sample.size - 1, 0.5 + level / 2.0)),
    )
    return Interval(min(mean - margin, hall.low), max(mean + margin, hall.high), level)


def _hall(t: float, skewness: float, count: int) -> float:
    a = skewness / math.sqrt(count)
    return t + a * t * t / 3.0 + a * a * t**3 / 27.0 + a / 6.0


def _hall_inverse(t: float, skewness: float, count: int) -> float:
    a = skewness / math.sqrt(count)
    if abs(a) < 1e-6:
        return t
    return 3.0 / a * (math.cbrt(1.0 + a * (t - a / 6.0)) - 1.0)


def _doubt(sample: Sample, ends: Interval, possible: tuple[float, float]) -> str | None:
    """Why the interval may be too short; None if nothing known speaks against it."""
    if math.isfinite(possible[1] - possible[0]):
        return _doubt_of_the_unseen(sample, ends, possible)
    count, skewness = sample.size, abs(_skewness(sample))
    if count < _LEAST:
        return f"{count} runs: fewer than {_LEAST} do not show how skewed the costs are"
    bearable = (_EVEN if count < _MANY else _DOMINATED) * math.sqrt(count)
    if skewness > bearable:
        return f"the costs of {count} runs are skewed by {skewness:.2g}: over {bearable:.2g}"
    return None


def _doubt_of_the_unseen(
    sample: Sample, ends: Interval, possible: tuple[float, float]
) -> str | None:
    """Whether runs that were not seen, as bad as possible, could carry the mean past an end."""
    mean, share = float(sample.mean()), unseen_share(sample.size, level=ends.level)
    above, below = share * (possible[1] - mean), share * (mean - possible[0])
    if above <= ends.high - mean and below <= mean - ends.low:
        return None
    return (
        f"up to {100 * share:.2g} % of runs may be unlike any of these {sample.size}, and could "
        "carry the mean past an end"
    )


def _standard_error(sample: Sample) -> float:
    return float(sample.std(ddof=1)) / math.sqrt(sample.size)


def _skewness(sample: Sample) -> float:
    centred = sample - sample.mean()
    variance = float((centred**2).mean())
    return float((centred**3).mean()) / variance**1.5 if variance > 0.0 else 0.0


def _require_within(sample: Sample, low: float, high: float) -> None:
    if sample.size and not (low <= sample.min() and sample.max() <= high):
        place = int(np.argmax((sample < low) | (sample > high)))
        raise InvalidInput(
            f"values[{place}] = {sample[place]}: must lie in the range from {low} to {high}. "
            "Give the range of what is possible."
        )
