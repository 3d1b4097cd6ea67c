"""Ten thousand drawn requests, valid ones with faults in them and noise: none finds a bug."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

import pytest

from simab.aws import Account
from simab.aws.server.app import respond
from simab.aws.server.clock import ServedAccount
from simab.world.run_counts import Total
from tests.aws.server.asking import JSON, Answer, Server
from tests.aws.server.error_shapes import json_error, query_error, rest_error
from tests.world.building import scenario, variant

FORM = "application/x-www-form-urlencoded"
Request = tuple[str, str, dict[str, str], bytes]

ALARM = {
    "AlarmName": "high",
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocation5XXErrors",
    "Dimensions": [
        {"Name": "EndpointName", "Value": "e"},
        {"Name": "VariantName", "Value": "a"},
    ],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 2,
    "Threshold": 0.1,
    "ComparisonOperator": "GreaterThanThreshold",
}
READ = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocations",
    "Dimensions": ALARM["Dimensions"],
    "StartTime": 1767600000,
    "EndTime": 1767603600,
    "Period": 60,
    "Statistics": ["Sum"],
}
CONFIG = {
    "EndpointConfigName": "c",
    "ProductionVariants": [
        {
            "VariantName": name,
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": weight,
        }
        for name, weight in (("a", 1), ("b", 3.5))
    ],
}
GUARDED = {
    "EndpointName": "e",
    "EndpointConfigName": "c",
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 60,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 20},
            }
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "high"}]},
    },
}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/a",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    },
}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("SageMaker.CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": "a"}}),
    ("SageMaker.DescribeModel", {"ModelName": "a"}),
    ("SageMaker.ListModels", {"MaxResults": 2, "NameContains": "a"}),
    ("SageMaker.CreateEndpointConfig", CONFIG),
    ("SageMaker.DescribeEndpointConfig", {"EndpointConfigName": "e"}),
    ("SageMaker.ListEndpointConfigs", {"SortBy": "Name"}),
    ("SageMaker.CreateEndpoint", {"EndpointName": "f", "EndpointConfigName": "c"}),
    ("SageMaker.DescribeEndpoint", {"EndpointName": "e"}),
    ("SageMaker.ListEndpoints", {}),
    ("SageMaker.UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
    ("SageMaker.UpdateEndpoint", GUARDED),
    (
        "SageMaker.UpdateEndpointWeightsAndCapacities",
        {
            "EndpointName": "e",
            "DesiredWeightsAndCapacities": [{"VariantName": "a", "DesiredWeight": 2.0}],
        },
    ),
    ("GraniteServiceVersion20100801.GetMetricStatistics", READ),
    (
        "GraniteServiceVersion20100801.GetMetricData",
        {
            "MetricDataQueries": [
                {
                    "Id": "q",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SageMaker",
                            "MetricName": "ModelLatency",
                            "Dimensions": ALARM["Dimensions"],
                        },
                        "Period": 60,
                        "Stat": "p99",
                    },
                }
            ],
            "StartTime": 1767600000,
            "EndTime": 1767603600,
        },
    ),
    ("GraniteServiceVersion20100801.ListMetrics", {"Namespace": "AWS/SageMaker"}),
    ("GraniteServiceVersion20100801.PutMetricAlarm", ALARM),
    ("GraniteServiceVersion20100801.DescribeAlarms", {"AlarmNames": ["high"]}),
    (
        "GraniteServiceVersion20100801.SetAlarmState",
        {"AlarmName": "high", "StateValue": "ALARM", "StateReason": "drawn"},
    ),
    ("GraniteServiceVersion20100801.DeleteAlarms", {"AlarmNames": ["high"]}),
    (
        "AnyScaleFrontendService.RegisterScalableTarget",
        {**TARGET, "MinCapacity": 1, "MaxCapacity": 3},
    ),
    (
        "AnyScaleFrontendService.PutScalingPolicy",
        {
            **TARGET,
            "PolicyName": "p",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": TRACKING,
        },
    ),
    ("AnyScaleFrontendService.DescribeScalableTargets", {"ServiceNamespace": "sagemaker"}),
    ("AnyScaleFrontendService.DescribeScalingPolicies", {"ServiceNamespace": "sagemaker"}),
    ("AnyScaleFrontendService.DeleteScalingPolicy", {**TARGET, "PolicyName": "p"}),
    ("AnyScaleFrontendService.DeregisterScalableTarget", TARGET),
    ("SageMaker.DeleteEndpoint", {"EndpointName": "f"}),
    ("SageMaker.DeleteEndpointConfig", {"EndpointConfigName": "c"}),
    ("SageMaker.DeleteModel", {"ModelName": "m"}),
]
NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 0.5, 1e308, -1e308, 2**31, 2**63, 10**30, 10**400, float("nan"),
    float("inf"), "", "e", "a", "b", "c", "high", "\ud800", "\x00", "\u202e", "x" * 5_000, "a" * 64,
    "1", "NaN", "2026-01-05", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", [], {}, [None],
    [[]], [{}], {"": None}, {"a": {}}, ["a"] * 50, {"Ref": 1}, 1767600000.123456789, -62135596801,
    253402300800, [1, "a", None, {}],
]  # fmt: skip


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Parameters as the query protocol writes them."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from flat(each, f"{name}.member.{number}")
    else:
        yield name, str(value)


class Fuzzer:
    """Draws requests: most are valid ones with a few faults."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def request(self) -> Request:
        """Method, path, headers and body."""
        kind = self.random.random()
        if kind < 0.15:
            return self.noise()
        if kind < 0.35:
            return self.invocation()
        target, given = self.random.choice(CALLS)
        changed = self.changed(given, self.random.choice((0, 0, 1, 1, 2, 5)))
        if target.startswith("Granite") and self.random.random() < 0.5:
            form = {"Action": target.partition(".")[2], "Version": "2010-08-01"}
            text = urlencode([*form.items(), *flat(changed)], errors="surrogatepass")
            return "POST", "/", {"content-type": FORM}, self.bytes_changed(text.encode())
        body = self.bytes_changed(json.dumps(changed).encode())
        return "POST", "/", {"content-type": JSON, "x-amz-target": target}, body

    def invocation(self) -> Request:
        """InvokeEndpoint, most of the time of an endpoint that serves."""
        draw = self.random
        headers = {"content-type": "text/csv"}
        for name in ("target-variant", "inference-id", "custom-attributes", "target-model"):
            if draw.random() < 0.2:
                values = ["a", "b", "z", "", "x" * 2_000, "\xe9", "a b"]
                headers[f"x-amzn-sagemaker-{name}"] = draw.choice(values)
        name = draw.choice(["e"] * 8 + ["f", "z", "%2F", "%ff", "", "a.b", "x" * 500])
        return "POST", f"/endpoints/{name}/invocations", headers, draw.randbytes(draw.randrange(40))

    def noise(self) -> Request:
        """Nothing that a client would send."""
        draw = self.random
        method = draw.choice(["GET", "POST", "PUT", "PATCH", "BREW"])
        path = draw.choice(["/", "/x", "/endpoints/", "/service/a/operation/b", "//", "/%00"])
        headers = {"x-amz-target": draw.choice(["", ".", "SageMaker.", "\xff", CALLS[0][0]])}
        if draw.random() < 0.3:
            headers = {"content-type": draw.choice([FORM, JSON, "", ";", "a/b"])}
        return method, path, headers, draw.randbytes(draw.randrange(200))

    def changed(self, value: Any, faults: int) -> Any:
        """A copy with some of its parts replaced, removed or doubled."""
        copy = deepcopy(value)
        for _ in range(faults):
            holder: Any = copy
            while isinstance(holder, dict | list) and holder:
                key = self.random.choice(list(holder) if isinstance(holder, dict)
                                         else range(len(holder)))  # fmt: skip
                inner = holder[key]
                if isinstance(inner, dict | list) and inner and self.random.random() < 0.7:
                    holder = inner
                    continue
                if self.random.random() < 0.2:
                    del holder[key]
                else:
                    holder[key] = deepcopy(self.random.choice(NASTY))
                break
        return copy

    def bytes_changed(self, body: bytes) -> bytes:
        """Now and then cut, overwritten, or with something in between."""
        draw = self.random
        if draw.random() < 0.8:
            return body
        place = draw.randrange(len(body) + 1)
        match draw.randrange(4):
            case 0:
                return body[:place]
            case 1:
                return body[:place] + draw.randbytes(3) + body[place + 3 :]
            case 2:
                return body[:place] + draw.choice([b"{", b"]", b"&", b"\x00", b"%", b'"']) + body
            case _:
                return body[place:] + body[:place]


def account() -> Account:
    """Nobody else asks, so that what was counted is what was sent."""
    world = scenario(
        {
            name: variant(workers=50, latency={"kind": "constant", "value": "5ms"})
            for name in ("a", "b")
        },
        rate="0.00001/s",
        horizon="12h",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
    )
    made = Account(world)
    made.put_in_service("e")
    return made


def kind_of(request: Request, answer: Answer) -> str:
    """What came of a request: the code of its error, which has its protocol's shape, or "done"."""
    if answer.status == 200:
        return "done"
    content_type = answer.headers["content-type"]
    shapes = {"text/xml": query_error, "application/json": rest_error}
    if content_type == "application/cbor":
        return "NotImplemented"
    status, code, message = shapes.get(content_type, json_error)(answer)
    assert 400 <= status < 600, request
    assert status != 500, (request, message)
    assert message, request
    return code


def invocations(made: Account) -> int:
    """All that the worlds of the account have been asked, whatever came of it."""
    return sum(int(each.serving.run_counts.totals[Total.ARRIVED]) for each in made.served)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_drawn_requests_are_answered_or_refused_and_counted(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """3,000 each: no bug, nearly all codes seen, and the world has counted what was answered."""
    made = account()
    served, fuzzer, found = ServedAccount(made), Fuzzer(seed), Counter[str]()
    answered = 0
    with caplog.at_level(logging.ERROR):
        for number in range(3_000):
            request = fuzzer.request()
            response = respond(served, *request)
            headers = {name.lower(): value for name, value in response.headers.items()}
            code = kind_of(request, Answer(response.status, headers, response.body))
            found[code] += 1
            invoked = request[1].endswith("/invocations")
            answered += invoked and code in ("done", "ModelError", "ServiceUnavailable")
            if number % 20 == 0:
                made.timeline.advance(made.timeline.now_ns + 10**9)
    assert not served.over
    assert not caplog.records
    assert found["done"] > 500
    expected = {"SerializationException", "ValidationException", "ValidationError"}
    assert {*expected, "UnknownOperationException", "MalformedQueryString"} <= set(found)
    assert 0 <= invocations(made) - answered <= 1  # others ask less than once a day
    state = served.state()
    assert json.loads(json.dumps(state, allow_nan=False)) == state


@pytest.mark.long
def test_drawn_requests_over_a_socket(serve: Callable[..., Server]) -> None:
    """1,000, among them noise that is not HTTP; then the server answers as if nothing had been."""
    server, fuzzer, found = serve(account()), Fuzzer(7), Counter[str]()
    for number in range(1_000):
        if number % 10 == 0:
            received = server.raw(fuzzer.random.randbytes(fuzzer.random.randrange(300)))
            assert b"500" not in received[:20]
            continue
        method, path, headers, body = fuzzer.request()
        encoded = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
        answer = server.ask(method, path, body, encoded)  # type: ignore[arg-type]
        found[kind_of((method, path, headers, body), answer)] += 1
        if number % 50 == 0:
            assert server.advance(1).status == 200
    assert found["done"] > 100
    assert server.invoke().status == 200
    state = server.state()
    assert state["endpoints"][0]["name"] == "e"
    requests = sum(each["requests"] for each in state["endpoints"][0]["variants"])
    assert 0 < requests <= invocations(server.account)
