"""When a controller's steps begin, while nothing goes wrong: its shares of traffic, and its checks.

A change asked for at one look is in force after the endpoint's update, and seen at the next look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simab.explain.capacity import candidate_serves, rates_per_s, start_weights
from simab.policies.argo.metrics import ArgoMetric
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.pair_weights import beside_others
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario.models import Scenario

__all__ = ["ArgoCourse", "Course", "argo_course", "blue_green_course", "staged_course"]


@dataclass(slots=True)
class Course:
    """Looks, and the rates in force: (instant in ns, control's and candidate's requests a second).

    `spans` are the stretches that a rule judges, as first and last look in ns, one for each step.
    """

    scenario: Scenario
    now_ns: int = 0
    rates: list[tuple[int, float, float]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.force(0, start_weights(self.scenario))
        self.now_ns = self.scenario.controller.interval

    def force(self, at_ns: int, weights: Mapping[str, float]) -> None:
        """Put weights in force; variants that are left out have no traffic."""
        objective = self.scenario.objective
        rates = rates_per_s(self.scenario.traffic.values(), weights)
        control, candidate = objective.control, objective.candidate
        self.rates.append((at_ns, rates.get(control, 0.0), rates.get(candidate, 0.0)))

    def ask(self, weights: Mapping[str, float]) -> None:
        """Ask for weights at this look, and wait for the look that sees them in force."""
        update = self.scenario.endpoint.weight_update
        self.force(self.now_ns + update, weights)
        self.wait(max(update, 1))

    def wait(self, span_ns: int) -> None:
        """Go to the first look so much later."""
        interval = self.scenario.controller.interval
        self.now_ns += -(-span_ns // interval) * interval

    def pair(self, control: float, candidate: float) -> dict[str, float]:
        """Weights in this proportion for the two, beside what the others have."""
        start, objective = start_weights(self.scenario), self.scenario.objective
        parts = {objective.control: control, objective.candidate: candidate}
        return {**start, **beside_others(parts, start)}

    def deploy(self) -> None:
        """Wait for the candidate to be added, where it is not there."""
        if not self.scenario.endpoint.variants[self.scenario.objective.candidate].deployed:
            self.ask(start_weights(self.scenario))


def staged_course(scenario: Scenario, policy: StagedCanary) -> Course:
    """Each stage from the look that sees it in force to the look that ends it."""
    course = Course(scenario)
    objective, start = scenario.objective, start_weights(scenario)
    steps = policy.splits(objective.control, objective.candidate, start)[: len(policy.stages)]
    for weights in steps:
        course.ask(weights)
        seen_ns = course.now_ns
        course.wait(policy.bake)
        course.spans.append((seen_ns, course.now_ns))
    return course


def blue_green_course(scenario: Scenario, policy: BlueGreen) -> Course:
    """Each bake from its first look to its last."""
    course = Course(scenario)
    course.wait(max(policy.start_after - course.now_ns, 0))
    course.deploy()
    instances = scenario.endpoint.variants[scenario.objective.candidate].instances
    for share in policy.traffic.shares(instances):
        course.ask(course.pair(1.0 - share, share))
        first_ns = course.now_ns
        course.wait(policy.wait_interval)
        course.spans.append((first_ns, course.now_ns))
    return course


@dataclass(slots=True)
class ArgoCourse:
    """The course of a rollout, and the instants at which each of its analyses measures."""

    course: Course
    measured: list[tuple[ArgoMetric, range]] = field(default_factory=list)


def argo_course(scenario: Scenario, policy: ArgoRollouts) -> ArgoCourse:
    """Steps one after the other; a pause that nobody ends lasts to the horizon."""
    found = ArgoCourse(course := Course(scenario))
    course.deploy()
    replicas = policy.replicas
    if replicas is None:
        replicas = scenario.endpoint.variants[scenario.objective.control].instances
    background_ns = None
    course.force(course.now_ns + scenario.endpoint.weight_update, course.pair(1.0, 0.0))
    if candidate_serves(scenario):
        course.wait(max(scenario.endpoint.weight_update, 1))
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
            course.wait(step.pause.duration or policy.resume_after or scenario.horizon)
        else:
            analysis = (step.analysis or {}).values()
            begun = [(each, _measured(each, course.now_ns, scenario.horizon)) for each in analysis]
            last_ns = max((instants[-1] for _, instants in begun if instants), default=0)
            course.wait(max(last_ns - course.now_ns, 0))
            found.measured += begun
    if policy.background is not None and background_ns is not None:
        for metric in policy.background.metrics.values():
            instants = _measured(metric, background_ns, min(course.now_ns, scenario.horizon))
            found.measured.append((metric, instants))
    return found


def _measured(metric: ArgoMetric, since_ns: int, until_ns: int) -> range:
    """When a metric is measured, to its count or to an end."""
    first_ns, count = since_ns + metric.initial_delay, metric.effective_count
    instants = range(first_ns, until_ns + 1, metric.interval or until_ns + 1)
    return instants if count is None else instants[:count]
