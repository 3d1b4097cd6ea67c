"""What a scenario says: endpoint, traffic, labels, metrics, objective, policies.

The models are frozen, and no invalid one exists: rules across fields are checked here as well.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from simab.description import Description
from simab.policies import PolicyDescription
from simab.profiles import OutcomeTable
from simab.profiles.quality import NumericReward
from simab.scenario import rules
from simab.scenario.parts import (
    Controller,
    Endpoint,
    Labels,
    Metrics,
    Name,
    Objective,
    PositiveDuration,
    Segment,
    StudySettings,
)

__all__ = ["Scenario"]


class Scenario(Description):
    """A rehearsal: everything that simab needs to know, and nothing that it executes."""

    title: Annotated[str, Field(min_length=1)]
    """A few words that name the scenario."""
    question: str = ""
    """The question that it is to answer."""
    endpoint: Endpoint
    """What serves."""
    traffic: Annotated[dict[Name, Segment], Field(min_length=1)]
    """Who asks: segments by name."""
    labels: Labels = Labels()
    """Ground truth."""
    metrics: Metrics = Metrics()
    """Metric windows."""
    controller: Controller = Controller()
    """The looks."""
    objective: Objective
    """What is better."""
    horizon: PositiveDuration
    """How long a run lasts."""
    policies: Annotated[dict[Name, PolicyDescription], Field(min_length=1)]
    """The rules to compare, by name."""
    outcome_tables: dict[Name, OutcomeTable] = {}
    """Joint outcome tables by name, for variants of quality `joint_table`."""
    study: StudySettings = StudySettings()
    """Replications and seed."""

    @property
    def earns_rewards(self) -> bool:
        """Whether the variants earn numeric rewards; then all of them do."""
        return any(
            isinstance(variant.quality, NumericReward)
            for variant in self.endpoint.variants.values()
        )

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Scenario:
        rules.require(self.model_dump(mode="json"))
        return self
