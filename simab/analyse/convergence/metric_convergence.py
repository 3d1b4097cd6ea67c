"""A metric of all runs, with its truth, to one record: fans, coverage, leader and sample sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from simab.analyse.convergence.needed_samples import (
    LEADS,
    TESTED,
    UNKNOWN,
    NeededSamples,
    SpreadCurve,
    arrival_s,
    detectable,
)
from simab.analyse.convergence.over_runs import (
    MetricRuns,
    better_variant,
    difference_convergence,
    labelled_points,
    leader_of,
    settles_at,
    spread_of,
    variant_convergence,
)
from simab.policies.metrics import OF_EARNINGS
from simab.result.studied_convergence import LabelBias, MetricConvergence, SampleSize

__all__ = ["AskedMetric", "Checkpoints", "LabelCheckpoints", "metric_convergence"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AskedMetric:
    """A metric with its truth: of control, of candidate, and their difference, and what is asked.

    `theory` gives the closed form for a difference: samples, and why there are none.
    """

    name: str
    kind: str
    lower_is_better: bool
    truths: tuple[float, float, float]
    effect: float
    half_width: float
    theory: dict[str, tuple[float, str]]

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1, so that no interval goes beyond."""
        return self.kind != "latency" and self.name not in OF_EARNINGS


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoints:
    """When metrics were looked at, and the mean numbers of the smaller arm by then.

    `names` are control and candidate; `starts_at` is a date of ISO 8601, or empty.
    """

    names: tuple[str, str]
    times_s: tuple[float, ...]
    samples: Floats
    starts_at: str


@dataclass(frozen=True, slots=True, eq=False)
class LabelCheckpoints:
    """A metric at counts of labels: `reached_s` has shape (runs, counts)."""

    counts: tuple[int, ...]
    reached_s: Floats
    runs: MetricRuns


def metric_convergence(
    asked: AskedMetric,
    runs: MetricRuns,
    at: Checkpoints,
    by_labels: LabelCheckpoints | None = None,
    bias: Sequence[LabelBias] = (),
) -> MetricConvergence:
    """All that is said of one metric."""
    better = better_variant(asked.truths[2], asked.lower_is_better, at.names)
    gain = _gain(asked, better)
    leader = leader_of(runs, gain)
    most = 1.0 if asked.is_share else math.inf
    least = 0.0 if asked.is_share else -math.inf
    difference = difference_convergence(runs, asked.truths[2], within=(-most, most))
    return MetricConvergence(
        name=asked.name,
        kind=asked.kind,
        lower_is_better=asked.lower_is_better,
        truth=dict(zip(at.names, asked.truths[:2], strict=True)),
        true_difference=asked.truths[2],
        asked_half_width=asked.half_width,
        better=better,
        samples=tuple(at.samples.tolist()),
        variants={
            name: variant_convergence(
                runs.value[:, which],
                runs.low[:, which],
                runs.high[:, which],
                asked.truths[which],
                within=(least, most),
            )
            for which, name in enumerate(at.names)
        },
        difference=difference,
        leader=leader,
        settles_s=settles_at(leader, at.times_s) if better else math.nan,
        sizes=_sizes(asked, runs, difference.half_width, at, by_labels),
        by_labels=(
            ()
            if by_labels is None
            else labelled_points(
                by_labels.counts, by_labels.reached_s, by_labels.runs, asked.truths, gain
            )
        ),
        bias=tuple(bias),
    )


def _gain(asked: AskedMetric, better: str) -> int:
    """+1 where a greater difference speaks for the better one, or, if none is, the candidate."""
    if better:
        return 1 if asked.truths[2] > 0 else -1
    return -1 if asked.lower_is_better else 1


def _sizes(
    asked: AskedMetric,
    runs: MetricRuns,
    half_width: Sequence[float],
    at: Checkpoints,
    by_labels: LabelCheckpoints | None,
) -> tuple[SampleSize, ...]:
    samples, spread, error = at.samples, spread_of(runs.difference), _errors(runs)
    if by_labels is not None:
        samples = np.append(samples, by_labels.counts)
        spread = np.append(spread, spread_of(by_labels.runs.difference))
        error = np.append(error, _errors(by_labels.runs))
    count = len(runs.difference)
    tested = SpreadCurve.of(samples, detectable(spread, error), count)
    spreads = SpreadCurve.of(samples, spread, count)
    widths = SpreadCurve.of(at.samples, half_width)
    difference = asked.truths[2]
    needs = [
        ("half-width", asked.half_width, widths.needed(asked.half_width), UNKNOWN),
        (
            "smallest effect",
            asked.effect,
            tested.needed(abs(asked.effect)),
            spreads.needed(abs(asked.effect) / TESTED),
        ),
    ]
    if difference and math.isfinite(difference):
        needs += [
            (
                "true difference",
                difference,
                tested.needed(abs(difference)),
                spreads.needed(abs(difference) / TESTED),
            ),
            ("ranking", difference, spreads.needed(abs(difference) / LEADS), UNKNOWN),
        ]
    return tuple(_size(asked, need, at) for need in needs)


def _errors(runs: MetricRuns) -> Floats:
    """The standard error that a run states, at the median; NaN where no run has one."""
    found = np.full(runs.error.shape[1], math.nan)
    some = np.isfinite(runs.error).any(axis=0)
    if some.any():
        found[some] = np.nanmedian(runs.error[:, some], axis=0)
    return found


def _size(
    asked: AskedMetric, need: tuple[str, float, NeededSamples, NeededSamples], at: Checkpoints
) -> SampleSize:
    purpose, difference, found, by_spread = need
    theory, reason = asked.theory.get(purpose, (math.nan, "no closed form here"))
    time_s = arrival_s(found.samples, at.times_s, at.samples)
    return SampleSize(
        purpose=purpose,
        difference=difference,
        theory=theory,
        theory_reason=reason,
        simulated=found.samples,
        low=found.low,
        high=found.high,
        by_spread=by_spread.samples,
        by_spread_low=by_spread.low,
        by_spread_high=by_spread.high,
        by_spread_time_s=arrival_s(by_spread.samples, at.times_s, at.samples),
        extrapolated=found.extrapolated,
        at_most=found.at_most,
        time_s=time_s,
        date=_date(at.starts_at, time_s),
    )


def _date(starts_at: str, after_s: float) -> str:
    """The date so long after the start; empty without a start, or beyond the calendar."""
    if not starts_at or not math.isfinite(after_s):
        return ""
    try:
        return (datetime.fromisoformat(starts_at) + timedelta(seconds=after_s)).date().isoformat()
    except OverflowError:
        return ""
