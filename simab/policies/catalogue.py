"""The policies that a scenario file can name, by their `kind`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simab.policies.always_valid import AlwaysValid
from simab.policies.argo_rollouts import ArgoRollouts
from simab.policies.bayesian import BayesianExperiment
from simab.policies.blue_green import BlueGreen
from simab.policies.epsilon_greedy import EpsilonGreedy
from simab.policies.fixed_horizon import FixedHorizonTest
from simab.policies.flagger_analysis import FlaggerAnalysis
from simab.policies.gaussian_thompson import GaussianThompson
from simab.policies.group_sequential import GroupSequential
from simab.policies.kayenta_canary import KayentaCanary
from simab.policies.manual_schedule import ManualSchedule
from simab.policies.metric_majority import MetricMajority
from simab.policies.naive_peeking import NaivePeeking
from simab.policies.safe_rollout import SafeRollout
from simab.policies.sprt import SequentialProbabilityRatio
from simab.policies.staged_canary import StagedCanary
from simab.policies.thompson import Thompson
from simab.policies.ucb1 import Ucb1

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
    | SafeRollout,
    Field(discriminator="kind"),
]
"""Any policy that simab ships; `kind` says which in a file."""
