"""Models: what SageMaker calls the container and the files that an endpoint serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simab.aws.account import Account
from simab.aws.errors import validation_error
from simab.aws.operations.listing import listing
from simab.aws.resources import Model, arn

__all__ = ["create_model", "delete_model", "describe_model", "list_models"]


def create_model(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """CreateModel: nothing is fetched, and nothing is run."""
    name = parameters["ModelName"]
    if name in account.models:
        raise validation_error(f'Cannot create already existing model "{arn("model", name)}".')
    account.models[name] = Model(name, account.timeline.now, parameters)
    return {"ModelArn": arn("model", name)}


def describe_model(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeModel."""
    model = account.model(parameters["ModelName"])
    kept = ("PrimaryContainer", "Containers", "InferenceExecutionConfig", "ExecutionRoleArn")
    return {
        "ModelName": model.name,
        **{name: model.given[name] for name in kept if name in model.given},
        "CreationTime": model.created,
        "ModelArn": arn("model", model.name),
    }


def delete_model(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteModel: endpoints that serve it go on."""
    del account.models[account.model(parameters["ModelName"]).name]
    return {}


def list_models(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ListModels."""
    rows = [
        {
            "ModelName": model.name,
            "ModelArn": arn("model", model.name),
            "CreationTime": model.created,
        }
        for model in account.models.values()
    ]
    return listing(rows, "Models", "ModelName", parameters)
