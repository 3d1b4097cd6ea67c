"""Requests that break constraints of the models are refused in the words of the services."""

from __future__ import annotations

import io
from typing import Any

import pytest

from simab.aws.checks.constraints import check_input
from simab.aws.errors import ServiceError
from tests.aws.service_models import operation

VARIANT = {"VariantName": "a", "ModelName": "m"}


def refused(service: str, name: str, **parameters: Any) -> ServiceError:
    with pytest.raises(ServiceError) as error:
        check_input(operation(service, name), parameters)
    assert error.value.status == 400
    return error.value


def message(service: str, name: str, **parameters: Any) -> str:
    """Of the wording that most services have, without what begins and joins all of them."""
    text = refused(service, name, **parameters).message
    opening = "1 validation error detected: "
    assert text.startswith(opening)
    return text.removeprefix(opening).replace("failed to satisfy constraint: ", "")


def pattern(member: str) -> str:
    """The pattern of a member of CreateModel: those of names change between versions."""
    return operation("sagemaker", "CreateModel").input_shape.members[member].metadata["pattern"]


def config(**members: Any) -> dict[str, Any]:
    """Parameters of CreateEndpointConfig, with members of its second variant."""
    variants = [VARIANT, VARIANT | members]
    return {"EndpointConfigName": "c", "ProductionVariants": variants}


def test_one_violation_is_worded_in_full() -> None:
    error = refused("sagemaker", "CreateModel", ModelName="x_y")
    assert error.code == "ValidationException"
    assert error.message == (
        "1 validation error detected: Value 'x_y' at 'modelName' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern('ModelName')}"
    )


def test_several_violations_are_joined_in_the_order_of_the_model() -> None:
    error = refused("sagemaker", "CreateModel", ExecutionRoleArn="r", ModelName="a" * 64)
    assert error.message == (
        f"3 validation errors detected: Value '{'a' * 64}' at 'modelName' failed to satisfy "
        "constraint: Member must have length less than or equal to 63; "
        "Value 'r' at 'executionRoleArn' failed to satisfy constraint: "
        "Member must have length greater than or equal to 20; "
        "Value 'r' at 'executionRoleArn' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern('ExecutionRoleArn')}"
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"InitialInstanceCount": 0},
            "Value '0' at 'productionVariants.2.member.initialInstanceCount' "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"InitialVariantWeight": -1},
            "Value '-1.0' at 'productionVariants.2.member.initialVariantWeight' "
            "Member must have value greater than or equal to 0",
        ),
        (
            {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 201}},
            "Value '201' at 'productionVariants.2.member.serverlessConfig.maxConcurrency' "
            "Member must have value less than or equal to 200",
        ),
        (
            {"VariantName": None},
            "Value null at 'productionVariants.2.member.variantName' Member must not be null",
        ),
        (
            {"InstancePools": [{"InstanceType": "ml.m5.large", "Priority": 1}, None]},
            "Value null at 'productionVariants.2.member.instancePools.2.member' "
            "Member must not be null",
        ),
        (
            {"InstancePools": []},
            "Value '[]' at 'productionVariants.2.member.instancePools' "
            "Member must have length greater than or equal to 1",
        ),
    ],
)
def test_members_of_a_variant(members: dict[str, Any], expected: str) -> None:
    assert message("sagemaker", "CreateEndpointConfig", **config(**members)) == expected


@pytest.mark.parametrize(
    ("service", "name", "parameters", "expected"),
    [
        (
            "cloudwatch",
            "SetAlarmState",
            {"AlarmName": "a", "StateValue": "ok", "StateReason": ""},
            "Value 'ok' at 'stateValue' "
            "Member must satisfy enum value set: [OK, ALARM, INSUFFICIENT_DATA]",
        ),
        (
            "sagemaker",
            "CreateEndpointConfig",
            {"EndpointConfigName": "c", "ProductionVariants": [VARIANT] * 11},
            "Value at 'productionVariants' Member must have length less than or equal to 10",
        ),
        (
            "sagemaker",
            "CreateModel",
            {"ModelName": "m", "VpcConfig": {"SecurityGroupIds": ["sg"], "Subnets": ["a", "b_"]}},
            "Value '[a, b_]' at 'vpcConfig.subnets' Member must satisfy constraint: "
            "[Member must have length less than or equal to 32, "
            "Member must have length greater than or equal to 0, "
            "Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]",
        ),
        (
            "sagemaker",
            "CreateModel",
            {"ModelName": "m", "PrimaryContainer": {"Environment": {"1": "a", "B": "b"}}},
            "Value '{1=a, B=b}' at 'primaryContainer.environment' Map keys must satisfy "
            "constraint: [Member must have length less than or equal to 1024, "
            "Member must have length greater than or equal to 0, "
            "Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]",
        ),
        (
            "application-autoscaling",
            "RegisterScalableTarget",
            {
                "ServiceNamespace": "sagemaker",
                "ResourceId": "endpoint/e/variant/v",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "Tags": {"team": "a" * 257},
            },
            f"Value '{{team={'a' * 191}...' at 'tags' Map value must satisfy constraint: "
            "[Member must have length less than or equal to 256, "
            "Member must have length greater than or equal to 0]",
        ),
        (
            "cloudwatch",
            "PutMetricAlarm",
            {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
            | {"OKActions": ["a"] * 6},
            "Value '[a, a, a, a, a, a]' at 'oKActions' "
            "Member must have length less than or equal to 5",
        ),
    ],
)
def test_each_kind_of_constraint(
    service: str, name: str, parameters: dict[str, Any], expected: str
) -> None:
    assert message(service, name, **parameters) == expected


def test_a_value_is_shown_up_to_200_characters() -> None:
    text = message("sagemaker", "DescribeModel", ModelName="ab" * 500_000)
    shown = "ab" * 98 + "a..."
    assert (
        text == f"Value '{shown}' at 'modelName' Member must have length less than or equal to 63"
    )


def test_a_text_that_is_too_long_is_not_held_against_the_pattern() -> None:
    text = message("sagemaker", "DescribeModel", ModelName="_" * 64)
    assert text.endswith("at 'modelName' Member must have length less than or equal to 63")


@pytest.mark.parametrize("last", [{}, "not a variant"])
def test_a_list_that_is_too_long_is_not_looked_into(last: Any) -> None:
    variants = [{"VariantName": "_"}] * 10 + [last]
    text = message(
        "sagemaker", "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=variants
    )
    assert text == (
        "Value at 'productionVariants' Member must have length less than or equal to 10"
    )


def test_a_text_of_any_length_is_held_against_a_pattern_up_to_20_000_characters() -> None:
    wanted = {"ServiceNamespace": "sagemaker", "NextToken": "\x00" * 20_000}
    text = message("application-autoscaling", "DescribeScalableTargets", **wanted)
    assert " at 'nextToken' Member must satisfy regular expression pattern: " in text
    wanted["NextToken"] += "\x00"
    check_input(operation("application-autoscaling", "DescribeScalableTargets"), wanted)


def test_no_more_than_ten_violations_are_named() -> None:
    parameters = {"EndpointConfigName": "_", "ProductionVariants": [{"InstanceType": "x"}] * 10}
    error = refused("sagemaker", "CreateEndpointConfig", **parameters)
    assert error.message.startswith("10 validation errors detected: ")
    assert error.message.count("failed to satisfy constraint") == 10


@pytest.mark.parametrize(
    "body",
    [b"a" * 6_291_457, bytearray(6_291_457), "é" * 3_145_729, io.BytesIO(b"a" * 6_291_457)],
    ids=["bytes", "bytearray", "text", "file"],
)
def test_a_payload_of_an_invocation_may_be_too_long(body: Any) -> None:
    error = refused("sagemaker-runtime", "InvokeEndpoint", EndpointName="e", Body=body)
    assert error.code == "ValidationError"
    assert error.message == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        "Member must have length less than or equal to 6291456"
    )


def test_a_payload_may_be_as_long_as_the_model_says_and_a_file_is_left_where_it_was() -> None:
    model = operation("sagemaker-runtime", "InvokeEndpoint")
    file = io.BytesIO(b"ab" * 3_145_728)
    file.seek(1)
    for body in (b"a" * 6_291_456, "é" * 3_145_728, file):
        check_input(model, {"EndpointName": "e", "Body": body})
    assert file.tell() == 1


def test_a_stream_that_cannot_be_measured_passes() -> None:
    class Stream(io.RawIOBase):
        """No `seek`."""

    model = operation("sagemaker-runtime", "InvokeEndpoint")
    check_input(model, {"EndpointName": "e", "Body": Stream()})


def test_a_secret_is_not_shown() -> None:
    attributes = {"EndpointName": "e", "Body": b"", "CustomAttributes": "s" * 1_025}
    assert message("sagemaker-runtime", "InvokeEndpoint", **attributes) == (
        "Value at 'customAttributes' Member must have length less than or equal to 1024"
    )


WINDOW = {"StartTime": 0, "EndTime": 60, "Period": 60}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"Statistics": ["Sum", "Mean"]},
            "parameter Statistics.member.2 must be a value in the "
            "set [ SampleCount, Average, Sum, Minimum, Maximum ].",
        ),
        (
            {"Dimensions": [{"Name": "a" * 256, "Value": "v"}]},
            "parameter Dimensions.member.1.Name must be shorter than 256 characters.",
        ),
        ({"MetricName": ""}, "parameter MetricName must be longer than 0 characters."),
        ({"Period": 0}, "parameter Period must be greater than or equal to 1."),
        (
            {"Dimensions": [{"Name": "n", "Value": "v"}] * 31},
            "collection Dimensions must not have a size greater than 30.",
        ),
        (
            {"Namespace": ":a"},
            "value :a for parameter Namespace is not matching the expected pattern [^:].*.",
        ),
    ],
)
def test_statistics_are_refused_in_a_line_for_each_parameter(
    changes: dict[str, Any], line: str
) -> None:
    parameters = WINDOW | {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"} | changes
    error = refused("cloudwatch", "GetMetricStatistics", **parameters)
    assert (error.code, error.message) == ("InvalidParameterValue", f"The {line}")


def test_missing_parameters_of_statistics_are_named_alone() -> None:
    error = refused("cloudwatch", "GetMetricStatistics", **WINDOW | {"Period": 0})
    assert error.code == "MissingParameter"
    assert error.message == (
        "The parameter Namespace is required.\nThe parameter MetricName is required."
    )


def test_other_operations_on_metrics_have_one_code() -> None:
    data = refused("cloudwatch", "GetMetricData", StartTime=0, EndTime=60)
    assert (data.code, data.message) == (
        "ValidationError",
        "The parameter MetricDataQueries is required.",
    )
    assert refused("cloudwatch", "DescribeAlarms", MaxRecords=101).code == "ValidationError"


def test_unknown_members_are_passed_over_and_null_is_not_there() -> None:
    model = operation("sagemaker", "CreateModel")
    check_input(model, {"ModelName": "m", "Colour": [1], "Tags": None})
    check_input(operation("sagemaker", "ListModels"), {})
    container = {"Image": "i", "Colour": "red"}
    check_input(model, {"ModelName": "m", "PrimaryContainer": container})
