"""Endpoints of an account: states, weights, variants and errors, as the platform has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

if TYPE_CHECKING:
    from tests.aws.conftest import Platform

pytest.importorskip("boto3")
Make = Callable[..., "Platform"]


def served(**parts: Any) -> Scenario:
    """Three models of constant services; other clients come ten times a second."""
    each = {"latency": {"kind": "constant", "value": "20ms"}, "workers": 50}
    return scenario(
        {"a": variant(**each), "b": variant(**each), "c": variant(**each, deployed=False)},
        **{
            "rate": "10/s",
            "horizon": "6h",
            "metrics": {"period": "1min", "publication_delay": "45s"},
            "controller": {"interval": "1min"},
        }
        | parts,
    )


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str, int]:
    """Code, message and status of the error that a call ends with."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    status = error["ResponseMetadata"]["HTTPStatusCode"]
    return error["Error"]["Code"], error["Error"]["Message"], status


def test_an_endpoint_is_being_created_until_the_full_minute_next_to_390_s(platform: Make) -> None:
    """Asked for at 0:02, it serves from 6:00 or 7:00 on: 6:32 is next to 7:00."""
    made = platform(served())
    made.sleep(2)
    made.config("c", a=1, b=1)
    created = made.sagemaker.create_endpoint(EndpointName="E", EndpointConfigName="c")
    assert created["EndpointArn"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
    describe = made.sagemaker.describe_endpoint
    assert describe(EndpointName="E")["EndpointStatus"] == "Creating"
    assert "ProductionVariants" not in describe(EndpointName="E")
    made.sleep(417.999)
    assert describe(EndpointName="E")["EndpointStatus"] == "Creating"
    made.sleep(0.001)
    assert describe(EndpointName="E")["EndpointStatus"] == "InService"
    assert describe(EndpointName="E")["LastModifiedTime"] == made.account.timeline.now


def test_weights_are_shown_as_given_and_move_after_62_s(platform: Make) -> None:
    """25 and 75 stay 25 and 75; desired at once, current when the update ends."""
    made = platform(served())
    made.serve(a=1, b=1)
    made.weigh(a=25, b=75)

    def weights(kind: str) -> dict[str, float]:
        described = made.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"]
        return {each["VariantName"]: each[f"{kind}Weight"] for each in described}

    assert (made.status(), weights("Current")) == ("Updating", {"a": 1.0, "b": 1.0})
    assert weights("Desired") == {"a": 25.0, "b": 75.0}
    made.sleep(61.999)
    assert made.status() == "Updating"
    made.sleep(0.001)
    assert (made.status(), weights("Current")) == ("InService", {"a": 25.0, "b": 75.0})


def test_a_second_update_is_refused_in_the_platforms_words(platform: Make) -> None:
    """As many public programs have seen it."""
    made = platform(served())
    made.serve(a=1, b=1)
    made.weigh(a=2)
    code, message, status = refusal(made.weigh, a=3)
    assert (code, status) == ("ValidationException", 400)
    assert message == (
        'Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e".'
    )
    made.sleep(62)
    made.weigh(a=3)


def test_capacity_alone_keeps_the_weights_and_takes_as_long_as_provisioning(platform: Make) -> None:
    """And weights alone keep the instances."""
    made = platform(served())
    made.serve(a=3, b=1)
    made.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "b", "DesiredInstanceCount": 4}],
    )
    made.sleep(389)
    assert made.status() == "Updating"
    made.sleep(1)
    made.weigh(b=9)
    made.sleep(62)
    described = made.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"]
    shown = {
        each["VariantName"]: (each["CurrentWeight"], each["CurrentInstanceCount"])
        for each in described
    }
    assert shown == {"a": (3.0, 1), "b": (9.0, 4)}


@pytest.mark.parametrize(
    ("weights", "share"), [({"a": 1, "b": 1}, 0.5), ({"a": 25, "b": 75}, 0.75), ({"a": 0}, 1.0)]
)
def test_invocations_go_by_weight(platform: Make, weights: dict[str, float], share: float) -> None:
    """Of 400, within four deviations of a binomial; at weight 0 exactly none."""
    made = platform(served())
    made.serve(a=1, b=1)
    made.weigh(**weights)
    made.sleep(62)
    counts = Counter(made.invoke()["InvokedProductionVariant"] for _ in range(400))
    assert abs(counts["b"] - 400 * share) <= 4 * (400 * share * (1 - share)) ** 0.5


def test_a_target_is_always_reached_even_at_weight_0(platform: Make) -> None:
    """And nothing else is."""
    made = platform(served())
    made.serve(a=1, b=0)
    assert {made.invoke("b")["InvokedProductionVariant"] for _ in range(50)} == {"b"}


def test_an_invocation_takes_simulated_time_among_the_others(platform: Make) -> None:
    """14 ms of network and 20 ms of service; others are served meanwhile."""
    made = platform(served())
    made.serve(a=1, b=1)
    before_ns = made.account.timeline.now_ns
    response = made.invoke("a")
    assert made.account.timeline.now_ns - before_ns == 34_000_000
    assert response["Body"].read() in (b"0", b"1")
    assert response["CustomAttributes"] in ("correct=0", "correct=1")
    made.sleep(600)
    sums = [point["Sum"] for point in made.statistics("Invocations", "b", "Sum")]
    assert sum(sums) == pytest.approx(555 * 5, rel=0.1)


def test_deleted_the_endpoint_answers_nobody_and_then_is_gone(platform: Make) -> None:
    """Deleting for a minute; its metrics stay."""
    made = platform(served())
    made.serve(a=1, b=1)
    made.sleep(120)
    made.sagemaker.delete_endpoint(EndpointName="e")
    assert made.status() == "Deleting"
    assert refusal(made.invoke)[0] == "ValidationError"
    made.sleep(60)
    code, message, _ = refusal(made.status)
    assert (code, message) == (
        "ValidationException",
        'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e".',
    )
    assert made.statistics("Invocations", "a", "Sum")
    made.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    assert made.status() == "Creating"


def test_another_configuration_drops_one_variant_and_adds_another(platform: Make) -> None:
    """The loser goes and the next candidate comes once provisioned, with the weights given."""
    made = platform(served())
    made.serve(a=1, b=1)
    made.config("next", b=3, c=1)
    made.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="next")
    assert made.status() == "Updating"
    assert made.invoke("a")["InvokedProductionVariant"] == "a"
    made.sleep(390)
    described = made.sagemaker.describe_endpoint(EndpointName="e")
    assert described["EndpointConfigName"] == "next"
    shown = {each["VariantName"]: each["CurrentWeight"] for each in described["ProductionVariants"]}
    assert shown == {"b": 3.0, "c": 1.0}
    assert refusal(made.invoke, target="a")[:2] == (
        "ValidationError",
        "Variant a of endpoint e not found.",
    )
    counts = Counter(made.invoke()["InvokedProductionVariant"] for _ in range(400))
    assert set(counts) == {"b", "c"}
    assert counts["b"] == pytest.approx(300, abs=35)


def test_a_model_that_was_deleted_cannot_be_deployed(platform: Make) -> None:
    """A configuration outlives its models."""
    made = platform(served())
    made.config("c", a=1, b=1)
    made.sagemaker.delete_model(ModelName="model-b")
    create = made.sagemaker.create_endpoint
    code, message, status = refusal(create, EndpointName="e", EndpointConfigName="c")
    assert (code, status) == ("ValidationException", 400)
    expected = "arn:aws:sagemaker:us-east-1:123456789012:model/model-b"
    assert message == f'Could not find model "{expected}".'


def test_what_no_world_can_be_played_with_is_refused_at_once(platform: Make) -> None:
    """And not when the endpoint is to serve, which the platform would call Failed."""
    made = platform(served())
    made.config("c", a=1, b=1e12)
    create = made.sagemaker.create_endpoint
    code, message, status = refusal(create, EndpointName="e", EndpointConfigName="c")
    assert (code, status) == ("ValidationException", 400)
    assert message == (
        "c: simab plays none with endpoint.variants.b.weight = 1000000000000.0. "
        "Input should be less than or equal to 1000000000."
    )
    made.sleep(600)
    assert made.account.endpoints == {}


def test_properties_of_variants_may_be_retained(platform: Make) -> None:
    """Weights that were shifted stay, unless they are excluded."""
    made = platform(served())
    made.serve(a=1, b=1)
    made.weigh(a=9)
    made.sleep(62)
    made.config("next", a=1, c=2)
    made.sagemaker.update_endpoint(
        EndpointName="e", EndpointConfigName="next", RetainAllVariantProperties=True
    )
    made.sleep(390)
    described = made.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"]
    assert [each["CurrentWeight"] for each in described] == [9.0, 2.0]


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("create_endpoint", {"EndpointName": "e", "EndpointConfigName": "c"}, "already existing"),
        ("create_endpoint", {"EndpointName": "f", "EndpointConfigName": "z"}, "Could not find"),
        ("describe_endpoint", {"EndpointName": "z"}, "Could not find endpoint"),
        ("describe_model", {"ModelName": "z"}, "Could not find model"),
        ("delete_endpoint_config", {"EndpointConfigName": "z"}, "Could not find endpoint conf"),
        ("delete_endpoint", {"EndpointName": "z"}, "Could not find endpoint"),
    ],
)
def test_what_is_not_there_or_there_already_is_refused(
    platform: Make, call: str, arguments: dict[str, Any], expected: str
) -> None:
    """With the platform's code."""
    made = platform(served())
    made.serve(a=1, b=1)
    code, message, status = refusal(getattr(made.sagemaker, call), **arguments)
    assert (code, status) == ("ValidationException", 400)
    assert expected in message


def test_what_the_platform_checks_itself_is_checked(platform: Make) -> None:
    """Botocore sends these; the message is the platform's."""
    made = platform(served())
    code, message, status = refusal(made.sagemaker.describe_endpoint, EndpointName="a_b")
    assert (code, status) == ("ValidationException", 400)
    assert message.startswith(
        "1 validation error detected: Value 'a_b' at 'endpointName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: "
    )
    code, message, _ = refusal(made.runtime.invoke_endpoint, EndpointName="e" * 64, Body=b"")
    assert code == "ValidationError"
    assert "Member must have length less than or equal to 63" in message
    assert refusal(made.invoke, body=b"x" * 6_291_457)[0] == "ValidationError"


def test_what_is_not_simulated_is_named(platform: Make) -> None:
    """Never a plausible empty answer."""
    made = platform(served())
    code, message, status = refusal(made.sagemaker.list_training_jobs)
    assert (code, status) == ("NotImplemented", 501)
    assert message == "simab does not simulate ListTrainingJobs of sagemaker"


def test_errors_of_models_and_full_queues_are_the_runtimes(platform: Make) -> None:
    """424 with the model's own status, 503 where the queue is full, and 424 after a minute."""
    slow = {"latency": {"kind": "constant", "value": "90s"}}
    made = platform(
        scenario(
            {
                "a": variant(error_rate=1.0),
                "b": variant(**slow, queue_limit=0),
                "c": variant(**slow),
            },
            rate="0.0001/s",
            horizon="6h",
            metrics={"period": "1min", "publication_delay": "45s"},
            controller={"interval": "1min"},
        )
    )
    made.serve(a=1, b=0, c=0)
    assert refusal(made.invoke, target="a")[::2] == ("ModelError", 424)
    before_ns = made.account.timeline.now_ns
    code, message, status = refusal(made.invoke, target="b")
    assert (code, status) == ("ModelError", 424)
    assert "timed out" in message
    assert made.account.timeline.now_ns - before_ns == 60_014_000_000
    assert refusal(made.invoke, target="b")[::2] == ("ServiceUnavailable", 503)


def test_the_scenarios_horizon_ends_everything(platform: Make) -> None:
    """Whatever a script catches: it is no `Exception`."""
    from simab.aws.errors import RehearsalOver

    made = platform(served(horizon="10min"))
    made.serve(a=1, b=1)
    with pytest.raises(RehearsalOver):
        made.sleep(3_600)
    assert not issubclass(RehearsalOver, Exception)


def test_lists_are_filtered_and_cut_into_pages(platform: Make) -> None:
    """The newest first; a paginator goes through all of them."""
    made = platform(served())
    for number in range(5):
        made.sleep(1)
        made.sagemaker.create_model(ModelName=f"m{number}", PrimaryContainer={"Image": "i"})
    pages = made.sagemaker.get_paginator("list_models").paginate(PaginationConfig={"PageSize": 2})
    names = [model["ModelName"] for page in pages for model in page["Models"]]
    assert names == ["m4", "m3", "m2", "m1", "m0"]
    found = made.sagemaker.list_models(NameContains="3", SortBy="Name", SortOrder="Ascending")
    assert [model["ModelName"] for model in found["Models"]] == ["m3"]
    assert "NotImplemented" in refusal(
        made.sagemaker.list_models, CreationTimeAfter=made.account.timeline.now
    )


def test_a_shadow_gets_copies_and_no_caller(platform: Make) -> None:
    """Half of the requests to one production variant, by their weights."""
    made = platform(served())
    for name in ("a", "b"):
        made.sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "i"})
    plain = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    made.sagemaker.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[{"VariantName": "a", "ModelName": "a", **plain}],
        ShadowProductionVariants=[
            {"VariantName": "b", "ModelName": "b", "InitialVariantWeight": 0.5, **plain}
        ],
    )
    made.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    made.sleep(600 + 420)
    described = made.sagemaker.describe_endpoint(EndpointName="e")
    assert [each["VariantName"] for each in described["ProductionVariants"]] == ["a"]
    assert [each["VariantName"] for each in described["ShadowProductionVariants"]] == ["b"]
    sums = [
        sum(point["Sum"] for point in made.statistics("Invocations", name, "Sum")) for name in "ab"
    ]
    assert sums[1] == pytest.approx(sums[0] / 2, rel=0.1)


def test_what_a_scenario_deploys_is_put_in_service_with_its_shadow(platform: Make) -> None:
    """The shadow stands among shadow variants, and gets its share of copies."""
    made = platform(served(endpoint={"shadow": {"variant": "b", "share": 0.5}}))
    scenario_data = made.account.scenario
    assert scenario_data.endpoint.variants["b"].weight > 0  # while it serves, it is no shadow
    made.account.put_in_service("e")
    described = made.sagemaker.describe_endpoint(EndpointName="e")
    assert [each["VariantName"] for each in described["ProductionVariants"]] == ["a", "b"]

    each = {"latency": {"kind": "constant", "value": "20ms"}, "workers": 50}
    made = platform(
        scenario(
            {"a": variant(**each, weight=4), "b": variant(**each, weight=0)},
            rate="10/s",
            horizon="6h",
            endpoint={"shadow": {"variant": "b", "share": 0.5}},
            metrics={"period": "1min", "publication_delay": "45s"},
            controller={"interval": "1min"},
        )
    )
    made.account.put_in_service("e")
    described = made.sagemaker.describe_endpoint(EndpointName="e")
    assert [each["VariantName"] for each in described["ProductionVariants"]] == ["a"]
    assert [each["VariantName"] for each in described["ShadowProductionVariants"]] == ["b"]
    made.sleep(1_200)
    sums = {
        name: sum(point["Sum"] for point in made.statistics("Invocations", name, "Sum"))
        for name in ("a", "b")
    }
    assert sums["a"] > 10_000
    assert abs(sums["b"] - sums["a"] / 2) < 4 * (sums["a"] / 4) ** 0.5


def test_who_plays_what_is_put_in_service_is_as_asked(platform: Make) -> None:
    """As for what clients create; one variant cannot play two."""
    from simab.aws import Settings
    from simab.errors import InvalidInput

    made = platform(served(), settings=Settings(played_by={"b": "c"}))
    assert made.account.put_in_service("e").played_by == {"a": "a", "b": "c"}
    made = platform(served(), settings=Settings(played_by={"b": "a"}))
    with pytest.raises(InvalidInput, match="would play two"):
        made.account.put_in_service("e")
