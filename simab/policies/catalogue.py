"""The policies that a scenario file can name, by their `kind`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.bandits.epsilon_greedy import EpsilonGreedy
from simab.policies.bandits.gaussian_thompson import GaussianThompson
from simab.policies.bandits.thompson import Thompson
from simab.policies.bandits.ucb1 import Ucb1
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.bayesian_rope import BayesianRope
from simab.policies.experiments.capped_sprt import CappedRatioTest
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.rounds import Rounds
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.experiments.sprt import SequentialProbabilityRatio
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.policies.rollouts.staged_canary import StagedCanary

__all__ = ["PolicyDescription"]

PolicyDescription = Annotated[
    ManualSchedule
    | MetricMajority
    | FixedHorizonTest
    | StagedCanary
    | BlueGreen
    | ArgoRollouts
    | FlaggerAnalysis
    | KayentaCanary
    | NaivePeeking
    | GroupSequential
    | AlwaysValid
    | SequentialProbabilityRatio
    | BayesianExperiment
    | EpsilonGreedy
    | Ucb1
    | Thompson
    | GaussianThompson
    | SafeRollout
    | GuardedRelease
    | SequentialAlerts
    | BayesianRope
    | CappedRatioTest
    | Rounds
    | ShipByMetrics
    | RiskBudgetedRamp
    | RampByPower,
    Field(discriminator="kind"),
]
"""Any policy that simab ships; `kind` says which in a file."""
