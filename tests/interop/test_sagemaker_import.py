"""SageMaker: deployment guardrails with their alarms, and updates of weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simab.interop.importing import InvalidFiles
from simab.interop.sagemaker import imported
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.rollouts.manual_schedule import ManualSchedule

FILES = Path(__file__).parent / "files"
CANARY = (FILES / "canary.json").read_text(encoding="utf-8")
ALARMS = (FILES / "alarms.json").read_text(encoding="utf-8")


def files(tmp_path: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def test_guardrails_and_their_alarms_become_a_policy() -> None:
    """The deployment in one file, what DescribeAlarms gave in another."""
    found = imported([FILES / "canary.json", FILES / "alarms.json"], None)
    policy = found.policy
    assert isinstance(policy, BlueGreen)
    assert policy.traffic.shares(4) == (0.25, 1.0)
    assert policy.wait_interval == 600_000_000_000
    assert policy.termination_wait == 0
    p99, errors = policy.alarms["p99"], policy.alarms["errors"]
    assert (p99.metric, p99.statistic, p99.of) == ("ModelLatency", "p99", "candidate")
    assert (p99.needed, p99.threshold, p99.treat_missing_data) == ((2, 3), 250_000, "missing")
    assert (errors.metric, errors.statistic, errors.of) == ("Invocation5XXErrors", "Sum", "both")
    assert (errors.needed, errors.period) == ((1, 1), 120_000_000_000)
    assert errors.treat_missing_data == "breaching"


def test_what_is_read_otherwise_is_told() -> None:
    """Model errors stand for 5XX; dimensions without a configuration see both fleets."""
    found = imported([FILES / "canary.json", FILES / "alarms.json"], None)
    reasons = {note.field: note.reason for note in found.notes}
    assert "read as Invocation5XXErrors" in reasons["MetricAlarms[1].MetricName"]
    assert "sees both fleets mixed" in reasons["MetricAlarms[1].Dimensions"]


def test_an_alarm_may_stand_alone(tmp_path: Path) -> None:
    """The input of PutMetricAlarm, one a file, is the same alarm."""
    described = json.loads(ALARMS)["MetricAlarms"]
    paths = files(tmp_path, a=CANARY, b=json.dumps(described[0]), c=json.dumps(described[1]))
    whole = imported([FILES / "canary.json", FILES / "alarms.json"], None)
    assert imported(paths, None).policy == whole.policy


def test_without_alarms_nothing_is_rolled_back(tmp_path: Path) -> None:
    """Allowed, as on the platform, and noted."""
    config = json.loads(CANARY)
    del config["DeploymentConfig"]["AutoRollbackConfiguration"]
    found = imported(files(tmp_path, a=json.dumps(config)), None)
    assert isinstance(found.policy, BlueGreen)
    assert found.policy.alarms == {}
    assert any("nothing is ever rolled back" in note.reason for note in found.notes)


def test_a_threshold_of_one_is_a_hundred_percent(tmp_path: Path) -> None:
    """The vendor's own example alarm: the average of 0 and 1 against 1, meant as 1 %."""
    alarms = json.loads(ALARMS)
    alarms["MetricAlarms"][1] |= {"Statistic": "Average", "Threshold": 1}
    found = imported(files(tmp_path, a=CANARY, b=json.dumps(alarms)), None)
    assert any("this asks for 100 % errors" in note.reason for note in found.notes)


def test_updates_of_weights_become_a_schedule() -> None:
    """At the times of the table; the last one, which leaves one variant alone, promotes it."""
    found = imported([FILES / "weights.json"], FILES / "weights.map.yaml")
    policy = found.policy
    assert isinstance(policy, ManualSchedule)
    first, last = policy.steps
    assert (first.at, first.weights) == (600_000_000_000, {"new": 9.0})
    assert (last.at, last.promote) == (3_600_000_000_000, "new")
    reasons = [note.reason for note in found.notes]
    assert any("changes weights only" in reason for reason in reasons)
    assert any("so it is the promotion" in reason for reason in reasons)
    assert any("belong under endpoint" in reason for reason in reasons)


def test_updates_without_times_are_refused() -> None:
    """The API's inputs hold none, and none is made up."""
    with pytest.raises(InvalidFiles, match="2 updates need as many times, and 0 are given"):
        imported([FILES / "weights.json"], None)


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ('"CANARY"', '"ROLLING"', "7:17", "unknown type"),
        ('"CANARY"', '"LINEAR"', "6:38", "LinearStepSize: required"),
        ('"INSTANCE_COUNT"', '"PERCENT"', "8:32", "unknown type"),
        ('"INSTANCE_COUNT", "Value": 1', '"CAPACITY_PERCENT", "Value": 60', "8:61", "range"),
        ("600", "4000", "9:34", "must be a whole number in its range"),
        ("600", '"<wait>"', "9:34", "is a placeholder"),
        ('{"AlarmName": "p99"}', '{"AlarmName": "p90"}', "12:60", "no file defines this alarm"),
        ("BlueGreenUpdatePolicy", "RollingUpdatePolicy", "5:28", "rolling updates are not"),
        ("BlueGreenUpdatePolicy", "Policy", "4:23", "BlueGreenUpdatePolicy: required"),
        ("DeploymentConfig", "Config", "1:1", "neither a deployment nor an update"),
        (
            '"WaitIntervalInSeconds": 600\n      }',
            '"WaitIntervalInSeconds": 600}, "MaximumExecutionTimeoutInSeconds": 60',
            "9:76",
            "must be a whole number in its range",
        ),
    ],
)
def test_a_deployment_that_cannot_be_read_is_refused_at_its_place(
    tmp_path: Path, old: str, new: str, place: str, message: str
) -> None:
    """File, line, column, field, rule and remedy."""
    assert old in CANARY
    with pytest.raises(InvalidFiles) as refused:
        imported(files(tmp_path, canary=CANARY.replace(old, new), alarms=ALARMS), None)
    lines = str(refused.value).splitlines()
    assert any(f"canary.json:{place}: " in line and message in line for line in lines), lines


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Namespace": "AWS/EC2"}, "no metrics of this namespace"),
        ({"MetricName": "Invocation4XXErrors"}, "simab has no such metric. Did you mean"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "is not imported. Did you mean"),
        ({"TreatMissingData": "ok"}, "is not imported"),
        ({"Threshold": "high"}, "must be a number"),
        ({"Threshold": None}, "Threshold: required"),
        ({"EvaluationPeriods": 0}, "must be a whole number in its range"),
        ({"DatapointsToAlarm": 4}, "is more than evaluation_periods 3"),
        ({"ExtendedStatistic": "tm99"}, "unknown statistic"),
        ({"ExtendedStatistic": None}, "Statistic: required"),
        ({"Dimensions": [{"Name": "EndpointName", "Value": "x"}]}, "no metric has these dimen"),
        ({"Metrics": [{"Id": "m1"}]}, "expressions of several metrics"),
    ],
)
def test_an_alarm_that_cannot_be_read_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """Each with the rule that it breaks, and what would do."""
    alarms = json.loads(ALARMS)
    alarms["MetricAlarms"][0] |= change
    with pytest.raises(InvalidFiles) as refused:
        imported(files(tmp_path, canary=CANARY, alarms=json.dumps(alarms)), None)
    assert message in str(refused.value)
    assert "alarms.json:1:" in str(refused.value)


def test_two_things_at_once_are_refused(tmp_path: Path) -> None:
    """Which of them is meant is not guessed."""
    weights = (FILES / "weights.json").read_text(encoding="utf-8")
    with pytest.raises(InvalidFiles, match="is given together with a DeploymentConfig"):
        imported(files(tmp_path, a=CANARY, b=weights, c=ALARMS), None)
    with pytest.raises(InvalidFiles, match="is the second DeploymentConfig"):
        imported(files(tmp_path, a=CANARY, b=CANARY, c=ALARMS), None)
