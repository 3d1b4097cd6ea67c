"""How many requests it takes to see a difference: from the spread over runs, and by theory.

Both are for a two-sided 5 % test with 80 % power, in labelled requests of the variant with fewer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.policies.metrics import OF_EARNINGS, LabelMetric
from simab.profiles.truth import Truth
from simab.stats.classification import SHARES, ConfusionCounts
from simab.stats.interval import normal_quantile
from simab.stats.label_estimates import Estimate, f1_estimate, roc_auc_binary_estimate
from simab.stats.means import trials_for_means
from simab.stats.sample_size import pooled_trials

__all__ = [
    "LEADS",
    "TESTED",
    "UNKNOWN",
    "NeededSamples",
    "SpreadCurve",
    "arrival_s",
    "detectable",
    "theory_half_width_samples",
    "theory_samples",
]

Floats = NDArray[np.float64]
TESTED: Final = normal_quantile(0.975) + normal_quantile(0.8)
"""A difference of so many standard errors is found by the test in 80 % of the runs."""
_Z: Final = normal_quantile(0.975)
LEADS: Final = normal_quantile(0.95)
"""With a difference of so many standard errors the better one leads in 95 % of the runs."""


class NeededSamples(NamedTuple):
    """How many, with a 95 % interval from the number of runs.

    `extrapolated`: more than were looked at; `at_most`: so many or fewer.
    """

    samples: float
    low: float
    high: float
    extrapolated: bool = False
    at_most: bool = False


FEWEST: Final = 50
"""Fewer samples have no law that a spread describes: most of them may hold no error at all."""
UNKNOWN: Final = NeededSamples(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True, eq=False)
class SpreadCurve:
    """How a spread falls with samples: both rise and fall along the curve, which may be noisy.

    `runs` is how many runs the spread is of, for its own interval; 0 where it has none.
    """

    samples: Floats
    spread: Floats
    runs: int

    @classmethod
    def of(cls, samples: ArrayLike, spread: ArrayLike, runs: int = 0) -> SpreadCurve:
        """The known points in order of samples, from 50 on."""
        count, width = (np.asarray(each, dtype=np.float64) for each in (samples, spread))
        known = (count >= FEWEST) & np.isfinite(width) & (width > 0)
        order = np.argsort(count[known], kind="stable")
        return cls(count[known][order], width[known][order], runs)

    def needed(self, spread: float) -> NeededSamples:
        """How many samples bring the spread down to this.

        Between two points by interpolation of logarithms; beyond the last by 1 / sqrt(n).
        """
        if not self.samples.size or not spread > 0.0 or not math.isfinite(spread):
            return UNKNOWN
        above = np.flatnonzero(self.spread > spread)
        after = int(above[-1]) + 1 if above.size else 0
        if after == self.samples.size:
            needed = float(self.samples[-1]) * (float(self.spread[-1]) / spread) ** 2
            return self._with_interval(needed)._replace(extrapolated=True)
        if after == 0:
            return NeededSamples(float(self.samples[0]), math.nan, math.nan, at_most=True)
        (n, m), (s, t) = (
            (float(each[after - 1]), float(each[after])) for each in (self.samples, self.spread)
        )
        part = math.log(s / spread) / math.log(s / t)
        return self._with_interval(n * (m / n) ** part)

    def _with_interval(self, samples: float) -> NeededSamples:
        """The variance of `runs` normal values has a chi-square law, and n goes with it."""
        if self.runs < 2:
            return NeededSamples(samples, math.nan, math.nan)
        from scipy.special import chdtri

        degrees = self.runs - 1
        low, high = (degrees / float(chdtri(degrees, tail)) for tail in (0.025, 0.975))
        return NeededSamples(samples, samples * low, samples * high)


def detectable(spread: Floats, error: Floats) -> Floats:
    """The difference that the test finds in 80 % of the runs: 1.96 errors and 0.84 spreads.

    `error` is what the test takes the spread for. Where that is too small, as of latencies in a
    queue, the spread itself is taken: no more runs than 5 % may be declared without a difference.
    Where it is too large, as of variants that answer the same rows, the test needs as many more.
    """
    found: Floats = _Z * np.fmax(error, spread) + normal_quantile(0.8) * spread
    return found


def arrival_s(samples: float, times_s: ArrayLike, arrived: ArrayLike) -> float:
    """When so many have arrived, by their mean numbers at rising times; inf where none come.

    Beyond the last time at the rate of the last quarter.
    """
    at, count = (np.asarray(each, dtype=np.float64) for each in (times_s, arrived))
    if not math.isfinite(samples) or not count.size or not count[-1] > 0.0:
        return math.inf if count.size and not count[-1] > 0.0 else math.nan
    if samples <= count[-1]:
        first = int(np.flatnonzero(count > 0.0)[0])
        before = float(at[first - 1]) if first else 0.0
        return float(np.interp(samples, [0.0, *count[first:]], [before, *at[first:]]))
    begin = int(np.searchsorted(at, 0.75 * at[-1]))
    begin = min(begin, at.size - 2) if at.size > 1 else 0
    span, gained = at[-1] - at[begin], count[-1] - count[begin]
    rate = gained / span if span > 0.0 and gained > 0.0 else count[-1] / at[-1]
    return float(at[-1] + (samples - count[-1]) / rate)


def theory_samples(
    metric: LabelMetric, truths: tuple[Truth, Truth], difference: float, ratio: float
) -> tuple[float, str]:
    """By closed form, of the variant with fewer labels; NaN with the reason where there is none.

    Shares by the pooled test, means by their variances, F1 and the AUC of decisions by the delta
    method. Labels of both variants are independent; `ratio` is the candidate's for each of the
    control's.
    """
    if not difference or not math.isfinite(difference):
        return math.nan, "there is no difference to find"
    control = _control_samples(metric, truths, difference, ratio)
    if math.isnan(control):
        return math.nan, "no closed form here"
    return control * min(ratio, 1.0), ""


def _control_samples(
    metric: LabelMetric, truths: tuple[Truth, Truth], difference: float, ratio: float
) -> float:
    first = truths[0]
    if metric in OF_EARNINGS:
        spread = first.reward_variance, truths[1].reward_variance
        return trials_for_means(spread, difference, ratio=ratio)
    if metric in (*SHARES, "success_rate"):
        base = first.metric(metric)
        trials = pooled_trials(base, min(max(base + difference, 0.0), 1.0), ratio=ratio)
        return trials / _counted_share(metric, first.confusion)
    control, candidate = (_variance_of_one(metric, each) for each in truths)
    return TESTED**2 * (control + candidate / ratio) / difference**2


def theory_half_width_samples(
    metric: LabelMetric, truths: tuple[Truth, Truth], half_width: float, ratio: float
) -> tuple[float, str]:
    """Those that give the 95 % interval of the difference this half-width; as `theory_samples`."""
    control, candidate = (_variance_of_one(metric, each) for each in truths)
    samples = _Z**2 * (control + candidate / ratio) / half_width**2 * min(ratio, 1.0)
    return samples, "no closed form here" if math.isnan(samples) else ""


def _variance_of_one(metric: LabelMetric, truth: Truth) -> float:
    """The variance that one labelled request would give the estimate; NaN without closed form."""
    if metric in OF_EARNINGS:
        return truth.reward_variance
    if metric in (*SHARES, "success_rate"):
        share = truth.metric(metric)
        return share * (1.0 - share) / _counted_share(metric, truth.confusion)
    made = {"f1": f1_estimate, "roc_auc_binary": roc_auc_binary_estimate}.get(metric)
    if made is None or truth.confusion is None:
        return math.nan
    return _of_one(made(truth.confusion), truth.confusion)


def _of_one(estimate: Estimate, counts: ConfusionCounts) -> float:
    """The variance that one labelled request would give the estimate."""
    return estimate.variance * counts.total


def _counted_share(metric: LabelMetric, counts: ConfusionCounts | None) -> float:
    """The share of the labelled requests that a share is about."""
    if counts is None or metric not in SHARES:
        return 1.0
    return SHARES[metric].counted(counts)[1] / counts.total
