"""What a rollout watches of the candidate beside the control, from its start: differences of means.

Totals run from the start of the rollout over all its stages, as Statsig's "cumulative" deltas do.
The difference of two running means has the increments that sequential tests ask for whatever the
shares were on the way: its covariance at two times is the variance at the later one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import Field

from simab.description import Description, Difference
from simab.policies.answers import drawn_as
from simab.policies.look_reading import LookReading
from simab.policies.metrics import LOWER_IS_BETTER, OF_EARNINGS
from simab.policies.observation import MetricsView, Observation
from simab.stats.always_valid import confidence_sequence
from simab.stats.interval import Interval, two_sided_normal_quantile
from simab.stats.label_totals import FEWEST_REWARDS, LabelTotals
from simab.stats.request_totals import RequestTotals, bucket_middle_ns
from simab.stats.shared_users import UserTable, ratio_arms, user_table

__all__ = [
    "Arm",
    "Arms",
    "LabelSums",
    "OptionalUnit",
    "Unit",
    "Watch",
    "WatchedMetric",
    "WatchedName",
    "compared",
    "read_now",
    "requests_since",
    "users_since",
]

Unit: TypeAlias = Literal["request", "session", "user"]


def _is_by_request(unit: object) -> bool:
    return unit == "request"


OptionalUnit = Annotated[Unit, Field(exclude_if=_is_by_request)]
"""What a rollout takes for an independent draw of its labels."""

WatchedName: TypeAlias = Literal["error_rate", "latency_mean", "success_rate", "reward", "cost"]

_OF_LABELS: Final = frozenset({"success_rate", *OF_EARNINGS})
_WORSE_WHEN_HIGHER: Final = LOWER_IS_BETTER | {"latency_mean"}
_NANOSECONDS_PER_MILLISECOND: Final = 1e6


class Arm(NamedTuple):
    """How many values a variant has, their mean, and the variance of one (NaN if unknown)."""

    size: int
    mean: float
    variance: float

    @classmethod
    def of_share(cls, hits: int, count: int) -> Arm:
        """A share; its variance has one hit and one miss more, so that a handful is not certain."""
        if not count:
            return cls(0, math.nan, math.nan)
        smoothed = (hits + 1.0) / (count + 2.0)
        return cls(count, hits / count, smoothed * (1.0 - smoothed))

    @classmethod
    def of_values(cls, count: int, total: float, squares: float) -> Arm:
        """Numbers; of fewer than four, or of like ones, the spread is not known."""
        if not count:
            return cls(0, math.nan, math.nan)
        mean = total / count
        deviations = squares - total * mean
        known = count >= FEWEST_REWARDS and deviations > 0.0
        return cls(count, mean, deviations / (count - 1) if known else math.nan)


class Arms(NamedTuple):
    """Both variants, and the covariance of their means: not 0 where users have met both."""

    control: Arm
    candidate: Arm
    covariance: float = 0.0

    @classmethod
    def of_users(cls, table: UserTable) -> Arms:
        """Values a request, with errors over users; sizes are requests, as they are counted by."""
        found = ratio_arms(table)
        control, candidate = (int(each.sum()) for each in table.requests)
        return cls(
            Arm(control, found.control, found.control_variance * control),
            Arm(candidate, found.candidate, found.candidate_variance * candidate),
            found.covariance,
        )


class LabelSums(NamedTuple):
    """Right answers, those judged, and the count, sum and sum of squares of rewards."""

    right: int = 0
    judged: int = 0
    rewards: int = 0
    earned: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, totals: LabelTotals) -> LabelSums:
        """All labels that have arrived."""
        rewards = totals.rewards
        earned = rewards.count * rewards.mean if rewards.count else 0.0
        squares = rewards.squared_deviations + earned * rewards.mean if rewards.count else 0.0
        judged = totals.labelled - rewards.count
        return cls(totals.correct, judged, rewards.count, earned, squares)

    def since(self, earlier: LabelSums) -> LabelSums:
        """What came after `earlier`."""
        return LabelSums(
            self.right - earlier.right,
            self.judged - earlier.judged,
            self.rewards - earlier.rewards,
            self.earned - earlier.earned,
            self.squares - earlier.squares,
        )


class Watch(NamedTuple):
    """Since when is counted, in ns, and the labels that had arrived by then."""

    since_ns: int
    control: LabelSums
    candidate: LabelSums

    @classmethod
    def begun(cls, observation: Observation) -> Watch:
        """From now on."""
        labels = observation.metrics.labels
        return cls(
            observation.now_ns,
            LabelSums.of(labels(observation.control)),
            LabelSums.of(labels(observation.candidate)),
        )

    def arms(self, metric: WatchedName, observation: Observation, unit: Unit = "request") -> Arms:
        """Control and candidate, of whole published windows and of labels."""
        metrics = observation.metrics
        if metric in _OF_LABELS:
            if unit != "request":
                return Arms.of_users(users_since(self.since_ns, observation, unit))
            return Arms(
                _labelled_arm(metric, metrics.labels(observation.control), self.control),
                _labelled_arm(metric, metrics.labels(observation.candidate), self.candidate),
            )
        control = requests_since(self.since_ns, metrics, observation.control)
        candidate = requests_since(self.since_ns, metrics, observation.candidate)
        return Arms(_requests_arm(metric, control), _requests_arm(metric, candidate))


class WatchedMetric(Description):
    """A metric that must not become worse in the candidate than in the control."""

    metric: WatchedName
    """5XX over requests, mean latency in milliseconds, share of correct answers, or the mean of
    numeric rewards: of a `reward` more is better, of a `cost` less."""
    difference: Literal["absolute", "relative"] = "absolute"
    """Candidate less control in the metric's unit, or as a part of the control's value. The latter
    has no value where the control's is 0, and an approximate error (the delta method)."""
    threshold: Annotated[Difference, Field(ge=0)] = 0.0
    """How much worse is still tolerated: in the metric's unit, or as a part of the control's."""

    @property
    def reads_labels(self) -> bool:
        """Whether it is known by labels."""
        return self.metric in _OF_LABELS

    def is_worse(self, interval: Interval) -> bool:
        """Whether the whole interval is on the worse side of the threshold."""
        if self.metric in _WORSE_WHEN_HIGHER:
            return interval.low > self.threshold
        return interval.high < -self.threshold

    def reading(self, arms: Arms, interval: Interval, unit: Unit = "request") -> str:
        """What was measured, in words."""
        form, suffix = (".1f", "ms") if self.metric == "latency_mean" else (".4g", "")
        by = f" by {unit}" if unit != "request" and self.reads_labels else ""
        values = " against ".join(
            f"{format(each.mean, form)}{suffix} of {each.size}{by}" if each.size else "no data"
            for each in (arms.candidate, arms.control)
        )
        said = interval.reason or f"{interval.low:+.4g} to {interval.high:+.4g}"
        return f"{self.metric} {values}, {self.difference} difference {said}"


def compared(metric: WatchedMetric, arms: Arms, *, level: float, tight_at: int | None) -> Interval:
    """The interval of a metric's difference, candidate to control.

    With `tight_at` an asymptotic confidence sequence, narrowest at so many values of each variant;
    without, what a normal posterior under a flat prior gives, for one look.
    """
    control, candidate, covariance = arms
    if not (control.size and candidate.size):
        return Interval.undefined(level, "a variant has nothing yet")
    own, other = candidate.variance / candidate.size, control.variance / control.size
    estimate, variance = candidate.mean - control.mean, own + other - 2.0 * covariance
    if metric.difference == "relative":
        if not control.mean:
            return Interval.undefined(level, "the control's value is 0")
        ratio = candidate.mean / control.mean
        estimate = (ratio - 1.0) * math.copysign(1.0, control.mean)  # a part of its size
        variance = own + ratio * ratio * other - 2.0 * ratio * covariance
        variance /= control.mean * control.mean
    if not variance > 0.0:
        return Interval.undefined(level, "the spread is not known yet")
    if tight_at is None:
        margin = two_sided_normal_quantile(level) * math.sqrt(variance)
        return Interval(estimate - margin, estimate + margin, level)
    both = control.size + candidate.size
    pairs = max(round(2.0 * control.size * candidate.size / both), 1)
    spread = math.sqrt(variance * pairs)
    return confidence_sequence(estimate, spread, pairs, target_count=tight_at, level=level)


def users_since(since_ns: int, observation: Observation, unit: Unit) -> UserTable:
    """The labelled answers to requests that came since then, added up by user or session."""
    names = observation.control, observation.candidate
    control, candidate = (observation.metrics.answers(name).arrived(since_ns) for name in names)
    return user_table(drawn_as(unit, control, candidate), (control.values, candidate.values))


def requests_since(since_ns: int, metrics: MetricsView, variant: str) -> RequestTotals | None:
    """The whole published windows since then; None before the first."""
    period_ns = metrics.period_ns
    first_ns = -(-since_ns // period_ns) * period_ns
    if metrics.published_until_ns <= first_ns:
        return None
    return metrics.requests(variant, first_ns, metrics.published_until_ns)


def _labelled_arm(metric: WatchedName, totals: LabelTotals, before: LabelSums) -> Arm:
    sums = LabelSums.of(totals).since(before)
    if metric in OF_EARNINGS:
        return Arm.of_values(max(sums.rewards, 0), sums.earned, sums.squares)
    judged = max(sums.judged, 0)  # labels that were counted before may have been taken back
    return Arm.of_share(min(max(sums.right, 0), judged), judged)


def _requests_arm(metric: WatchedName, totals: RequestTotals | None) -> Arm:
    if totals is None:
        return Arm.of_share(0, 0)
    if metric == "error_rate":
        return Arm.of_share(totals.failed + totals.rejected, totals.invocations)
    served = totals.answered + totals.failed
    if not served:
        return Arm.of_share(0, 0)
    counts = totals.latency_histogram
    counts = counts if counts.ndim == 1 else counts.sum(axis=0)
    found = [
        (int(counts[bucket]), _milliseconds(bucket)) for bucket in counts.nonzero()[0].tolist()
    ]
    spread = Arm.of_values(
        served,
        math.fsum(count * latency for count, latency in found),
        math.fsum(count * latency * latency for count, latency in found),
    )
    return spread._replace(mean=totals.latency_mean_ns / _NANOSECONDS_PER_MILLISECOND)


def _milliseconds(bucket: int) -> float:
    return bucket_middle_ns(bucket) / _NANOSECONDS_PER_MILLISECOND


def read_now(
    metrics: Sequence[WatchedMetric],
    watch: Watch,
    observation: Observation,
    *,
    level: float,
    tight_at: int | None,
    unit: Unit,
) -> list[LookReading]:
    """Each metric now; it neither passes nor fails where nothing is known."""
    found = []
    for metric in metrics:
        arms = watch.arms(metric.metric, observation, unit)
        interval = compared(metric, arms, level=level, tight_at=tight_at)
        passed = None if interval.reason is not None else not metric.is_worse(interval)
        found.append(LookReading(metric.metric, metric.reading(arms, interval, unit), passed))
    return found
