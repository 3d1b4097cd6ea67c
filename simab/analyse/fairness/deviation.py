"""How far shares were off over time: the fan, its envelope, longest runs and the scan."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.measure import RunFairness
from simab.analyse.fairness.over_runs import mean_over_runs, share_of_runs
from simab.analyse.fairness.routed import AskedPhase
from simab.analyse.fairness.studied import RuleStudied
from simab.result.estimates import Mean, Proportion
from simab.result.studied_split import FanPoint, LongestRun
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.longest_run import longest_run_probability
from simab.stats.share_scan import largest_deviation, scan_reference
from simab.units import seconds

__all__ = ["band_of", "beyond_scan", "fan_of", "longest_runs", "windows_expected", "windows_within"]

Floats = NDArray[np.float64]

_FAN: Final = (0.025, 0.25, 0.5, 0.75, 0.975)
_ALL_RUNS: Final = 40
"""Of fewer runs the outer quantiles are the least and the greatest."""
_SELDOM: Final = 0.001
_SCAN_LEVEL: Final = 0.01
_NORMAL_95: Final = two_sided_normal_quantile(0.95)
_MOST_TRIALS: Final = 2_000  # of the recursion for longest runs, which takes a step for each


def fan_of(studied: RuleStudied, runs: Sequence[RunFairness]) -> tuple[FanPoint, ...]:
    """Realised less asked share of the candidate, over the runs with requests in the window.

    It ends with the last window in which any run had a split: of one variant nothing can be off.
    """
    place = studied.variants.index(studied.candidate)
    window = _Deviation(runs, place, cumulative=False)
    until_then = _Deviation(runs, place, cumulative=True)
    return tuple(
        FanPoint(
            end_s=seconds(int(end_ns)),
            window=window.quantiles(at),
            window_promised=window.promised(at) if studied.independent else math.nan,
            until_then=until_then.quantiles(at),
            until_then_promised=math.nan
            if studied.by_client or not studied.independent
            else until_then.promised(at),
        )
        for at, end_ns in enumerate(runs[0].windows.ends_ns[: _with_a_split(runs)])
        if until_then.any(at)
    )


def band_of(runs: Sequence[RunFairness]) -> float:
    """Which part of the runs the outer quantiles of the fan hold."""
    return 1.0 if len(runs) < _ALL_RUNS else _FAN[-1] - _FAN[0]


def _with_a_split(runs: Sequence[RunFairness]) -> int:
    """How many windows there are up to the last with a split, in any run."""
    split = np.any([run.windows.variance.max(axis=1) > 0.0 for run in runs], axis=0)
    return int(np.flatnonzero(split)[-1]) + 1 if split.any() else 0


class _Deviation:
    """By run and window: how far off a variant's share was, and its standard deviation."""

    def __init__(self, runs: Sequence[RunFairness], place: int, *, cumulative: bool) -> None:
        trials = np.array([run.windows.requests.sum(axis=1) for run in runs], dtype=np.float64)
        hits = np.array([run.windows.requests[:, place] for run in runs], dtype=np.float64)
        expected = np.array([run.windows.expected[:, place] for run in runs])
        variance = np.array([run.windows.variance[:, place] for run in runs])
        if cumulative:
            trials, hits, expected, variance = (
                each.cumsum(axis=1) for each in (trials, hits, expected, variance)
            )
        with np.errstate(invalid="ignore"):
            self.shares = (hits - expected) / np.where(trials > 0, trials, np.nan)
            self.spread = np.sqrt(variance) / np.where(trials > 0, trials, np.nan)

    def any(self, at: int) -> bool:
        return bool(np.isfinite(self.shares[:, at]).any())

    def quantiles(self, at: int) -> tuple[float, ...]:
        own = self.shares[:, at]
        known = own[np.isfinite(own)]
        if not known.size:
            return (math.nan,) * len(_FAN)
        return tuple(float(each) for each in np.quantile(known, _FAN, method="inverted_cdf"))

    def promised(self, at: int) -> float:
        known = self.spread[np.isfinite(self.spread[:, at]), at]
        return _NORMAL_95 * float(known.mean()) if known.size else math.nan


def windows_within(studied: RuleStudied, runs: Sequence[RunFairness]) -> Mean:
    """Share of a run's windows in the envelope: 95 % of draws, or a request a variant in turn.

    Of a rule that keeps clients, up to the first change: how many stay then is not promised.
    """
    place, shares = studied.variants.index(studied.candidate), []
    for run in runs:
        windows = run.windows
        off = np.abs(windows.requests[:, place] - windows.expected[:, place])
        # Half a request: counts are whole, and the envelope has their normal law.
        allowed = 0.5 + _NORMAL_95 * np.sqrt(windows.variance[:, place])
        if not studied.independent:
            allowed = np.full_like(allowed, float(len(studied.variants)))
        used = windows.variance[:, place] > 0.0
        if studied.keeps and run.phases:
            used &= windows.ends_ns <= run.phases[0].asked.until_ns
        if used.any():
            shares.append(float((off <= allowed)[used].mean()))
    return mean_over_runs(shares, most=1.0)


def windows_expected(studied: RuleStudied, runs: Sequence[RunFairness]) -> float:
    """The share of windows that lie in the envelope by the binomial law; NaN of other rules.

    Where weights change within a window, the law is that of the mean share.
    """
    if studied.by_client or not studied.independent:
        return math.nan
    from scipy.special import bdtr

    place, shares = studied.variants.index(studied.candidate), []
    for run in runs:
        used = run.windows.variance[:, place] > 0.0
        if not used.any():
            continue
        trials = run.windows.requests.sum(axis=1)[used]
        mean = run.windows.expected[used, place]
        allowed = 0.5 + _NORMAL_95 * np.sqrt(run.windows.variance[used, place])
        share = np.clip(mean / trials, 0.0, 1.0)
        most = np.minimum(np.floor(mean + allowed), trials)
        fewest = np.ceil(mean - allowed)
        below = np.where(fewest > 0, bdtr(np.maximum(fewest - 1, 0), trials, share), 0.0)
        shares.append(float((bdtr(most, trials, share) - below).mean()))
    return float(np.mean(shares)) if shares else math.nan


def longest_runs(studied: RuleStudied, runs: Sequence[RunFairness]) -> tuple[LongestRun, ...]:
    """The longest runs on each variant, in the phase that lasts longest."""
    phase = runs[0].longest_phase
    if phase is None:
        return ()
    alike = [run for run in runs if _same_shares(run, phase)]
    trials = int(np.mean([run.scanned.sum() for run in alike]))
    by_chance = studied.independent and not studied.by_client
    return tuple(
        LongestRun(
            variant=name,
            mean=float(np.mean([run.longest[place] for run in alike])),
            seldom_above=_seldom_above(trials, float(share)) if by_chance else math.nan,
        )
        for place, (name, share) in enumerate(zip(studied.variants, phase.shares, strict=True))
        if 0.0 < share < 1.0
    )


def _seldom_above(trials: int, share: float) -> float:
    """The length that the longest of independent draws exceeds once in 1,000 runs."""
    if trials < 1:
        return math.nan
    lengths = range(1, trials + 1)
    first = bisect_left(lengths, -_SELDOM, key=lambda each: -_reaches(each, trials, share))
    return float(first)


def _reaches(length: int, trials: int, share: float) -> float:
    """How probable a run of that length is: exactly of few trials, of more by Poisson's law.

    Runs of that length begin after a miss, at a rate so small that their number is Poisson's.
    """
    if trials <= _MOST_TRIALS:
        return longest_run_probability(length, trials, share)
    begins = share**length * (1.0 + (trials - length) * (1.0 - share))
    return -math.expm1(-begins)


def _same_shares(run: RunFairness, phase: AskedPhase) -> bool:
    return run.longest_phase is not None and np.array_equal(run.longest_phase.shares, phase.shares)


def beyond_scan(studied: RuleStudied, runs: Sequence[RunFairness]) -> tuple[Proportion, int]:
    """How often the largest deviation of a run is one of the 1 % largest of independent draws.

    And of how many runs: those of which the longest phase has the same shares.
    """
    place = studied.variants.index(studied.candidate)
    phase = runs[0].longest_phase
    if phase is None or not 0.0 < phase.shares[place] < 1.0 or not studied.independent:
        return share_of_runs([]), 0
    own = [run for run in runs if _same_shares(run, phase)]
    reference = np.mean([run.scanned.sum(axis=1) for run in own], axis=0).round()
    share = float(phase.shares[place])
    scores = [
        largest_deviation(run.scanned[:, place], run.scanned.sum(axis=1), share).score
        for run in own
    ]
    limit = _scan_limit(reference, share)
    return share_of_runs(abs(each) > limit for each in scores), len(scores)


def _scan_limit(trials: Floats, share: float) -> float:
    """The score that 1 % of simulations exceed."""
    scores = scan_reference(trials, share)
    return float(np.quantile(scores, 1.0 - _SCAN_LEVEL, method="higher"))
