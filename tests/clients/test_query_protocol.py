"""Boto3 of the last release that asks CloudWatch by the query protocol, on a served account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.clients.conftest import Server
from tests.clients.test_command_line import variant


class Clients:
    """Clients of one session, without credentials of anybody."""

    def __init__(self, server: Server) -> None:
        session = boto3.Session(
            aws_access_key_id="simulated",
            aws_secret_access_key="simulated",
            region_name="us-east-1",
        )
        once = Config(retries={"total_max_attempts": 1})

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=server.url, config=once)

        self.server = server
        self.sagemaker, self.runtime = client("sagemaker"), client("sagemaker-runtime")
        self.cloudwatch = client("cloudwatch")
        self.sent: list[tuple[str, bytes]] = []
        self.cloudwatch.meta.events.register("before-send.cloudwatch", self._remember)

    def _remember(self, request: Any, **_: Any) -> None:
        kind = request.headers.get("Content-Type", b"")
        self.sent.append((kind.decode() if isinstance(kind, bytes) else kind, request.body))

    def status(self, endpoint: str) -> str:
        return str(self.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"])

    def serve(self, endpoint: str) -> None:
        """An endpoint in service; the models may be there already."""
        if not self.sagemaker.list_models()["Models"]:
            for name in ("Variant1", "Variant2"):
                self.sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "own:1"})
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=endpoint,
            ProductionVariants=[variant("Variant1", 1), variant("Variant2", 1)],
        )
        self.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
        self.server.advance(600)


@pytest.fixture
def clients(server: Server) -> Clients:
    return Clients(server)


def test_the_release_speaks_the_query_protocol(clients: Clients) -> None:
    assert botocore.__version__.startswith("1.41.")
    assert clients.cloudwatch.meta.service_model.resolved_protocol == "query"
    assert clients.cloudwatch.list_metrics(Namespace="Somebody/Else")["Metrics"] == []
    ((kind, body),) = clients.sent
    assert kind.startswith("application/x-www-form-urlencoded")
    assert b"Action=ListMetrics" in (body if isinstance(body, bytes) else body.encode())


def test_an_experiment_from_its_models_to_its_end(clients: Clients) -> None:
    began = datetime.fromisoformat(clients.server.ask("/_simab/state")["now"])
    clients.serve("e")
    assert clients.status("e") == "InService"
    answer = clients.runtime.invoke_endpoint(
        EndpointName="e", Body=b"1,2", ContentType="text/csv", TargetVariant="Variant1"
    )
    assert answer["InvokedProductionVariant"] == "Variant1"
    assert 0 <= float(answer["Body"].read()) <= 1
    clients.server.advance(300)
    dimensions = [
        {"Name": "EndpointName", "Value": "e"},
        {"Name": "VariantName", "Value": "Variant1"},
    ]
    asked = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "ModelLatency",
        "Dimensions": dimensions,
        "StartTime": began,
        "EndTime": began + timedelta(minutes=30),
        "Period": 60,
    }
    means = clients.cloudwatch.get_metric_statistics(**asked, Statistics=["Average"])["Datapoints"]
    tails = clients.cloudwatch.get_metric_statistics(**asked, ExtendedStatistics=["p90"])
    assert len(means) == len(tails["Datapoints"]) >= 5
    for mean, tail in zip(means, tails["Datapoints"], strict=True):
        assert mean["Timestamp"] == tail["Timestamp"]
        assert mean["Timestamp"].tzinfo is not None
        assert mean["Unit"] == "Microseconds"
        assert mean["Average"] > 0
        assert tail["ExtendedStatistics"]["p90"] > 0
    clients.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "Variant1", "DesiredWeight": 0}],
    )
    assert clients.status("e") == "Updating"
    clients.server.advance(70)
    assert clients.status("e") == "InService"
    clients.sagemaker.delete_endpoint(EndpointName="e")
    clients.server.advance(120)
    with pytest.raises(ClientError, match="Could not find endpoint") as gone:
        clients.status("e")
    assert gone.value.response["Error"]["Code"] == "ValidationException"


def test_data_alarms_and_errors_in_xml(clients: Clients) -> None:
    began = datetime.fromisoformat(clients.server.ask("/_simab/state")["now"])
    clients.serve("data")
    clients.server.advance(300)
    stat = {
        "Metric": {
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocations",
            "Dimensions": [
                {"Name": "EndpointName", "Value": "data"},
                {"Name": "VariantName", "Value": "Variant2"},
            ],
        },
        "Period": 60,
        "Stat": "Sum",
    }
    data = clients.cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "m1", "MetricStat": stat}],
        StartTime=began,
        EndTime=began + timedelta(minutes=30),
    )["MetricDataResults"]
    assert [each["Id"] for each in data] == ["m1"]
    assert len(data[0]["Values"]) == len(data[0]["Timestamps"]) >= 5
    clients.cloudwatch.put_metric_alarm(
        AlarmName="<odd & quoted>",
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=stat["Metric"]["Dimensions"],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    clients.server.advance(180)
    (alarm,) = clients.cloudwatch.describe_alarms(AlarmNames=["<odd & quoted>"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert alarm["Dimensions"] == stat["Metric"]["Dimensions"]
    clients.cloudwatch.delete_alarms(AlarmNames=["<odd & quoted>"])
    with pytest.raises(ClientError) as refused:
        clients.cloudwatch.describe_anomaly_detectors()
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert all("x-www-form-urlencoded" in kind for kind, _ in clients.sent)
