"""The AWS CLI walks through an experiment on a served account."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.clients.conftest import Server


class CommandLine:
    """`aws`, as a shell calls it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.program = str(Path(sys.executable).with_name("aws"))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *words],
            env=self.server.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, *words: str) -> Any:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def variant(name: str, weight: int) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.xlarge",
        "InitialVariantWeight": weight,
    }


def test_an_experiment_from_its_models_to_its_end(server: Server, tmp_path: Path) -> None:
    aws = CommandLine(server)
    for name in ("Variant1", "Variant2"):
        made = aws.ask("sagemaker", "create-model", "--model-name", name,
                       "--primary-container", "Image=own:1",
                       "--execution-role-arn", "arn:aws:iam::123456789012:role/any")  # fmt: skip
        assert made["ModelArn"].lower().endswith(f":model/{name.lower()}")
    config = json.dumps([variant("Variant1", 1), variant("Variant2", 1)])
    aws.ask("sagemaker", "create-endpoint-config", "--endpoint-config-name", "two",
            "--production-variants", config)  # fmt: skip
    aws.ask("sagemaker", "create-endpoint", "--endpoint-name", "e", "--endpoint-config-name", "two")
    asked = ("sagemaker", "describe-endpoint", "--endpoint-name", "e")
    assert aws.ask(*asked)["EndpointStatus"] == "Creating"
    server.advance(600)
    assert aws.ask(*asked)["EndpointStatus"] == "InService"

    out = tmp_path / "answer"
    answer = aws.ask("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", "e",
                     "--body", "1,2", "--content-type", "text/csv",
                     "--target-variant", "Variant2", str(out))  # fmt: skip
    assert answer["InvokedProductionVariant"] == "Variant2"
    assert 0 <= float(out.read_text()) <= 1

    server.advance(300)
    statistics = (
        "cloudwatch", "get-metric-statistics", "--namespace", "AWS/SageMaker",
        "--metric-name", "Invocations", "--start-time", "2026-01-05T09:00:00Z",
        "--end-time", "2026-01-05T09:30:00Z", "--period", "60", "--statistics", "Sum",
        "--dimensions", "Name=EndpointName,Value=e", "Name=VariantName,Value=Variant2",
    )  # fmt: skip
    points = aws.ask(*statistics)["Datapoints"]
    assert len(points) >= 5
    assert all(point["Sum"] >= 1 for point in points)

    weights = json.dumps([{"VariantName": "Variant1", "DesiredWeight": 0}])
    aws.ask("sagemaker", "update-endpoint-weights-and-capacities", "--endpoint-name", "e",
            "--desired-weights-and-capacities", weights)  # fmt: skip
    assert aws.ask(*asked)["EndpointStatus"] == "Updating"
    server.advance(70)
    shown = aws.ask(*asked)
    assert shown["EndpointStatus"] == "InService"
    assert [each["CurrentWeight"] for each in shown["ProductionVariants"]] == [0, 1]

    aws.ask("sagemaker", "delete-endpoint", "--endpoint-name", "e")
    server.advance(120)
    gone = aws.run(*asked)
    assert gone.returncode != 0
    assert "Could not find endpoint" in gone.stderr


def test_a_refusal_is_the_platforms(server: Server) -> None:
    done = CommandLine(server).run("sagemaker", "list-pipelines")
    assert done.returncode != 0
    assert "NotImplemented" in done.stderr


def test_other_services_are_asked_at_the_same_address_and_refused_there(server: Server) -> None:
    done = CommandLine(server).run("s3api", "list-buckets")
    assert done.returncode != 0
    assert server.ask("/_simab/state")["endpoints"] == []
