"""Responses that do not fit the model of their operation are noticed."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from simab.aws.checks.constraints import check_output
from tests.aws.service_models import operation

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DESCRIBED = {
    "EndpointName": "e",
    "EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e",
    "EndpointStatus": "InService",
    "CreationTime": NOW,
    "LastModifiedTime": NOW,
    "ProductionVariants": [{"VariantName": "a", "CurrentWeight": 1, "CurrentInstanceCount": 2}],
}


def test_what_fits_passes() -> None:
    check_output(operation("sagemaker", "DescribeEndpoint"), DESCRIBED)
    check_output(operation("sagemaker", "DeleteEndpoint"), {"ResponseMetadata": {}})
    invoke = operation("sagemaker-runtime", "InvokeEndpoint")
    check_output(invoke, {"Body": io.BytesIO(b"1"), "InvokedProductionVariant": "a"})
    container = {"Environment": {"A": "b"}}
    model = {"ModelName": "m", "CreationTime": NOW, "ModelArn": "a", "PrimaryContainer": container}
    check_output(operation("sagemaker", "DescribeModel"), model)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Colour": 1}, "Colour: is not a member"),
        ({"EndpointStatus": "Ready"}, "EndpointStatus: 'Ready' is not in OutOfService, Creating"),
        ({"EndpointName": None}, "EndpointName: NoneType where string is expected"),
        ({"CreationTime": datetime(2026, 1, 2)}, "CreationTime: a date without a time zone"),
        ({"CreationTime": 0}, "CreationTime: int where timestamp is expected"),
        ({"ProductionVariants": {}}, "ProductionVariants: dict where list is expected"),
        ({"ProductionVariants": [{}]}, "ProductionVariants[0].VariantName: is required"),
        (
            {"ProductionVariants": [{"VariantName": "a", "CurrentInstanceCount": 1.0}]},
            "ProductionVariants[0].CurrentInstanceCount: float where integer is expected",
        ),
        (
            {"ProductionVariants": [{"VariantName": "a", "CurrentInstanceCount": True}]},
            "ProductionVariants[0].CurrentInstanceCount: bool where integer is expected",
        ),
        (
            {"ProductionVariants": [{"VariantName": "a", "CurrentWeight": float("nan")}]},
            "ProductionVariants[0].CurrentWeight: nan is not finite",
        ),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match="DescribeEndpoint: ") as wrong:
        check_output(operation("sagemaker", "DescribeEndpoint"), DESCRIBED | changes)
    assert str(wrong.value).startswith(f"DescribeEndpoint: {expected}")


def test_all_that_does_not_fit_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="EndpointConfigArn: is required; Colour: is not a member"):
        check_output(operation("sagemaker", "CreateEndpointConfig"), {"Colour": 1})


def test_an_operation_that_returns_nothing_returns_nothing() -> None:
    with pytest.raises(ValueError, match="DeleteModel: Colour: the operation returns nothing"):
        check_output(operation("sagemaker", "DeleteModel"), {"Colour": 1})


def test_maps_and_bodies_are_looked_into() -> None:
    container = {"Environment": {"A": 1}}
    model = {"ModelName": "m", "CreationTime": NOW, "ModelArn": "a", "PrimaryContainer": container}
    with pytest.raises(ValueError, match=r"Environment\['A'\]: int where string is expected"):
        check_output(operation("sagemaker", "DescribeModel"), model)
    with pytest.raises(ValueError, match="Body: str where blob is expected"):
        check_output(operation("sagemaker-runtime", "InvokeEndpoint"), {"Body": "1"})
