"""Alarms in simulated time: they look when a period is published, and change state by the rules."""

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


def failing(**parts: Any) -> Any:
    """Variant `b` answers all requests with an error; its weight is 0 at first."""
    return scenario(
        {"a": variant(), "b": variant(error_rate=1.0)},
        **{
            "rate": "2/s",
            "horizon": "6h",
            "metrics": {"period": "1min", "publication_delay": "45s"},
            "controller": {"interval": "1min"},
        }
        | parts,
    )


def put(made: Platform, name: str = "errors", **changes: Any) -> None:
    """An alarm on the share of 5XX of variant `b`: 2 of 3 minutes above 1 %."""
    alarm = {
        "AlarmName": name,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": [
            {"Name": "EndpointName", "Value": "e"},
            {"Name": "VariantName", "Value": "b"},
        ],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 0.01,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    given = {key: value for key, value in (alarm | changes).items() if value is not None}
    made.cloudwatch.put_metric_alarm(**given)


def state(made: Platform, name: str = "errors") -> str:
    """What it says now."""
    return str(described(made, name)["StateValue"])


def described(made: Platform, name: str = "errors") -> dict[str, Any]:
    """All that it says."""
    found = made.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found[0])


def test_a_bad_canary_sounds_at_the_second_its_second_bad_minute_is_published(
    platform: Make,
) -> None:
    """Weights asked for at 9:10:00 move at 9:11:02; minutes 9:11 and 9:12 are bad: 9:13:45."""
    made = platform(failing())
    made.serve(a=1, b=0)
    put(made)
    assert (state(made), described(made)["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Unchecked: Initial alarm creation",
    )
    made.sleep(180)
    made.weigh(b=1)
    states = []
    while not states or states[-1] != "ALARM":
        made.sleep(1)
        states.append(state(made))
    assert made.account.timeline.now == SERVES + timedelta(minutes=6, seconds=45)
    assert states.count("OK") == 60  # with one bad minute of three
    reason = described(made)["StateReason"]
    assert reason.startswith("Threshold Crossed: 2 of the last 3 datapoints [missing, 1, 1]")
    made.weigh(b=0)
    made.sleep(600)
    assert state(made) == "INSUFFICIENT_DATA"
    assert described(made)["StateUpdatedTimestamp"] > SERVES + timedelta(minutes=8)


@pytest.mark.parametrize(
    ("treated", "expected"),
    [
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
    ],
)
def test_minutes_without_a_request_are_treated_as_asked(
    platform: Make, treated: str, expected: str
) -> None:
    """Nothing goes to `b`."""
    made = platform(failing())
    made.serve(a=1, b=0)
    put(made, TreatMissingData=treated)
    made.sleep(600)
    assert state(made) == expected


def test_an_alarm_may_be_put_before_its_endpoint_is_there(platform: Make) -> None:
    """It begins to look when that serves."""
    made = platform(failing())
    put(made)
    made.serve(a=1, b=1)
    assert state(made) == "INSUFFICIENT_DATA"
    made.sleep(2 * 60 + 45)
    assert state(made) == "ALARM"


def test_periods_are_whole_and_on_the_clock(platform: Make) -> None:
    """Serving from 9:07, the five minutes to 9:10 are published at 9:10:45."""
    made = platform(failing())
    made.serve(a=1, b=1)
    put(made, Period=300, EvaluationPeriods=1, DatapointsToAlarm=None)
    made.sleep(3 * 60 + 44)
    assert state(made) == "INSUFFICIENT_DATA"
    made.sleep(1)
    assert state(made) == "ALARM"


def test_putting_it_again_keeps_its_state(platform: Make) -> None:
    """And a state that is set by hand lasts until it looks again."""
    made = platform(failing())
    made.serve(a=1, b=1)
    put(made)
    made.sleep(300)
    assert state(made) == "ALARM"
    put(made, Threshold=2.0)
    assert (state(made), described(made)["Threshold"]) == ("ALARM", 2.0)
    made.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="by hand")
    assert (state(made), described(made)["StateReason"]) == ("OK", "by hand")
    put(made, Threshold=0.01)
    made.sleep(60)
    assert state(made) == "ALARM"


def test_alarms_are_found_by_name_prefix_and_state_and_deleted(platform: Make) -> None:
    """A paginator goes through all."""
    made = platform(failing())
    made.serve(a=1, b=1)
    for name in ("x1", "x2", "y"):
        put(made, name, Threshold=2.0 if name == "y" else 0.01)
    made.sleep(300)

    def names(**asked: Any) -> list[str]:
        pages = made.cloudwatch.get_paginator("describe_alarms").paginate(
            PaginationConfig={"PageSize": 1}, **asked
        )
        return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]

    assert names() == ["x1", "x2", "y"]
    assert names(AlarmNamePrefix="x") == ["x1", "x2"]
    assert names(StateValue="OK") == ["y"]
    made.cloudwatch.delete_alarms(AlarmNames=["x1"])
    assert names() == ["x2", "y"]
    assert refusal(made.cloudwatch.delete_alarms, AlarmNames=["x1"])[0] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Period": 90}, "InvalidParameterValue"),
        ({"DatapointsToAlarm": 4}, "InvalidParameterValue"),
        ({"Threshold": None}, "MissingParameter"),
        ({"ExtendedStatistic": "p99"}, "InvalidParameterCombination"),
        ({"Statistic": None}, "InvalidParameterCombination"),
        ({"Metrics": [{"Id": "m"}]}, "NotImplemented"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "NotImplemented"),
    ],
)
def test_alarms_that_cannot_be_are_refused(
    platform: Make, changes: dict[str, Any], code: str
) -> None:
    """With CloudWatch's code, or by name."""
    made = platform(failing())
    assert refusal(put, made=made, **changes)[0] == code


def test_data_is_read_by_query(platform: Make) -> None:
    """The newest value first, one list a query; what is not returned is left out."""
    made = platform(failing())
    made.serve(a=1, b=0)
    made.sleep(300)

    def query(name: str, metric: str, stat: str, **more: Any) -> dict[str, Any]:
        dimensions = [
            {"Name": "EndpointName", "Value": "e"},
            {"Name": "VariantName", "Value": "a"},
        ]
        return {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": dimensions,
                },
                "Period": 60,
                "Stat": stat,
            },
            **more,
        }

    asked = {
        "StartTime": SERVES,
        "EndTime": SERVES + timedelta(minutes=3),
        "MetricDataQueries": [
            query("n", "Invocations", "Sum"),
            query("l", "ModelLatency", "p99", Label="slowest"),
            query("x", "Invocations", "Sum", ReturnData=False),
        ],
    }
    counted, slowest = made.cloudwatch.get_metric_data(**asked)["MetricDataResults"]
    assert (counted["Id"], slowest["Label"]) == ("n", "slowest")
    minutes = [(each - SERVES).total_seconds() / 60 for each in counted["Timestamps"]]
    assert minutes == [2, 1, 0]
    sums = [point["Sum"] for point in made.statistics("Invocations", "a", "Sum")][:3]
    assert counted["Values"] == sums[::-1]
    (rising, _) = made.cloudwatch.get_metric_data(**asked, ScanBy="TimestampAscending")[
        "MetricDataResults"
    ]
    assert rising["Values"] == sums
    asked["MetricDataQueries"] = [{"Id": "e", "Expression": "n / 2"}]
    assert refusal(made.cloudwatch.get_metric_data, **asked)[0] == "NotImplemented"
