"""What production would show a policy at one moment, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from simab.policies.actions import Action
from simab.policies.answers import Answers
from simab.policies.metrics import ObjectiveMetric
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals

__all__ = [
    "Assignments",
    "EndpointStatus",
    "MetricsView",
    "Observation",
    "Refusal",
    "newest_published",
]


class EndpointStatus(StrEnum):
    """Whether the endpoint takes changes (the platform's own words)."""

    IN_SERVICE = "InService"
    UPDATING = "Updating"


@dataclass(frozen=True, slots=True)
class Assignments:
    """Whom the weights in force have sent to each variant that has one, since they took effect.

    `unit` is what is drawn independently: each request, or each user where routing keeps users with
    a variant, by a hash or by cookies, or each session where a hash of it decides. A user or a
    session counts when first sent somewhere, and not while a cookie decides. Counted on arrival,
    refused requests included; those that name a target variant are left out. `split` numbers the
    splits between two variants or more, from 1: under a hash the same users are drawn alike in all
    of them.
    """

    unit: Literal["requests", "sessions", "users"]
    split: int
    counts: Mapping[str, int]


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

    def invocations_per_instance(self, variant: str, since_ns: int, until_ns: int) -> float:
        """In these windows, the sum over requests of 1 / instances at the time of each."""

    def assignments(self) -> Assignments:
        """Whom the weights in force have sent where, in the published windows."""

    def labels(self, variant: str) -> LabelTotals:
        """Totals of all labels that have arrived."""

    def answers(self, variant: str) -> Answers:
        """The same labels one by one, for a rule whose `reads_answers` says that it asks."""

    def as_of(self, earlier_ns: int) -> MetricsView:
        """What was visible at an instant that is not after now."""


def newest_published(
    metrics: MetricsView, span_ns: int, *, before_ns: int | None = None
) -> tuple[int, int]:
    """First and last instant of the newest published windows that make up a span, in ns.

    The one reading of "the last five minutes": as many whole windows as the span takes, up to the
    newest that is visible. A query looks back from now, and a store whose metrics come late answers
    with what it has; cutting the span at now instead would leave nothing of one that is shorter
    than the delay. `before_ns` leaves out windows that end after it. Empty (both equal) before the
    first window is published.
    """
    until_ns, period_ns = metrics.published_until_ns, metrics.period_ns
    if before_ns is not None:
        until_ns = min(until_ns, before_ns // period_ns * period_ns)
    return max(until_ns - -(-span_ns // period_ns) * period_ns, 0), until_ns


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action of the tick before that the endpoint refused, and why."""

    action: Action
    reason: str


class Observation(NamedTuple):
    """The state of the experiment at `now_ns`, as the team's dashboards would show it.

    `weights` and `instances` hold the deployed variants as they serve now; while `status` is
    UPDATING a change is under way and another one would be refused. `control` and `candidate` are
    the roles that the experiment gives to two variants; `metric` is what they are compared by.
    Where several candidates may replace the control, `several` names them all, the candidate too.
    A tuple, because one is made at every tick.
    """

    now_ns: int
    status: EndpointStatus
    weights: Mapping[str, float]
    instances: Mapping[str, int]
    control: str
    candidate: str
    metrics: MetricsView
    refused: tuple[Refusal, ...] = ()
    metric: ObjectiveMetric = "success_rate"
    several: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[str, ...]:
        """All variants that may replace the control."""
        return self.several or (self.candidate,)

    def of(self, candidate: str) -> Observation:
        """The same endpoint in the eyes of a rule that compares one candidate with the control."""
        return self._replace(candidate=candidate, several=())

    def as_of(self, earlier_ns: int) -> Observation:
        """The same endpoint with the metrics as they were visible at an instant before."""
        return self._replace(now_ns=earlier_ns, metrics=self.metrics.as_of(earlier_ns))
