"""When an Argo rollout measures, while nothing goes wrong, and whether it has data by then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from simab.policies.argo.metrics import ArgoMetric
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.explaining.course import Course
from simab.policies.explaining.setting import Setting

__all__ = ["ArgoCourse", "analyses_started", "course_of"]


@dataclass(slots=True)
class ArgoCourse:
    """The course of a rollout, and the instants at which each of its analyses measures."""

    course: Course
    measured: list[tuple[ArgoMetric, range]] = field(default_factory=list)


def course_of(setting: Setting, policy: ArgoRollouts) -> ArgoCourse:
    """Steps one after the other; a pause without an end lasts to the horizon."""
    found = ArgoCourse(course := Course(setting))
    course.deploy()
    replicas = policy.replicas
    if replicas is None:
        replicas = setting.variants[setting.control].instances
    background_ns = None
    course.force(course.now_ns + setting.weight_update, course.pair(1.0, 0.0))
    if setting.candidate_serves:
        course.wait(max(setting.weight_update, 1))
    share = 0.0
    for number, step in enumerate(policy.steps):
        if policy.background is not None and number == policy.background.starting_step:
            background_ns = course.now_ns
        if step.set_weight is not None:
            canary, stable = policy.counts(step.set_weight, replicas)
            if canary / (canary + stable) != share:
                share = canary / (canary + stable)
                course.ask(course.pair(stable, canary))
        elif step.pause is not None:
            course.wait(step.pause.duration or policy.resume_after or setting.horizon)
        else:
            analysis = (step.analysis or {}).values()
            begun = [(each, _measured(each, course.now_ns, setting.horizon)) for each in analysis]
            last_ns = max((instants[-1] for _, instants in begun if instants), default=0)
            course.wait(max(last_ns - course.now_ns, 0))
            found.measured += begun
    if policy.background is not None and background_ns is not None:
        for metric in policy.background.metrics.values():
            instants = _measured(metric, background_ns, min(course.now_ns, setting.horizon))
            found.measured.append((metric, instants))
    return found


def _measured(metric: ArgoMetric, since_ns: int, until_ns: int) -> range:
    """When a metric is measured, to its count or to an end."""
    first_ns, count = since_ns + metric.initial_delay, metric.effective_count
    instants = range(first_ns, until_ns + 1, metric.interval or until_ns + 1)
    return instants if count is None else instants[:count]


def analyses_started(
    setting: Setting, policy: ArgoRollouts
) -> Iterator[tuple[int, dict[str, ArgoMetric], int]]:
    """Each analysis, with the step (from 1) that starts it and how long traffic came before it.

    Where the candidate has traffic from the start, the first step is taken a look later.
    """
    serves = setting.candidate_serves
    update = setting.weight_update
    serving, served = serves, setting.interval if serves else -update
    for number, step in enumerate(policy.steps):
        if policy.background is not None and number == policy.background.starting_step:
            yield number + 1, policy.background.metrics, served
        if step.set_weight and not serving:  # the next step begins at the look that sees it
            serving, served = True, setting.served_unseen
        elif step.set_weight is not None and serves:
            served += setting.until_a_look(update)
        if step.pause is not None:
            length = step.pause.duration or policy.resume_after
            if length is None:
                return
            served += setting.until_a_look(length) * (1 if serving else -1)
        if step.analysis is not None:
            yield number + 1, step.analysis, served
            return  # it takes its time, and what follows it has data
