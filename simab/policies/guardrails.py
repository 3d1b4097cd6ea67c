"""Guardrails against the control: the candidate may be worse by less than a margin.

Limits that hold without a control are in `simab.policies.limits`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from simab.description import SMALLEST_ERROR, Description, Share
from simab.policies.constant_weight_period import ConstantWeightPeriod
from simab.policies.metrics import (
    ErrorMetric,
    LatencyMetric,
    latency_metric_ns,
    milliseconds_text,
)
from simab.policies.observation import Observation
from simab.policies.two_proportions import TwoProportions
from simab.stats.non_inferiority import (
    non_inferiority_log_evidence,
    restricted_non_inferiority_test,
)

__all__ = ["ErrorRateMargin", "Guardrail", "LatencyMargin", "first_objection"]


class ErrorRateMargin(Description):
    """The candidate's share of 5XX must be shown to exceed the control's by less than a margin.

    A rule that looks as often as it likes needs evidence that holds at any look (a mixture
    likelihood ratio, exact for independent errors); a rule with a few planned looks tests each at
    its part of alpha (Farrington and Manning 1990). Both count the requests since the weights were
    last set. Failures that come in clusters, as from a full queue, say less than they seem to.
    """

    metric: ErrorMetric
    """5XX responses over invocations."""
    margin: Annotated[Share, Field(gt=0, lt=1)]
    """The excess that would no longer be acceptable."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of ever passing a candidate that is worse by the whole margin, over all looks
    under the same weights."""

    def objection(
        self, stretch: ConstantWeightPeriod, observation: Observation, most_looks: int | None
    ) -> str:
        """Why the candidate does not pass yet, in words; empty when it passes."""
        errors = stretch.errors(observation)
        if most_looks is None:
            p_value, level = _p_value_at_any_look(errors, self.margin), self.alpha
            levels = f"alpha {self.alpha:g} over all looks"
        else:
            p_value, level = _p_value_at_one_look(errors, self.margin), self.alpha / most_looks
            levels = f"alpha {self.alpha:g} over {most_looks} look" + "s" * (most_looks > 1)
        if p_value <= level:
            return ""
        return (
            f"error_rate not shown to be within {self.margin:g} of the control's: "
            f"{errors.control_hits}/{errors.control_total} against "
            f"{errors.candidate_hits}/{errors.candidate_total}, p = {p_value:.3g} ({levels})"
        )


def _p_value_at_any_look(errors: TwoProportions, margin: float) -> float:
    return math.exp(min(-non_inferiority_log_evidence(*errors, margin), 0.0))


def _p_value_at_one_look(errors: TwoProportions, margin: float) -> float:
    test = restricted_non_inferiority_test(
        *errors,
        margin=margin,
    )
    return 1.0 if math.isnan(test.p_value) else test.p_value


class LatencyMargin(Description):
    """The candidate's latency stays at or below a multiple of the control's.

    It is not a test and has no alpha: the latencies of the requests since the weights were last set
    are compared as they are, at every look again, so chance alone can hold a candidate that keeps
    the ratio and pass one that does not. A percentile is the middle of its bucket (within 0.8 %).
    """

    metric: LatencyMetric
    """Which latency."""
    at_most_times: Annotated[float, Field(gt=0)]
    """The largest ratio of the candidate's latency to the control's that is still fine."""

    def objection(
        self, stretch: ConstantWeightPeriod, observation: Observation, most_looks: int | None
    ) -> str:
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
        because = f"more than {self.at_most_times:g} times the control's"
        if math.isnan(candidate + control):
            because = "not to be compared yet"
        own, other = milliseconds_text(candidate), milliseconds_text(control)
        return f"{self.metric} {own} against {other}, {because}"


Guardrail = Annotated[ErrorRateMargin | LatencyMargin, Field(discriminator="metric")]
"""A margin on errors or on latency; `metric` says which in a file."""


def first_objection(
    stretch: ConstantWeightPeriod,
    observation: Observation,
    guardrails: Sequence[Guardrail],
    most_looks: int | None = None,
) -> str:
    """What speaks against the candidate since the weights were set, in words; empty if nothing.

    `most_looks` is how often the rule can ask at most; None if nothing limits it.
    """
    objections = (each.objection(stretch, observation, most_looks) for each in guardrails)
    return next(filter(None, objections), "")
