"""Endpoint configurations: which variants, with which weights and capacities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simab.aws.account import Account
from simab.aws.errors import not_implemented, validation_error
from simab.aws.operations.listing import listing
from simab.aws.resources import EndpointConfig, ProductionVariant, arn

__all__ = [
    "create_endpoint_config",
    "delete_endpoint_config",
    "describe_endpoint_config",
    "list_endpoint_configs",
]

_NOT_SIMULATED_OF_A_VARIANT: Final = (
    "ManagedInstanceScaling",
    "InstancePools",
    "CapacityReservationConfig",
)


def create_endpoint_config(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """CreateEndpointConfig: 1 to 10 variants, or one with one shadow."""
    name = parameters["EndpointConfigName"]
    if name in account.configs:
        raise validation_error(
            "Cannot create already existing endpoint configuration "
            f'"{arn("endpoint-config", name)}".'
        )
    config = EndpointConfig(
        name,
        account.timeline.now,
        tuple(_variants(account, parameters["ProductionVariants"])),
        tuple(_variants(account, parameters.get("ShadowProductionVariants", ()))),
        parameters,
    )
    _require_sensible(config)
    account.configs[name] = config
    return {"EndpointConfigArn": arn("endpoint-config", name)}


def _variants(account: Account, given: list[Mapping[str, Any]]) -> Iterator[ProductionVariant]:
    for each in given:
        for key in _NOT_SIMULATED_OF_A_VARIANT:
            if key in each:
                raise not_implemented("sagemaker", f"a production variant with {key}")
        if "ModelName" not in each:
            raise validation_error("ModelName is required for production variants.")
        account.model(each["ModelName"])
        yield ProductionVariant.of(each)


def _require_sensible(config: EndpointConfig) -> None:
    everyone = (*config.variants, *config.shadows)
    names = [each.name for each in everyone]
    if len(set(names)) < len(names):
        raise validation_error("Production variant names must be unique.")
    if any("ServerlessConfig" in each.given for each in everyone):
        if len(everyone) > 1:  # "multiple production variants", "shadow tests": both excluded
            raise validation_error(
                "An endpoint with a serverless variant cannot have another production or shadow "
                "variant."
            )
        raise not_implemented("sagemaker", "a production variant with ServerlessConfig")
    if not any(each.weight > 0 for each in config.variants):
        # The documents leave this open: with no weight at all, no request would find a variant.
        raise validation_error("At least one production variant must have a weight above 0.")
    if config.shadows and (len(config.variants), len(config.shadows)) != (1, 1):
        raise validation_error(
            "An endpoint with a shadow variant has exactly one production variant and one shadow "
            "variant."
        )


def describe_endpoint_config(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeEndpointConfig: as it was given, with the default weights."""
    config = account.config(parameters["EndpointConfigName"])
    kept = ("DataCaptureConfig", "KmsKeyId", "ExecutionRoleArn")
    described = {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": arn("endpoint-config", config.name),
        "ProductionVariants": [_described(each) for each in config.variants],
        **{name: config.given[name] for name in kept if name in config.given},
        "CreationTime": config.created,
    }
    if config.shadows:
        described["ShadowProductionVariants"] = [_described(each) for each in config.shadows]
    return described


def _described(variant: ProductionVariant) -> dict[str, Any]:
    return {**variant.given, "InitialVariantWeight": variant.weight}


def delete_endpoint_config(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteEndpointConfig: endpoints that were made with it go on."""
    del account.configs[account.config(parameters["EndpointConfigName"]).name]
    return {}


def list_endpoint_configs(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ListEndpointConfigs."""
    rows = [
        {
            "EndpointConfigName": config.name,
            "EndpointConfigArn": arn("endpoint-config", config.name),
            "CreationTime": config.created,
        }
        for config in account.configs.values()
    ]
    return listing(rows, "EndpointConfigs", "EndpointConfigName", parameters)
