"""Rows of outcomes become operating characteristics: shares, times and costs with intervals.

All intervals are over replications, never over the requests within one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from simab.analyse.run_shares import share_estimate
from simab.analyse.run_summary import usual_reason
from simab.policies import HoldReason
from simab.result import (
    Characteristics,
    Ecdf,
    Ending,
    LookVerdicts,
    Mean,
    Proportion,
    Quantiles,
    Refused,
    Spread,
)
from simab.result.columns import COLUMNS, VARIANT_COLUMNS, Column, RunLimits
from simab.result.run_summary import Judgement, RunSummary, Verdict
from simab.stats.cost_intervals import cost_mean
from simab.stats.intervals import quantile_interval

__all__ = ["operating_characteristics"]

_LEAST_OF_SOME: Final = 20  # runs that have a number, below which they say little of others' spread
_MOST_LOOKS: Final = 12  # more instants at which runs are decided are no stages of a rollout
_ECDF_POINTS: Final = 10_000  # of which a table shows shares to a tenth of a percent


def operating_characteristics(
    outcomes: Sequence[RunSummary],
    limits: RunLimits | None = None,
    winners: Sequence[str] = (),
    *,
    candidates: Sequence[str],
) -> Characteristics:
    """What one policy does over its replications.

    Shares have the interval of `share_interval`, medians that of order statistics, means that of
    `cost_mean` within the limits of a run (by default of requests the most that a run had, and no
    others).
    `winners` are the variants to count endings of, besides those that the outcomes name.
    """
    limits = limits or RunLimits.of(outcomes)
    chosen = [outcome.decided_for for outcome in outcomes]
    ended = [outcome.ends_with for outcome in outcomes]
    winners = list(dict.fromkeys([*winners, *filter(None, [*chosen, *ended])]))
    verdicts = [outcome.verdict for outcome in outcomes]
    judged = [outcome.judgement for outcome in outcomes]
    decided = [outcome.time_to_decision_s for outcome in outcomes]
    asked = [
        math.inf if o.requests_to_decision is None else float(o.requests_to_decision)
        for o in outcomes
    ]
    served = dict.fromkeys(name for outcome in outcomes for name in outcome.requests_served)
    return Characteristics(
        verdicts={str(verdict): _share_of(verdict, verdicts) for verdict in Verdict},
        decides_for={name: _share_of(name, chosen) for name in winners},
        promotes=_share_of(True, [outcome.promotes(*candidates) for outcome in outcomes]),
        correct=_share_of(True, [outcome.correct for outcome in outcomes]),
        wrong=_share_of(Judgement.WRONG, judged),
        neither=_share_of(Judgement.NEITHER, judged),
        ends_with={name: _ending(name, outcomes) for name in winners},
        still_split=_share_of(None, ended),
        overturned=sum(outcome.overturned for outcome in outcomes),
        decision_time_s=_quantiles(decided),
        requests_to_decision=_quantiles(asked),
        decision_time_ecdf=_ecdf(decided),
        refused=_refused(outcomes),
        held=_held(outcomes),
        means={
            name: _mean(column, column.values(outcomes), limits) for name, column in COLUMNS.items()
        },
        variant_means={
            name: {
                variant: _mean(column, column.values(outcomes, variant), limits)
                for variant in served
            }
            for name, column in VARIANT_COLUMNS.items()
        },
        spread=_spreads(outcomes),
        looks=_looks(outcomes),
    )


def _spreads(outcomes: Sequence[RunSummary]) -> dict[str, Spread]:
    return {
        name: _spread(column.values(outcomes))
        for name, column in COLUMNS.items()
        if column.spread and outcomes
    }


def _spread(values: Sequence[float]) -> Spread:
    """Quantiles that are values of runs: the inverse of the empirical distribution."""
    found = np.quantile(values, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1), method="inverted_cdf")
    return Spread(*(float(each) for each in found))


def _looks(outcomes: Sequence[RunSummary]) -> tuple[LookVerdicts, ...]:
    """The instants at which runs were decided, with their verdicts; of many instants none."""
    decided = [(each.decided_s, each.verdict) for each in outcomes if each.decided_s is not None]
    instants = sorted({at_s for at_s, _ in decided})
    if len(instants) > _MOST_LOOKS:
        return ()
    return tuple(
        LookVerdicts(
            at_s,
            {
                str(verdict): count
                for verdict in Verdict
                if (count := decided.count((at_s, verdict)))
            },
        )
        for at_s in instants
    )


def _held(outcomes: Sequence[RunSummary]) -> dict[str, int]:
    """In how many runs the candidate was held, by reason; a run may be held for several."""
    held = [(outcome.held_for or "").split("; ") for outcome in outcomes]
    return {str(reason): sum(reason in each for each in held) for reason in HoldReason}


def _ending(variant: str, outcomes: Sequence[RunSummary]) -> Ending:
    """How often a variant has all traffic at the end, and since when at the median of these."""
    own = [outcome for outcome in outcomes if outcome.ends_with == variant]
    since = [outcome.ends_with_since_s for outcome in own if outcome.ends_with_since_s is not None]
    since_s = _number(quantile_interval(since, 0.5).estimate) if since else math.nan
    share = share_estimate(len(own), len(outcomes))
    return Ending(share.count, share.share, share.low, share.high, since_s)


def _refused(outcomes: Sequence[RunSummary]) -> Refused:
    """How many actions were refused in how many runs, and why in most of these runs."""
    return Refused(
        actions=sum(outcome.actions_refused for outcome in outcomes),
        runs=sum(outcome.actions_refused > 0 for outcome in outcomes),
        reason=usual_reason(outcome.refusal for outcome in outcomes if outcome.refusal),
    )


def _share_of(value: object, values: Sequence[object]) -> Proportion:
    return share_estimate(values.count(value), len(values))


def _mean(column: Column, values: Sequence[float], limits: RunLimits) -> Mean:
    if column.of_some:
        values = [value for value in values if not math.isnan(value)]
    if any(math.isnan(value) for value in values):
        return Mean(math.nan, math.nan, math.nan, reason="not every run has it")
    if column.of_some and len(values) < _LEAST_OF_SOME:
        reason = f"{len(values)} of the runs have it: an interval takes at least {_LEAST_OF_SOME}"
        mean = math.fsum(values) / len(values) if values else math.nan
        return Mean(_number(mean), math.nan, math.nan, reason=reason)
    found = cost_mean(values, *column.range_of(values, limits))
    return Mean(
        _number(found.estimate),
        _number(found.interval.low),
        _number(found.interval.high),
        approximate=found.approximate,
        reason=found.reason or "",
    )


def _quantiles(values: Sequence[float]) -> Quantiles:
    """Quantiles over all replications; NaN where a quantile lies beyond the horizon."""
    median = quantile_interval(values, 0.5)
    return Quantiles(
        decided=sum(math.isfinite(value) for value in values),
        p10=_number(quantile_interval(values, 0.1).estimate),
        p50=_number(median.estimate),
        p90=_number(quantile_interval(values, 0.9).estimate),
        p50_low=_number(median.interval.low),
        p50_high=_number(median.interval.high),
    )


def _ecdf(values: Sequence[float]) -> Ecdf:
    """Share of all replications decided by each time, thinned to at most 10,000 points."""
    times = np.sort([value for value in values if math.isfinite(value)])
    shares = np.arange(1, times.size + 1) / max(len(values), 1)
    last_of_equal = np.append(times[1:] != times[:-1], True) if times.size else np.array([], bool)
    times, shares = times[last_of_equal], shares[last_of_equal]
    if times.size > _ECDF_POINTS:
        keep = np.unique(np.linspace(0, times.size - 1, _ECDF_POINTS).round().astype(int))
        times, shares = times[keep], shares[keep]
    return Ecdf(tuple(times.tolist()), tuple(shares.tolist()))


def _number(value: float) -> float:
    """What is undefined or beyond the horizon is NaN: nothing is known of it."""
    return value if math.isfinite(value) else math.nan
