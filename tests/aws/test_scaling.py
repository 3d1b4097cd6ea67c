"""Application Auto Scaling in simulated time: a variant that saturates, and then grows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.test_endpoints import refusal
from tests.aws.test_metrics import SERVES
from tests.world.building import scenario, variant

if TYPE_CHECKING:
    from tests.aws.conftest import Platform

pytest.importorskip("boto3")
Make = Callable[..., "Platform"]
RESOURCE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/b",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def tracked(made: Platform, *, target: float = 600, **more: Any) -> None:
    """Scale variant `b` between 1 and 8 instances by target tracking."""
    made.scaling.register_scalable_target(**RESOURCE, MinCapacity=1, MaxCapacity=8)
    made.scaling.put_scaling_policy(
        **RESOURCE,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            **more,
        },
    )


def busy() -> Any:
    """30 requests a second; an instance answers 20 (2 workers of 100 ms)."""
    each = {"workers": 2, "latency": {"kind": "constant", "value": "100ms"}}
    return scenario(
        {"a": variant(workers=50), "b": variant(**each)},
        rate="30/s",
        horizon="6h",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
    )


def instances(made: Platform) -> tuple[int, int]:
    """Of variant `b`: now, and coming."""
    described = made.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"]
    of_b = next(each for each in described if each["VariantName"] == "b")
    return of_b["CurrentInstanceCount"], of_b["DesiredInstanceCount"]


def test_an_autoscaled_variant_saturates_first_and_then_grows(platform: Make) -> None:
    """Three minutes above 600, published after 45 s, and 390 s until the instances serve."""
    made = platform(busy())
    made.serve(a=1, b=0)
    tracked(made)
    made.sleep(60 - 1)
    made.weigh(a=0, b=1)
    made.sleep(4 * 60 + 45)  # in force at 9:09:01; 9:09, 9:10 and 9:11 lie above
    assert (made.account.timeline.now, instances(made)) == (
        SERVES + timedelta(minutes=5, seconds=44),
        (1, 1),
    )
    made.sleep(1)
    assert instances(made) == (1, 2)
    assert made.status() == "Updating"
    assert refusal(made.weigh, a=1)[0] == "ValidationException"
    slow = made.statistics("ModelLatency", "b", "Average")[-1]["Average"]
    made.sleep(390)
    assert instances(made)[0] == 2  # by what one instance answers: 1,200 of 600 are 2
    made.sleep(3_600)
    assert instances(made)[0] == 3  # 1,800 a minute at 600
    quick = made.statistics("ModelLatency", "b", "Average")[-1]["Average"]
    assert slow > 10_000_000
    assert quick < 400_000


def test_it_scales_in_after_fifteen_quiet_minutes_unless_told_not_to(platform: Make) -> None:
    """Capacity that was asked for by hand goes again, or stays."""
    found = []
    for disabled in (False, True):
        made = platform(busy())
        made.serve(a=1, b=0)
        tracked(made, DisableScaleIn=disabled)
        made.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="e",
            DesiredWeightsAndCapacities=[{"VariantName": "b", "DesiredInstanceCount": 5}],
        )
        made.sleep(3_600)
        found.append(instances(made)[0])
    assert found == [1, 5]


def test_registered_before_it_serves_it_scales_from_the_start(platform: Make) -> None:
    """And what is deregistered does not scale any more."""
    made = platform(busy())
    made.config("c", a=0, b=1)
    made.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    tracked(made)
    made.sleep(420 + 4 * 60)
    assert instances(made)[1] > 1
    made.scaling.deregister_scalable_target(**RESOURCE)
    made.sleep(7_200)
    assert instances(made) == (2, 2)


def test_targets_and_policies_are_described_and_deleted(platform: Make) -> None:
    """As they were given."""
    made = platform(busy())
    made.serve(a=1, b=1)
    tracked(made, target=70.0)
    (target,) = made.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert (target["ResourceId"], target["MaxCapacity"]) == ("endpoint/e/variant/b", 8)
    (policy,) = made.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70.0
    made.scaling.delete_scaling_policy(**RESOURCE, PolicyName="track")
    assert not made.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    gone = refusal(made.scaling.delete_scaling_policy, **RESOURCE, PolicyName="track")
    assert gone[0] == "ObjectNotFoundException"


def test_what_does_not_scale_is_refused(platform: Make) -> None:
    """Resources that are not there, other metrics, no capacity at all."""
    made = platform(busy())
    made.serve(a=1, b=1)
    register = made.scaling.register_scalable_target
    bounds = {"MinCapacity": 1, "MaxCapacity": 2}
    for resource in ("endpoint/z/variant/b", "endpoint/e/variant/z", "endpoint/e"):
        other = RESOURCE | {"ResourceId": resource}
        assert refusal(register, **other, **bounds)[0] == "ValidationException"
    assert refusal(register, **RESOURCE, MinCapacity=3, MaxCapacity=2)[0] == "ValidationException"
    assert refusal(register, **RESOURCE, MinCapacity=0, MaxCapacity=2)[0] == "NotImplemented"
    assert refusal(register, **RESOURCE, MinCapacity=1)[0] == "ValidationException"
    assert (
        refusal(
            tracked,
            made=made,
            PredefinedMetricSpecification={
                "PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"
            },
        )[0]
        == "NotImplemented"
    )


def test_what_no_world_can_be_scaled_by_is_refused_and_changes_nothing(platform: Make) -> None:
    """Rather than when the endpoint next serves or scales."""
    made = platform(busy())
    made.serve(a=1, b=1)
    code, message, status = refusal(tracked, made=made, target=1e308)
    assert (code, status) == ("NotImplemented", 501)
    assert "invocations_per_instance = 1e+308: Input should be less than or equal to" in message
    register = made.scaling.register_scalable_target
    code, message, _ = refusal(register, **RESOURCE, MinCapacity=1, MaxCapacity=2_000)
    assert code == "NotImplemented"
    assert "max_instances = 2000: Input should be less than or equal to 1000" in message
    (target,) = made.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert target["MaxCapacity"] == 8
    policies = made.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")
    assert policies["ScalingPolicies"] == []
