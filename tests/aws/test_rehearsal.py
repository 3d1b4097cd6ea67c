"""A script as a policy: played many times, judged like any other, and no end of a study."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import simab
from simab.analyse.counterfactual import Repeatable
from simab.errors import InvalidInput
from simab.policies import Deploy, Promote
from simab.result.run_summary import Verdict
from simab.scenario import Scenario
from simab.study import local_processes
from tests.world.building import scenario, variant

pytest.importorskip("boto3")
pytest.importorskip("time_machine")

WEIGH = """
import sys
import time

import boto3

sagemaker, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")


def weigh(**weights):
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="prod",
        DesiredWeightsAndCapacities=[
            {"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()
        ],
    )
"""


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Any]:
    """Makes a policy of a script in a folder of its own, whose first lines are WEIGH."""
    from simab.aws import script_policy

    def made(text: str, **arguments: Any) -> Any:
        path = tmp_path / str(len(list(tmp_path.iterdir()))) / "script.py"
        path.parent.mkdir()
        path.write_text(WEIGH + textwrap.dedent(text), encoding="utf-8")
        return script_policy(path, **({"endpoint": "prod"} | arguments))

    return made


def served(**parts: Any) -> Scenario:
    """Two variants of which the second is better, and a schedule that moves weights."""
    schedule = {
        "kind": "manual_schedule",
        "steps": [
            {"at": "10min", "weights": {"a": 1, "b": 1}},
            {"at": "20min", "promote": "b"},
        ],
    }
    return scenario(
        {
            "a": variant(workers=9, error_rate=0.02),
            "b": variant(workers=9, weight=0, quality={"kind": "success", "probability": 0.95}),
        },
        **{
            "rate": "20/s",
            "horizon": "1h",
            "metrics": {"period": "1min", "publication_delay": "45s"},
            "controller": {"interval": "1min"},
            "policies": {"schedule": schedule},
        }
        | parts,
    )


SCHEDULE = """
    time.sleep(600)
    weigh(a=1, b=1)
    time.sleep(600)
    weigh(a=0, b=1)
"""


@pytest.mark.long
def test_a_script_gives_the_rows_of_the_policy_that_does_the_same(
    script: Callable[..., Any],
) -> None:
    """Every number of every replication: when it decided, for whom, who was served and hurt."""
    described = served()
    policies = {"script": script(SCHEDULE), "schedule": described.policies["schedule"]}
    study = simab.compare(described, policies=policies, worlds=["described"], replications=3)
    assert not study.failures
    for ours, theirs in zip(study.rows["script"], study.rows["schedule"], strict=True):
        assert replace(ours, policy="schedule") == theirs
        assert ours.verdict is Verdict.PROMOTED_CANDIDATE
        assert ours.decided_s == 1_200


def both_worlds() -> Scenario:
    """As described, and with an equal candidate."""
    left_out = dict.fromkeys(("exchanged", "broken", "slow"))
    data = served().model_dump(mode="json")
    return Scenario.model_validate(data | {"worlds": left_out})


@pytest.mark.long
def test_between_two_looks_the_run_with_equal_variants_repeats_it_as_well(
    script: Callable[..., Any],
) -> None:
    """Seven seconds off the minute; a candidate that is like the control has no excess at all."""
    described = both_worlds()
    off = script(SCHEDULE.replace("600", "607.5"))
    worlds = ["described", "equal"]
    study = simab.compare(described, policies={"script": off}, worlds=worlds, replications=2)
    excess = {
        name: [row.errors_excess for row in study.played[name].rows["script"]] for name in worlds
    }
    assert excess["equal"] == [0, 0]
    assert all(each < 0 for each in excess["described"])  # the candidate makes no errors


@pytest.mark.long
def test_who_has_all_weight_at_the_end_is_promoted(script: Callable[..., Any]) -> None:
    """Also at the horizon, or from the start on; where several share it, nothing is decided."""
    described = served()
    ends = {
        "kept": "pass",
        "shared": "weigh(a=1, b=1)",
        "back": "weigh(a=0, b=1)\ntime.sleep(62)\nweigh(a=1, b=0)",
        "never ends": "weigh(a=0, b=1)\nwhile True:\n    time.sleep(60)",
        "exits": "weigh(a=0, b=1)\nsys.exit(0)",
    }
    policies = {name: script(text) for name, text in ends.items()}
    study = simab.compare(described, policies=policies, worlds=["described"], replications=1)
    found = {name: rows[0].verdict for name, rows in study.rows.items()}
    assert found == {
        "kept": Verdict.KEPT_CONTROL,
        "shared": Verdict.UNDECIDED,
        "back": Verdict.KEPT_CONTROL,
        "never ends": Verdict.PROMOTED_CANDIDATE,
        "exits": Verdict.PROMOTED_CANDIDATE,
    }
    assert study.rows["back"][0].decided_s == 62


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise ValueError('no such metric')", "it raised ValueError: no such metric (line 17 of"),
        ("print('before the end')\nsys.exit(3)", "it exited with 3"),
        pytest.param(
            "print('before the end')\nsys.exit(3)", "before the end", marks=pytest.mark.long
        ),
        ("while True:\n    pass", "real time"),
        pytest.param("import os\nos._exit(0)", "died", marks=pytest.mark.long),
        pytest.param(
            "import threading\nthreading.Thread(target=print).start()",
            "threads",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_script_that_fails_is_a_failed_replication(
    script: Callable[..., Any], text: str, why: str
) -> None:
    """With the reason and the last that it printed; what else there is goes on."""
    described = served(horizon="20min")
    policies = {"fails": script(text, wall_limit_s=2.0), "schedule": described.policies["schedule"]}
    study = simab.compare(described, policies=policies, worlds=["described"], replications=1)
    (failure,) = study.failures
    assert failure.policy == "fails"
    assert why in failure.error
    assert len(study.rows["schedule"]) == 1


@pytest.mark.long
def test_a_script_may_fail_by_chance(script: Callable[..., Any]) -> None:
    """Its random numbers are others in each replication, and the same in each study."""
    text = """
    import random
    if random.random() < 0.5:
        raise RuntimeError("unlucky")
    weigh(a=0, b=1)
    """
    described = served(horizon="20min")
    failed = []
    for executor in (None, local_processes(2)):
        study = simab.compare(
            described,
            policies={"script": script(text)},
            worlds=["described"],
            replications=8,
            executor=executor,
        )
        failed.append([each.replication for each in study.failures])
        if executor is not None:
            executor.shutdown()
    assert failed[0] == failed[1]
    assert 0 < len(failed[0]) < 8


def test_a_script_that_creates_its_endpoint_is_played_from_its_service_on(
    script: Callable[..., Any],
) -> None:
    """The run begins when it serves, with the weights of its configuration."""
    text = """
    for name in ("a", "b"):
        sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "i"})
    sagemaker.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[
            {"VariantName": name, "ModelName": name, "InitialInstanceCount": 1,
             "InstanceType": "ml.m5.large", "InitialVariantWeight": weight}
            for name, weight in (("a", 3), ("b", 1))
        ],
    )
    sagemaker.create_endpoint(EndpointName="prod", EndpointConfigName="c")
    while sagemaker.describe_endpoint(EndpointName="prod")["EndpointStatus"] != "InService":
        time.sleep(60)
    for _ in range(50):
        runtime.invoke_endpoint(EndpointName="prod", Body=b"")
    weigh(a=0, b=1)
    """
    described = served()
    policies = {"own": script(text, endpoint="")}
    study = simab.compare(described, policies=policies, worlds=["described"], replications=1)
    assert not study.failures
    (row,) = study.rows["own"]
    assert row.decided_s is not None
    assert row.decided_s < 60
    assert row.weight_changes == 1
    assert study.failures == ()


def test_without_an_endpoint_there_is_no_run(script: Callable[..., Any]) -> None:
    """Named, with what to do."""
    described = served()
    policies = {"none": script("pass", endpoint="")}
    study = simab.compare(described, policies=policies, worlds=["described"], replications=1)
    assert "create one and wait until it is InService" in study.failures[0].error


def test_the_decision_of_a_log_is_its_last_change_to_one_variant() -> None:
    """Whatever came before, and not what repeats it."""
    from simab.aws.scripts.rehearsing import as_decided

    session = simab.Session(served())
    for at, weights in (("1min", {"b": 1.0}), ("5min", {"a": 1.0, "b": 1.0}), ("9min", {"b": 2.0})):
        session.advance(at)
        session.act([Deploy(weights if "a" in weights else {"a": 0.0, **weights})])
    log = as_decided(session.close().decision_log)
    actions = [type(entry.action) for entry in log.decisions]
    assert actions == [Deploy, Deploy, Promote]
    assert Repeatable(log.splits[0], {}).began_as(served())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"path": "nowhere.py"}, "cannot be read"),
        ({"answers": "nowhere.py:answer"}, "no such file"),
        ({"answers": f"{__file__}:nobody"}, "has no function nobody"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused(arguments: dict[str, Any], why: str) -> None:
    """Before anything is played."""
    from simab.aws import script_policy

    with pytest.raises(InvalidInput, match=why):
        script_policy(**({"path": __file__} | arguments))


def test_rows_that_are_kept_are_of_this_script(script: Callable[..., Any]) -> None:
    """Another text is another policy, and so is another limit or endpoint."""
    one, other = script(SCHEDULE), script(SCHEDULE)
    assert replace(one, path="") == replace(other, path="")
    assert script("pass").digest != one.digest


def test_modules_beside_a_script_are_part_of_it(tmp_path: Path) -> None:
    """Rows that are kept are of the code that it imports: a package is, other files are not."""
    from simab.aws import script_policy

    script = tmp_path / "ours.py"
    script.write_text("import helpers, package.inner", encoding="utf-8")
    digests = [script_policy(script, endpoint="e").digest]
    for place, counts in (
        ("helpers.py", True),
        ("package/inner.py", False),
        ("package/__init__.py", True),
        ("package/other.py", True),
        ("data.txt", False),
        (".venv/lib/module.py", False),
    ):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("changed", encoding="utf-8")
        digests.append(script_policy(script, endpoint="e").digest)
        assert (digests[-1] != digests[-2]) is counts, place


def test_the_line_that_is_named_is_the_scripts_own() -> None:
    """Not that of the library in which it ended; a module beside it is its own as well."""
    from simab.aws.scripts.rehearsing import _raised

    frames = [
        ("/scripts/ours.py", 3),
        ("/scripts/helpers.py", 8),
        ("/usr/lib/python3/botocore/client.py", 1094),
    ]
    message = "Traceback (most recent call last):\n" + "".join(
        f'  File "{file}", line {line}, in f\n' for file, line in frames
    )
    found = _raised(message + "ClientError: no\n", Path("/scripts/ours.py"))
    assert found == "it raised ClientError: no (line 8 of helpers.py)"
    found = _raised(message + "ClientError: no\n", Path("/elsewhere/x.py"))
    assert found == "it raised ClientError: no (line 1094 of client.py)"
