"""The same calls over HTTP and in process: equal answers, at equal instants of simulated time."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simab.world.run_counts import Total
from tests.aws.conftest import Platform
from tests.aws.server.asking import HttpPlatform, OverQuery, Server, client_of
from tests.aws.test_alarms import put
from tests.aws.test_endpoints import served
from tests.aws.test_guarded_updates import CANARY, described

WRONG = ({"EndpointName": "z"}, {"EndpointName": "a_b"}, {"EndpointName": ""})


def plain(answer: Any) -> Any:
    """What an answer says, without what the way of asking adds to it."""
    answer = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    if "Body" in answer:
        answer["Body"] = answer["Body"].read()
    return answer


def asked(call: Any, **given: Any) -> Any:
    """An answer, or the error that came of it."""
    try:
        return plain(call(**given))
    except ClientError as error:
        found = plain(error.response)
        # Beside what the services say, clients of JSON get what the query protocol would have.
        for added in ("QueryErrorCode", "Type", "message", "Message"):
            found.pop(added, None)
        found["Error"] = {name: found["Error"][name] for name in ("Code", "Message")}
        return found, error.response["ResponseMetadata"]["HTTPStatusCode"]


def a_day_of_work(made: Platform) -> list[Any]:
    """Calls of all services, right and wrong ones, with what each was answered."""
    made.config("c", a=1, b=3)
    seen = [asked(made.sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="c")]
    seen.append(asked(made.sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="c"))
    seen.append(asked(made.runtime.invoke_endpoint, EndpointName="e", Body=b"1"))
    made.sleep(420.25)
    targets: list[Any] = [{}, {}, {}, {"TargetVariant": "b"}, {"TargetVariant": "z"}]
    invoke = made.runtime.invoke_endpoint
    seen += [asked(invoke, EndpointName="e", Body=b"1,2", **target) for target in targets]
    seen += [asked(made.sagemaker.describe_endpoint, **given) for given in WRONG[:2]]
    seen.append(asked(made.sagemaker.describe_endpoint, EndpointName="e"))
    put(made, "high")
    made.sleep(200)
    seen.append(asked(made.cloudwatch.describe_alarms, AlarmNames=["high"]))
    change = [{"VariantName": "a", "DesiredWeight": 0.1}]
    for _ in range(2):
        update = made.sagemaker.update_endpoint_weights_and_capacities
        seen.append(asked(update, EndpointName="e", DesiredWeightsAndCapacities=change))
    made.sleep(70.5)
    seen.append(asked(made.sagemaker.describe_endpoint, EndpointName="e"))
    for metric, statistics in (("Invocations", ["Sum"]), ("ModelLatency", ["Average", "Maximum"])):
        seen.append(made.statistics(metric, "b", *statistics))
    seen.append(made.statistics("ModelLatency", "b", Statistics=None, ExtendedStatistics=["p99"]))
    seen.append(asked(made.cloudwatch.list_metrics, Namespace="AWS/SageMaker"))
    seen.append(asked(made.cloudwatch.get_metric_statistics, **reading(made, Period=61)))
    seen.append(asked(made.cloudwatch.list_dashboards))
    namespace = "sagemaker"
    seen.append(asked(made.scaling.describe_scalable_targets, ServiceNamespace=namespace))
    seen.append(asked(made.sagemaker.list_endpoints))
    seen.append(made.account.timeline.now)
    return seen


def reading(made: Platform, **more: Any) -> dict[str, Any]:
    now = made.account.timeline.now
    asked = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Statistics": ["Sum"]}
    return {**asked, "StartTime": now - timedelta(hours=1), "EndTime": now, **more}


@pytest.mark.parametrize("kind", [HttpPlatform, OverQuery])
def test_every_answer_is_the_same(kind: type[HttpPlatform]) -> None:
    with ExitStack() as stack:
        over_http = a_day_of_work(kind(stack, served(), seed=3))
    in_process = a_day_of_work(Platform(served(), seed=3))
    for number, (one, other) in enumerate(zip(in_process, over_http, strict=True)):
        assert one == other, number


def rolled_back(made: Platform) -> list[tuple[float, str, str]]:
    """A canary whose new version answers with errors alone: each change of state, by its second."""
    for model in ("old", "new"):
        made.sagemaker.create_model(ModelName=model, PrimaryContainer={"Image": "i"})
        made.sagemaker.create_endpoint_config(
            EndpointConfigName=model,
            ProductionVariants=[
                {
                    "VariantName": "main",
                    "ModelName": model,
                    "InitialInstanceCount": 2,
                    "InstanceType": "ml.m5.large",
                }
            ],
        )
    made.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="old")
    made.sleep(420)
    of_the_variant = [("EndpointName", "e"), ("VariantName", "main")]
    dimensions = [{"Name": name, "Value": value} for name, value in of_the_variant]
    put(made, "bad", Dimensions=dimensions)
    made.sagemaker.update_endpoint(
        EndpointName="e",
        EndpointConfigName="new",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {**CANARY, "WaitIntervalInSeconds": 600}
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "bad"}]},
        },
    )
    seen = list[tuple[float, str, str]]()
    for _ in range(900):
        alarm = made.cloudwatch.describe_alarms(AlarmNames=["bad"])["MetricAlarms"][0]
        found = (made.status(), alarm["StateValue"])
        if not seen or seen[-1][1:] != found:
            seen.append((made.account.timeline.now_ns / 1e9, *found))
        made.sleep(1)
    return seen


@pytest.mark.long
def test_a_bad_canary_rolls_back_at_the_same_second() -> None:
    """The alarm sounds 45 s after its second bad minute, and the traffic goes back at once."""
    with ExitStack() as stack:
        over_http = rolled_back(HttpPlatform(stack, described(broken=True)))
    assert over_http == rolled_back(Platform(described(broken=True)))
    states = [state for state, _ in groupby(state for _, state, _ in over_http)]
    assert states == ["Updating", "RollingBack", "InService"]
    sounded = next(at_s for at_s, _, alarm in over_http if alarm == "ALARM")
    assert sounded % 60 == 45
    assert next(at_s for at_s, state, _ in over_http if state == "RollingBack") == sounded


@pytest.mark.parametrize("clients", [2, pytest.param(6, marks=pytest.mark.long)])
def test_clients_at_once_are_all_answered_and_counted(clients: int) -> None:
    """Each from a thread of its own, with changes of weights and time that passes between."""
    each = 40
    with ExitStack() as stack:
        made = HttpPlatform(stack, served(rate="0.00001/s"))
        made.serve(a=1, b=1)
        server: Server = made.server

        def work(number: int) -> Counter[str]:
            answered = Counter[str]()
            with closing(client_of("sagemaker-runtime", server.url)) as runtime:
                for turn in range(each):
                    response = runtime.invoke_endpoint(EndpointName="e", Body=b"%d" % turn)
                    response["Body"].read()
                    answered[response["InvokedProductionVariant"]] += 1
                    if turn % 10 == number % 10:
                        made.status()
                        server.advance(1)
                        with suppress(ClientError):  # one is under way
                            made.weigh(a=turn + 1)
            return answered

        with ThreadPoolExecutor(clients) as pool:
            answered = sum(pool.map(work, range(clients)), Counter[str]())
        made.sleep(300)
        published = {
            name: sum(point["Sum"] for point in made.statistics("Invocations", name, "Sum"))
            for name in "ab"
        }
        counts = made.account.endpoints["e"].serving.run_counts
        (endpoint,) = server.state()["endpoints"]
    assert answered.total() == clients * each
    assert published == dict(answered)
    assert {each["name"]: each["requests"] for each in endpoint["variants"]} == dict(answered)
    assert int(counts.totals[Total.ARRIVED]) == clients * each
