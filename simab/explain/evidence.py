"""What is true of the variants, and how many labelled requests it takes to see it.

Closed forms for shares and mean rewards only, at 5 % two-sided and 80 % power, for independent
requests.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simab import units
from simab.explain.calendar import Calendar, steady
from simab.explain.capacity import served_per_s, start_weights
from simab.explain.failing import spared_share
from simab.explain.label_arrival import arrival_law
from simab.explain.recorded_shares import recorded_of
from simab.policies.immature import Immature
from simab.policies.metrics import OF_EARNINGS, OF_REQUESTS, is_share
from simab.profiles.truth import Truth, metric_difference
from simab.scenario.changes.variants import metric_of
from simab.scenario.models import Scenario
from simab.scenario.parts import Objective
from simab.stats.classification import SHARES
from simab.stats.means import trials_for_means
from simab.stats.sample_size import pooled_trials

__all__ = [
    "Evidence",
    "Need",
    "TruthRow",
    "evidence_of",
    "labelled_per_hour",
    "labels_ratio",
    "labels_until",
]

_HOUR_NS: Final = 3_600 * 10**9
_AGES_NS: Final = 2.0**62  # longer than any label is late


@dataclass(frozen=True, slots=True)
class TruthRow:
    """A variant's true value of the objective's metric, and its labels an hour.

    `truth` is NaN where the metric is undefined.
    """

    variant: str
    truth: float
    labelled_per_hour: float


@dataclass(frozen=True, slots=True)
class Need:
    """What it takes to see a difference: labelled requests, and how long they take.

    `labelled_requests` are those of the variant that gets fewer at the split of the start, None
    where no closed form is used; `reason` says why. `other_arm` are those that the other has by
    then: as many where one of the two gets none. `duration_s` is inf where one of the two gets no
    labelled request at the split of the start.
    """

    difference: float
    labelled_requests: int | None
    duration_s: float
    reason: str = ""
    other_arm: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The truth of every variant, and what it takes to see differences from the control.

    `smallest_effect` and `true_difference` are of the candidate; `others` holds the true difference
    of each variant that is neither of the two.
    """

    rows: tuple[TruthRow, ...]
    smallest_effect: Need
    true_difference: Need
    others: Mapping[str, Need]

    def row(self, variant: str) -> TruthRow:
        """The row of one variant."""
        return next(row for row in self.rows if row.variant == variant)


def labelled_per_hour(scenario: Scenario, immature: Immature | None = None) -> dict[str, float]:
    """Labelled requests an hour of every variant, at the split of the start, once labels flow.

    As a rule counts them, which may take all answers for labelled. Neither refused requests nor
    those that a growing queue keeps get a label, nor those that fail; of conditions of the
    timeline, by which more fail for a while, the mean over the run counts.
    """
    labelled = [name for name, segment in scenario.traffic.items() if segment.labelled]
    segments = [scenario.traffic[name] for name in labelled]
    rates = served_per_s(scenario, segments, start_weights(scenario))
    return {
        name: rates.get(name, 0.0)
        * 3_600
        * (1 - variant.error_rate)
        * spared_share(scenario, name, labelled)
        * recorded_of(scenario, name, immature).labelled
        for name, variant in scenario.endpoint.variants.items()
    }


def labels_until(
    scenario: Scenario,
    labelled_per_hour: float,
    until_ns: int,
    immature: Immature | None = None,
) -> float:
    """Labels of a variant that are expected to count for a rule: each comes its own delay late."""
    short_ns = arrival_law(scenario, immature).mean_shortfall(until_ns)
    return labelled_per_hour * short_ns / _HOUR_NS


def evidence_of(
    scenario: Scenario, truths: Mapping[str, Truth], calendar: Calendar = steady
) -> Evidence:
    """Truths and needs of a scenario at steady rates; the truths are those of its variants.

    How long samples take goes by the calendar of the rates as they change.
    """
    objective = scenario.objective
    labelled = labelled_per_hour(scenario)
    values = {name: truth.metric(objective.metric) for name, truth in truths.items()}
    if objective.metric in OF_REQUESTS:
        values = {name: metric_of(scenario, name) for name in truths}
    roles = objective.control, objective.candidate
    control = values[objective.control]
    better = objective.sign * objective.smallest_effect
    if is_share(objective.metric) and not 0 <= control + better <= 1:
        better = -better  # nothing is better than 100 %: the same distance on the other side

    def need(variant: str, difference: float) -> Need:
        per_hour = labelled[objective.control], labelled[variant]
        pair = truths[objective.control], truths[variant]
        return _need(scenario, pair, difference, per_hour, calendar)

    true = {name: need(name, metric_difference(values[name], control)) for name in values}
    return Evidence(
        rows=tuple(TruthRow(name, values[name], labelled[name]) for name in values),
        smallest_effect=need(objective.candidate, better),
        true_difference=true[objective.candidate],
        others={name: true[name] for name in values if name not in roles},
    )


def _need(
    scenario: Scenario,
    truths: tuple[Truth, Truth],
    difference: float,
    per_hour: tuple[float, float],
    calendar: Calendar,
) -> Need:
    """Of the control and another variant, in this order."""
    objective, truth = scenario.objective, truths[0]
    base = truth.metric(objective.metric)
    reason = _no_closed_form(objective, base, difference)
    if reason:
        return Need(difference, None, math.nan, reason)
    ratio = labels_ratio(*per_hour)
    if objective.metric in OF_EARNINGS:
        spread = (truth.reward_variance, truths[1].reward_variance)
        trials = trials_for_means(spread, difference, ratio=ratio)
    else:
        trials = pooled_trials(base, min(max(base + difference, 0.0), 1.0), ratio=ratio)
    control = trials / _counted_share(truth, objective)
    if math.isinf(control * max(ratio, 1.0)):
        reason = f"A difference of {difference:.3g} is too small for any number of requests."
        return Need(difference, None, math.nan, reason)
    fewer = max(math.ceil(control * min(ratio, 1.0)), 1)
    more = max(math.ceil(control * max(ratio, 1.0)), 1)
    duration_s = _wait_s(scenario, fewer, min(per_hour), calendar)
    return Need(difference, fewer, duration_s, other_arm=more)


def labels_ratio(control_per_hour: float, candidate_per_hour: float) -> float:
    """The candidate's labels for each of the control's; 1 where either gets none.

    Beyond a million millions to one the smaller arm alone decides, and sizes stay finite.
    """
    if control_per_hour <= 0.0 or candidate_per_hour <= 0.0:
        return 1.0
    return min(max(candidate_per_hour / control_per_hour, 1e-12), 1e12)


def _wait_s(
    scenario: Scenario, labelled: int, labelled_per_hour: float, calendar: Calendar
) -> float:
    """When so many labels are expected to have arrived; inf where none ever does."""
    if not labelled_per_hour:
        return math.inf
    delay = arrival_law(scenario)
    needed_ns = labelled / labelled_per_hour * _HOUR_NS
    if needed_ns > _AGES_NS:
        return calendar(needed_ns) / 1e9
    served_ns = math.ceil(needed_ns)

    def arrived_ns(until_ns: int) -> int:
        """The time that it takes to serve as many requests as labels have arrived by then."""
        return math.floor(delay.mean_shortfall(until_ns))

    # The mean delay later at most: a label that is later than it makes up for one that is not.
    within = range(served_ns, served_ns + math.ceil(delay.mean) + 1)
    first = bisect_left(within, served_ns, hi=len(within) - 1, key=arrived_ns)
    if calendar is steady:
        return units.seconds(within[first])
    return (calendar(served_ns) + (within[first] - served_ns)) / 1e9


def _no_closed_form(objective: Objective, base: float, difference: float) -> str:
    if objective.metric in OF_REQUESTS:
        return (
            f"How many requests {objective.metric} takes has no closed form here, as requests may "
            "wait for each other; simulate it."
        )
    if objective.metric not in (*SHARES, "success_rate", *OF_EARNINGS):
        return (
            f"How many labelled requests {objective.metric} takes has no closed form here; "
            "simulate it."
        )
    if math.isnan(base + difference):
        return f"{objective.metric} is undefined for one of the two, so no sample decides."
    return "" if difference else "There is no true difference, so no sample finds one."


def _counted_share(truth: Truth, objective: Objective) -> float:
    """The share of labelled requests that the metric counts: all, or only (predicted) positives."""
    cells = truth.confusion
    if cells is None or objective.metric not in SHARES:
        return 1.0
    _, whole = SHARES[objective.metric].counted(cells)
    return whole / cells.total
