"""Parameters that operations do not act upon: those that change nothing here, and those refused.

All others are read by the operation itself; `tests/aws/test_parameters.py` holds that each
parameter of botocore's service model is one of the three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simab.aws.errors import not_implemented

__all__ = ["NOT_SIMULATED", "WITHOUT_EFFECT", "refuse_what_is_not_simulated"]

NOT_SIMULATED: Final[Mapping[str, frozenset[str]]] = {
    "CreateEndpoint": frozenset({"DeploymentConfig"}),
    "CreateEndpointConfig": frozenset(
        {"AsyncInferenceConfig", "CrossRegionTrafficConfig", "ExplainerConfig", "MetricsConfig"}
    ),
    "InvokeEndpoint": frozenset(
        {
            "EnableExplanations",
            "InferenceComponentName",
            "PrefixAwareId",
            "SessionId",
            "TargetContainerHostname",
            "TargetModel",
        }
    ),
    "GetMetricData": frozenset({"LabelOptions", "MaxDatapoints", "NextToken"}),
    "ListMetrics": frozenset(
        {"IncludeLinkedAccounts", "NextToken", "OwningAccount", "RecentlyActive"}
    ),
    "PutMetricAlarm": frozenset(
        {
            "ActionConfiguration",
            "EvaluateLowSampleCountPercentile",
            "EvaluationCriteria",
            "EvaluationInterval",
            "EvaluationWindow",
            "Metrics",
            "ThresholdMetricId",
            "WarmUpConfiguration",
        }
    ),
    "DescribeAlarms": frozenset({"ActionPrefix", "ChildrenOfAlarmName", "ParentsOfAlarmName"}),
    "RegisterScalableTarget": frozenset({"SuspendedState"}),
    "PutScalingPolicy": frozenset(
        {"PredictiveScalingPolicyConfiguration", "StepScalingPolicyConfiguration"}
    ),
}
"""Parameters that would change what happens, by operation."""

WITHOUT_EFFECT: Final[Mapping[str, frozenset[str]]] = {
    "CreateModel": frozenset({"EnableNetworkIsolation", "Tags", "VpcConfig"}),
    "CreateEndpointConfig": frozenset({"EnableNetworkIsolation", "Tags", "VpcConfig"}),
    "CreateEndpoint": frozenset({"Tags"}),
    "InvokeEndpoint": frozenset({"Accept"}),
    "RegisterScalableTarget": frozenset({"RoleARN", "Tags"}),
    "SetAlarmState": frozenset({"StateReasonData"}),
}
"""Parameters that change nothing in what is simulated; each is checked as all are."""


def refuse_what_is_not_simulated(
    service: str, operation: str, parameters: Mapping[str, Any]
) -> None:
    """Make sure that no parameter asks for what is not simulated.

    Raises:
        ServiceError: one does, and is named.
    """
    for name in sorted(NOT_SIMULATED.get(operation, frozenset()) & parameters.keys()):
        if parameters[name] not in (None, False):
            raise not_implemented(service, f"{operation} with {name}")
