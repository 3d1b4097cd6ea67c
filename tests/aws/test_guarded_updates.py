"""Deployment guardrails: a new fleet takes over in steps, and gives back where an alarm sounds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.test_alarms import put
from tests.aws.test_endpoints import refusal
from tests.aws.test_metrics import SERVES
from tests.world.building import scenario, variant

if TYPE_CHECKING:
    from tests.aws.conftest import Platform

pytest.importorskip("boto3")
Make = Callable[..., "Platform"]
CANARY = {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 20}}


def described(*, broken: bool = False) -> Any:
    """A model in two versions of which the new one may answer nothing but errors."""
    return scenario(
        {"old": variant(workers=9), "new": variant(workers=9, error_rate=float(broken))},
        rate="20/s",
        horizon="6h",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
    )


def served(platform: Make, *, broken: bool = False) -> Platform:
    """Variant `main` with the old version, and a configuration with the new one beside it."""
    made = platform(described(broken=broken))
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
    return made


def update(made: Platform, routing: dict[str, Any], *, wait_s: int = 600, **more: Any) -> None:
    """Put the new version in place under guardrails."""
    made.sagemaker.update_endpoint(
        EndpointName="e",
        EndpointConfigName="new",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {**routing, "WaitIntervalInSeconds": wait_s},
                "TerminationWaitInSeconds": 60,
            },
            **more,
        },
    )


def shares(made: Platform) -> dict[int, float]:
    """The share of the new version by the second at which it moved."""
    session = made.account.endpoints["e"].serving
    _, log = session.close()
    return {
        split.at_ns // 10**9: split.weights["new"] / sum(split.weights.values())
        for split in log.splits
        if "new" in split.weights
    }


@pytest.mark.parametrize(
    ("routing", "expected"),
    [
        ({"Type": "ALL_AT_ONCE"}, {390: 0, 452: 1, 1174: 1}),
        (CANARY, {390: 0, 452: 0.2, 1114: 1, 1836: 1}),
        (
            {"Type": "LINEAR", "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 1}},
            {390: 0, 452: 0.5, 1114: 1, 1836: 1},
        ),
    ],
)
def test_traffic_moves_in_steps_and_each_bakes(
    platform: Make, routing: dict[str, Any], expected: dict[int, float]
) -> None:
    """390 s to provision; a shift takes 62 s and bakes 600; then 60 s, and the old fleet goes."""
    made = served(platform)
    update(made, routing)
    last_s = max(expected)
    made.sleep(last_s - 1)
    assert made.status() == "Updating"
    assert made.sagemaker.describe_endpoint(EndpointName="e")["EndpointConfigName"] == "old"
    made.sleep(1)
    after = made.sagemaker.describe_endpoint(EndpointName="e")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "new")
    assert after["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 60
    assert [each["VariantName"] for each in after["ProductionVariants"]] == ["main"]
    assert shares(made) == pytest.approx(expected)


def test_an_alarm_rolls_a_bad_fleet_back(platform: Make) -> None:
    """A fifth of the traffic from 452 s on: two bad minutes to 540 s are known at 585 s."""
    made = served(platform, broken=True)
    put(
        made,
        Dimensions=[
            {"Name": "EndpointName", "Value": "e"},
            {"Name": "VariantName", "Value": "main"},
            {"Name": "EndpointConfigName", "Value": "new"},
        ],
        EvaluationPeriods=2,
    )
    update(made, CANARY, AutoRollbackConfiguration={"Alarms": [{"AlarmName": "errors"}]})
    made.sleep(584)
    assert made.status() == "Updating"
    made.sleep(1)
    assert made.status() == "RollingBack"
    assert made.account.timeline.now == SERVES + timedelta(seconds=585)
    made.sleep(62)
    after = made.sagemaker.describe_endpoint(EndpointName="e")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "old")
    assert "LastDeploymentConfig" not in after
    assert made.invoke()["InvokedProductionVariant"] == "main"
    assert shares(made) == pytest.approx({390: 0, 452: 0.2})


def test_an_alarm_on_both_fleets_sees_a_canary_a_fifth(platform: Make) -> None:
    """Without the configuration among its dimensions an alarm adds both fleets up."""
    made = served(platform, broken=True)
    update(made, CANARY)
    made.sleep(452 + 300)
    both = made.statistics("Invocation5XXErrors", "main", "Average")[-2]["Average"]
    assert both == pytest.approx(0.2, abs=0.06)
    by_fleet = [
        {"Name": "EndpointName", "Value": "e"},
        {"Name": "VariantName", "Value": "main"},
        {"Name": "EndpointConfigName", "Value": "new"},
    ]
    green = made.statistics("Invocation5XXErrors", "main", "Average", Dimensions=by_fleet)
    assert {point["Average"] for point in green} == {1.0}


def test_one_that_takes_too_long_rolls_back(platform: Make) -> None:
    """At the 600 s that are given, within the first bake of 600 s."""
    made = served(platform)
    policy = {
        "TrafficRoutingConfiguration": {**CANARY, "WaitIntervalInSeconds": 600},
        "MaximumExecutionTimeoutInSeconds": 600,
    }
    made.sagemaker.update_endpoint(
        EndpointName="e",
        EndpointConfigName="new",
        DeploymentConfig={"BlueGreenUpdatePolicy": policy},
    )
    made.sleep(600)
    assert made.status() == "RollingBack"


def test_what_cannot_be_guarded_is_refused(platform: Make) -> None:
    """Sizes, alarms that are not there, other variants, rolling updates, a second update."""
    made = served(platform)

    def refused(routing: dict[str, Any], **more: Any) -> str:
        return refusal(update, made=made, routing=routing, **more)[1]

    large = {"Type": "CAPACITY_PERCENT", "Value": 60}
    assert "at most 50" in refused({"Type": "CANARY", "CanarySize": large})
    assert "needs one size" in refused({"Type": "LINEAR"})
    alarms = {"Alarms": [{"AlarmName": "nobody"}]}
    assert refused(CANARY, AutoRollbackConfiguration=alarms) == "Alarm nobody does not exist."
    assert made.status() == "InService"
    made.config("other", old=1, new=1)
    message = refusal(
        made.sagemaker.update_endpoint,
        EndpointName="e",
        EndpointConfigName="other",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
            }
        },
    )[1]
    assert "same production variant names" in message
    update(made, CANARY)
    assert "in-progress" in refused(CANARY)
