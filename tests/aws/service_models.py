"""The operations that are simulated, as botocore describes them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

__all__ = ["OPERATIONS", "operation", "shapes_below"]

_BY_SERVICE = {
    "sagemaker": (
        "CreateModel CreateEndpointConfig CreateEndpoint DescribeEndpoint UpdateEndpoint"
        " UpdateEndpointWeightsAndCapacities DeleteEndpoint DeleteEndpointConfig"
        " DescribeEndpointConfig DeleteModel DescribeModel ListEndpoints ListEndpointConfigs"
        " ListModels"
    ),
    "sagemaker-runtime": "InvokeEndpoint",
    "cloudwatch": (
        "GetMetricStatistics GetMetricData ListMetrics PutMetricAlarm DescribeAlarms DeleteAlarms"
        " SetAlarmState"
    ),
    "application-autoscaling": (
        "RegisterScalableTarget PutScalingPolicy DescribeScalableTargets DescribeScalingPolicies"
        " DeregisterScalableTarget DeleteScalingPolicy"
    ),
}
# (service, operation)
OPERATIONS = [(service, name) for service, names in _BY_SERVICE.items() for name in names.split()]


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def _service(name: str) -> ServiceModel:
    return _session().get_service_model(name)


@cache
def operation(service: str, name: str) -> OperationModel:
    """The model of an operation."""
    return _service(service).operation_model(name)


def shapes_below(shape: Shape) -> Iterator[Shape]:
    """A shape and all that it may hold."""
    yield shape
    if shape.type_name == "structure":
        for member in shape.members.values():
            yield from shapes_below(member)
    elif shape.type_name == "list":
        yield from shapes_below(shape.member)
    elif shape.type_name == "map":
        yield from shapes_below(shape.key)
        yield from shapes_below(shape.value)
