"""The table of explainers: which says what follows from a policy before it is played."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.argo.rollouts_explainer import ArgoRolloutsExplainer
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.cloudwatch.blue_green_explainer import BlueGreenExplainer
from simab.policies.experiments.rounds import Rounds
from simab.policies.experiments.rounds_explainer import RoundsExplainer
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.experiments.ship_decision_explainer import ShipByMetricsExplainer
from simab.policies.explaining.explainer import Explainer
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.flagger.analysis_explainer import FlaggerAnalysisExplainer
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.kayenta.canary_explainer import KayentaCanaryExplainer
from simab.policies.policy import Policy
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.manual_schedule_explainer import ManualScheduleExplainer
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.ramps_explainer import RampByPowerExplainer, RiskBudgetedRampExplainer
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.policies.rollouts.staged_canary import StagedCanary
from simab.policies.rollouts.staged_canary_explainer import StagedCanaryExplainer
from simab.policies.rollouts.staged_release_explainer import (
    GuardedReleaseExplainer,
    SafeRolloutExplainer,
    SequentialAlertsExplainer,
)
from simab.text.lists import named

__all__ = ["EXPLAINERS", "explainer_of"]

EXPLAINERS: Final[Mapping[type[Policy], type[Explainer[Any]]]] = MappingProxyType(
    {
        ArgoRollouts: ArgoRolloutsExplainer,
        BlueGreen: BlueGreenExplainer,
        FlaggerAnalysis: FlaggerAnalysisExplainer,
        GuardedRelease: GuardedReleaseExplainer,
        KayentaCanary: KayentaCanaryExplainer,
        ManualSchedule: ManualScheduleExplainer,
        RampByPower: RampByPowerExplainer,
        RiskBudgetedRamp: RiskBudgetedRampExplainer,
        Rounds: RoundsExplainer,
        SafeRollout: SafeRolloutExplainer,
        SequentialAlerts: SequentialAlertsExplainer,
        ShipByMetrics: ShipByMetricsExplainer,
        StagedCanary: StagedCanaryExplainer,
    }
)


def explainer_of(policy: Policy, name: str) -> Explainer[Any]:
    """The explainer of a policy's class, or of the nearest that it derives from."""
    found = (EXPLAINERS[each] for each in type(policy).__mro__ if each in EXPLAINERS)
    return next(found, Explainer)(policy, named(name))
