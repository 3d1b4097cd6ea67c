"""The probability that a rule promotes the candidate, by whichever theory holds in the scenario."""

from __future__ import annotations

from dataclasses import dataclass

from simab.expected.answers import promotion_by_answers
from simab.expected.assumptions import answers_are_independent, checks_are_independent
from simab.expected.checks import promotion_by_checks
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.bandits.bandit import Bandit
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.scenario import Scenario

__all__ = ["Expected", "expected_promotion"]

_EXACT = (ManualSchedule, Bandit, ArgoRollouts, BlueGreen, FlaggerAnalysis, StagedCanary)


@dataclass(frozen=True, slots=True)
class Expected:
    """A probability by theory; `approximate` where that takes shares as normal, or labels as even.

    A schedule that never looks, two equal arms of a bandit, and checks of Poisson counts have a
    probability without approximation.
    """

    probability: float
    approximate: bool


def expected_promotion(scenario: Scenario, policy: object) -> Expected | None:
    """How often the rule promotes the candidate in this scenario; None where theory is silent.

    Rules that decide by right answers have normal theory at their looks (Jennison and Turnbull
    2000), the SPRT and the walk-through's rule the law of right answers; controllers that check
    errors have the closed form of `simab.theory.controllers`.
    """
    found = None
    if isinstance(policy, ManualSchedule) or answers_are_independent(scenario):
        found = promotion_by_answers(scenario, policy)
    if found is None and checks_are_independent(scenario):
        found = promotion_by_checks(scenario, policy)
    return None if found is None else Expected(found, not isinstance(policy, _EXACT))
