"""Promotes a candidate that a canary, a test of planned size and a ramp have nothing against.

It knows nothing of simab. docs/aws.md says how to rehearse it.

1. A tenth of the traffic for ten minutes; errors and latency are read from CloudWatch.
2. Each variant answers the same number of rows by name. The candidate must be better by a
   one-sided test at 2.5 %. 1,100 rows have a power of 87 % where 80 % and 85 % are right.
3. Half of the traffic for ten minutes, then all of it for twenty; errors and latency bring it back.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, timezone
from math import sqrt
from typing import Any

import boto3

ENDPOINT, ROWS, NEEDED_Z = "prod", 1_100, 1.96
MOST_ERRORS, MOST_SLOWER = 0.01, 1.5
sagemaker, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")
cloudwatch = boto3.client("cloudwatch")


def weigh(current: float, candidate: float) -> None:
    """Other weights, once they are in force."""
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT,
        DesiredWeightsAndCapacities=[
            {"VariantName": "current", "DesiredWeight": current},
            {"VariantName": "candidate", "DesiredWeight": candidate},
        ],
    )
    while sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] != "InService":
        time.sleep(10)


def points(metric: str, variant: str, period_s: int, **statistics: Any) -> list[dict[str, Any]]:
    """A metric of the last ten full minutes, as far as it is published."""
    now = datetime.now(timezone.utc)  # noqa: UP017  # as scripts of all ages write it
    end = now.replace(second=0, microsecond=0)
    response = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": ENDPOINT},
            {"Name": "VariantName", "Value": variant},
        ],
        StartTime=end - timedelta(minutes=10),
        EndTime=end,
        Period=period_s,
        **statistics,
    )
    found: list[dict[str, Any]] = response["Datapoints"]
    return found


def total(metric: str, variant: str) -> float:
    """The sum of a metric."""
    return sum(point["Sum"] for point in points(metric, variant, 600, Statistics=["Sum"]))


def slowness(variant: str) -> float:
    """The 90th percentile of latency in microseconds; of a minute alone it would be too noisy."""
    found = points("ModelLatency", variant, 600, ExtendedStatistics=["p90"])
    return max((point["ExtendedStatistics"]["p90"] for point in found), default=0.0)


def trouble(candidate_alone: float = 0.0) -> str:
    """What speaks against the candidate; `candidate_alone` is the latency to hold it against."""
    invocations = total("Invocations", "candidate")
    errors = total("Invocation5XXErrors", "candidate")
    if not invocations:
        return "the candidate has no traffic"
    if errors > MOST_ERRORS * invocations:
        return f"{errors:.0f} of {invocations:.0f} requests failed"
    allowed = MOST_SLOWER * (candidate_alone or slowness("current"))
    found = slowness("candidate")
    return f"p90 of {found / 1e3:.0f} ms" if found > allowed else ""


def bake(minutes: int, candidate_alone: float = 0.0) -> None:
    """Watch for so long, and give up at the first trouble."""
    for _ in range(minutes):
        time.sleep(60)
        minutes_seen = points("Invocations", "candidate", 60, Statistics=["Sum"])
        if len(minutes_seen) >= 5 and (why := trouble(candidate_alone)):
            give_up(why)


def give_up(why: str) -> None:
    """All traffic back to the current variant."""
    print(f"kept the current variant: {why}")
    weigh(current=1, candidate=0)
    sys.exit(0)


def share_right(variant: str) -> float:
    """Of how many rows the answer of a variant is right; an error is no answer."""
    right = 0
    for _ in range(ROWS):
        try:
            response = runtime.invoke_endpoint(
                EndpointName=ENDPOINT, ContentType="text/csv", Body="row", TargetVariant=variant
            )
            right += response["Body"].read() == b"1"
        except runtime.exceptions.ModelError:
            pass
        time.sleep(0.05)
    return right / ROWS


weigh(current=9, candidate=1)
bake(10)
current, candidate = share_right("current"), share_right("candidate")
pooled = (current + candidate) / 2
deviation = sqrt(2 * pooled * (1 - pooled) / ROWS)
z = (candidate - current) / deviation if deviation else 0.0
print(f"right: current {current:.3f}, candidate {candidate:.3f}, z {z:.2f}")
if z < NEEDED_Z:
    give_up(f"z is {z:.2f}")
weigh(current=1, candidate=1)
bake(10)
before = slowness("current")
weigh(current=0, candidate=1)
bake(20, candidate_alone=before)
print("promoted the candidate")
