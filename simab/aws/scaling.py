"""What is registered for autoscaling, and how the world has to scale by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from simab.scenario.serving import Autoscaling

__all__ = ["ScalableTarget", "ScalingPolicy"]

_COOLDOWN_S: Final = 300


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """A target-tracking policy; `given` is its configuration."""

    name: str
    given: Mapping[str, Any]
    created: datetime


@dataclass(frozen=True, slots=True)
class ScalableTarget:
    """A variant of an endpoint, and within which numbers of instances it is scaled."""

    endpoint: str
    variant: str
    least: int
    most: int
    created: datetime
    policies: dict[str, ScalingPolicy] = field(default_factory=dict)

    @property
    def autoscaling(self) -> Autoscaling | None:
        """As a scenario would say it, by minutes; None where there is no policy."""
        for policy in self.policies.values():
            return self.tracking(policy.given)
        return None

    def tracking(self, given: Mapping[str, Any]) -> Autoscaling:
        """The same with the configuration of one policy.

        Raises:
            ValidationError: of pydantic, where a number is more than a scenario may say.
        """
        return Autoscaling.model_validate(
            {
                "min_instances": self.least,
                "max_instances": self.most,
                "invocations_per_instance": given["TargetValue"],
                "datapoint": "1min",
                "scale_out_cooldown": f"{given.get('ScaleOutCooldown', _COOLDOWN_S)}s",
                "scale_in_cooldown": f"{given.get('ScaleInCooldown', _COOLDOWN_S)}s",
                "scale_in": not given.get("DisableScaleIn", False),
            }
        )
