"""The fixed-horizon test: wait for a sample fixed beforehand, test once, decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from simab.policies.actions import Action, Promote
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.policy import Policy
from simab.stats.proportions import two_proportion_test

__all__ = ["FixedHorizonTest"]


class FixedHorizonTest(Policy):
    """Promote the candidate if a two-proportion test of correct answers says that it is better.

    One look, at the first tick at which both variants have the sample; the pooled z-test is
    two-sided, and only a significant gain promotes. Source: Fleiss, Levin and Paik, Statistical
    Methods for Rates and Proportions (2003), section 2. It misleads where the sample is too small
    for the effect: then it keeps the control nearly always, whichever is better.
    """

    kind: Literal["fixed_horizon"] = "fixed_horizon"
    labelled_requests: Annotated[int, Field(ge=1)]
    """Labelled requests that each of the two variants must have first."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Probability of calling a difference where there is none."""

    def decide(
        self, state: bool | None, observation: Observation
    ) -> tuple[Sequence[Action], bool | None]:
        """Test once, when both variants have enough labels."""
        if state or observation.status is EndpointStatus.UPDATING:
            return (), state
        control = observation.metrics.labels(observation.control)
        candidate = observation.metrics.labels(observation.candidate)
        if min(control.labelled, candidate.labelled) < self.labelled_requests:
            return (), state
        test = two_proportion_test(
            control.correct, control.labelled, candidate.correct, candidate.labelled
        )
        better = test.difference > 0 and test.p_value < self.alpha
        because = (
            f"{observation.control} {control.correct}/{control.labelled} correct, "
            f"{observation.candidate} {candidate.correct}/{candidate.labelled}: difference "
            f"{test.difference:+.4f}, p = {test.p_value:.3g} (alpha {self.alpha:g})"
        )
        winner = observation.candidate if better else observation.control
        return (Promote(winner, because=because),), True
