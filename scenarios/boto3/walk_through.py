"""The vendor's walk-through of production variants, in boto3 alone: it does not know of simab.

Two churn models share an endpoint; requests go half and half, each variant is evaluated by name,
and weights move to 25/75 and to 0/1. Then the loser goes, and the next candidate comes.

Run it against AWS with your own models and rows, or rehearse it: docs/aws.md says how.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3

ENDPOINT = "churn"
ROWS = Path(__file__).with_name("churn_rows.csv")
ROLE = "arn:aws:iam::123456789012:role/walk-through"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own-xgboost:1"


class WalkThrough:
    """The steps, each printing what it sees."""

    def __init__(self) -> None:
        self.sagemaker = boto3.client("sagemaker")
        self.runtime = boto3.client("sagemaker-runtime")
        self.cloudwatch = boto3.client("cloudwatch")
        with ROWS.open(encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))

    def configure(self, name: str, *variants: str) -> None:
        """A configuration with equal weights; models are made where they are not there yet."""
        known = {model["ModelName"] for model in self.sagemaker.list_models()["Models"]}
        for variant in variants:
            model = f"churn-{variant.lower()}"
            if model not in known:
                self.sagemaker.create_model(
                    ModelName=model,
                    PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://churn/{model}.gz"},
                    ExecutionRoleArn=ROLE,
                )
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": f"churn-{variant.lower()}",
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.xlarge",
                    "InitialVariantWeight": 1,
                }
                for variant in variants
            ],
        )

    def wait(self, every_s: float) -> float:
        """Poll until the endpoint is in service; returns the seconds that it took."""
        began = time.monotonic()
        while self.describe()["EndpointStatus"] != "InService":
            time.sleep(every_s)
        return time.monotonic() - began

    def describe(self) -> dict[str, Any]:
        """The endpoint as it is now."""
        described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        return described

    def send(self, count: int, every_s: float) -> Counter[str]:
        """Requests by weight, one after the other; returns who answered how many."""
        answered: Counter[str] = Counter()
        for number in range(count):
            row = self.rows[number % len(self.rows)]["row"]
            response = self.runtime.invoke_endpoint(
                EndpointName=ENDPOINT, ContentType="text/csv", Body=row
            )
            response["Body"].read()
            answered[response["InvokedProductionVariant"]] += 1
            time.sleep(every_s)
        return answered

    def invocations(self, variant: str) -> dict[str, float]:
        """Invocations by minute, as far as CloudWatch has them."""
        now = datetime.now(timezone.utc)  # noqa: UP017  # as scripts of all ages write it
        points = self.cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[
                {"Name": "EndpointName", "Value": ENDPOINT},
                {"Name": "VariantName", "Value": variant},
            ],
            StartTime=now - timedelta(hours=1),
            EndTime=now,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        points.sort(key=lambda point: point["Timestamp"])
        return {f"{point['Timestamp']:%H:%M}": point["Sum"] for point in points}

    def evaluate(self, variant: str, count: int) -> float:
        """The F1 of a variant on the first rows, each sent to it by name."""
        hits: Counter[tuple[str, str]] = Counter()
        for row in self.rows[:count]:
            response = self.runtime.invoke_endpoint(
                EndpointName=ENDPOINT,
                ContentType="text/csv",
                Body=row["row"],
                TargetVariant=variant,
            )
            assert response["InvokedProductionVariant"] == variant
            hits[row["label"], response["Body"].read().decode()] += 1
        right = hits["1", "1"]
        return 2 * right / (2 * right + hits["0", "1"] + hits["1", "0"])

    def weigh(self, **weights: float) -> float:
        """Other weights; returns the seconds until they are in force."""
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=ENDPOINT,
            DesiredWeightsAndCapacities=[
                {"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()
            ],
        )
        return self.wait(1)


def main() -> dict[str, Any]:
    """All steps, from two models at equal weights to the next candidate; returns what was seen."""
    steps, seen = WalkThrough(), dict[str, Any]()
    steps.configure("two-models", "Variant1", "Variant2")
    steps.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="two-models")
    seen["created in"] = steps.wait(30)
    seen["1:1"] = steps.send(120, 0.5)
    time.sleep(20)
    seen["CloudWatch at once"] = {v: steps.invocations(v) for v in ("Variant1", "Variant2")}
    time.sleep(60)
    seen["CloudWatch later"] = {v: steps.invocations(v) for v in ("Variant1", "Variant2")}
    seen["F1 of 120 rows"] = {v: steps.evaluate(v, 120) for v in ("Variant1", "Variant2")}
    for weights in ({"Variant1": 25, "Variant2": 75}, {"Variant1": 0, "Variant2": 1}):
        name = ":".join(f"{weight}" for weight in weights.values())
        seen[f"{name} in force in"] = steps.weigh(**weights)
        seen[name] = steps.send(334, 1)
    steps.configure("next-candidate", "Variant2", "Variant3")
    steps.sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName="next-candidate")
    seen["next candidate in"] = steps.wait(10)
    seen["next candidate, 1:1"] = steps.send(120, 0.5)
    seen["F1 of 334 rows"] = {v: steps.evaluate(v, 334) for v in ("Variant2", "Variant3")}
    for step, value in seen.items():
        print(f"{step}: {value}")
    return seen


if __name__ == "__main__":
    main()
