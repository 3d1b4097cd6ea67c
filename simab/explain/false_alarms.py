"""How often a controller rolls back a healthy candidate, because its limits break by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simab.explain.chance import limit_text
from simab.explain.healthy_runs import (
    MOST_WINDOWS,
    Harm,
    argo_harm,
    blue_green_harm,
    flagger_harm,
    staged_harm,
)
from simab.explain.readings import Reading, of_alarm, of_argo, of_flagger, of_limit
from simab.explain.unseen_windows import measures_nothing
from simab.policies import PolicyDescription
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario.models import Scenario
from simab.scenario.parts import Variant
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, two_figures

__all__ = ["FalseAlarms", "false_alarms", "rolled_back_by_chance"]

_TOO_OFTEN: Final = 0.05  # of the runs
_FEW_WINDOWS: Final = 600  # for which remedies are tried; they take as long as the share each
_TOLERANCES: Final = range(1, 9)  # more than the policy tolerates


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """The share of runs in which a candidate that answers as a variant does is rolled back.

    `worst` is the limit that does it most often.
    """

    answers_as: str
    share: float
    worst: Harm


def rolled_back_by_chance(scenario: Scenario) -> Iterator[str]:
    """A sentence for each policy that rolls back a healthy candidate in 5 % of the runs or more."""
    for name, policy in scenario.policies.items():
        if isinstance(policy, ArgoRollouts) and measures_nothing(scenario, policy):
            continue  # all are rolled back, which is no chance and has its own sentence
        found = false_alarms(scenario, policy)
        if found is not None and found.share >= _TOO_OFTEN:
            yield _sentence(scenario, name, policy, found)
        if found is None:
            yield from _impossible(scenario, name, policy)


def false_alarms(scenario: Scenario, policy: PolicyDescription) -> FalseAlarms | None:
    """What chance does to a healthy candidate; None where the policy has no such limits.

    Healthy is the candidate as described if it keeps each limit in the long run, else one that
    answers as the control does; None if that breaks one as well. Waiting is left out.
    """
    objective = scenario.objective
    for name in (objective.candidate, objective.control):
        found = _of_answers(scenario, policy, scenario.endpoint.variants[name])
        if found is not None:
            share, harms = found
            worst = max(harms, key=lambda harm: float(harm.rolled_back.mean()))
            return FalseAlarms(name, share, worst)
    return None


def _of_answers(
    scenario: Scenario, policy: PolicyDescription, answers: Variant
) -> tuple[float, Sequence[Harm]] | None:
    """The share of runs and each limit's part of it; None where a limit is broken truly."""
    readings = _readings(policy, answers)
    if not readings or any(each.broken_anyhow for each in readings.values()):
        return None
    if isinstance(policy, FlaggerAnalysis):
        return _flagger(scenario, policy, list(readings.values()))
    harms: list[Harm | None] = []
    match policy:
        case StagedCanary():
            harms = [staged_harm(scenario, policy, each) for each in readings.values()]
        case BlueGreen():
            harms = [
                blue_green_harm(scenario, policy, name, each) for name, each in readings.items()
            ]
        case ArgoRollouts():
            harms = [*argo_harm(scenario, policy, readings)]
    found = [harm for harm in harms if harm is not None]
    if not found or not all(harm.reading.law.keeps(harm.requests) for harm in found):
        return None
    passed = np.prod([1.0 - harm.rolled_back.mean() for harm in found])
    return 1.0 - float(passed), found


def _readings(policy: PolicyDescription, answers: Variant) -> dict[Any, Reading]:
    """What a policy reads of a candidate that answers so, as far as it can be drawn."""
    found: dict[Any, Reading | None] = {}
    match policy:
        case StagedCanary():
            found = {
                place: of_limit(each, answers, limit_text(each))
                for place, each in enumerate(policy.alarms)
            }
        case BlueGreen():
            found = {
                name: of_alarm(alarm, answers, f"alarm {named(name)}")
                for name, alarm in policy.alarms.items()
            }
        case ArgoRollouts():
            found = dict(_argo_readings(policy, answers))
        case FlaggerAnalysis():
            found = dict(_flagger_readings(policy, answers))
    return {key: each for key, each in found.items() if each is not None}


def _impossible(scenario: Scenario, name: str, policy: PolicyDescription) -> Iterator[str]:
    """A limit that neither the candidate nor one that answers as the control keeps."""
    objective, variants = scenario.objective, scenario.endpoint.variants
    roles = objective.candidate, objective.control
    broken = [
        [each.words for each in _readings(policy, variants[role]).values() if each.broken_anyhow]
        for role in roles
    ]
    both = [words for words in broken[0] if words in broken[1]]
    if both:
        candidate, control = (named(role) for role in roles)
        yield (
            f"{named(name)} asks for more than {control} gives: {listed(both)} "
            f"{'is' if len(both) == 1 else 'are'} broken in the long run by {candidate} and by one "
            f"that answers as {control} does. Look at the limit and its unit."
        )


def _argo_readings(policy: ArgoRollouts, answers: Variant) -> dict[Any, Reading | None]:
    analyses = [step.analysis for step in policy.steps]
    analyses.append(None if policy.background is None else policy.background.metrics)
    return {
        metric: of_argo(metric, answers, f"metric {named(name)}")
        for analysis in analyses
        for name, metric in (analysis or {}).items()
        if metric.failure_limit >= 0 and not metric.dry_run
    }


def _flagger_readings(policy: FlaggerAnalysis, answers: Variant) -> dict[Any, Reading | None]:
    """All metrics, since a check fails by any of them; nothing unless all can be read."""
    shifts = policy.step_weight or policy.step_weights
    by_weights = (shifts and not policy.iterations) or policy.matched_share is not None
    if policy.skip_analysis or policy.mirror or policy.session_affinity or not by_weights:
        return {}
    readings = {
        place: of_flagger(each, answers, f"metric {named(each.name)}")
        for place, each in enumerate(policy.metrics)
    }
    return {} if None in readings.values() else dict(readings)


def _flagger(
    scenario: Scenario, policy: FlaggerAnalysis, readings: Sequence[Reading]
) -> tuple[float, Sequence[Harm]] | None:
    rolled_back, harms = flagger_harm(scenario, policy, readings)
    if not all(harm.reading.law.keeps(harm.requests) for harm in harms):
        return None
    return float(rolled_back.mean()), harms


def _sentence(scenario: Scenario, name: str, policy: PolicyDescription, found: FalseAlarms) -> str:
    harm, healthy = found.worst, named(found.answers_as)
    if found.answers_as != scenario.objective.candidate:
        healthy = f"a candidate that answers as {healthy} does"
    if isinstance(policy, FlaggerAnalysis) and harm.blind_checks >= policy.threshold:
        return _blind_sentence(name, harm.blind_checks)
    windows = scenario.horizon // scenario.metrics.period
    about = "at least" if windows > MOST_WINDOWS else "about"
    remedy = _remedy(scenario, policy) if windows <= _FEW_WINDOWS else ""
    remedy = f"Set {remedy}, or let" if remedy else "Ask for less, or let"
    percent = percent_text(round(found.share, 2)) if found.share < 0.995 else "99 % or more"
    often = f"{about} {percent} of the runs"
    return (
        f"{named(name)} rolls back {healthy} in {often} by chance, although its service "
        f"alone keeps every limit in the long run: "
        f"{harm.reading.words} is broken in {percent_text(two_figures(harm.broken))} of the "
        f"readings of {number_text(round(harm.requests, 1))} requests, and a run takes many. "
        f"{remedy} each reading hold more requests."
    )


def _blind_sentence(name: str, checks: int) -> str:
    """Checks that find no data fail: Flagger's "no values found"."""
    often = "the first check comes" if checks == 1 else f"the first {checks} checks come"
    return (
        f"{named(name)} rolls back every candidate: {often} before a window with requests of "
        f"the candidate is published, and without data a check fails. Set threshold above {checks},"
        " lengthen interval, or shorten metrics.publication_delay or endpoint.weight_update."
    )


def _remedy(scenario: Scenario, policy: PolicyDescription) -> str:
    """The smallest tolerance that would do, of those tried."""
    for more in _TOLERANCES:
        changed, words = _tolerant(policy, more)
        if changed is None:
            return ""
        found = false_alarms(scenario, changed)
        if found is None or found.share < _TOO_OFTEN:
            return words
    return ""


def _tolerant(policy: PolicyDescription, more: int) -> tuple[Any, str]:
    """The policy with so much more tolerance, and what was set; None where that cannot be."""
    match policy:
        case StagedCanary():
            periods = policy.periods + more
            return policy.model_copy(update={"periods": periods}), f"periods to {periods}"
        case FlaggerAnalysis():
            threshold = policy.threshold + more
            return policy.model_copy(update={"threshold": threshold}), f"threshold to {threshold}"
        case BlueGreen() if len(policy.alarms) == 1:
            ((name, alarm),) = policy.alarms.items()
            needed, evaluated = (each + more for each in alarm.needed)
            wider = {"datapoints_to_alarm": needed, "evaluation_periods": evaluated}
            alarms = {name: alarm.model_copy(update=wider)}
            words = f"datapoints_to_alarm to {needed} of {evaluated} evaluation_periods"
            return policy.model_copy(update={"alarms": alarms}), words
        case _:
            return None, ""
