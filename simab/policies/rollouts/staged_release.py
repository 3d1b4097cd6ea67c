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
from simab.policies.pair_weights import beside_others, pair_weights
from simab.policies.policy import Policy

__all__ = ["ReleaseStage", "StagedRelease"]


class ReleaseStage(Description):
    """A share of the traffic, and how long the candidate has it before the next."""

    share: Annotated[Share, Field(gt=0, lt=1)]
    """The candidate's share of what the two have."""
    lasts: PositiveDuration
    """How long the stage serves."""


class StagedRelease(Policy):
    """Raises the candidate's share by a list of stages; what stops it is each policy's own rule."""

    kind: str  # first, for a file and its messages begin with it
    stages: Annotated[tuple[ReleaseStage, ...], Field(min_length=1)]
    """Stages with rising shares; the candidate is promoted after the last."""

    @model_validator(mode="after")
    def _rising(self) -> StagedRelease:
        shares = [stage.share for stage in self.stages]
        if shares != sorted(set(shares)):
            raise InvalidInput("the stages do not rise; list growing shares such as 5%, 25%, 50%")
        return self

    def has_ended(self, state: Any) -> bool:
        return bool(state and state.finished)

    def entered(self, stage: int, because: str, observation: Observation) -> Action:
        """What puts a stage in force."""
        share = self.stages[stage].share
        return SetWeights(pair_weights(1.0 - share, share, observation), because=because)

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
        pairs = [{control: 1.0 - each.share, candidate: each.share} for each in self.stages]
        stages = [{**weights, **beside_others(pair, weights)} for pair in pairs]
        return [*stages, *super().splits(control, candidate, weights)]
