"""The truth of a variant: its metrics over endlessly many requests, computed from its profile.

No simulation: a joint table's metrics are those of its rows, a classifier's those of its two score
distributions, a success rate is its probability, a mean reward that of its distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import fsum, isnan, lcm, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.outcomes import NONE, SCORE_ONE, OutcomeSampler
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.rewards import RewardScale
from simab.stats.classification import METRICS, ConfusionCounts

__all__ = ["Truth", "metric_difference", "mixed_truth", "truth_of"]

_ROUNDING: Final = 1e-12  # of a metric's size: what sums and differences of floats may be off
_WHOLE: Final = 1 << 60  # confusion cells as whole numbers of 2**-60, finer than a float


@dataclass(frozen=True, slots=True)
class Truth:
    """Exact population metrics; NaN where the variant has no labels or the metric is undefined.

    `reward` is the mean of single rewards, `reward_variance` their variance.
    """

    success_rate: float
    confusion: ConfusionCounts | None
    roc_auc: float
    brier: float
    reward: float = nan
    reward_variance: float = nan

    def metric(self, name: str) -> float:
        """The true value of a label metric, by its name in scenario files; NaN for another."""
        if name in ("success_rate", "accuracy"):
            return self.success_rate
        if name == "cost":
            return self.reward
        if name in ("roc_auc", "brier", "reward"):
            return float(getattr(self, name))
        if self.confusion is None or name not in METRICS:
            return nan
        return METRICS[name](self.confusion)

    def multiplied(self, mean_squared_factor: float) -> Truth:
        """That of rewards times independent factors of mean 1, whose squares have this mean."""
        if mean_squared_factor == 1.0:
            return self
        squares = self.reward_variance + self.reward**2
        variance = squares * mean_squared_factor - self.reward**2
        return replace(self, reward_variance=variance)


def truth_of(sampler: OutcomeSampler) -> Truth:
    """The truth of a variant whose outcomes the sampler draws."""
    if sampler.reward_table is not None and sampler.reward_scale is not None:
        return _truth_of_rewards(sampler, sampler.reward_table, sampler.reward_scale)
    if not sampler.has_labels:
        pairs = zip(sampler.shares, sampler.correct, strict=True)
        right = sum((share for share, correct in pairs if correct), Fraction(0))
        return Truth(float(right), None, nan, nan)
    if sampler.score_tables is None:
        return _truth_of_rows(sampler)
    masses = [_class_masses(sampler, label) for label in (0, 1)]
    # recall of either class: P(score below the threshold | 0), P(at least the threshold | 1)
    hit_1 = _mass_from(masses[1], sampler.threshold)
    hit_0 = 1 - _mass_from(masses[0], sampler.threshold)
    positive = float(_share_of_label(sampler, 1))
    confusion = ConfusionCounts(
        true_positive=round(positive * hit_1 * _WHOLE),
        false_positive=round((1 - positive) * (1 - hit_0) * _WHOLE),
        false_negative=round(positive * (1 - hit_1) * _WHOLE),
        true_negative=round((1 - positive) * hit_0 * _WHOLE),
    )
    return Truth(
        success_rate=positive * hit_1 + (1 - positive) * hit_0,
        confusion=confusion,
        roc_auc=_roc_auc(masses[0], masses[1]) if 0 < positive < 1 else nan,
        brier=positive * _mean_square(masses[1], 1) + (1 - positive) * _mean_square(masses[0], 0),
    )


def mixed_truth(
    parts: Sequence[tuple[float, OutcomeSampler, Truth]], *, with_roc_auc: bool = True
) -> Truth:
    """The truth of answers of which shares, which add up to 1, come from several samplers.

    Each part is its share, its sampler and the sampler's truth. The AUC, which takes longest, is
    NaN where it is not asked for.
    """
    if len(parts) == 1:
        return parts[0][2]

    def mean(of: Callable[[Truth], float]) -> float:
        return fsum(share * of(truth) for share, _, truth in parts)

    reward = mean(lambda truth: truth.reward)
    squares = mean(lambda truth: truth.reward_variance + truth.reward**2)
    confusion = _mixed_confusion(parts)
    return Truth(
        success_rate=mean(lambda truth: truth.success_rate),
        confusion=confusion,
        roc_auc=_mixed_roc_auc(parts) if with_roc_auc and confusion is not None else nan,
        brier=mean(lambda truth: truth.brier),
        reward=reward,
        reward_variance=squares - reward**2,
    )


def _mixed_confusion(
    parts: Sequence[tuple[float, OutcomeSampler, Truth]],
) -> ConfusionCounts | None:
    cells = [0.0] * 4
    for share, _, truth in parts:
        if truth.confusion is None:
            return None
        whole = sum(truth.confusion)
        cells = [
            cell + share * own / whole for cell, own in zip(cells, truth.confusion, strict=True)
        ]
    return ConfusionCounts(*(round(cell * _WHOLE) for cell in cells))


def _mixed_roc_auc(parts: Sequence[tuple[float, OutcomeSampler, Truth]]) -> float:
    """Of the scores of all parts together."""
    pooled = []
    for label in (0, 1):
        shares = [share * float(_share_of_label(own, label)) for share, own, _ in parts]
        whole = fsum(shares)
        if whole == 0:
            return nan
        masses = [
            (share / whole, _class_masses(own, label))
            for share, (_, own, _) in zip(shares, parts, strict=True)
            if share > 0
        ]
        pooled.append(
            _Masses(
                np.concatenate([each.low for _, each in masses]),
                np.concatenate([each.high for _, each in masses]),
                np.concatenate([share * each.mass for share, each in masses]),
            )
        )
    return _roc_auc(pooled[0], pooled[1])


def _truth_of_rewards(sampler: OutcomeSampler, table: QuantileTable, scale: RewardScale) -> Truth:
    """Mean as described, so that equal means are equal; variance of the table and of the zeros."""
    low, high, mass = table.pieces()
    earning = float(sampler.shares[0])
    # About the mean of what is earned, so that nothing cancels.
    earned = fsum((mass * ((low + high) / 2)).tolist())
    start, end = low - earned, high - earned
    spread = fsum((mass * ((start * start + start * end + end * end) / 3)).tolist())
    from_zero = earned - scale.zero
    return Truth(
        success_rate=nan,
        confusion=None,
        roc_auc=nan,
        brier=nan,
        reward=sampler.reward_mean * earning,
        reward_variance=scale.squared(earning * (spread + (1.0 - earning) * from_zero**2)),
    )


def _truth_of_rows(sampler: OutcomeSampler) -> Truth:
    """The truth of a joint table's column, whole rows counted: equal models are exactly equal."""
    cells = [[Fraction(0), Fraction(0)], [Fraction(0), Fraction(0)]]
    for share, label, correct in zip(sampler.shares, sampler.labels, sampler.correct, strict=True):
        cells[label][correct] += share
    scale = lcm(*(share.denominator for share in sampler.shares))
    (false_positive, true_negative), (false_negative, true_positive) = (
        [int(share * scale) for share in row] for row in cells
    )
    masses = [_class_masses(sampler, label) for label in (0, 1)]
    positive = float(cells[1][0] + cells[1][1])
    return Truth(
        success_rate=float(cells[0][1] + cells[1][1]),
        confusion=ConfusionCounts(true_positive, false_positive, false_negative, true_negative),
        roc_auc=_roc_auc(masses[0], masses[1]) if 0 < positive < 1 else nan,
        brier=positive * _mean_square(masses[1], 1) + (1 - positive) * _mean_square(masses[0], 0),
    )


@dataclass(frozen=True, slots=True)
class _Masses:
    """A score distribution: point masses at `low == high`, uniform masses between."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    mass: NDArray[np.float64]


def _share_of_label(sampler: OutcomeSampler, label: int) -> Fraction:
    pairs = zip(sampler.shares, sampler.labels, strict=True)
    return sum((share for share, own in pairs if own == label), Fraction(0))


def _class_masses(sampler: OutcomeSampler, label: int) -> _Masses:
    if sampler.score_tables is not None:
        low, high, mass = sampler.score_tables[label].pieces()
        return _Masses(low, high, mass)
    whole = _share_of_label(sampler, label) or Fraction(1)
    chosen = np.flatnonzero(sampler.labels == label)
    points = sampler.scores[chosen]
    assert not np.any(points == NONE)
    return _Masses(points, points, np.array([float(sampler.shares[row] / whole) for row in chosen]))


def _mass_from(masses: _Masses, cut: int) -> float:
    """Probability of a score of at least `cut`."""
    width = np.maximum(masses.high - masses.low, 1)
    point = masses.low == masses.high
    part = np.clip((masses.high - cut) / width, 0.0, 1.0)
    return fsum((masses.mass * np.where(point, masses.low >= cut, part)).tolist())


def _mean_square(masses: _Masses, label: int) -> float:
    """Mean of (score - label)**2, exact for points and uniform pieces."""
    low, high = masses.low / SCORE_ONE - label, masses.high / SCORE_ONE - label
    return fsum((masses.mass * ((low * low + low * high + high * high) / 3)).tolist())


def _roc_auc(negative: _Masses, positive: _Masses) -> float:
    """P(positive scores above negative) + P(equal) / 2, on the common refinement of both."""
    ends = [masses.low for masses in (negative, positive)]
    ends += [masses.high for masses in (negative, positive)]
    grid = np.unique(np.concatenate(ends))
    points_0, between_0 = _refine(negative, grid)
    points_1, between_1 = _refine(positive, grid)
    steps_0, steps_1 = (
        np.ravel(np.column_stack([points, np.append(between, 0.0)]))
        for points, between in ((points_0, between_0), (points_1, between_1))
    )
    below = np.cumsum(steps_0) - steps_0
    return fsum((steps_1 * (below + steps_0 / 2)).tolist())


def _refine(
    masses: _Masses, grid: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Point masses at the grid's values, and uniform masses between neighbours."""
    point = masses.low == masses.high
    points = np.zeros(grid.size)
    np.add.at(points, np.searchsorted(grid, masses.low[point]), masses.mass[point])
    low, high = masses.low[~point], masses.high[~point]
    density = masses.mass[~point] / (high - low)
    change = np.zeros(grid.size)
    np.add.at(change, np.searchsorted(grid, low), density)
    np.add.at(change, np.searchsorted(grid, high), -density)
    return points, np.cumsum(change)[:-1] * np.diff(grid)


def metric_difference(value: float, other: float) -> float:
    """How far one true value lies above another: exactly 0 within the rounding of floats."""
    if isnan(value) or isnan(other):
        return nan
    difference = value - other
    return 0.0 if abs(difference) <= _ROUNDING * max(abs(value), abs(other)) else difference
