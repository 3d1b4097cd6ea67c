"""The phases of constant weights over many runs: shares, tests, and what a change does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.measure import PhaseSplit, RunFairness
from simab.analyse.fairness.naming import ALPHA, level_of
from simab.analyse.fairness.over_runs import mean_over_runs, share_of_runs
from simab.analyse.fairness.studied import RuleStudied
from simab.result.estimates import Mean
from simab.result.studied_split import PhaseFairness, SettlingPoint, ShiftPower
from simab.stats.goodness_of_fit import chi_square_shares
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.sample_ratio import mixed_share_test, one_share_power
from simab.stats.split_fit import TIME_BINS, seen_shift
from simab.units import seconds

__all__ = ["phases_of", "units_tested"]

Floats = NDArray[np.float64]

_FIVE_POINTS: Final = 0.05
_NORMAL_95: Final = two_sided_normal_quantile(0.95)
_ENOUGH_FOR_A_SHARE: Final = 400  # requests, which a standard error of 2.5 points has at most


def phases_of(studied: RuleStudied, runs: Sequence[RunFairness]) -> Iterable[PhaseFairness]:
    """Phases of the same number and shares, those that half of the runs have at least."""
    found: dict[tuple[int, tuple[float, ...]], list[tuple[PhaseSplit, int]]] = {}
    for run in runs:
        for phase in run.phases:
            key = phase.number, tuple(phase.asked.shares.tolist())
            found.setdefault(key, []).append((phase, len(run.phases)))
    for (number, _), phases in sorted(found.items()):
        if 2 * len(phases) < len(runs):
            continue
        yield _phase(studied, number, [each for each, _ in phases], max(n for _, n in phases))


def _phase(
    studied: RuleStudied, number: int, phases: Sequence[PhaseSplit], of: int
) -> PhaseFairness:
    first, names = phases[0], studied.variants
    units = float(np.mean([units_tested(studied, each) for each in phases]))
    candidate = names.index(studied.candidate)
    spread = sum((each.spread_lagged for each in phases), np.zeros_like(first.spread_lagged))
    lagged = sum((each.requests_lagged for each in phases), np.zeros_like(first.requests_lagged))
    users = sum((each.users_at for each in phases), np.zeros_like(first.users_at))
    lag_s = np.mean([each.lag_ns for each in phases], axis=0) / 1e9
    shares = first.asked.shares
    share = float(shares[candidate])
    return PhaseFairness(
        number=number,
        since_s=float(np.median([seconds(each.asked.since_ns) for each in phases])),
        shares={
            name: float(share) for name, share in zip(names, shares, strict=True) if share > 0.0
        },
        runs=len(phases),
        units_each=units,
        realised=_shares_by_variant(names, [each.requests for each in phases]),
        realised_users=_shares_by_variant(names, [each.users for each in phases]),
        off=share_of_runs(_off(each.cells.total, shares, ALPHA) for each in phases),
        off_requests=share_of_runs(_off(each.requests, shares, ALPHA) for each in phases),
        off_users=share_of_runs(_off(each.users, shares, ALPHA) for each in phases),
        off_sequential=share_of_runs(_off_in_sequence(each, shares) for each in phases),
        seen_below=seen_shift(int(units), share, 0.0, alpha=level_of(of)),
        seen_above=seen_shift(int(units), share, 1.0, alpha=level_of(of)),
        changed=bool(lag_s.size),
        requests_settled_s=_settled_s(lag_s, (lagged, spread), shares, studied.tolerance),
        users_settled_s=_settled_s(lag_s, (users, users.sum(axis=1)), shares, studied.tolerance),
        clients_moved=mean_over_runs([_moved(each) for each in phases], most=1.0),
        clients_to_move=_to_move(first),
        settling=tuple(_settling(lag_s, (lagged, spread), users, (candidate, share))),
        powers=_powers(int(units), share, level_of(of), studied.tolerance),
        asked_s=_median([each.asked.asked_ns for each in phases]),
    )


def _powers(units: int, share: float, level: float, tolerance: float) -> tuple[ShiftPower, ...]:
    """How often one run shows the tolerance, and five points; no share below 0 or above 1."""
    if not 0.0 < share < 1.0 or units < 1:
        return ()
    return tuple(
        ShiftPower(
            shift,
            max(
                one_share_power(units, actual, share, alpha=level)
                for actual in (share - shift, share + shift)
                if 0.0 <= actual <= 1.0
            ),
        )
        for shift in sorted({tolerance, _FIVE_POINTS})
        if share - shift >= 0.0 or share + shift <= 1.0
    )


def _median(asked_ns: Sequence[int | None]) -> float:
    known = [seconds(each) for each in asked_ns if each is not None]
    return float(np.median(known)) if known else math.nan


def _shares_by_variant(
    names: Sequence[str], counts: Sequence[NDArray[np.int64]]
) -> dict[str, Mean]:
    counted = [each / each.sum() for each in counts if each.sum()]
    return {
        name: mean_over_runs([float(each[place]) for each in counted], most=1.0)
        for place, name in enumerate(names)
    }


def _settling(
    lag_s: Floats,
    counted: tuple[NDArray[np.int64], NDArray[np.int64]],
    users: NDArray[np.int64],
    candidate: tuple[int, float],
) -> Iterable[SettlingPoint]:
    """Times whose requests since the one before are enough for a share; the last in any case."""
    place, share = candidate
    since, spread = np.zeros(users.shape[1:], dtype=np.int64), 0
    for at, (now, wide, held) in enumerate(zip(*counted, users, strict=True)):
        since, spread = since + now, spread + int(wide)
        if since.sum() >= _ENOUGH_FOR_A_SHARE or at == len(lag_s) - 1:
            yield SettlingPoint(
                float(lag_s[at]),
                _part(since, place),
                _part(held, place),
                _promised(share, spread, int(since.sum())),
                _promised(share, int(held.sum()), int(held.sum())),
            )
            since, spread = np.zeros_like(now), 0


def _promised(share: float, spread: int, total: int) -> float:
    """Half the width that 95 % of draws keep within; `spread` is the sum of squares of clients."""
    return _NORMAL_95 * math.sqrt(share * (1.0 - share) * spread) / total if total else math.nan


def _part(counts: NDArray[np.int64], place: int) -> float:
    total = int(counts.sum())
    return float(counts[place]) / total if total else math.nan


def _moved(phase: PhaseSplit) -> float:
    total = int(phase.moved.sum())
    return 1.0 - int(np.trace(phase.moved)) / total if total else math.nan


def _to_move(phase: PhaseSplit) -> float:
    """Half the sum of all changes of shares."""
    before = phase.cells.before
    return math.nan if before is None else float(np.abs(phase.asked.shares - before).sum()) / 2.0


def _off(counts: NDArray[np.int64], shares: Floats, alpha: float) -> bool:
    return bool(chi_square_shares(counts, shares).p_value < alpha)


def _off_in_sequence(phase: PhaseSplit, shares: Floats) -> bool:
    """Whether one of seven looks, each at twice as many units as the one before, sees it."""
    seen = phase.cells.counts.sum(axis=1).cumsum(axis=0)
    return any(mixed_share_test(seen[look], shares).p_value < ALPHA for look in range(TIME_BINS))


def units_tested(studied: RuleStudied, phase: PhaseSplit) -> int:
    """How many requests or clients say something of the split; where clients are kept, new ones."""
    counts = phase.cells.counts
    return int(counts[:, 0].sum() if studied.keeps else counts.sum())


def _settled_s(
    lag_s: Floats,
    counted: tuple[NDArray[np.int64], NDArray[np.int64]],
    shares: Floats,
    tolerance: float,
) -> float:
    """From when on counts keep within the tolerance of the shares, or of what chance does to them;
    NaN where they do not.
    """
    if not lag_s.size:
        return math.nan
    counts, spread = counted
    total = counts.sum(axis=1, keepdims=True)
    deviation = np.abs(counts / np.maximum(total, 1) - shares)
    variance = shares * (1.0 - shares) * spread[:, np.newaxis]
    chance = 4.0 * np.sqrt(variance) / np.maximum(total, 1)
    away = ((deviation > tolerance) & (deviation > chance) & (total > 0)).any(axis=1)
    if not away.any():
        return 0.0
    last = int(np.flatnonzero(away)[-1])
    return float(lag_s[last + 1]) if last + 1 < lag_s.size else math.nan
