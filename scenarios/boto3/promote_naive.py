"""Promotes whichever variant was right more often on 120 rows, as walk-throughs do.

It knows nothing of simab. docs/aws.md says how to rehearse it.
"""

from __future__ import annotations

import time

import boto3

ENDPOINT, ROWS = "prod", 120
sagemaker, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")


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


def right_answers(variant: str) -> int:
    """How many of the rows a variant answers rightly; an error is no answer."""
    right = 0
    for _ in range(ROWS):
        try:
            response = runtime.invoke_endpoint(
                EndpointName=ENDPOINT, ContentType="text/csv", Body="row", TargetVariant=variant
            )
            right += response["Body"].read() == b"1"
        except runtime.exceptions.ModelError:
            pass
        time.sleep(0.5)
    return right


weigh(current=1, candidate=1)
current, candidate = right_answers("current"), right_answers("candidate")
print(f"right on {ROWS} rows: current {current}, candidate {candidate}")
if candidate > current:
    weigh(current=0, candidate=1)
else:
    weigh(current=1, candidate=0)
