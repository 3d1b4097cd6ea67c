"""Guardrails against the control: the candidate may be worse by less than a margin.

Limits that hold without a control are in `simab.policies.limits`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from simab.description import SMALLEST_ERROR, Description, Share
from simab.policies.metrics import ErrorMetric, LatencyMetric, latency_metric_ns
from simab.policies.observation import Observation
from simab.policies.request_stretch import RequestStretch
from simab.stats.non_inferiority import non_inferiority_test

__all__ = ["ErrorRateMargin", "Guardrail", "LatencyMargin", "first_objection"]


class ErrorRateMargin(Description):
    """The candidate's share of 5XX must be shown to exceed the control's by less than a margin."""

    metric: ErrorMetric
    """5XX responses over invocations."""
    margin: Annotated[Share, Field(gt=0, lt=1)]
    """The excess that would no longer be acceptable."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of passing a candidate that is worse by the whole margin."""

    def objection(self, stretch: RequestStretch, observation: Observation) -> str:
        """Why the candidate does not pass yet, in words; empty when it passes."""
        errors = stretch.errors(observation)
        test = non_inferiority_test(*errors, margin=self.margin, smaller_is_better=True)
        p_value = test.p_value
        if math.isnan(p_value):
            # No error in either: the chance of none, were the candidate's rate the margin itself.
            none_failed = errors.control_hits == errors.candidate_hits == 0
            p_value = (1.0 - self.margin) ** errors.candidate_total if none_failed else 1.0
        if p_value <= self.alpha:
            return ""
        return (
            f"error_rate not shown to be within {self.margin:g} of the control's: "
            f"{errors.control_hits}/{errors.control_total} against "
            f"{errors.candidate_hits}/{errors.candidate_total}, p = {p_value:.3g} "
            f"(alpha {self.alpha:g})"
        )


class LatencyMargin(Description):
    """The candidate's latency stays at or below a multiple of the control's.

    The percentiles are read from the histograms and compared as they are, without a test.
    """

    metric: LatencyMetric
    """Which latency."""
    at_most_times: Annotated[float, Field(gt=0)]
    """The largest ratio of the candidate's latency to the control's that is still fine."""

    def objection(self, stretch: RequestStretch, observation: Observation) -> str:
        """Why the candidate does not pass yet, in words; empty when it passes."""
        since_ns, until_ns = stretch.span(observation.metrics)
        if since_ns == until_ns:
            return f"{self.metric}: no window is published yet"
        control, candidate = (
            latency_metric_ns(self.metric, observation.metrics.requests(name, since_ns, until_ns))
            for name in (observation.control, observation.candidate)
        )
        # Written so that NaN, where a variant served nothing, does not pass.
        if candidate <= self.at_most_times * control:
            return ""
        return (
            f"{self.metric} {candidate / 1e6:.1f}ms against {control / 1e6:.1f}ms, more than "
            f"{self.at_most_times:g} times the control's"
        )


Guardrail = Annotated[ErrorRateMargin | LatencyMargin, Field(discriminator="metric")]
"""A margin on errors or on latency; `metric` says which in a file."""


def first_objection(
    stretch: RequestStretch,
    observation: Observation,
    guardrails: Sequence[Guardrail],
) -> str:
    """What speaks against the candidate since the weights were set, in words; empty if nothing."""
    objections = (each.objection(stretch, observation) for each in guardrails)
    return next(filter(None, objections), "")
