"""What each rule claims about equal models, what theory says, and how the measured rate compares.

A claim is what the rule's own source promises. Measured rates are held against claim and theory
within a stated Monte Carlo band.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scipy import stats

from simab.expected import expected_promotion
from simab.expected.answers import looks_of
from simab.policies.bandits.bandit import Bandit
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.sprt import SequentialProbabilityRatio
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.result.sweep_result import THEORY_ERROR
from simab.scenario import Scenario
from simab.stats.binomial_band import STANDARD_ERRORS, count_agrees
from validation.played_rules import Cell

__all__ = [
    "STANDARD_ERRORS",
    "STANDARD_TAIL",
    "THEORY_ERROR",
    "Claim",
    "claim_of",
    "keeps",
    "theory_agrees",
    "theory_error",
]

STANDARD_TAIL: Final = float(stats.norm.sf(STANDARD_ERRORS))


@dataclass(frozen=True, slots=True)
class Claim:
    """What a rule promises for equal models; the bounds are on its share of promotions.

    `theory` is the predicted share and `source` what predicts it; `because` explains the rate.
    """

    says: str
    at_most: float | None = None
    at_least: float | None = None
    theory: float | None = None
    source: str = ""
    because: str = ""


def claim_of(scenario: Scenario, rule: str) -> Claim:
    """The claim of a rule of the A/A scenario, with what theory makes of it there."""
    policy = scenario.policies[rule]
    expected = expected_promotion(scenario, policy)
    theory = None if expected is None else expected.probability
    match policy:
        case NaivePeeking():
            looks = len(looks_of(scenario, policy))
            why = f"{looks} looks, each at the full level"
            claim = f"{_percent(policy.alpha)} two-sided"
            return Claim(claim, policy.alpha / 2.0, None, theory, "repeated looks", why)
        case FixedHorizonTest() | GroupSequential() | AlwaysValid():
            claim = f"{_percent(policy.alpha)} two-sided"
            source, because = "normal theory", ""
            if isinstance(policy, AlwaysValid):
                because = "its level holds for looking for ever; the horizon ends it earlier"
            if isinstance(policy, GroupSequential) and policy.beta is not None:
                because = "stopping for futility only lowers it"
            return Claim(claim, policy.alpha / 2.0, None, theory, source, because)
        case SequentialProbabilityRatio():
            why = "a look a tick oversteps Wald's bounds, which errs on the safe side"
            says = f"{_percent(policy.alpha)} at p0"
            return Claim(says, policy.alpha, None, theory, "the law of right answers", why)
        case SafeRollout():
            says = f"rolls back at most {_percent(policy.alpha)}"
            why = "inconclusive ships: what is not shown to harm is promoted"
            return Claim(says, None, 1.0 - policy.alpha, because=why)
        case _:
            return _without_error_rate(scenario, rule, theory)


def _without_error_rate(scenario: Scenario, rule: str, theory: float | None) -> Claim:
    policy = scenario.policies[rule]
    match policy:
        case BayesianExperiment():
            looks = len(looks_of(scenario, policy))
            why = f"{looks} looks; a posterior does not allow for looking"
            return Claim("none", theory=theory, source="repeated looks", because=why)
        case Bandit():
            why = "somebody is crowned at the end, and both are alike"
            return Claim("none", theory=theory, source="symmetry", because=why)
        case MetricMajority():
            why = "no difference is too small for it; ties go to the control"
            return Claim("none", theory=theory, source="sum over all counts", because=why)
        case ManualSchedule():
            return Claim("none", theory=theory, source="it never looks", because="never looks")
        case KayentaCanary():
            return Claim(PASSES, theory=theory, source="normal theory of ranks")
        case _:
            return Claim(PASSES, theory=theory, source="closed form of its checks")


PASSES: Final = "none: what passes is promoted"


def keeps(claim: Claim, cell: Cell, *, standard_errors: float = STANDARD_ERRORS) -> bool | None:
    """Whether the measured rate is consistent with the claim; None if nothing is claimed."""
    count, runs, tail = cell.promoted, len(cell.verdicts), float(stats.norm.sf(standard_errors))
    if claim.at_most is not None:
        return bool(count <= stats.binom(runs, claim.at_most).isf(tail))
    if claim.at_least is not None:
        return bool(count >= stats.binom(runs, claim.at_least).ppf(tail))
    return None


def theory_error(scenario: Scenario, rule: str) -> float:
    """What the theory of a rule may be wrong by itself; 0 where it approximates nothing."""
    expected = expected_promotion(scenario, scenario.policies[rule])
    return THEORY_ERROR if expected is None or expected.approximate else 0.0


def theory_agrees(
    theory: float, cell: Cell, allowed: float, *, standard_errors: float = STANDARD_ERRORS
) -> bool:
    """Whether the measured rate is what theory predicts, but for what that may be wrong itself."""
    return count_agrees(
        cell.promoted, len(cell.verdicts), theory, allowed=allowed, standard_errors=standard_errors
    )


def _percent(share: float) -> str:
    return f"{100.0 * share:g} %"
