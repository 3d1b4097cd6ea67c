"""One run shown in full: its splits, windows, metric and decisions, and how it stood when it ended.

What is said of the run up to its decision is counted here from the run itself, at the instant of
the decision, not from the series, which are merged for figures.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Final

from simab.analyse.look_closely import (
    latency_shown,
    limits_of,
    readings_of,
    split_is_random,
)
from simab.analyse.pooled import answers_by_window, pooled_metric
from simab.analyse.series import (
    metric_series,
    metric_value,
    span_edges,
    spans,
    value_of_requests,
    variant_windows,
)
from simab.policies.metrics import of_labels
from simab.result.example_run import (
    SOMEBODY_ELSE,
    Decision,
    Example,
    UntilDecision,
    WeightsInForce,
)
from simab.result.run_summary import RunSummary
from simab.run.frames import describe_action, describe_others, describe_scaling
from simab.run.simulation import Run
from simab.scenario.answers_over_time import AnswersOverTime, answers_change
from simab.units import seconds
from simab.world.control import DecisionEntry, DecisionLog, OthersEntry, ScalingEntry

__all__ = ["example_of"]

_SHOWN_AFTER: Final = 0.35
"""Figures show this much more than the time to the decision, or to the last accepted action."""


def example_of(run: Run, outcome: RunSummary, chosen_because: str) -> Example:
    """The story of a run, for the report."""
    totals = run.totals
    decided_ns = _decided_ns(run, outcome)
    shown_ns = _shown_ns(run, decided_ns)
    edges = span_edges(run, shown_ns)
    limits = limits_of(run)
    latency = latency_shown(limits)
    return Example(
        policy=run.policy_name,
        replication=run.replication,
        chosen_because=chosen_because,
        verdict=str(outcome.verdict),
        decided_for=outcome.decided_for,
        decided_at_s=_known(outcome.decided_s),
        ends_with=outcome.ends_with,
        ends_with_since_s=_known(outcome.ends_with_since_s),
        shown_until_s=seconds(shown_ns),
        until_decision=_until_decision(run, outcome, decided_ns),
        weights=tuple(
            WeightsInForce(at_s=seconds(entry.at_ns), weights=_shares(entry.weights))
            for entry in run.decision_log.splits
        ),
        spans=spans(run, edges, latency),
        variants=variant_windows(run),
        metric_series=metric_series(run, edges),
        decisions=_decisions(run.decision_log),
        totals={name: getattr(totals, name) for name in totals.__slots__},
        readings=readings_of(run.readings),
        limits=limits,
        latency_shown=latency,
        split_is_random=split_is_random(run.scenario, run),
        true_values=_true_values(run, shown_ns),
    )


def _true_values(run: Run, shown_ns: int) -> dict[str, float] | None:
    """The true metric of all answers of the windows shown, by variant; None where it is one."""
    scenario, counts = run.scenario, run.data.run_counts
    if not answers_change(scenario) or not of_labels(scenario.objective.metric):
        return None
    names, period_ns = counts.blueprint.names, counts.blueprint.period_ns
    edges_ns = [*range(0, shown_ns, period_ns), shown_ns]
    truths = AnswersOverTime(scenario).between(edges_ns)
    served = answers_by_window(run)[: len(edges_ns) - 1]
    return {
        name: pooled_metric(scenario.objective.metric, truths[name], served[:, number].tolist())
        for number, name in enumerate(names)
    }


def _decisions(log: DecisionLog) -> tuple[Decision, ...]:
    """What the policy asked for, what autoscaling did and what others set, in order of time."""
    found = [*map(_decision, log.decisions), *map(_scaling, log.scalings), *map(_set, log.others)]
    return tuple(sorted(found, key=attrgetter("at_s")))


def _scaling(entry: ScalingEntry) -> Decision:
    detail, because = describe_scaling(entry)
    return Decision(
        at_s=seconds(entry.at_ns),
        action="Autoscaling",
        detail=detail,
        accepted=entry.accepted,
        because=because if entry.accepted else entry.refusal,
    )


def _set(entry: OthersEntry) -> Decision:
    detail, because = describe_others(entry)
    return Decision(
        at_s=seconds(entry.at_ns),
        action=SOMEBODY_ELSE,
        detail=detail,
        accepted=entry.accepted,
        because=because if entry.accepted else entry.refusal,
    )


def _decision(entry: DecisionEntry) -> Decision:
    return Decision(
        at_s=seconds(entry.at_ns),
        action=type(entry.action).__name__,
        detail=describe_action(entry.action),
        accepted=entry.accepted,
        because=entry.action.because if entry.accepted else entry.refusal,
    )


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _decided_ns(run: Run, outcome: RunSummary) -> int | None:
    """The instant of the decision that the run's row has; None if there is none."""
    for entry in run.decision_log.decisions:
        if entry.accepted and seconds(entry.at_ns) == outcome.decided_s:
            return entry.at_ns
    return None


def _shown_ns(run: Run, decided_ns: int | None) -> int:
    """How much of the run is worth a figure: a third more than until its last accepted action.

    Weights that somebody else set are among these.
    """
    if decided_ns is None:
        return run.scenario.horizon
    acted = [entry.at_ns for entry in run.decision_log.decisions if entry.accepted]
    others = [entry.in_force_ns for entry in run.decision_log.others if entry.accepted]
    latest_ns = max([decided_ns, *acted, *others])
    return min(run.scenario.horizon, round((1 + _SHOWN_AFTER) * latest_ns))


def _until_decision(run: Run, outcome: RunSummary, decided_ns: int | None) -> UntilDecision:
    """How the run stood when it was decided, or at the horizon if it was not.

    `arrived` and `labels` are what the policy's own tick saw. `ended` counts by variant the
    requests that ended in the metric windows that were over by then. `largest_shares` are those of
    weights in force before the decision, which the decision itself cannot have changed.
    """
    run_counts, objective = run.data.run_counts, run.scenario.objective
    blueprint = run_counts.blueprint
    until_ns = blueprint.horizon_ns if decided_ns is None else decided_ns
    # The horizon may cut the last window and the last bucket short; it ends both.
    windows = (
        until_ns // blueprint.period_ns if decided_ns is not None else len(run_counts.requests)
    )
    buckets = until_ns // blueprint.label_resolution_ns
    buckets = buckets if decided_ns is not None else len(run_counts.labels)
    ended = run_counts.user_requests()[:windows].sum(axis=0).tolist()
    roles = (objective.control, *objective.every_candidate)
    metric = of_labels(objective.metric)
    if metric is None:
        labels = tuple(filter(None, (value_of_requests(run, name, windows) for name in roles)))
    else:
        labels = tuple(
            metric_value(metric, name, totals)
            for name in roles
            if (totals := run_counts.label_totals(blueprint.names.index(name), 0, buckets)).labelled
        )
    asked = outcome.requests_to_decision
    return UntilDecision(
        at_s=seconds(until_ns),
        arrived=run.totals.arrived if decided_ns is None or asked is None else asked,
        ended=dict(zip(blueprint.names, ended, strict=True)),
        largest_shares=_largest_shares(run, until_ns),
        labels=labels,
    )


def _largest_shares(run: Run, until_ns: int) -> dict[str, float]:
    largest = dict.fromkeys(run.data.run_counts.blueprint.names, 0.0)
    for entry in run.decision_log.splits:
        if entry.at_ns < until_ns:
            for name, share in _shares(entry.weights).items():
                largest[name] = max(largest[name], share)
    return largest


def _shares(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
