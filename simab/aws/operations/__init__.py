"""The operations that are simulated: a function each, from an account and parameters to a response.

Parameters and responses are those of botocore's service model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from simab.aws.account import Account
from simab.aws.errors import not_implemented
from simab.aws.operations import alarms, configs, endpoints, invocations, metrics, models, scaling
from simab.aws.operations.parameters import refuse_what_is_not_simulated

__all__ = ["OPERATIONS", "Operation", "respond"]

Operation: TypeAlias = Callable[[Account, Mapping[str, Any]], dict[str, Any]]

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "sagemaker": {
        "CreateModel": models.create_model,
        "DescribeModel": models.describe_model,
        "DeleteModel": models.delete_model,
        "ListModels": models.list_models,
        "CreateEndpointConfig": configs.create_endpoint_config,
        "DescribeEndpointConfig": configs.describe_endpoint_config,
        "DeleteEndpointConfig": configs.delete_endpoint_config,
        "ListEndpointConfigs": configs.list_endpoint_configs,
        "CreateEndpoint": endpoints.create_endpoint,
        "DescribeEndpoint": endpoints.describe_endpoint,
        "ListEndpoints": endpoints.list_endpoints,
        "UpdateEndpoint": endpoints.update_endpoint,
        "UpdateEndpointWeightsAndCapacities": endpoints.update_weights_and_capacities,
        "DeleteEndpoint": endpoints.delete_endpoint,
    },
    "sagemaker-runtime": {"InvokeEndpoint": invocations.invoke_endpoint},
    "cloudwatch": {
        "GetMetricStatistics": metrics.get_metric_statistics,
        "GetMetricData": metrics.get_metric_data,
        "ListMetrics": metrics.list_metrics,
        "PutMetricAlarm": alarms.put_metric_alarm,
        "DescribeAlarms": alarms.describe_alarms,
        "SetAlarmState": alarms.set_alarm_state,
        "DeleteAlarms": alarms.delete_alarms,
    },
    "application-autoscaling": {
        "RegisterScalableTarget": scaling.register_scalable_target,
        "DescribeScalableTargets": scaling.describe_scalable_targets,
        "DeregisterScalableTarget": scaling.deregister_scalable_target,
        "PutScalingPolicy": scaling.put_scaling_policy,
        "DescribeScalingPolicies": scaling.describe_scaling_policies,
        "DeleteScalingPolicy": scaling.delete_scaling_policy,
    },
}


def respond(
    account: Account, service: str, operation: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """What a service answers.

    Raises:
        ServiceError: it refuses, or the operation or one of its parameters is not simulated.
    """
    known = OPERATIONS.get(service, {}).get(operation)
    if known is None:
        raise not_implemented(service, operation)
    refuse_what_is_not_simulated(service, operation, parameters)
    return known(account, parameters)
