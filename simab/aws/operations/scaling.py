"""Application Auto Scaling for the variants of endpoints: targets, and target tracking."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from simab.aws.account import Account
from simab.aws.errors import ServiceError, not_implemented, validation_error
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.operations.listing import page
from simab.aws.resources import ACCOUNT_ID, REGION
from simab.aws.scaling import ScalableTarget, ScalingPolicy

__all__ = [
    "delete_scaling_policy",
    "deregister_scalable_target",
    "describe_scalable_targets",
    "describe_scaling_policies",
    "put_scaling_policy",
    "register_scalable_target",
]

_SERVICE: Final = "application-autoscaling"
_DIMENSION: Final = "sagemaker:variant:DesiredInstanceCount"
_METRIC: Final = "SageMakerVariantInvocationsPerInstance"
_PAGE: Final = 50
_RESOURCE: Final = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")


def register_scalable_target(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """RegisterScalableTarget: what is not given again stays as it is."""
    endpoint, variant = _resource(account, parameters)
    before = account.scalable.get(parameters["ResourceId"])
    least = parameters.get("MinCapacity", before and before.least)
    most = parameters.get("MaxCapacity", before and before.most)
    if least is None or most is None:
        raise validation_error("MinCapacity and MaxCapacity are required for a new target.")
    if least < 1:
        raise not_implemented(_SERVICE, "a MinCapacity of 0")
    if most < least:
        raise validation_error("Maximum capacity cannot be less than minimum capacity")
    policies = {} if before is None else before.policies
    created = account.timeline.now if before is None else before.created
    target = ScalableTarget(endpoint.name, variant, least, most, created, policies)
    _require_playable(target, {"TargetValue": 1})
    account.scalable[parameters["ResourceId"]] = target
    account.scale(endpoint)
    return {"ScalableTargetARN": _target_arn(parameters["ResourceId"])}


def describe_scalable_targets(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeScalableTargets."""
    asked = parameters.get("ResourceIds")
    found = [
        {
            "ServiceNamespace": "sagemaker",
            "ResourceId": resource,
            "ScalableDimension": _DIMENSION,
            "MinCapacity": target.least,
            "MaxCapacity": target.most,
            "RoleARN": f"arn:aws:iam::{ACCOUNT_ID}:role/simulated",
            "CreationTime": target.created,
            "ScalableTargetARN": _target_arn(resource),
        }
        for resource, target in account.scalable.items()
        if asked is None or resource in asked
    ]
    return _page(found, "ScalableTargets", parameters)


def deregister_scalable_target(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DeregisterScalableTarget: with its policies."""
    endpoint, _ = _resource(account, parameters)
    _target(account, parameters)
    del account.scalable[parameters["ResourceId"]]
    account.scale(endpoint)
    return {}


def put_scaling_policy(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """PutScalingPolicy: target tracking on invocations per instance, and nothing else.

    The alarms that the platform makes for it are not listed.
    """
    endpoint, _ = _resource(account, parameters)
    target = _target(account, parameters)
    kind = parameters.get("PolicyType", "TargetTrackingScaling")
    if kind != "TargetTrackingScaling":
        raise not_implemented(_SERVICE, f"scaling policies of type {kind}")
    given = parameters.get("TargetTrackingScalingPolicyConfiguration")
    if given is None:
        raise validation_error("TargetTrackingScalingPolicyConfiguration is required.")
    metric = (given.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    if metric != _METRIC:
        asked = "a customized metric" if metric is None else str(metric)
        raise not_implemented(_SERVICE, f"target tracking on {asked}")
    name = parameters["PolicyName"]
    if target.policies and name not in target.policies:
        raise not_implemented(_SERVICE, "more than one policy for a variant")
    _require_playable(target, given)
    target.policies[name] = ScalingPolicy(name, given, account.timeline.now)
    account.scale(endpoint)
    return {"PolicyARN": _policy_arn(parameters["ResourceId"], name), "Alarms": []}


def describe_scaling_policies(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeScalingPolicies."""
    resource, names = parameters.get("ResourceId"), parameters.get("PolicyNames")
    found = [
        {
            "PolicyARN": _policy_arn(each, policy.name),
            "PolicyName": policy.name,
            "ServiceNamespace": "sagemaker",
            "ResourceId": each,
            "ScalableDimension": _DIMENSION,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": policy.given,
            "Alarms": [],
            "CreationTime": policy.created,
        }
        for each, target in account.scalable.items()
        for policy in target.policies.values()
        if resource in (None, each) and (names is None or policy.name in names)
    ]
    return _page(found, "ScalingPolicies", parameters)


def delete_scaling_policy(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteScalingPolicy: the instances stay as they are."""
    endpoint, _ = _resource(account, parameters)
    target, name = _target(account, parameters), parameters["PolicyName"]
    if name not in target.policies:
        raise _not_found(f"No scaling policy found for {name}")
    del target.policies[name]
    account.scale(endpoint)
    return {}


def _page(
    rows: Sequence[dict[str, Any]], kind: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    invalid = ServiceError("InvalidNextTokenException", "The specified next token is invalid")
    return page(rows, kind, parameters, parameters.get("MaxResults", _PAGE), invalid)


def _resource(account: Account, parameters: Mapping[str, Any]) -> tuple[LiveEndpoint, str]:
    """The endpoint and the variant that are to be scaled."""
    if parameters["ServiceNamespace"] != "sagemaker":
        raise not_implemented(_SERVICE, f"scaling of {parameters['ServiceNamespace']}")
    if parameters["ScalableDimension"] != _DIMENSION:
        raise not_implemented(_SERVICE, f"the dimension {parameters['ScalableDimension']}")
    found = _RESOURCE.fullmatch(parameters["ResourceId"])
    if found is None:
        raise validation_error(
            f"Unsupported service namespace, resource type or scalable dimension: "
            f"{parameters['ResourceId']}"
        )
    name, variant = found.groups()
    endpoint = account.endpoints.get(name)
    if endpoint is None or variant not in endpoint.played_by:
        raise validation_error(
            f"The resource {parameters['ResourceId']} does not exist; create the endpoint first."
        )
    return endpoint, variant


def _target(account: Account, parameters: Mapping[str, Any]) -> ScalableTarget:
    resource = parameters["ResourceId"]
    if resource not in account.scalable:
        raise _not_found(f"No scalable target registered for {resource}")
    return account.scalable[resource]


def _require_playable(target: ScalableTarget, given: Mapping[str, Any]) -> None:
    """Refuse numbers that no world can be played with, before anything changes."""
    try:
        target.tracking(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        message = f"{name} = {first['input']!r}: {first['msg']}"
        raise not_implemented(_SERVICE, f"target tracking with {message}") from None


def _not_found(message: str) -> ServiceError:
    return ServiceError("ObjectNotFoundException", message)


def _target_arn(resource: str) -> str:
    kind = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT_ID}:scalable-target"
    return f"{kind}/sagemaker/{resource}"


def _policy_arn(resource: str, name: str) -> str:
    return (
        f"arn:aws:autoscaling:{REGION}:{ACCOUNT_ID}:scalingPolicy:simulated:resource/sagemaker/"
        f"{resource}:policyName/{name}"
    )
