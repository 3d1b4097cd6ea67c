"""Harm in excess of chance: a run compared with the same run under a candidate like the control.

A window of few requests breaks a limit now and then even where every variant keeps it. So a run is
played once more with the same weights at the same instants, in which every variant answers as the
control does: with its latency, errors, quality, workers and queue. By common random numbers a
candidate that equals the control gives the identical run, and an excess of exactly 0. Variants that
scale by themselves do so by the load of the second run, where an update of theirs may refuse what
the first run accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from typing import Final, TypeAlias

from simab.analyse.breaches import guardrail_breach_s
from simab.analyse.run_limits import can_fail
from simab.draws import Draws
from simab.policies import Action, Deploy, NextLook, Observation, SetInstances
from simab.result.run_summary import RunSummary
from simab.run.simulation import Run, play_run
from simab.scenario.models import Scenario
from simab.scenario.timeline import Conditions
from simab.world import Blueprint, DecisionLog, RunData, Session
from simab.world.control import Decider, SelfPlayed, SplitEntry

__all__ = [
    "AcceptedActions",
    "Counterfactual",
    "Repeatable",
    "accepted_actions",
    "as_the_control",
    "differs_for_users",
]

AcceptedActions: TypeAlias = Mapping[int, Sequence[Action]]

_ANSWERS: Final = (
    "latency", "error_rate", "quality", "workers", "queue_limit", "instance_routing",
)  # fmt: skip
_FELT: Final = (
    "latency", "error_rate", "instances", "workers", "queue_limit", "instance_routing",
    "autoscaling",
)  # fmt: skip


@dataclass(frozen=True)
class Counterfactual:
    """The scenario in which every variant answers as the control, made ready once a study."""

    scenario: Scenario

    def excess(
        self, outcome: RunSummary, played: Repeatable, draws: Draws, engine: str
    ) -> RunSummary:
        """The row of a run with what it has in excess of the same run with equal variants.

        Takes the run's row, what is to be repeated of it, and the draws and the engine that it was
        played with. The second run is played only where it could differ: else the excess is 0.
        """
        if not self.is_needed:
            return outcome
        blueprint = self._blueprint(played)
        again = play_run(
            blueprint, (outcome.policy, played.repeated(blueprint)), draws, engine=engine
        )
        errors = again.totals.failed + again.totals.rejected
        return replace(
            outcome,
            guardrail_breach_excess_s=outcome.guardrail_breach_s - guardrail_breach_s(again),
            errors_excess=outcome.requests_failed + outcome.requests_rejected - errors,
        )

    @cached_property
    def is_needed(self) -> bool:
        """Whether the second run could differ in what it is played for."""
        variants = self.scenario.endpoint.variants.values()
        can_err = can_fail(self.scenario) or any(each.queue_limit is not None for each in variants)
        matters = can_err or bool(self.scenario.objective.guardrails)
        return matters and differs_for_users(self.scenario)

    def _blueprint(self, played: Repeatable) -> Blueprint:
        # How many instances to set depends on how many there are.
        if not played.began_as(self.scenario):
            began = _begun(self.scenario, played.began)
            return Blueprint.of(as_the_control(began, instances=not played.sets_instances))
        return self._as_started if played.sets_instances else self._whole

    @cached_property
    def _whole(self) -> Blueprint:
        return Blueprint.of(as_the_control(self.scenario, instances=True))

    @cached_property
    def _as_started(self) -> Blueprint:
        return Blueprint.of(as_the_control(self.scenario, instances=False))


def as_the_control(scenario: Scenario, *, instances: bool) -> Scenario:
    """The scenario with variants of the same names and weights that all answer as the control does.

    `instances`: whether they have as many instances as the control, and scale as it does, or as
    many as they had.
    """
    variants = scenario.endpoint.variants
    control = variants[scenario.objective.control]
    taken = {name: getattr(control, name) for name in _ANSWERS}
    if instances:
        taken |= {"instances": control.instances, "autoscaling": control.autoscaling}
    equal = {name: each.model_copy(update=taken) for name, each in variants.items()}
    endpoint = scenario.endpoint.model_copy(update={"variants": equal})
    name = scenario.objective.control
    traffic = {
        segment: each.model_copy(
            update={"quality": dict.fromkeys(variants, each.quality[name])}
            if name in each.quality
            else {"quality": {}}
        )
        for segment, each in scenario.traffic.items()
    }
    timeline = [
        each.model_copy(update={"variants": ()}) if isinstance(each, Conditions) else each
        for each in scenario.timeline
        if not isinstance(each, Conditions) or each.hits_variant(name)
    ]
    return scenario.model_copy(
        update={"endpoint": endpoint, "traffic": traffic, "timeline": tuple(timeline)}
    )


def differs_for_users(scenario: Scenario) -> bool:
    """Whether some variant is slower, errs more or less, or carries another load than the control.

    How good its answers are changes neither latency nor errors.
    """
    variants = scenario.endpoint.variants
    control = variants[scenario.objective.control]
    return any(
        getattr(each, name) != getattr(control, name)
        for each in variants.values()
        for name in _FELT
    ) or any(
        isinstance(entry, Conditions) and not set(variants) <= set(entry.variants or variants)
        for entry in scenario.timeline
    )


def _begun(scenario: Scenario, began: SplitEntry) -> Scenario:
    """The scenario with what was deployed at the start of a run."""
    variants = {
        name: variant.model_copy(
            update={
                "deployed": name in began.weights,
                "weight": began.weights.get(name, 0.0),
                "instances": began.instances.get(name, variant.instances),
            }
        )
        for name, variant in scenario.endpoint.variants.items()
    }
    endpoint = scenario.endpoint.model_copy(update={"variants": variants})
    return scenario.model_copy(update={"endpoint": endpoint})


@dataclass(frozen=True, slots=True)
class Repeatable:
    """What a second run takes over from a first: its start, and what the endpoint accepted when."""

    began: SplitEntry
    actions: AcceptedActions

    @classmethod
    def of(cls, run: Run) -> Repeatable:
        """Of a run."""
        return cls(run.decision_log.splits[0], accepted_actions(run))

    @property
    def sets_instances(self) -> bool:
        """Whether any action says how many instances a variant is to have."""
        asked = (action for each in self.actions.values() for action in each)
        return any(
            isinstance(each, SetInstances) or (isinstance(each, Deploy) and each.instances)
            for each in asked
        )

    def began_as(self, scenario: Scenario) -> bool:
        """Whether it began as the scenario says, and not with what a script deployed."""
        variants = scenario.endpoint.variants.items()
        weights = {name: each.weight for name, each in variants if each.deployed}
        instances = {name: each.instances for name, each in variants if each.deployed}
        return (self.began.weights, self.began.instances) == (weights, instances)

    def repeated(self, blueprint: Blueprint) -> Decider:
        """Who asks for the same at the same instants, be they looks or in between."""
        interval_ns = blueprint.interval_ns
        looks = all(at_ns and at_ns % interval_ns == 0 for at_ns in self.actions)
        return _Repeated(self.actions) if looks else _Between(self.actions)


@dataclass(frozen=True, slots=True)
class _Between(SelfPlayed):
    """Asks again for what was accepted, at instants between two looks as well."""

    actions: AcceptedActions

    def played(
        self, blueprint: Blueprint, draws: Draws, *, engine: str, record_requests: bool
    ) -> tuple[RunData, DecisionLog]:
        """Each instant is waited for from the one before, so that updates end first at it."""
        session = Session(blueprint, draws, engine=engine, record_requests=record_requests)
        left = iter(self.actions.items())

        def wait() -> None:
            for at_ns, asked in left:
                session.at(at_ns, partial(act, asked))
                return

        def act(asked: Sequence[Action]) -> None:
            session.act(asked)
            wait()

        wait()
        return session.close()


@dataclass(frozen=True, slots=True)
class _Repeated:
    """A policy that asks again for what was accepted, at the same instants."""

    actions: AcceptedActions

    def decide(self, state: int | None, observation: Observation) -> tuple[Sequence[Action], int]:
        """The actions of this instant; the state counts the instants that had any."""
        actions = self.actions.get(observation.now_ns)
        return actions or (), (state or 0) + (actions is not None)

    def has_ended(self, state: int) -> bool:
        """Whether all have been asked for."""
        return state == len(self.actions)

    def next_look(self, state: int, observation: Observation) -> NextLook:
        """The instant of the next ones; they are in order of time."""
        return NextLook(at_ns=next(islice(self.actions, state, None)))


def accepted_actions(run: Run) -> AcceptedActions:
    """What the endpoint began to carry out, by the instant at which it was asked for."""
    actions: dict[int, list[Action]] = {}
    for entry in run.decision_log.decisions:
        if entry.accepted:
            actions.setdefault(entry.at_ns, []).append(entry.action)
    return actions
