"""Records of runs to what they say together: fans, coverage, who leads, bias against an oracle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.run_shares import share_estimate
from simab.result.estimates import Proportion
from simab.result.studied_convergence import (
    Coverage,
    ExampleSeries,
    Fan,
    LabelBias,
    LabelledPoint,
    Leader,
    VariantConvergence,
)
from simab.stats.interval import two_sided_normal_quantile
from simab.stats.intervals import mean_interval

__all__ = [
    "MetricRuns",
    "better_variant",
    "coverage_of",
    "difference_bias",
    "difference_convergence",
    "label_bias",
    "labelled_points",
    "leader_of",
    "settles_at",
    "spread_of",
    "variant_convergence",
]

Floats = NDArray[np.float64]
_QUANTILES: Final = (5.0, 25.0, 50.0, 75.0, 95.0)
_Z: Final = two_sided_normal_quantile(0.95)
_DECLARED: Final = 0.05
_ANY: Final = (-math.inf, math.inf)
_HALF: Final = 0.5
_ENOUGH: Final = 0.9
"""A spread is that of nine runs in ten at least: those that have the metric early are not alike."""
SETTLED: Final = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class MetricRuns:
    """A metric in all runs: shape (runs, 2, checkpoints), differences (runs, checkpoints)."""

    value: Floats
    low: Floats
    high: Floats
    difference: Floats
    error: Floats
    p_value: Floats


def variant_convergence(
    value: Floats,
    low: Floats,
    high: Floats,
    truth: float,
    *,
    within: tuple[float, float] = _ANY,
) -> VariantConvergence:
    """Of estimates with intervals, shape (runs, checkpoints) each; the first run is the example.

    Its interval is shown as far as the metric can be, which lies `within` two values.
    """
    return VariantConvergence(
        fan=_fan(value),
        example=ExampleSeries(
            value=tuple(value[0].tolist()),
            low=tuple(np.clip(low[0], *within).tolist()),
            high=tuple(np.clip(high[0], *within).tolist()),
        ),
        half_width=tuple(_medians((high - low) / 2.0)),
        coverage=tuple(coverage_of(low[:, at], high[:, at], truth) for at in range(value.shape[1])),
    )


def difference_convergence(
    runs: MetricRuns, truth: float, *, within: tuple[float, float] = _ANY
) -> VariantConvergence:
    """Of the difference, with the normal interval of its standard error."""
    margin = _Z * runs.error
    return variant_convergence(
        runs.difference, runs.difference - margin, runs.difference + margin, truth, within=within
    )


def coverage_of(low: Floats, high: Floats, truth: float) -> Coverage:
    """How many of the runs that have an interval cover the truth (shapes: runs)."""
    known = np.isfinite(low) & np.isfinite(high)
    intervals = int(known.sum()) if math.isfinite(truth) else 0
    covered = int(((low <= truth) & (truth <= high) & known).sum())
    return Coverage(share_estimate(covered, intervals), intervals, low.size)


def better_variant(difference: float, lower_is_better: bool, names: tuple[str, str]) -> str:
    """Which of control and candidate is truly better; empty where neither is, or it is unknown."""
    if not difference or math.isnan(difference):
        return ""
    return names[(difference > 0) != lower_is_better]


def leader_of(runs: MetricRuns, gain: int) -> Leader:
    """Who leads at each checkpoint; `gain` is +1 where a greater difference speaks for the better.

    A run without an estimate counts as one in which neither leads.
    """
    ahead = gain * runs.difference
    sure = runs.p_value <= _DECLARED
    return Leader(
        leads=_shares(ahead > 0),
        ties=_shares(ahead == 0),
        behind=_shares(ahead < 0),
        declared=_shares(sure & (ahead > 0)),
        declared_wrong=_shares(sure & (ahead < 0)),
    )


def settles_at(leader: Leader, times_s: Sequence[float]) -> float:
    """The first time from which the better one leads in 95 % of the runs; NaN for none."""
    behind = [at for at, each in enumerate(leader.leads) if not each.share >= SETTLED]
    first = behind[-1] + 1 if behind else 0
    return times_s[first] if first < len(times_s) else math.nan


def spread_of(values: Floats) -> Floats:
    """Standard deviation over the runs at each checkpoint; NaN where too few have the metric."""
    known = np.isfinite(values)
    enough = known.sum(axis=0) >= max(2.0, _ENOUGH * len(values))
    found = np.full(values.shape[1], math.nan)
    if enough.any():
        found[enough] = np.nanstd(values[:, enough], axis=0, ddof=1)
    return found


def labelled_points(
    counts: Sequence[int],
    reached_s: Floats,
    runs: MetricRuns,
    truths: tuple[float, float, float],
    gain: int,
) -> tuple[LabelledPoint, ...]:
    """What runs say once both variants have each count; counts that no run reached are left out.

    `reached_s` has shape (runs, counts); `truths` are of control, candidate and difference.
    """
    leader = leader_of(runs, gain)
    margin = _Z * runs.error
    points = []
    for at, labelled in enumerate(counts):
        reached = np.isfinite(reached_s[:, at])
        if not reached.any():
            continue
        ends = {
            "control": (runs.low[:, 0, at], runs.high[:, 0, at], truths[0]),
            "candidate": (runs.low[:, 1, at], runs.high[:, 1, at], truths[1]),
            "difference": (
                (runs.difference - margin)[:, at],
                (runs.difference + margin)[:, at],
                truths[2],
            ),
        }
        one = slice(at, at + 1)
        points.append(
            LabelledPoint(
                labelled=labelled,
                reached=int(reached.sum()),
                at_s=float(np.median(reached_s[reached, at])),
                control=_fan(runs.value[:, 0, one]),
                candidate=_fan(runs.value[:, 1, one]),
                difference=_fan(runs.difference[:, one]),
                leads=leader.leads[at],
                ties=leader.ties[at],
                behind=leader.behind[at],
                declared=leader.declared[at],
                declared_wrong=leader.declared_wrong[at],
                covered={name: coverage_of(*each) for name, each in ends.items()},
            )
        )
    return tuple(points)


def label_bias(
    variant: str,
    truth: float,
    seen: tuple[Floats, Floats],
    oracle: tuple[Floats, Floats],
) -> LabelBias:
    """At the end of each run: estimates and numbers of labels (shapes: runs), run by run."""
    both = np.isfinite(seen[0]) & np.isfinite(oracle[0])
    gap = mean_interval((seen[0] - oracle[0])[both])
    spreads = [_deviation(each[0][both]) for each in (seen, oracle)]
    return LabelBias(
        variant=variant,
        truth=truth,
        seen=_mean(seen[0][both]),
        oracle=_mean(oracle[0][both]),
        bias=gap.estimate,
        low=gap.interval.low,
        high=gap.interval.high,
        seen_labels=_mean(seen[1]),
        all_labels=_mean(oracle[1]),
        wider=spreads[0] / spreads[1] if spreads[1] > 0 else math.nan,
    )


def difference_bias(seen: Floats, oracle: Floats) -> dict[str, Any]:
    """Differences seen less those of all labels, by checkpoint (shapes: runs, checkpoints).

    Returns:
        The fields `bias`, `low`, `high` and `wider` of a `CountingBias`.
    """
    known = np.isfinite(seen) & np.isfinite(oracle)
    estimates = []
    for at in range(seen.shape[1]):
        gaps = (seen[:, at] - oracle[:, at])[known[:, at]]
        if known[:, at].mean() < _ENOUGH:
            gaps = gaps[:0]
        estimates.append(mean_interval(gaps))
    last = known[:, -1]
    spreads = [_deviation(each[last, -1]) for each in (seen, oracle)]
    return {
        "bias": tuple(each.estimate for each in estimates),
        "low": tuple(each.interval.low for each in estimates),
        "high": tuple(each.interval.high for each in estimates),
        "wider": spreads[0] / spreads[1] if spreads[1] > 0 else math.nan,
    }


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else math.nan


def _deviation(values: Floats) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else 0.0


def _fan(values: Floats) -> Fan:
    """Quantiles over the runs that have the metric, each the value of some run; see `Fan`."""
    found = np.full((len(_QUANTILES), values.shape[1]), math.nan)
    some = np.isfinite(values).sum(axis=0) >= max(1.0, _HALF * len(values))
    if some.any():
        found[:, some] = np.nanpercentile(
            values[:, some], _QUANTILES, axis=0, method="inverted_cdf"
        )
    p5, p25, p50, p75, p95 = (tuple(each) for each in found.tolist())
    return Fan(p5=p5, p25=p25, p50=p50, p75=p75, p95=p95)


def _medians(values: Floats) -> list[float]:
    return list(_fan(values).p50)


def _shares(happened: NDArray[np.bool_]) -> tuple[Proportion, ...]:
    return tuple(share_estimate(int(each), len(happened)) for each in happened.sum(axis=0))
