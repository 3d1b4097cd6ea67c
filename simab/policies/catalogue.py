"""The policies that a scenario file can name, by their `kind`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simab.policies.argo_rollouts import ArgoRollouts
from simab.policies.blue_green import BlueGreen
from simab.policies.fixed_horizon import FixedHorizonTest
from simab.policies.flagger_analysis import FlaggerAnalysis
from simab.policies.kayenta_canary import KayentaCanary
from simab.policies.manual_schedule import ManualSchedule
from simab.policies.metric_majority import MetricMajority
from simab.policies.staged_canary import StagedCanary

__all__ = ["PolicyDescription"]

PolicyDescription = Annotated[
    ManualSchedule
    | MetricMajority
    | FixedHorizonTest
    | StagedCanary
    | BlueGreen
    | ArgoRollouts
    | FlaggerAnalysis
    | KayentaCanary,
    Field(discriminator="kind"),
]
"""Any policy that simab ships; `kind` says which in a file."""
