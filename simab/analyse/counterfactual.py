"""Harm in excess of chance: a run compared with the same run under a candidate like the control.

A window of few requests breaks a limit now and then even where every variant keeps it. So a run is
played once more with the same weights at the same instants, in which every variant answers as the
control does: with its latency, errors, quality, workers and queue. By common random numbers a
candidate that equals the control gives the identical run, and an excess of exactly 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Final, TypeAlias

from simab.analyse.breaches import guardrail_breach_s
from simab.draws import Draws
from simab.policies import Action, NextLook, Observation, SetInstances
from simab.result.run_summary import RunSummary
from simab.run.simulation import Run, play_run
from simab.scenario.models import Scenario
from simab.world import Blueprint

__all__ = [
    "AcceptedActions",
    "Counterfactual",
    "accepted_actions",
    "as_the_control",
    "differs_for_users",
]

AcceptedActions: TypeAlias = Mapping[int, Sequence[Action]]

_ANSWERS: Final = (
    "latency", "error_rate", "quality", "workers", "queue_limit", "instance_routing",
)  # fmt: skip
_FELT: Final = ("latency", "error_rate", "instances", "workers", "queue_limit", "instance_routing")


@dataclass(frozen=True)
class Counterfactual:
    """The scenario in which every variant answers as the control, made ready once a study."""

    scenario: Scenario

    def excess(
        self, outcome: RunSummary, actions: AcceptedActions, draws: Draws, engine: str
    ) -> RunSummary:
        """The row of a run with what it has in excess of the same run with equal variants.

        Takes the run's row, its accepted actions, and the draws and the engine that it was played
        with. The second run is played only where it could differ: else the excess is 0.
        """
        if not self.is_needed:
            return outcome
        policy = outcome.policy, _Repeated(actions)
        again = play_run(self._blueprint(actions), policy, draws, engine=engine)
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
        can_err = any(each.error_rate > 0 or each.queue_limit is not None for each in variants)
        matters = can_err or bool(self.scenario.objective.guardrails)
        return matters and differs_for_users(self.scenario)

    def _blueprint(self, actions: AcceptedActions) -> Blueprint:
        asked = (action for each in actions.values() for action in each)
        # How many instances to set depends on how many there are.
        return self._as_started if any(isinstance(a, SetInstances) for a in asked) else self._whole

    @cached_property
    def _whole(self) -> Blueprint:
        return Blueprint.of(as_the_control(self.scenario, instances=True))

    @cached_property
    def _as_started(self) -> Blueprint:
        return Blueprint.of(as_the_control(self.scenario, instances=False))


def as_the_control(scenario: Scenario, *, instances: bool) -> Scenario:
    """The scenario with variants of the same names and weights that all answer as the control does.

    `instances`: whether they have as many instances as the control, or as many as they had.
    """
    variants = scenario.endpoint.variants
    control = variants[scenario.objective.control]
    taken = {name: getattr(control, name) for name in _ANSWERS}
    if instances:
        taken["instances"] = control.instances
    equal = {name: each.model_copy(update=taken) for name, each in variants.items()}
    endpoint = scenario.endpoint.model_copy(update={"variants": equal})
    return scenario.model_copy(update={"endpoint": endpoint})


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
    )


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
