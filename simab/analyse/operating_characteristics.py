"""Rows of outcomes become operating characteristics: shares, times and costs with intervals.

All intervals are over replications, never over the requests within one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np

from simab.analyse.outcome import Outcome, Verdict, usual_reason
from simab.stats.intervals import (
    mean_interval,
    paired_difference,
    quantile_interval,
    wilson_interval,
)

__all__ = ["MEANS", "operating_characteristics", "paired_differences"]

Json = dict[str, Any]
MEANS: Final = (
    "requests_on_worse",
    "requests_total",
    "failed_share",
    "rejected_share",
    "error_share",
    "error_share_excess",
    "regret",
    "guardrail_breach_s",
    "guardrail_breach_excess_s",
    "weight_changes",
    "actions_refused",
    "in_flight_at_horizon",
    "labels_outstanding",
)
_ECDF_POINTS: Final = 200
_ALL_PAIRS_UP_TO: Final = 5


def operating_characteristics(outcomes: Sequence[Outcome]) -> Json:
    """What one policy does over its replications."""
    count = len(outcomes)
    shares = {
        str(verdict): _share(sum(outcome.verdict is verdict for outcome in outcomes), count)
        for verdict in Verdict
    }
    decided = [math.inf if o.decided_s is None else o.decided_s for o in outcomes]
    asked = [
        math.inf if o.requests_to_decision is None else float(o.requests_to_decision)
        for o in outcomes
    ]
    means = {name: _mean([float(getattr(o, name)) for o in outcomes]) for name in MEANS}
    return {
        "outcomes": shares,
        "correct": _share(sum(outcome.correct for outcome in outcomes), count),
        "decision_time_s": _quantiles(decided),
        "requests_to_decision": _quantiles(asked),
        "decision_time_ecdf": _ecdf(decided),
        "refused": _refused(outcomes),
        **means,
    }


def paired_differences(outcomes: Mapping[str, Sequence[Outcome]], horizon_s: float) -> list[Json]:
    """Differences between policies that met the same clients, replication by replication.

    Of up to five policies every pair; of more, each against the first. A run without a decision
    counts as deciding at the horizon. A replication that one of the two did not finish is left out.
    """
    names = list(outcomes)
    pairs = list(combinations(names, 2))
    if len(names) > _ALL_PAIRS_UP_TO:
        pairs = [pair for pair in pairs if pair[0] == names[0]]
    quantities: dict[str, Callable[[Outcome], float]] = {
        "correct": lambda outcome: float(outcome.correct),
        "requests_on_worse": lambda outcome: float(outcome.requests_on_worse),
        "decision_time_s": lambda o: horizon_s if o.decided_s is None else o.decided_s,
    }
    return [
        _paired(
            pair, quantity, [[value(o) for o in each] for each in _both_finished(outcomes, pair)]
        )
        for quantity, value in quantities.items()
        for pair in pairs
    ]


def _both_finished(
    outcomes: Mapping[str, Sequence[Outcome]], pair: tuple[str, str]
) -> list[list[Outcome]]:
    numbers = [{outcome.replication for outcome in outcomes[name]} for name in pair]
    both = numbers[0] & numbers[1]
    return [[o for o in outcomes[name] if o.replication in both] for name in pair]


def _paired(pair: tuple[str, str], quantity: str, values: Sequence[Sequence[float]]) -> Json:
    difference = paired_difference(values[0], values[1])
    return {
        "first": pair[0],
        "second": pair[1],
        "quantity": quantity,
        "difference": _number(difference.estimate),
        "low": _number(difference.interval.low),
        "high": _number(difference.interval.high),
        "variance_reduction": _number(difference.variance_reduction),
        "pairs": difference.count,
        "reason": difference.reason or "",
    }


def _refused(outcomes: Sequence[Outcome]) -> Json:
    """How many actions were refused in how many runs, and why in most of these runs."""
    return {
        "actions": sum(outcome.actions_refused for outcome in outcomes),
        "runs": sum(outcome.actions_refused > 0 for outcome in outcomes),
        "reason": usual_reason(outcome.refusal for outcome in outcomes if outcome.refusal),
    }


def _share(count: int, trials: int) -> Json:
    interval = wilson_interval(count, trials)
    share = count / trials if trials else math.nan
    return {"count": count, "share": share, "low": interval.low, "high": interval.high}


def _mean(values: Sequence[float]) -> Json:
    estimate = mean_interval(values)
    interval = estimate.interval
    return {
        "mean": _number(estimate.estimate),
        "low": _number(interval.low),
        "high": _number(interval.high),
    }


def _quantiles(values: Sequence[float]) -> Json:
    """Quantiles over all replications; null where a quantile lies beyond the horizon."""
    median = quantile_interval(values, 0.5)
    return {
        "decided": sum(math.isfinite(value) for value in values),
        "p10": _number(quantile_interval(values, 0.1).estimate),
        "p50": _number(median.estimate),
        "p90": _number(quantile_interval(values, 0.9).estimate),
        "p50_low": _number(median.interval.low),
        "p50_high": _number(median.interval.high),
    }


def _ecdf(values: Sequence[float]) -> Json:
    """Share of all replications decided by each time, thinned to at most 200 points."""
    times = np.sort([value for value in values if math.isfinite(value)])
    shares = np.arange(1, times.size + 1) / max(len(values), 1)
    last_of_equal = np.append(times[1:] != times[:-1], True) if times.size else np.array([], bool)
    times, shares = times[last_of_equal], shares[last_of_equal]
    if times.size > _ECDF_POINTS:
        keep = np.unique(np.linspace(0, times.size - 1, _ECDF_POINTS).round().astype(int))
        times, shares = times[keep], shares[keep]
    return {"time_s": times.tolist(), "share": shares.tolist()}


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity: what is undefined is null."""
    return value if math.isfinite(value) else None
