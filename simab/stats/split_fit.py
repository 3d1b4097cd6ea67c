"""Which rule a split is consistent with: counts of a phase of constant weights against its shares.

What was counted (requests, or clients once each) is cut by time since the phase began and by
whether the client had asked before it. A sound rule gives every cell the shares asked for; what a
flawed one gives differs in a way that has a name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simab.errors import InvalidInput
from simab.stats.goodness_of_fit import chi_square_shares
from simab.stats.sample_ratio import multinomial_exact, one_share_power

__all__ = [
    "TIME_BINS",
    "MixedSplit",
    "PhaseCells",
    "fits_shares",
    "keeps_clients",
    "mixes_at_first",
    "mixes_throughout",
    "seen_shift",
    "time_bin_of",
    "whole_p_value",
]

Floats = NDArray[np.float64]

TIME_BINS: Final = 7
"""Bins of what was counted in a phase, in order: the first 1/64, up to 1/32, ... the last half."""
_LATE: Final = 2  # bins, three quarters of what was counted, in which a lag must be over
_FEWEST: Final = 10.0  # expected in a category, for the chi-square to be good far in its tail
_MOST_OUTCOMES: Final = 20_000  # that an exact test adds up


@dataclass(frozen=True, slots=True, eq=False)
class PhaseCells:
    """Counts of one phase, shape (TIME_BINS, 2, variants): new clients first, then known ones.

    `shares` are those asked for, and `before` those of the phase before (None: there was none), of
    shape (variants,), each summing to 1.
    """

    counts: NDArray[np.int64]
    shares: Floats
    before: Floats | None = None

    def __post_init__(self) -> None:
        width = self.shares.size
        if self.counts.shape != (TIME_BINS, 2, width):
            raise InvalidInput(
                f"counts: shape {self.counts.shape}, must be ({TIME_BINS}, 2, {width}): bins of "
                "time, new and known clients, and the variants of `shares`."
            )

    @property
    def total(self) -> NDArray[np.int64]:
        """By variant."""
        found: NDArray[np.int64] = self.counts.sum(axis=(0, 1))
        return found


@dataclass(frozen=True, slots=True)
class MixedSplit:
    """How well a mixture of the shares before and those asked for fits: part of the old, p."""

    old_part: float
    p_value: float


def time_bin_of(place: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """The bin of the entries at these places (from 0) of so many in order of time."""
    edges = total / 2.0 ** np.arange(TIME_BINS - 1, 0, -1)
    return np.searchsorted(edges, place, side="right")


def fits_shares(cells: PhaseCells, shares: ArrayLike | None = None) -> float:
    """p-value that every cell has constant shares, those asked for by default.

    Three tests, over all, by time and by new and known clients; the least p-value three times
    (Bonferroni). Over all it is exact for two variants, and for more where few are expected; the
    others are chi-squares of cells in which ten are expected at least, the rest being left out.
    """
    wanted = cells.shares if shares is None else np.asarray(shares, dtype=np.float64)
    tests = (
        whole_p_value(cells.total, wanted),
        _p_value(_enough(list(cells.counts.sum(axis=1)), wanted), wanted),
        _p_value(_large(list(cells.counts.sum(axis=0)), wanted), wanted),
    )
    return min(3.0 * min(tests), 1.0)


def whole_p_value(counts: NDArray[np.int64], shares: Floats) -> float:
    """p-value that counts have these shares (shapes: variants).

    Of two variants twice the smaller tail of the binomial law, at most 1. Of more the chi-square,
    or where few are expected of one the exact multinomial test; where that has too many outcomes,
    the rarest are counted as one.
    """
    possible = shares > 0.0
    if counts[~possible].any():
        return 0.0
    seen, wanted, total = counts[possible], shares[possible], int(counts.sum())
    if total == 0 or wanted.size == 1:
        return 1.0
    if wanted.size == 2:
        return _two_tails(int(seen[0]), total, float(wanted[0]))
    if total * wanted.min() >= _FEWEST:
        return float(chi_square_shares(seen, wanted).p_value)
    if math.comb(total + wanted.size - 1, wanted.size - 1) <= _MOST_OUTCOMES:
        return multinomial_exact(seen, wanted).p_value
    rare = np.argsort(wanted)[:2]
    rest = np.delete(np.arange(wanted.size), rare)
    merged = np.append(seen[rest], seen[rare].sum())
    return whole_p_value(merged, np.append(wanted[rest], wanted[rare].sum()))


def _two_tails(hits: int, total: int, share: float) -> float:
    from scipy.special import bdtr, bdtrc

    below = float(bdtr(hits, total, share))
    above = float(bdtrc(hits - 1, total, share)) if hits else 1.0
    return min(2.0 * min(below, above), 1.0)


def mixes_throughout(cells: PhaseCells) -> MixedSplit:
    """A mixture of old and new shares that is the same all the time, for all clients."""
    if not _moved(cells):
        return MixedSplit(0.0, 0.0)
    part = _old_part(cells.total, cells)
    mixed = _mixed(part, cells)
    groups = [
        _large([cells.total], mixed),
        _enough(list(cells.counts.sum(axis=1)), mixed),
        _large(list(cells.counts.sum(axis=0)), mixed),
    ]
    tests = [_p_value(each, mixed, fitted=1) for each in groups]
    return MixedSplit(part, min(3.0 * min(tests), 1.0))


def mixes_at_first(cells: PhaseCells) -> MixedSplit:
    """Old shares at first, less and less of them, for all clients alike; then those asked for.

    The part is that of the first bin.
    """
    if not _moved(cells):
        return MixedSplit(0.0, 0.0)
    by_time, best = cells.counts.sum(axis=1), MixedSplit(0.0, 0.0)
    for bins in range(1, TIME_BINS - _LATE + 1):
        late = _p_value(_enough(list(by_time[bins:]), cells.shares), cells.shares)
        early = _fitted_each(list(by_time[:bins]), cells)
        alike = _alike(cells.counts[:bins].sum(axis=0))
        p_value = min(3.0 * min(late, early, alike), 1.0)
        if p_value > best.p_value:
            best = MixedSplit(_old_part(by_time[:bins].sum(axis=0), cells), p_value)
    return best


def keeps_clients(cells: PhaseCells) -> MixedSplit:
    """Shares as asked for new clients; those known before may be anywhere.

    They were drawn in any of the phases before, so that nothing follows for them from this one. The
    part is that of a mixture with the phase before.
    """
    new, known = cells.counts[:, 0], cells.counts[:, 1]
    tests = (
        whole_p_value(new.sum(axis=0), cells.shares),
        _p_value(_enough(list(new), cells.shares), cells.shares),
    )
    part = _old_part(known.sum(axis=0), cells) if _moved(cells) else 0.0
    return MixedSplit(part, min(3.0 * min(tests), 1.0))


def seen_shift(
    total: int, share: float, towards: float, *, alpha: float, power: float = 0.9
) -> float:
    """How far a share must be off, at least, to be seen among so many with this power; else NaN.

    Off in the direction of `towards`, and no further than that. By the exact test of the whole.
    """
    if total < 1 or not 0.0 < share < 1.0 or towards == share:
        return math.nan
    distance = towards - share

    def seen(part: float) -> bool:
        actual = min(max(share + part * distance, 0.0), 1.0)
        return one_share_power(total, actual, share, alpha=alpha) >= power

    return abs(distance) * _least(seen, 1.0) if seen(1.0) else math.nan


def _least(holds: Callable[[float], bool], most: float) -> float:
    """The least value up to `most` from which on something holds, by halving."""
    low, high = 0.0, most
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _moved(cells: PhaseCells) -> bool:
    return cells.before is not None and not np.allclose(cells.before, cells.shares)


def _mixed(part: float, cells: PhaseCells) -> Floats:
    assert cells.before is not None
    mixed: Floats = part * cells.before + (1.0 - part) * cells.shares
    return mixed


def _old_part(counts: NDArray[np.int64], cells: PhaseCells) -> float:
    """The part of the old shares that makes counts most likely, from 0 to 1."""
    assert cells.before is not None
    counted = counts > 0
    gain = (cells.before - cells.shares)[counted]

    def falls(part: float) -> bool:
        """Whether the likelihood, whose logarithm is concave, is past its maximum."""
        mixed = _mixed(part, cells)[counted]
        return bool((counts[counted] * gain / np.maximum(mixed, 1e-300)).sum() <= 0.0)

    if not counted.any() or falls(0.0):
        return 0.0
    return _least(falls, 1.0)


def _fitted_each(counts: list[NDArray[np.int64]], cells: PhaseCells) -> float:
    """p-value that each has some mixture of its own; Bonferroni over them."""
    tests = [
        _p_value([each], _mixed(_old_part(each, cells), cells), fitted=1)
        for each in counts
        if each.sum()
    ]
    return min([1.0, *(len(tests) * each for each in tests)])


def _alike(groups: NDArray[np.int64]) -> float:
    """p-value that new and known clients have the same shares, shape (2, variants)."""
    total = groups.sum(axis=0)
    if not (groups.sum(axis=1) > 0).all():
        return 1.0
    shares = total / total.sum()
    return _p_value(_large(list(groups), shares), shares, fitted=int((total > 0).sum()) - 1)


def _large(counts: list[NDArray[np.int64]], shares: Floats) -> list[NDArray[np.int64]]:
    """All of them, if there are enough for a chi-square in each; else none."""
    least = float(shares[shares > 0.0].min()) * min(int(each.sum()) for each in counts)
    return counts if least >= _FEWEST else []


def _enough(counts: list[NDArray[np.int64]], shares: Floats) -> list[NDArray[np.int64]]:
    """The same counts, neighbours added up where few are expected; none if few are in all."""
    least = float(shares[shares > 0.0].min())
    found: list[NDArray[np.int64]] = []
    held = np.zeros(shares.size, dtype=np.int64)
    for each in counts:
        held = held + each
        if held.sum() * least >= _FEWEST:
            found.append(held)
            held = np.zeros(shares.size, dtype=np.int64)
    if held.any() and found:
        found = [*found[:-1], found[-1] + held]
    return found


def _p_value(groups: list[NDArray[np.int64]], shares: Floats, *, fitted: int = 0) -> float:
    """p-value of counts in groups that all have these shares, of which some numbers were fitted."""
    counted = [each for each in groups if each.sum()]
    possible = shares > 0.0
    if any(each[~possible].any() for each in counted):
        return 0.0
    degrees = len(counted) * (int(possible.sum()) - 1) - fitted
    if degrees <= 0:
        return 1.0
    from scipy.special import chdtrc

    statistic = sum(chi_square_shares(each, shares).statistic for each in counted)
    return float(chdtrc(degrees, statistic))
