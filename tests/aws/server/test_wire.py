"""Each protocol by requests that are written by hand, as SDKs of other languages write them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.aws.server.asking import Server
from tests.aws.server.error_shapes import json_error

Serve = Callable[..., Server]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
BEGAN = 1767603600  # 2026-01-05T09:00:00Z
NAMESPACE = {"": "http://monitoring.amazonaws.com/doc/2010-08-01/"}
DIMENSIONS = [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "b"}]


def test_sagemaker_speaks_json_1_1(serve: Serve) -> None:
    """Dates are seconds since 1970, and numbers are numbers."""
    server = serve()
    answer = server.call("SageMaker.DescribeEndpoint", {"EndpointName": "e"})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert len(answer.headers["x-amzn-requestid"]) == 36
    described = answer.data
    assert (described["EndpointArn"], described["EndpointStatus"]) == (ARN, "InService")
    assert described["CreationTime"] == BEGAN
    assert [each["CurrentWeight"] for each in described["ProductionVariants"]] == [1.0, 1.0]
    deleted = server.call("SageMaker.DeleteEndpoint", {"EndpointName": "e"})
    assert (deleted.status, deleted.data) == (200, {})


def test_application_auto_scaling_speaks_json_1_1(serve: Serve) -> None:
    asked = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/a",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    server = serve()
    name = "AnyScaleFrontendService.RegisterScalableTarget"
    made = server.call(name, asked | {"MinCapacity": 1, "MaxCapacity": 3})
    assert "scalable-target/sagemaker/endpoint/e/variant/a" in made.data["ScalableTargetARN"]


def test_the_runtime_speaks_rest_json(serve: Serve) -> None:
    """Parameters are headers, and bodies are bytes as they are, of any kind."""
    server = serve()
    answer = server.invoke(b"\x00\xff", X_Amzn_SageMaker_Target_Variant="b", Content_Type="a/b")
    assert answer.status == 200
    assert answer.headers["x-amzn-invoked-production-variant"] == "b"
    assert answer.headers["content-type"] == "text/csv"
    assert answer.headers["x-amzn-sagemaker-custom-attributes"] in ("correct=0", "correct=1")
    assert answer.body in (b"0", b"1")


def metric(server: Server) -> dict[str, Any]:
    """A metric of variant b, of which five requests are published."""
    for _ in range(5):
        server.invoke(X_Amzn_SageMaker_Target_Variant="b")
    server.advance(200)
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": "ModelLatency",
        "StartTime": BEGAN,
        "EndTime": BEGAN + 60,
        "Period": 60,
        "Statistics": ["SampleCount", "Average"],
        "Dimensions": DIMENSIONS,
    }


def test_cloudwatch_speaks_json_1_0_and_forms_that_are_answered_in_xml(serve: Serve) -> None:
    """Both give the same numbers."""
    server = serve()
    asked = metric(server)
    name = "GraniteServiceVersion20100801.GetMetricStatistics"
    answer = server.call(name, asked, Content_Type="application/x-amz-json-1.0")
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    (point,) = answer.data["Datapoints"]
    assert (answer.data["Label"], point["Timestamp"]) == ("ModelLatency", BEGAN)
    assert (point["Unit"], point["Average"]) == ("Microseconds", 20_000.0)

    form = [
        ("Action", "GetMetricStatistics"),
        ("Version", "2010-08-01"),
        ("Namespace", "AWS/SageMaker"),
        ("MetricName", "ModelLatency"),
        ("StartTime", "2026-01-05T09:00:00Z"),
        ("EndTime", "2026-01-05T10:01:00+01:00"),
        ("Period", "60"),
        ("Statistics.member.1", "SampleCount"),
        ("Statistics.member.2", "Average"),
        ("Dimensions.member.2.Name", "VariantName"),
        ("Dimensions.member.2.Value", "b"),
        ("Dimensions.member.1.Name", "EndpointName"),
        ("Dimensions.member.1.Value", "e"),
    ]
    answer = server.form(urlencode(form).encode())
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
    root = ET.fromstring(answer.body)
    assert root.tag == f"{{{NAMESPACE['']}}}GetMetricStatisticsResponse"
    found = root.find("GetMetricStatisticsResult/Datapoints/member", NAMESPACE)
    assert found is not None
    values = {each.tag.rpartition("}")[2]: each.text for each in found}
    assert values == {
        "Timestamp": "2026-01-05T09:00:00Z",
        "SampleCount": repr(point["SampleCount"]),
        "Average": "20000.0",
        "Unit": "Microseconds",
    }
    identity = root.findtext("ResponseMetadata/RequestId", namespaces=NAMESPACE)
    assert identity == answer.headers["x-amzn-requestid"]


def test_an_alarm_is_put_and_described_by_forms(serve: Serve) -> None:
    """Text is escaped on its way back, and what XML cannot hold is written by its number."""
    server, odd = serve(), "<b>&\"'\u0416\U0001f600\x01"
    form = {
        "Action": "PutMetricAlarm",
        "AlarmName": "high",
        "AlarmDescription": odd,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Statistic": "Average",
        "Period": "60",
        "EvaluationPeriods": "2",
        "Threshold": "5e-2",
        "ComparisonOperator": "GreaterThanThreshold",
        "ActionsEnabled": "true",
        "Dimensions.member.1.Name": "EndpointName",
        "Dimensions.member.1.Value": "e",
        "Tags": "",
    }
    put = server.form(urlencode(form).encode())
    assert put.status == 200
    assert ET.fromstring(put.body).tag.endswith("PutMetricAlarmResponse")
    root = ET.fromstring(server.form(b"Action=DescribeAlarms&AlarmNames.member.1=high").body)
    alarm = root.find("DescribeAlarmsResult/MetricAlarms/member", NAMESPACE)
    assert alarm is not None
    assert alarm.findtext("AlarmDescription", namespaces=NAMESPACE) == odd[:-1] + "\\x01"
    assert alarm.findtext("Threshold", namespaces=NAMESPACE) == "0.05"
    assert alarm.findtext("ActionsEnabled", namespaces=NAMESPACE) == "true"
    assert alarm.findtext("StateValue", namespaces=NAMESPACE) == "INSUFFICIENT_DATA"


def test_an_endpoint_that_nobody_can_play_is_refused_with_what_to_do(serve: Serve) -> None:
    """Where the scenario has no variant of these names, `--model` says who plays them."""
    server = serve()
    server.call("SageMaker.CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": "i"}})
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1}
    config = {
        "EndpointConfigName": "c",
        "ProductionVariants": [variant | {"InstanceType": "ml.m5.large"}],
    }
    assert server.call("SageMaker.CreateEndpointConfig", config).status == 200
    body = {"EndpointName": "f", "EndpointConfigName": "c"}
    answer = server.call("SageMaker.CreateEndpoint", body)
    status, code, message = json_error(answer)
    assert (status, code) == (400, "ValidationException")
    assert message.endswith("say which of a, b and c plays it, by --model m=NAME")


def test_members_that_a_service_does_not_know_are_passed_over(serve: Serve) -> None:
    """As the real ones do, so that newer SDKs can ask."""
    server = serve()
    answer = server.call("SageMaker.DescribeEndpoint", {"EndpointName": "e", "Newer": [1]})
    assert answer.status == 200
    assert server.form(b"Action=ListMetrics&Newer.member.1.x=1").status == 200


def test_the_control_path_moves_time_and_tells_the_truth(serve: Serve) -> None:
    server = serve()
    assert server.advance(90.5).data == {"now": "2026-01-05T09:01:30.500000+00:00", "seconds": 90.5}
    state = server.state()
    assert (state["format"], state["seconds"], state["over"]) == ("simab-account/1", 90.5, False)
    (endpoint,) = state["endpoints"]
    assert (endpoint["name"], endpoint["status"]) == ("e", "InService")
    a, b = endpoint["variants"]
    assert a["requests"] + b["requests"] == pytest.approx(905, rel=0.2)
    assert a["share"] + b["share"] == 1.0
    assert a["share_since_change"] == a["share"]
    assert (a["latency_mean_ms"], a["error_rate"]) == (20.0, 0.0)
    assert sum(endpoint["series"]["variants"]["a"]["requests"]) <= a["requests"]
    assert state["calls"] == []


def test_the_share_since_the_last_change_counts_what_came_after_it(serve: Serve) -> None:
    """At 1:1 for 362 s and at 0:1 since: exactly none goes to a any more."""
    server = serve()
    asked = [{"VariantName": "a", "DesiredWeight": 0}]
    body = {"EndpointName": "e", "DesiredWeightsAndCapacities": asked}
    server.advance(300)
    change = "SageMaker.UpdateEndpointWeightsAndCapacities"
    assert server.call(change, body).status == 200
    assert server.call(change, body).status == 400
    server.advance(61)
    (endpoint,) = server.state()["endpoints"]
    assert (endpoint["status"], endpoint["update_ends_s"]) == ("Updating", 362.0)
    assert [each["desired_weight"] for each in endpoint["variants"]] == [0.0, 1.0]
    server.advance(101)
    state = server.state()
    (endpoint,) = state["endpoints"]
    a, b = endpoint["variants"]
    assert endpoint["shares_changed_s"] == 362.0
    assert (b["share_since_change"], a["assigned_since_change"]) == (1.0, 0)
    assert b["assigned_since_change"] == pytest.approx(1_000, rel=0.15)
    assert 0.3 < a["share"] < 0.45
    accepted, refused = state["calls"]
    assert accepted["about"] == refused["about"] == "e: a 0"
    assert accepted["refusal"] == ""
    assert "Cannot update in-progress endpoint" in refused["refusal"]


def test_a_connection_is_kept_and_answers_come_without_delay(serve: Serve) -> None:
    """The socket is known as TCP: else asyncio lets small answers wait for 40 ms."""
    import socket

    from simab.aws import Account
    from simab.aws.server.listening import Listening
    from tests.aws.test_endpoints import served

    listening = Listening(Account(served()))
    assert listening._socket.proto == socket.IPPROTO_TCP
    listening._socket.close()
    server = serve()
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for _ in range(3):
        connection.request("GET", "/_simab/state")
        response = connection.getresponse()
        assert json.loads(response.read())["over"] is False
        assert not response.will_close
    connection.close()
