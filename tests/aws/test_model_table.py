"""A table of models in place of a scenario, and who plays whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simab.errors import InvalidInput, InvalidScenario
from tests.aws.test_endpoints import refusal

if TYPE_CHECKING:
    from simab.aws import Account

pytest.importorskip("boto3")
pytest.importorskip("time_machine")

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:1.0"
TABLE = f"""models:
  "{IMAGE}":
    latency: {{kind: constant, value: 20ms}}
    quality: {{kind: success, probability: 90%}}
  churn-next:
    latency: {{kind: constant, value: 25ms}}
    quality: {{kind: success, probability: 95%}}
"""


def table(tmp_path: Path, text: str = TABLE) -> Any:
    """The table in a file, read."""
    from simab.aws import load_served

    path = tmp_path / "models.yaml"
    path.write_text(text, encoding="utf-8")
    return load_served(path)


def account(served: Any) -> Account:
    """An account whose models are played as a table says."""
    from simab.aws import Account, Settings

    return Account(served.scenario, settings=Settings(played_by=served.played_by))


def serve(clients: Any, models: dict[str, tuple[str, str]], config: str = "c") -> None:
    """A configuration with a variant for each name: a model, and its image."""
    for model, image in dict.fromkeys(models.values()):
        clients.create_model(
            ModelName=model,
            PrimaryContainer={"Image": image},
            ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
        )
    clients.create_endpoint_config(
        EndpointConfigName=config,
        ProductionVariants=[
            {
                "VariantName": name,
                "ModelName": model,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
            for name, (model, _) in models.items()
        ],
    )


def test_a_script_needs_no_scenario(tmp_path: Path) -> None:
    """One model is known by its image, the other by its name; latencies are those of the table."""
    import boto3

    from simab.aws import simulated

    served = table(tmp_path)
    assert served.played_by == {
        IMAGE: ("churn-1-0", "churn-1-0-2"),
        "churn-next": ("churn-next", "churn-next-2"),
    }
    assert [*served.defaults] == ["traffic", "horizon", "objective", "policies"]
    made = account(served)
    with simulated(made):
        sagemaker, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")
        serve(sagemaker, {"old": ("first", IMAGE), "new": ("churn-next", "other:2")})
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
        made.timeline.advance(420 * 10**9)
        took = {}
        for name in ("old", "new"):
            before_ns = made.timeline.now_ns
            response = runtime.invoke_endpoint(EndpointName="e", Body=b"", TargetVariant=name)
            assert response["InvokedProductionVariant"] == name
            took[name] = made.timeline.now_ns - before_ns
    # Other clients may be ahead in the queue: ten a second of 20 ms.
    assert took["old"] >= 34_000_000
    assert took["new"] >= 39_000_000
    objective = made.scenario.objective
    assert (objective.control, objective.candidate) == ("churn-1-0", "churn-next")
    assert objective.metric == "success_rate"


def test_a_model_may_be_two_variants_and_no_more(tmp_path: Path) -> None:
    """An A/A test; the next fleet of the same model is played by the other copy."""
    from simab.aws import session_of

    made = account(table(tmp_path))
    sagemaker = session_of(made).client("sagemaker")
    serve(sagemaker, {"a": ("m", IMAGE), "b": ("m", IMAGE)}, "two")
    endpoint = made.create_endpoint("e", made.config("two"))
    assert endpoint.played_by == {"a": "churn-1-0", "b": "churn-1-0-2"}
    made.models.clear()
    serve(sagemaker, {"a": ("m", IMAGE), "b": ("m", IMAGE), "c": ("m", IMAGE)}, "three")
    with pytest.raises(InvalidInput, match="would play two variants"):
        made.create_endpoint("f", made.config("three"))


def test_the_next_fleet_of_a_model_is_its_other_copy(tmp_path: Path) -> None:
    """With a DeploymentConfig both fleets serve at once; without, the variant itself goes on."""
    from simab.aws import session_of

    made = account(table(tmp_path))
    sagemaker = session_of(made).client("sagemaker")
    serve(sagemaker, {"a": ("m", IMAGE)}, "blue")
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="blue")
    made.timeline.advance(420 * 10**9)
    made.models.clear()
    serve(sagemaker, {"a": ("m", IMAGE)}, "green")
    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="green")
    made.timeline.advance(made.timeline.now_ns + 420 * 10**9)
    assert made.endpoint("e").played_by == {"a": "churn-1-0"}
    sagemaker.update_endpoint(
        EndpointName="e",
        EndpointConfigName="blue",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "ALL_AT_ONCE",
                    "WaitIntervalInSeconds": 60,
                },
                "TerminationWaitInSeconds": 60,
            }
        },
    )
    made.timeline.advance(made.timeline.now_ns + 1_200 * 10**9)
    assert made.endpoint("e").played_by == {"a": "churn-1-0-2"}


def test_any_of_the_models_may_be_deployed_alone_or_twice(tmp_path: Path) -> None:
    """The control of the objective need not be there; the run is judged by the scenario's."""
    from simab.aws import session_of

    for models in ({"a": ("churn-next", "i")}, dict.fromkeys("ab", ("churn-next", "i"))):
        made = account(table(tmp_path))
        sagemaker = session_of(made).client("sagemaker")
        serve(sagemaker, models)
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
        made.timeline.advance(420 * 10**9)
        described = sagemaker.describe_endpoint(EndpointName="e")
        assert [each["VariantName"] for each in described["ProductionVariants"]] == [*models]
        assert made.scenario.objective.control == "churn-1-0"


def test_an_update_keeps_who_plays_a_variant() -> None:
    """The other way round of two copies changes nothing for either."""
    from simab.aws import served_models, session_of

    described = {
        "latency": {"kind": "constant", "value": "20ms"},
        "quality": {"kind": "success", "probability": 0.9},
    }
    made = account(served_models({"m": described}))
    sagemaker = session_of(made).client("sagemaker")
    serve(sagemaker, {"a": ("m", "i"), "b": ("m", "i")}, "first")
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="first")
    made.timeline.advance(420 * 10**9)
    made.models.clear()
    serve(sagemaker, {"b": ("m", "i"), "a": ("m", "i")}, "second")
    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="second")
    made.timeline.advance(made.timeline.now_ns + 420 * 10**9)
    assert made.endpoint("e").played_by == {"a": "m", "b": "m-2"}


def test_what_is_given_takes_the_place_of_defaults(tmp_path: Path) -> None:
    served = table(tmp_path, TABLE + "traffic: {app: {rate: 2/s}}\nhorizon: 3h\n")
    assert [*served.defaults] == ["objective", "policies"]
    assert served.scenario.traffic["app"].rate == 2
    assert served.scenario.horizon == 3 * 3_600 * 10**9


def test_the_rest_of_the_endpoint_may_stand_beside(tmp_path: Path) -> None:
    """In a file and in Python alike; nonsense in it is refused, and so are variants."""
    from simab.aws import served_models

    served = table(tmp_path, TABLE + "endpoint: {provisioning: 5min}\n")
    assert served.scenario.endpoint.provisioning == 300 * 10**9
    assert "churn-next" in served.scenario.endpoint.variants
    described = {
        "latency": {"kind": "constant", "value": "20ms"},
        "quality": {"kind": "success", "probability": 0.9},
    }
    made = served_models({"m": described}, endpoint={"provisioning": "5min"})
    assert made.scenario.endpoint.provisioning == 300 * 10**9
    assert "a copy of it as candidate" in made.defaults["objective"]
    for endpoint in ({"nonsense": 1}, {"variants": {"a": described}}, [], 3):
        with pytest.raises(InvalidScenario) as caught:
            served_models({"m": described}, endpoint=endpoint)
        assert all(each.field.startswith("endpoint") for each in caught.value.problems)


def test_what_is_wrong_is_named_as_it_is_written_and_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidScenario) as caught:
        table(tmp_path, TABLE.replace("95%", "195%").replace("value: 20ms", "value: 20"))
    found = [(each.field, each.value, each.line) for each in caught.value.problems]
    assert found == [
        (f'models."{IMAGE}".latency.value', "20", 3),
        ("models.churn-next.quality.probability", "195%", 7),
    ]


@pytest.mark.parametrize("models", ["[]", "{}", "3", "{a: 3}", "{a: {}}", "{a: {latency: 3}}"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, models: str) -> None:
    with pytest.raises(InvalidScenario) as caught:
        table(tmp_path, f"models: {models}\n")
    assert all(each.field.startswith("models") for each in caught.value.problems)
    assert all(each.line for each in caught.value.problems)


def test_a_scenario_is_read_as_ever(tmp_path: Path) -> None:
    from simab.aws import load_served
    from simab.scenario import load

    path = Path(__file__).resolve().parents[2] / "scenarios" / "churn.yaml"
    served = load_served(path)
    assert served.scenario == load(path)
    assert not served.played_by
    assert not served.defaults


def test_a_model_that_nobody_plays_is_refused_by_name(tmp_path: Path) -> None:
    from simab.aws import session_of

    made = account(table(tmp_path))
    sagemaker = session_of(made).client("sagemaker")
    serve(sagemaker, {"a": ("unknown", "unknown:3")})
    with pytest.raises(InvalidInput, match="unknown"):
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    assert refusal(sagemaker.describe_endpoint, EndpointName="e")[0] == "ValidationException"
