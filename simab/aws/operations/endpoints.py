"""Endpoints: created, described, given other weights, capacities and variants, and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simab.aws.account import Account
from simab.aws.errors import not_implemented, validation_error
from simab.aws.live_endpoint import LiveEndpoint, State, VariantOnEndpoint
from simab.aws.operations.listing import listing
from simab.aws.resources import arn

__all__ = [
    "create_endpoint",
    "delete_endpoint",
    "describe_endpoint",
    "list_endpoints",
    "update_endpoint",
    "update_weights_and_capacities",
]


def create_endpoint(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """CreateEndpoint: `Creating` for as long as provisioning takes, then it serves."""
    name = parameters["EndpointName"]
    if name in account.endpoints:
        raise validation_error(
            f'Cannot create already existing endpoint "{arn("endpoint", name)}".'
        )
    endpoint = account.create_endpoint(name, account.config(parameters["EndpointConfigName"]))
    return {"EndpointArn": endpoint.arn}


def describe_endpoint(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeEndpoint: weights as they were given, current ones and those that are coming."""
    endpoint = account.endpoint(parameters["EndpointName"])
    described = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config.name,
        "EndpointStatus": str(endpoint.state),
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
    }
    if endpoint.deployed_by is not None:
        described["LastDeploymentConfig"] = endpoint.deployed_by
    if endpoint.session is not None:
        shadows = {shadow.name for shadow in endpoint.config.shadows}
        variants = endpoint.variants()
        described["ProductionVariants"] = [
            _summary(each) for each in variants if each.name not in shadows
        ]
        if shadows:
            described["ShadowProductionVariants"] = [
                _summary(each) for each in variants if each.name in shadows
            ]
    return described


def _summary(variant: VariantOnEndpoint) -> dict[str, Any]:
    return {
        "VariantName": variant.name,
        "CurrentWeight": variant.current_weight,
        "DesiredWeight": variant.desired_weight,
        "CurrentInstanceCount": variant.current_instances,
        "DesiredInstanceCount": variant.desired_instances,
    }


def list_endpoints(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ListEndpoints."""
    rows = [
        {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "CreationTime": endpoint.created,
            "LastModifiedTime": endpoint.modified,
            "EndpointStatus": str(endpoint.state),
        }
        for endpoint in account.endpoints.values()
    ]
    return listing(rows, "Endpoints", "EndpointName", parameters)


def update_weights_and_capacities(
    account: Account, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """UpdateEndpointWeightsAndCapacities: what is not given stays as it is."""
    endpoint = _not_in_progress(account.endpoint(parameters["EndpointName"]))
    there = {variant.name: variant for variant in endpoint.variants()}
    weights = {name: variant.current_weight for name, variant in there.items()}
    instances = {name: variant.current_instances for name, variant in there.items()}
    for desired in parameters["DesiredWeightsAndCapacities"]:
        name = desired["VariantName"]
        if name not in there:
            raise validation_error(
                f'The variant name(s) "{name}" is/are not present within endpoint configuration '
                f'"{endpoint.config.name}".'
            )
        if "ServerlessUpdateConfig" in desired:
            raise not_implemented("sagemaker", "ServerlessUpdateConfig")
        weights[name] = float(desired.get("DesiredWeight", weights[name]))
        instances[name] = int(desired.get("DesiredInstanceCount", instances[name]))
    endpoint.deploy(weights, instances)
    endpoint.modified = account.timeline.now
    return {"EndpointArn": endpoint.arn}


def update_endpoint(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateEndpoint: another configuration in one step, with its weights and capacities.

    With RetainAllVariantProperties variants of the same name keep weight and instances. With a
    DeploymentConfig traffic moves to a fleet of its own, in steps, and back where an alarm sounds.
    """
    endpoint = _not_in_progress(account.endpoint(parameters["EndpointName"]))
    deployment = parameters.get("DeploymentConfig")
    if parameters.get("RetainDeploymentConfig"):
        deployment = endpoint.deployed_by
    config = account.config(parameters["EndpointConfigName"])
    weights = {variant.name: variant.weight for variant in config.variants}
    instances = {variant.name: variant.instances for variant in config.variants}
    if parameters.get("RetainAllVariantProperties"):
        excluded = {
            each["VariantPropertyType"]
            for each in parameters.get("ExcludeRetainedVariantProperties", ())
        }
        for variant in endpoint.variants():
            if variant.name in weights and "DesiredWeight" not in excluded:
                weights[variant.name] = variant.current_weight
            if variant.name in weights and "DesiredInstanceCount" not in excluded:
                instances[variant.name] = variant.current_instances
    if deployment is None:
        account.change_config(endpoint, config, weights, instances)
    else:
        if set(weights) != set(endpoint.played_by):
            raise validation_error(
                "With a DeploymentConfig the new endpoint configuration must have the same "
                "production variant names."
            )
        account.guard_update(endpoint, config, (weights, instances), deployment)
    return {"EndpointArn": endpoint.arn}


def delete_endpoint(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteEndpoint: it takes no request any more."""
    endpoint = account.endpoint(parameters["EndpointName"])
    account.delete_endpoint(_not_in_progress(endpoint))
    return {}


def _not_in_progress(endpoint: LiveEndpoint) -> LiveEndpoint:
    if endpoint.state is not State.IN_SERVICE:
        raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    return endpoint
