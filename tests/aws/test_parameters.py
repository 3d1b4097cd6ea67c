"""What may be asked of an operation: acted upon, without effect here, or refused by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from simab.scenario.models import Scenario
from tests.aws.test_endpoints import refusal, served
from tests.world.building import scenario, variant

if TYPE_CHECKING:
    from tests.aws.conftest import Platform

pytest.importorskip("boto3")
Make = Callable[..., "Platform"]


def test_every_parameter_is_read_or_without_effect_or_refused() -> None:
    """By the names in the source of an operation, or where all of its parameters are kept."""
    from simab.aws import alarms, metric_query
    from simab.aws.operations import OPERATIONS, listing, parameters
    from tests.aws.service_models import operation

    shared = "".join(map(inspect.getsource, (listing, metric_query, alarms)))
    unread = {
        (name, parameter)
        for service, operations in OPERATIONS.items()
        for name, function in operations.items()
        for parameter in operation(service, name).input_shape.members
        if f'"{parameter}"' not in inspect.getsource(inspect.getmodule(function)) + shared
        and parameter not in parameters.NOT_SIMULATED.get(name, ())
        and parameter not in parameters.WITHOUT_EFFECT.get(name, ())
    }
    # Lists refuse each parameter that they do not name; the description of an alarm is shown.
    lists = {"ListModels", "ListEndpointConfigs", "ListEndpoints"}
    left = {(name, parameter) for name, parameter in unread if name not in lists}
    assert left <= {("PutMetricAlarm", "AlarmDescription")}


@pytest.mark.parametrize(
    "named",
    [
        {"SessionId": "NEW_SESSION"},
        {"TargetModel": "one.tar.gz"},
        {"TargetContainerHostname": "one"},
        {"InferenceComponentName": "one"},
        {"EnableExplanations": "`true`"},
    ],
)
def test_an_invocation_that_asks_for_more_is_refused_by_name(
    platform: Make, named: dict[str, str]
) -> None:
    made = platform(served())
    made.serve(a=1, b=1)
    code, message, status = refusal(
        made.runtime.invoke_endpoint, EndpointName="e", Body=b"", **named
    )
    assert (code, status) == ("NotImplemented", 501)
    (parameter,) = named
    operation = f"InvokeEndpoint with {parameter}"
    assert message == f"simab does not simulate {operation} of sagemaker-runtime"


def test_what_a_request_says_of_itself_reaches_what_answers(platform: Make) -> None:
    """As a container gets it from the platform."""
    from simab.aws.answers import Answer, Question

    asked: list[Question] = []

    class Keeping:
        def answer(self, question: Question) -> Answer:
            asked.append(question)
            return Answer(b"yes")

    made = platform(served(), answers=Keeping())
    made.serve(a=1, b=0)
    made.runtime.invoke_endpoint(
        EndpointName="e",
        Body=b"1,2",
        ContentType="text/csv",
        CustomAttributes="c=1",
        InferenceId="i-1",
    )
    (question,) = asked
    assert (question.variant, question.payload, question.content_type) == ("a", b"1,2", "text/csv")
    assert (question.custom_attributes, question.inference_id) == ("c=1", "i-1")


def test_a_serverless_variant_cannot_be_compared(platform: Make) -> None:
    """The platform has it neither beside another variant nor in a shadow test."""
    made = platform(served())
    made.sagemaker.create_model(ModelName="m", PrimaryContainer={"Image": "i"})
    serverless = {
        "VariantName": "a",
        "ModelName": "m",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    other = {
        "VariantName": "b",
        "ModelName": "m",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    create = made.sagemaker.create_endpoint_config
    two = {"EndpointConfigName": "c", "ProductionVariants": [serverless, other]}
    assert refusal(create, **two)[0] == "ValidationException"
    one = {"EndpointConfigName": "c", "ProductionVariants": [serverless]}
    code, message, _ = refusal(create, **one)
    assert code == "NotImplemented"
    assert "ServerlessConfig" in message


def test_another_unit_is_another_metric(platform: Make) -> None:
    """CloudWatch converts nothing: an alarm in seconds on microseconds has no data."""
    made = platform(served())
    made.serve(a=1, b=1)
    alarm = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "ModelLatency",
        "Dimensions": [
            {"Name": "EndpointName", "Value": "e"},
            {"Name": "VariantName", "Value": "a"},
        ],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    for unit in ("Seconds", "Microseconds"):
        made.cloudwatch.put_metric_alarm(AlarmName=unit, Unit=unit, **alarm)
    made.sleep(300)
    found = made.cloudwatch.describe_alarms()["MetricAlarms"]
    assert {each["AlarmName"]: each["StateValue"] for each in found} == {
        "Seconds": "INSUFFICIENT_DATA",
        "Microseconds": "ALARM",
    }
    now = made.account.timeline.now
    start = now.replace(hour=now.hour - 1)
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    queries = [
        {
            "Id": unit.lower(),
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum", "Unit": unit},
        }
        for unit in ("Seconds", "Microseconds")
    ]
    results = made.cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=start, EndTime=now
    )["MetricDataResults"]
    assert [bool(each["Values"]) for each in results] == [False, True]


@pytest.mark.parametrize("token", ["a", "-1", "²", "1" * 5_000])
def test_a_token_of_no_page_is_refused(platform: Make, token: str) -> None:
    made = platform(served())
    calls: list[tuple[Any, str, dict[str, Any]]] = [
        (made.sagemaker.list_models, "ValidationException", {}),
        (made.cloudwatch.describe_alarms, "InvalidNextToken", {}),
        (
            made.scaling.describe_scalable_targets,
            "InvalidNextTokenException",
            {"ServiceNamespace": "sagemaker"},
        ),
        (
            made.scaling.describe_scaling_policies,
            "InvalidNextTokenException",
            {"ServiceNamespace": "sagemaker"},
        ),
    ]
    for call, code, arguments in calls:
        assert refusal(call, NextToken=token, **arguments)[0] == code


def test_clients_of_every_session_are_answered() -> None:
    """Scripts make sessions of their own, for a region or a profile; those before stay as is."""
    import boto3
    import botocore.session

    from simab.aws import Account, simulated

    before = boto3.DEFAULT_SESSION
    world: Scenario = scenario({"a": variant(), "b": variant()}, rate="1/s", horizon="1h")
    with simulated(Account(world)):
        boto3.client("sagemaker").create_model(
            ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r"
        )
        for session in (
            boto3.Session(region_name="eu-west-1"),
            boto3.session.Session(),
            botocore.session.get_session(),
        ):
            make = getattr(session, "client", None) or session.create_client
            (model,) = make("sagemaker", region_name="eu-west-1").list_models()["Models"]
            assert model["ModelName"] == "m"
    assert boto3.DEFAULT_SESSION is before
    import botocore.handlers

    assert not any("simab" in str(each) for each in botocore.handlers.BUILTIN_HANDLERS)
