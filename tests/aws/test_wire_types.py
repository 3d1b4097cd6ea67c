"""Values of a wrong type, which clients other than botocore may send, are not read."""

from __future__ import annotations

from typing import Any

import pytest

from simab.aws.checks.constraints import check_input
from simab.aws.errors import ServiceError
from tests.aws.service_models import operation


def refused(name: str, **parameters: Any) -> ServiceError:
    """By an operation of `sagemaker`."""
    with pytest.raises(ServiceError) as error:
        check_input(operation("sagemaker", name), parameters)
    assert (error.value.code, error.value.status) == ("SerializationException", 400)
    return error.value


def config(**members: Any) -> dict[str, Any]:
    """Parameters of CreateEndpointConfig, with members of its variant."""
    variant = {"VariantName": "a", "ModelName": "m"} | members
    return {"EndpointConfigName": "c", "ProductionVariants": [variant]}


def repr_of(value: Any) -> str:
    """For the name of a test: some of these values are long."""
    return type(value).__name__


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"ModelName": 7}, "NUMBER_VALUE can not be converted to a String"),
        ({"ModelName": True}, "TRUE_VALUE can not be converted to a String"),
        ({"ModelName": ["m"]}, "Start of list found where not expected"),
        ({"ModelName": {}}, "Start of structure or map found where not expected."),
        ({"Containers": "c"}, "Expected list or null"),
        ({"Containers": {}}, "Start of structure or map found where not expected."),
        ({"Containers": ["c"]}, "Expected null"),
        ({"PrimaryContainer": []}, "Start of list found where not expected"),
        ({"PrimaryContainer": {"Environment": 1}}, "Expected map or null"),
        ({"EnableNetworkIsolation": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
    ],
)
def test_values_of_a_wrong_type_are_not_read(parameters: dict[str, Any], expected: str) -> None:
    error = refused("CreateModel", **parameters)
    assert error.message == expected


@pytest.mark.parametrize(
    "count", ["1", 1.0, 2**31, -(2**31) - 1, 1 << 20_000, float("nan"), False], ids=repr_of
)
def test_a_whole_number_has_32_bits(count: Any) -> None:
    error = refused("CreateEndpointConfig", **config(InitialInstanceCount=count))
    assert error.message.endswith("_VALUE can not be converted to an Integer")


@pytest.mark.parametrize("weight", ["1", 10**400, float("nan"), float("inf"), True], ids=repr_of)
def test_a_weight_is_finite(weight: Any) -> None:
    error = refused("CreateEndpointConfig", **config(InitialVariantWeight=weight))
    assert error.message.endswith("_VALUE can not be converted to a Float")


@pytest.mark.parametrize("date", [0, 1.5, "2026-01-02T03:04:05Z", "1767323045", "2 January 2026"])
def test_a_date_may_be_a_number_or_a_text(date: Any) -> None:
    check_input(operation("sagemaker", "ListModels"), {"CreationTimeAfter": date})


@pytest.mark.parametrize(
    "date", [1e300, float("nan"), "soon", "", "1" * 10**6, True, b"0"], ids=repr_of
)
def test_a_date_can_be_read(date: Any) -> None:
    error = refused("ListModels", CreationTimeAfter=date)
    assert error.message.endswith("_VALUE can not be converted to milliseconds since epoch")


def test_parameters_are_a_mapping() -> None:
    with pytest.raises(ServiceError, match="Start of list"):
        check_input(operation("sagemaker", "ListModels"), [])
