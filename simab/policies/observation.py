"""What production would show a policy at one moment, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from simab.policies.actions import Action
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals

__all__ = ["EndpointStatus", "MetricsView", "Observation", "Refusal"]


class EndpointStatus(StrEnum):
    """Whether the endpoint takes changes (the platform's own words)."""

    IN_SERVICE = "InService"
    UPDATING = "Updating"


class MetricsView(Protocol):
    """Read access to what has been published and labelled so far."""

    @property
    def period_ns(self) -> int:
        """Length of a metric window."""

    @property
    def published_until_ns(self) -> int:
        """End of the newest window that is visible; 0 when none is."""

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Totals of the published windows that lie within [since, until)."""

    def labels(self, variant: str) -> LabelTotals:
        """Totals of all labels that have arrived."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action of the tick before that the endpoint refused, and why."""

    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of the experiment at `now_ns`, as the team's dashboards would show it.

    `weights` and `instances` hold the deployed variants as they serve now; while `status` is
    UPDATING a change is under way and another one would be refused. `control` and `candidate` are
    the roles that the experiment gives to two variants.
    """

    now_ns: int
    status: EndpointStatus
    weights: Mapping[str, float]
    instances: Mapping[str, int]
    control: str
    candidate: str
    metrics: MetricsView
    refused: tuple[Refusal, ...] = ()
