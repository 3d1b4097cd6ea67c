"""Take the variant that is ahead on most metrics after N labelled requests, by however little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from simab.policies.actions import Action, Promote
from simab.policies.immature import OptionalImmature
from simab.policies.look_reading import LookReading
from simab.policies.metrics import (
    LOWER_IS_BETTER,
    ObjectiveMetric,
    label_metric,
    of_labels,
    of_requests,
    request_metric,
)
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.policy import Policy
from simab.text.numbers import figure_text

__all__ = ["MetricMajority"]


class MetricMajority(Policy):
    """Promote whichever variant is ahead on more of the named metrics, by however little.

    Where neither is, the control gets all traffic.

    Source: the vendor's walk-through (aws/amazon-sagemaker-examples, sm-a_b_testing), which
    compares accuracy, precision, recall, F1 and the AUC of the 0/1 predictions on 120 requests and
    concludes that "Variant2 is better on most metrics". It misleads because no difference is too
    small for it, and a majority of metrics that restate the same few rows is no evidence.
    """

    kind: Literal["metric_majority"] = "metric_majority"
    labelled_requests: Annotated[int, Field(ge=1)]
    """Labelled requests that each of the two variants must have first."""
    metrics: Annotated[tuple[ObjectiveMetric, ...], Field(min_length=1)] = (
        "accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc_binary",
    )
    """What to compare: of all labels by then or, error rates and latencies, of all published
    windows."""
    immature: OptionalImmature = None
    """How requests count whose labels are not all there yet; as labels arrive if absent."""

    def labels_needed(self, ratio: float) -> int:
        """As given, whatever the split."""
        return self.labelled_requests

    def has_ended(self, state: Any) -> bool:
        return bool(state)

    def next_look(self, state: Any, observation: Observation) -> NextLook:
        """The labels of both variants."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        both = observation.control, observation.candidate
        return NextLook.once_labelled(both, self.labelled_requests)

    def readings(
        self, before: bool | None, after: bool | None, observation: Observation
    ) -> Sequence[LookReading]:
        """Each metric of both variants at the decision; a tie counts for neither."""
        if before or not after:
            return ()
        roles = observation.candidate, observation.control
        found = []
        for name in self.metrics:
            own, other = (_value(name, observation, each) for each in roles)
            gain = other - own if name in LOWER_IS_BETTER else own - other
            reading = (
                f"{roles[0]} {figure_text(own, '.4g')} against {figure_text(other, '.4g')} "
                f"of {roles[1]}"
            )
            found.append(LookReading(name, reading, gain > 0 if abs(gain) > 0 else None))
        return found

    def decide(
        self, state: bool | None, observation: Observation
    ) -> tuple[Sequence[Action], bool | None]:
        """Decide at the first tick at which both variants have enough labels."""
        if state or observation.status is EndpointStatus.UPDATING:
            return (), state
        control = observation.metrics.labels(observation.control)
        candidate = observation.metrics.labels(observation.candidate)
        if min(control.labelled, candidate.labelled) < self.labelled_requests:
            return (), state
        ahead: dict[bool, list[str]] = {True: [], False: []}
        for name in self.metrics:
            own, other = (
                _value(name, observation, each)
                for each in (observation.candidate, observation.control)
            )
            gain = own - other
            if name in LOWER_IS_BETTER:
                gain = -gain
            if gain != 0.0 and gain == gain:  # a tie or an undefined metric counts for neither
                ahead[gain > 0].append(name)
        because = (
            f"after {control.labelled} and {candidate.labelled} labelled requests "
            f"{observation.control} is ahead on {len(ahead[False])} of {len(self.metrics)} metrics "
            f"({', '.join(ahead[False]) or 'none'}), {observation.candidate} on "
            f"{len(ahead[True])} ({', '.join(ahead[True]) or 'none'})"
        )
        wins = len(ahead[True]) > len(ahead[False])
        winner = observation.candidate if wins else observation.control
        return (Promote(winner, because=because),), True


def _value(name: ObjectiveMetric, observation: Observation, variant: str) -> float:
    """A metric of all that is known of a variant by now; NaN where it is undefined."""
    metrics = observation.metrics
    if (labelled := of_labels(name)) is not None:
        return label_metric(labelled, metrics.labels(variant))
    served, until_ns = of_requests(name), metrics.published_until_ns
    if served is None or not until_ns:
        return math.nan
    return request_metric(served, metrics.requests(variant, 0, until_ns))
