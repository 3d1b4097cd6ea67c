"""How fast metrics converge, as frozen records: fans over runs, coverage, leaders, sizes.

Lengths of all series are those of `times_s`, or of `MetricConvergence.by_labels`. Times are
seconds, latencies milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from simab.result.estimates import Proportion
from simab.result.json_metadata import absent_if_none
from simab.text.dates import start_of_saved

__all__ = [
    "CLOSE",
    "NOMINAL",
    "CountingBias",
    "Coverage",
    "ExampleSeries",
    "Fan",
    "Honesty",
    "LabelBias",
    "LabelledPoint",
    "LatencyDependence",
    "Leader",
    "MethodCoverage",
    "MetricConvergence",
    "SampleSize",
    "StudiedConvergence",
    "VariantConvergence",
    "WindowEffect",
]

NOMINAL: Final = 0.95
"""What the intervals promise to cover."""
CLOSE: Final = 0.90
"""Coverage that may be as low as this, by its own interval, is not known well enough to judge."""


class Honesty(StrEnum):
    """Whether intervals cover what they promise, as far as the runs tell."""

    HONEST = "honest"
    TOO_NARROW = "not honest: too narrow"
    TOO_WIDE = "too wide"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """Quantiles over the runs at each checkpoint: 5, 25, 50, 75 and 95 %.

    NaN where fewer than half of the runs have it: those that have it early are not like the others.
    """

    p5: tuple[float, ...]
    p25: tuple[float, ...]
    p50: tuple[float, ...]
    p75: tuple[float, ...]
    p95: tuple[float, ...]

    def width(self, at: int) -> float:
        """From the 5 % to the 95 % quantile at a checkpoint."""
        return self.p95[at] - self.p5[at]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSeries:
    """One run: its estimate at each checkpoint with its 95 % interval."""

    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the runs that had an interval covered the truth, of all `runs`."""

    covered: Proportion
    intervals: int
    runs: int

    @property
    def honesty(self) -> Honesty:
        """By the 95 % interval of the coverage: a share of few runs is no verdict in itself.

        Too narrow, or too wide, where it leaves out 95 %; honest where it has 95 %, and lies above
        90 %; between that the runs are too few to tell.
        """
        if self.covered.high < NOMINAL:
            return Honesty.TOO_NARROW
        if self.covered.low > NOMINAL:
            return Honesty.TOO_WIDE
        return Honesty.HONEST if self.covered.low >= CLOSE else Honesty.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantConvergence:
    """An estimate over time: `half_width` is the median over the runs of half their interval."""

    fan: Fan
    example: ExampleSeries
    half_width: tuple[float, ...]
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Shares of all runs at each checkpoint.

    `leads`: the better variant's estimate is ahead; `ties`: both are equal; `behind`: the other's
    is ahead; what is left of the runs has no estimate of one of them. `declared`: a two-sided
    5 % test finds it better; `declared_wrong`: the test finds the other better.
    """

    leads: tuple[Proportion, ...]
    ties: tuple[Proportion, ...]
    declared: tuple[Proportion, ...]
    declared_wrong: tuple[Proportion, ...]
    behind: tuple[Proportion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSize:
    """Labelled (or served) requests of the variant that has fewer, to see a difference.

    `purpose`: "smallest effect" or "true difference", found by a two-sided 5 % test in 80 % of the
    runs; "half-width": the 95 % interval of the difference has it; "ranking": the better variant
    leads in 95 %. `simulated` follows from the spread over the runs and the errors that they state,
    with its 95 % interval; `by_spread` is what a test would need that knows the spread itself, as
    one of pairs does where both variants answer the same rows, with its own interval and time; NaN
    where no test is asked for.
    `theory` is NaN where there is no closed form. `extrapolated`: it lies beyond the horizon, by
    1 / sqrt(n); `at_most`: so many or fewer, as they are the fewest that were looked at. `time_s`
    is when so many have arrived; `date` is empty without a start.
    """

    purpose: str
    difference: float
    theory: float
    theory_reason: str
    simulated: float
    low: float
    high: float
    by_spread: float
    extrapolated: bool
    at_most: bool
    time_s: float
    date: str = ""
    by_spread_low: float = math.nan
    by_spread_high: float = math.nan
    by_spread_time_s: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPoint:
    """What runs say once both variants have `labelled` labels; `reached` of the runs have.

    `at_s` is the median time. `control`, `candidate` and `difference` hold one checkpoint each.
    """

    labelled: int
    reached: int
    at_s: float
    control: Fan
    candidate: Fan
    difference: Fan
    leads: Proportion
    ties: Proportion
    declared: Proportion
    declared_wrong: Proportion
    covered: Mapping[str, Coverage]
    behind: Proportion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBias:
    """At the end: the mean estimate of the labels that arrived, and of all answered requests.

    `bias` is seen less oracle, run by run, with its 95 % interval. `seen_labels` and `all_labels`
    are means; `wider` is the ratio of both spreads over the runs.
    """

    variant: str
    truth: float
    seen: float
    oracle: float
    bias: float
    low: float
    high: float
    seen_labels: float
    all_labels: float
    wider: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingBias:
    """How far the difference is off at each checkpoint where young requests are counted in a way.

    `kind` is that of a rule's `immature`, `age_s` its age and `law` whose delay it takes, NaN and
    empty where it has none; `rules` are those of the file that count so. `bias` is the difference
    seen less that of all labels at once of the same requests, the mean over the runs, with its
    95 % interval; NaN where fewer than nine in ten runs see a difference. `wider` is the ratio of
    both spreads over the runs at the last checkpoint.
    """

    kind: str
    rules: tuple[str, ...]
    bias: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    wider: float
    age_s: float = math.nan
    law: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricConvergence:
    """One metric; `kind` is "labels", "errors" or "latency" (in ms).

    `truth` is exact for labels; of errors and latency it is that of all runs together. `samples` is
    the mean over the runs of the smaller arm's requests at each checkpoint. `better` is the variant
    that is truly better, empty where both are equal; `settles_s` is from when on it leads in 95 %
    of the runs, NaN where it does not within the horizon.
    """

    name: str
    kind: str
    lower_is_better: bool
    truth: Mapping[str, float]
    true_difference: float
    asked_half_width: float
    better: str
    samples: tuple[float, ...]
    variants: Mapping[str, VariantConvergence]
    difference: VariantConvergence
    leader: Leader
    settles_s: float
    sizes: tuple[SampleSize, ...]
    by_labels: tuple[LabelledPoint, ...] = ()
    bias: tuple[LabelBias, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether the runs differ in it, of one variant at least."""
        fans = [each.fan for each in self.variants.values()]
        return any(fan.width(at) > 0 for fan in fans for at in range(len(fan.p50)))

    def size(self, purpose: str) -> SampleSize | None:
        """The sample size for a purpose; None where there is none."""
        return next((each for each in self.sizes if each.purpose == purpose), None)

    def at_labels(self, labelled: int) -> LabelledPoint | None:
        """What runs say once both variants have so many labels."""
        return next((each for each in self.by_labels if each.labelled == labelled), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodCoverage:
    """A way to make the interval of a mean from one run, its median half-width and coverage."""

    method: str
    half_width: float
    coverage: Coverage
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyDependence:
    """What a run's mean latency is worth: its effective sample size, and intervals by method.

    `effective` independent requests would know the mean as well as a run's `requests` do.
    `warm_up_s` is where MSER-5 would cut, at the median of the runs; nothing is cut.
    """

    variant: str
    mean_ms: float
    requests: float
    effective: float
    warm_up_s: float
    methods: tuple[MethodCoverage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEffect:
    """The mean over windows of their 99 % latency, against that of all requests together."""

    variant: str
    period_s: float
    requests: float
    mean_p99_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedConvergence:
    """How fast metrics converge under one policy; the first of `metrics` is what is asked for.

    `decision_labels` is what `decision_rule` waits for, 0 where no rule counts labels;
    `other_decisions` are the counts of the file's other rules, by name. Where both variants answer
    by one table, `truth_rows` is how many rows it has, and `truth_rows_differ` on how many of them
    their decisions differ; 0 where the truth is no table.
    `no_oracle` says why labels that are late or missing are not compared; empty where they are.
    `latency` and `windows` are empty where only labels are looked at. `countings` are ways to
    count young requests, of the metric asked for; None where labels are not late, or not compared.
    `answers_change` is True where what a variant answers depends on the time, else
    None; `time_zone` is that of `starts_at`, None for UTC. `left_out` are the candidates that are
    not compared, where several may replace the control.
    """

    replications: int
    failed: int
    policy: str
    control: str
    candidate: str
    smallest_effect: float
    horizon_s: float
    starts_at: str
    period_s: float
    publication_delay_s: float
    decision_labels: int
    decision_rule: str
    times_s: tuple[float, ...]
    metrics: tuple[MetricConvergence, ...]
    latency: tuple[LatencyDependence, ...] = ()
    windows: tuple[WindowEffect, ...] = ()
    no_oracle: str = ""
    other_decisions: Mapping[str, int] = field(default_factory=dict)
    truth_rows: int = 0
    truth_rows_differ: int = 0
    countings: tuple[CountingBias, ...] | None = field(default=None, metadata=absent_if_none())
    answers_change: bool | None = field(default=None, metadata=absent_if_none())
    time_zone: str | None = field(default=None, metadata=absent_if_none())
    left_out: tuple[str, ...] | None = field(default=None, metadata=absent_if_none())

    @property
    def start(self) -> datetime | None:
        """The date at which runs start, where the clients live; None where none is given."""
        return start_of_saved(self.starts_at, self.time_zone)

    @property
    def shown(self) -> tuple[MetricConvergence, ...]:
        """The metrics that vary, and say something that no other does."""
        return tuple(each for each in self.metrics if each.varies and not self._is_accuracy(each))

    @property
    def constant(self) -> tuple[MetricConvergence, ...]:
        """The metrics that are the same in every run."""
        return tuple(each for each in self.metrics if not each.varies)

    @property
    def without_brier(self) -> bool:
        """Whether the Brier score is left out: of scores of 0 and 1 it is 1 less the accuracy."""
        return any(map(self._is_accuracy, self.metrics))

    def _is_accuracy(self, metric: MetricConvergence) -> bool:
        known = {each.name: each.truth for each in self.metrics}
        if metric.name != "brier" or "accuracy" not in known or metric is self.metrics[0]:
            return False
        return all(
            math.isclose(1.0 - known["accuracy"][name], value, abs_tol=1e-9)
            for name, value in metric.truth.items()
        )

    @property
    def metric(self) -> MetricConvergence:
        """The metric that is asked for."""
        return self.metrics[0]

    @property
    def decision(self) -> LabelledPoint | None:
        """What the metric asked for says when the file's rule decides; None where none counts."""
        return self.metric.at_labels(self.decision_labels) if self.decision_labels else None
