"""One run becomes one row: how it ended, when, and what it cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from simab.analyse.breaches import guardrail_breach_s
from simab.analyse.serving_cost import serving_cost
from simab.analyse.truth import ScenarioTruth
from simab.policies import Conclude, Hold, HoldReason, Promote, RollBack
from simab.result.run_summary import Judgement, RunSummary, Verdict
from simab.run.simulation import Run
from simab.units import seconds
from simab.world.control import DecisionEntry
from simab.world.run_counts import RequestColumn

__all__ = ["summary_of", "usual_reason"]


def summary_of(run: Run, truth: ScenarioTruth) -> RunSummary:
    """Read a run's outcome off its counts and its decision log."""
    decision = _decision(run)
    verdict = _verdict(run, decision)
    if verdict is Verdict.UNDECIDED:
        decision = None
    judged_by = truth.judged_from(decision.at_ns if decision else 0)
    ends_with, since_s = _ending(run, verdict, judged_by)
    judgement = judged_by.judgement(ends_with)
    requests = run.data.run_counts.requests
    served = requests[:, :, RequestColumn.ANSWERED].sum(axis=0)
    served -= requests[:, :, RequestColumn.COPIES_ANSWERED].sum(axis=0)  # nobody got these
    taken = run.data.run_counts.user_requests().sum(axis=0)
    by_variant = [*zip(run.data.run_counts.blueprint.names, taken, served, strict=True)]
    on_worse, regret = _exposure(run, truth, by_variant)
    gain_error, corrected_error = _gain_errors(decision, judged_by)
    totals = run.totals
    refusals = [entry.refusal for entry in run.decision_log.decisions if not entry.accepted]
    return RunSummary(
        policy=run.policy_name,
        replication=run.replication,
        verdict=verdict,
        decided_for=_decided_for(run, decision),
        ends_with=ends_with,
        ends_with_since_s=since_s,
        judgement=judgement,
        correct=judgement is Judgement.RIGHT,
        decided_s=None if decision is None else seconds(decision.at_ns),
        requests_to_decision=None if decision is None else decision.arrived,
        requests_total=totals.arrived,
        requests_failed=totals.failed,
        requests_rejected=totals.rejected,
        requests_on_worse=on_worse,
        regret=regret,
        guardrail_breach_s=guardrail_breach_s(run),
        weight_changes=_weight_changes(run),
        actions_refused=len(refusals),
        refusal=usual_reason(refusals),
        held_for=_held_for(run),
        in_flight_at_horizon=totals.in_flight,
        labels_outstanding=totals.labels_outstanding,
        requests_served={name: int(served) for name, _, served in by_variant},
        cost_of_serving=serving_cost(run),
        clients_on_worse=_clients_on_worse(run, truth),
        candidate_gone_s=_candidate_gone_s(run),
        gain_estimate_error=gain_error,
        corrected_gain_error=corrected_error,
    )


def _gain_errors(
    decision: DecisionEntry | None, judged_by: ScenarioTruth
) -> tuple[float | None, float | None]:
    """The estimated gain of a promoted candidate less its true one, as it is judged from then on.

    As estimated, and as corrected. None where the control stays, or either gain is not known.
    """
    if decision is None or not isinstance(decision.action, Promote):
        return None, None
    promote = decision.action
    if promote.variant == judged_by.control:
        return None, None
    estimate, corrected = (
        None
        if each is None or not math.isfinite(error := each - judged_by.gains[promote.variant])
        else error
        for each in (promote.estimate, promote.corrected)
    )
    return estimate, corrected


def _exposure(
    run: Run, truth: ScenarioTruth, by_variant: Sequence[tuple[str, int, int]]
) -> tuple[int, float]:
    """Requests that a worse variant took, and what all answers together miss of the best's.

    Of each variant how many requests it took and answered. Where answers change, by what held in
    the window in which each request ended.
    """
    if truth.over_time is None:
        on_worse = sum(int(taken) for name, taken, _ in by_variant if name in truth.worse)
        regret = sum(int(served) * truth.shortfall(name) for name, _, served in by_variant)
        return on_worse, regret
    counts = run.data.run_counts
    requests, period_ns = counts.requests, counts.blueprint.period_ns
    served = requests[:, :, RequestColumn.ANSWERED] - requests[:, :, RequestColumn.COPIES_ANSWERED]
    worse, shortfalls = truth.over_time.by_window(counts.blueprint.names, period_ns, len(served))
    on_worse = int((counts.user_requests() * worse).sum())
    return on_worse, float((served * shortfalls).sum())


def _clients_on_worse(run: Run, truth: ScenarioTruth) -> int | None:
    """None where the run watched other variants, or none."""
    counts = run.data.run_counts
    watched = {counts.blueprint.names[each] for each in counts.blueprint.watched}
    return counts.clients_met() if watched and watched == set(truth.worse) else None


def _held_for(run: Run) -> str | None:
    actions = [entry.action for entry in run.decision_log.decisions]
    held = {action.reason for action in actions if isinstance(action, Hold)}
    return "; ".join(reason for reason in HoldReason if reason in held) or None


def usual_reason(reasons: Iterable[str]) -> str | None:
    """The most frequent reason, of several the one that came first; None if there is none."""
    counted = Counter(reasons).most_common(1)
    return counted[0][0] if counted else None


def _decision(run: Run) -> DecisionEntry | None:
    """The first accepted action that ends the experiment."""
    for entry in run.decision_log.decisions:
        if entry.accepted and isinstance(entry.action, Promote | RollBack | Conclude):
            return entry
    return None


def _verdict(run: Run, decision: DecisionEntry | None) -> Verdict:
    if decision is None or isinstance(decision.action, Conclude):
        return Verdict.UNDECIDED
    if isinstance(decision.action, RollBack):
        return Verdict.ROLLED_BACK
    assert isinstance(decision.action, Promote)
    promoted = decision.action.variant
    if promoted == run.scenario.objective.control:
        return Verdict.KEPT_CONTROL
    candidate = promoted in run.scenario.objective.every_candidate
    return Verdict.PROMOTED_CANDIDATE if candidate else Verdict.PROMOTED_OTHER


def _decided_for(run: Run, decision: DecisionEntry | None) -> str | None:
    if decision is None:
        return None
    action = decision.action
    return action.variant if isinstance(action, Promote) else run.scenario.objective.control


def _ending(run: Run, verdict: Verdict, truth: ScenarioTruth) -> tuple[str | None, float | None]:
    """The variant that the last split gives all traffic, and since when; None where none."""
    splits = [*run.decision_log.splits, run.decision_log.last_split]
    held = [_holder(entry.weights, verdict, truth) for entry in splits]
    if held[-1] is None:
        return None, None
    since = len(held) - 1
    while since and held[since - 1] == held[-1]:
        since -= 1
    return held[-1], seconds(splits[since].at_ns)


def _candidate_gone_s(run: Run) -> float | None:
    """Since when the candidate has had no weight and no request of a user has ended there.

    What ends in the window in which it lost its weight was on its way. None where it still has a
    weight at the end, or requests that name it keep coming.
    """
    candidate = run.scenario.objective.candidate
    splits = [*run.decision_log.splits, run.decision_log.last_split]
    serving = [entry.weights.get(candidate, 0.0) > 0 for entry in splits]
    if serving[-1]:
        return None
    since = len(splits) - 1
    while since and not serving[since - 1]:
        since -= 1
    gone_ns = splits[since].at_ns
    counts = run.data.run_counts
    names, period_ns = counts.blueprint.names, counts.blueprint.period_ns
    if candidate not in names:
        return seconds(gone_ns)
    taken = counts.user_requests()[:, names.index(candidate)].nonzero()[0]
    if taken.size and taken[-1] * period_ns > gone_ns:
        gone_ns = int(taken[-1] + 1) * period_ns
    return None if gone_ns >= run.scenario.horizon else seconds(gone_ns)


def _holder(weights: Mapping[str, float], verdict: Verdict, truth: ScenarioTruth) -> str | None:
    """Who has all traffic at these weights.

    Where the candidate is turned down and others that are as good as the control serve too,
    as Kayenta's baseline does, the control's model has it all.
    """
    serving = [name for name, weight in weights.items() if weight > 0]
    if len(serving) == 1:
        return serving[0]
    alike = all(truth.gains[name] == 0 and name not in truth.breaks for name in serving)
    objective = truth.objective
    kept = verdict in (Verdict.KEPT_CONTROL, Verdict.ROLLED_BACK)
    return (
        objective.control
        if kept
        and alike
        and objective.control in serving
        and not any(each in serving for each in objective.every_candidate)
        else None
    )


def _weight_changes(run: Run) -> int:
    # New instances, or a variant that comes or goes at weight 0, move no traffic.
    serving = [
        {name: weight for name, weight in entry.weights.items() if weight > 0}
        for entry in run.decision_log.splits
    ]
    return sum(before != after for before, after in pairwise(serving))
