"""Accounts in simulated time, and clients that they answer; skipped where boto3 is not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3")
pytest.importorskip("time_machine")

CHURN = Path(__file__).resolve().parents[2] / "scenarios" / "churn.yaml"


class Platform:
    """An account, its clients, and shorthands for what most tests do first."""

    def __init__(self, scenario: Any, **arguments: Any) -> None:
        from simab.aws.account import Account
        from simab.aws.in_process import session_of

        self.account = Account(scenario, **arguments)
        session = session_of(self.account)
        self.sagemaker = session.client("sagemaker")
        self.runtime = session.client("sagemaker-runtime")
        self.cloudwatch = session.client("cloudwatch")
        self.scaling = session.client("application-autoscaling")

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass."""
        timeline = self.account.timeline
        timeline.advance(timeline.now_ns + round(seconds * 1e9))

    def config(self, name: str, **weights: float) -> None:
        """A configuration of one instance each; variant `x` has the model `model-x`."""
        for variant in weights:
            if f"model-{variant}" not in self.account.models:
                self.sagemaker.create_model(
                    ModelName=f"model-{variant}", PrimaryContainer={"Image": "images/own:1"}
                )
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": f"model-{variant}",
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.xlarge",
                    "InitialVariantWeight": weight,
                }
                for variant, weight in weights.items()
            ],
        )

    def serve(self, **weights: float) -> None:
        """An endpoint `e` in service."""
        self.config("c", **weights)
        self.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
        while self.status() != "InService":
            self.sleep(30)

    def status(self) -> str:
        """Of endpoint `e`."""
        return str(self.sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"])

    def weigh(self, **weights: float) -> None:
        """Ask for weights."""
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="e",
            DesiredWeightsAndCapacities=[
                {"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()
            ],
        )

    def invoke(self, target: str | None = None, body: bytes = b"1,2") -> dict[str, Any]:
        """A request, by weight or to a variant."""
        named = {} if target is None else {"TargetVariant": target}
        response: dict[str, Any] = self.runtime.invoke_endpoint(
            EndpointName="e", Body=body, ContentType="text/csv", **named
        )
        return response

    def statistics(self, metric: str, variant: str, *statistics: str, **more: Any) -> list[Any]:
        """Datapoints of a metric of endpoint `e`, in order of time: minute and values."""
        from datetime import timedelta

        now = self.account.timeline.now
        asked = {
            "Namespace": "AWS/SageMaker",
            "MetricName": metric,
            "Dimensions": [
                {"Name": "EndpointName", "Value": "e"},
                {"Name": "VariantName", "Value": variant},
            ],
            "StartTime": now - timedelta(hours=3),
            "EndTime": now,
            "Period": 60,
            "Statistics": [*statistics],
        }
        given = {name: value for name, value in (asked | more).items() if value is not None}
        points = self.cloudwatch.get_metric_statistics(**given)["Datapoints"]
        return sorted(points, key=lambda point: point["Timestamp"])


@pytest.fixture(autouse=True)
def responses_fit_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is answered has the shape that botocore's own service model gives it."""
    from simab.aws import answering
    from simab.aws.checks.constraints import check_output
    from tests.aws.service_models import operation

    def checked(account: Any, service: str, name: str, parameters: Any) -> dict[str, Any]:
        response = respond(account, service, name, parameters)
        check_output(operation(service, name), response)
        return response

    respond = answering.respond
    monkeypatch.setattr(answering, "respond", checked)


@pytest.fixture
def platform() -> Callable[..., Platform]:
    """Makes a platform in which a scenario is played."""
    return Platform
