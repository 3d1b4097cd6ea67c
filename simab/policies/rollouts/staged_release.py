"""The base of releases in stages that each have a share and a time of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from simab.description import Description, PositiveDuration, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, SetWeights
from simab.policies.observation import Observation
from simab.policies.pair_weights import beside_others
from simab.policies.policy import PlannedTest, Policy
from simab.policies.rollouts.baseline import Baseline, compared_with, parts_of, require_room
from simab.policies.rollouts.watched_metrics import OptionalUnit, WatchedMetric
from simab.stats.design_effect import ServedShare

__all__ = ["ReleaseStage", "StagedRelease"]


class ReleaseStage(Description):
    """A share of the traffic, and how long the candidate has it before the next."""

    share: Annotated[Share, Field(gt=0, lt=1)]
    """The candidate's share of what the two have, or these and the baseline."""
    lasts: PositiveDuration
    """How long the stage serves."""


class StagedRelease(Policy):
    """Raises the candidate's share by a list of stages; what stops it is each policy's own rule."""

    kind: str  # first, for a file and its messages begin with it
    metrics: tuple[WatchedMetric, ...]
    stages: Annotated[tuple[ReleaseStage, ...], Field(min_length=1)]
    """Stages with rising shares; the candidate is promoted after the last."""

    baseline: Baseline = None
    """A variant like the control that has as much traffic as the candidate in every stage, and that
    the candidate is compared with in place of the control: both are new and of one size, so that
    cold caches and small samples speak against neither. The control itself if absent."""

    unit: OptionalUnit = "request"
    """What success rates, rewards and costs are compared by: each labelled request for an
    independent draw, or each user or session, by the delta method, of requests since the first of
    the stages that are read together began. Error rates and latencies are always of requests."""

    @model_validator(mode="after")
    def _users_have_labels(self) -> StagedRelease:
        if self.unit != "request" and not self.reads_answers():
            raise InvalidInput(
                f"unit: {self.unit} is of success rates, rewards and costs, and no metric here is "
                "one; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _baseline_has_room(self) -> StagedRelease:
        require_room("a stage", max(stage.share for stage in self.stages), self.baseline)
        return self

    @model_validator(mode="after")
    def _rising(self) -> StagedRelease:
        shares = [stage.share for stage in self.stages]
        if shares != sorted(set(shares)):
            raise InvalidInput("the stages do not rise; list growing shares such as 5%, 25%, 50%")
        return self

    def reads_answers(self) -> bool:
        """Whether a metric is compared over users or sessions."""
        return self.unit != "request" and any(each.reads_labels for each in self.metrics)

    def has_ended(self, state: Any) -> bool:
        return bool(state and state.finished)

    def entered(self, stage: int, because: str, observation: Observation) -> Action:
        """What puts a stage in force."""
        parts = self._parts(stage, observation.control, observation.candidate)
        return SetWeights(beside_others(parts, observation.weights), because=because)

    def compared(self, observation: Observation) -> Observation:
        """The endpoint in the eyes of what compares: with the baseline as its control."""
        return compared_with(self.baseline, observation)

    def _parts(self, stage: int, control: str, candidate: str) -> dict[str, float]:
        return parts_of(self.stages[stage].share, control, candidate, self.baseline)

    def test_of_stages(self, stages: Sequence[ReleaseStage]) -> PlannedTest:
        """What is found of labels at the end of these stages, which are judged together."""
        return PlannedTest(
            "last look",
            at_ns=sum(stage.lasts for stage in stages),
            stages=tuple(ServedShare(stage.share, stage.lasts) for stage in stages),
            baseline=self.baseline is not None,
        )

    def waits_ns(self) -> Sequence[int]:
        """The stages."""
        return [stage.lasts for stage in self.stages]

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """Each stage is asked for, put in force and served out."""
        return math.fsum(weight_update_ns + stage.lasts for stage in self.stages)

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """Each stage, and all traffic to either."""
        parts = [self._parts(stage, control, candidate) for stage in range(len(self.stages))]
        stages = [{**weights, **beside_others(each, weights)} for each in parts]
        return [*stages, *super().splits(control, candidate, weights)]
