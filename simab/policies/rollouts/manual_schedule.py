"""The manual schedule: steps at fixed times, whatever the metrics say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from simab import units
from simab.description import Description, Duration
from simab.errors import InvalidInput
from simab.policies.actions import Action, AddVariant, Promote, RemoveVariant, SetWeights
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import all_to
from simab.policies.policy import Policy

__all__ = ["ManualSchedule", "Step"]

Weight = Annotated[float, Field(ge=0)]


class Step(Description):
    """One thing to do at one time."""

    at: Duration
    """When, from the start of the run; done at the first tick from then on."""
    weights: dict[str, Weight] | None = None
    """New weights by variant."""
    promote: str | None = None
    """Give this variant all traffic and declare it the winner."""
    add: str | None = None
    """Deploy this variant, with weight 0."""
    remove: str | None = None
    """Take this variant off the endpoint."""

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        given = [n for n in ("weights", "promote", "add", "remove") if getattr(self, n) is not None]
        if len(given) != 1:
            raise InvalidInput(
                "a step does one thing; give exactly one of weights, promote, add and remove"
            )
        return self

    def action(self) -> Action:
        """The step as an action."""
        because = f"the schedule says so at {units.format_duration(self.at)}"
        if self.weights is not None:
            return SetWeights(self.weights, because=because)
        if self.promote is not None:
            return Promote(self.promote, because=because)
        if self.add is not None:
            return AddVariant(self.add, because=because)
        assert self.remove is not None
        return RemoveVariant(self.remove, because=because)


class ManualSchedule(Policy):
    """Steps at fixed times, such as weights of 50/50, 25/75 and 0/1, whatever is measured.

    Source: the walk-through of production variants of one vendor (aws/amazon-sagemaker-examples,
    sm-a_b_testing). It misleads because it never looks: it promotes the candidate however bad.
    """

    kind: Literal["manual_schedule"] = "manual_schedule"
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    """What to do when, in order of time."""

    @model_validator(mode="after")
    def _in_order(self) -> ManualSchedule:
        times = [step.at for step in self.steps]
        if times != sorted(times):
            raise InvalidInput("the steps are out of order; sort them by `at`")
        return self

    def has_ended(self, state: Any) -> bool:
        return bool(state == len(self.steps))

    def decide(
        self, state: int | None, observation: Observation
    ) -> tuple[Sequence[Action], int | None]:
        """Take the next due step, one a tick and none while the endpoint is updating."""
        done = state or 0
        if observation.status is EndpointStatus.UPDATING or done == len(self.steps):
            return (), done
        step = self.steps[done]
        return ((step.action(),), done + 1) if step.at <= observation.now_ns else ((), done)

    def next_look(self, state: int, observation: Observation) -> NextLook:
        """The time of the next step; an update under way ends first."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        return NextLook(at_ns=self.steps[state].at)

    def adds_candidate(self, candidate: str) -> bool:
        """Whether a step adds it."""
        return any(step.add == candidate for step in self.steps)

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The weights of each step, upon those of the step before."""
        splits: list[Mapping[str, float]] = []
        now = dict(weights)
        for step in self.steps:
            if step.add is not None:
                now.setdefault(step.add, 0.0)
            elif step.remove is not None:
                now.pop(step.remove, None)
            else:
                now = {**now, **step.weights} if step.weights else all_to(step.promote or "", now)
            splits.append(now)
        return splits
