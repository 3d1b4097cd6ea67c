"""CloudWatch in simulated time: what is published when, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from simab.world.records import RECORD_COLUMNS
from tests.aws.test_endpoints import refusal, served
from tests.world.building import scenario, variant

if TYPE_CHECKING:
    from tests.aws.conftest import Platform

pytest.importorskip("boto3")
Make = Callable[..., "Platform"]
SERVES = datetime(2026, 1, 5, 9, 7, tzinfo=UTC)  # 390 s after 9:00, the full minute next to it


def quiet(**parts: Any) -> Any:
    """Nobody else asks, and a model takes 100 ms."""
    constant = {"latency": {"kind": "constant", "value": "100ms"}}
    return scenario(
        {"a": variant(**constant), "b": variant(**constant)},
        **{
            "rate": "0.00001/s",
            "horizon": "6h",
            "metrics": {"period": "1min", "publication_delay": "45s"},
            "controller": {"interval": "1min"},
        }
        | parts,
    )


def minutes(points: list[Any], statistic: str = "Sum") -> dict[int, float]:
    """Values by minute since the endpoint serves."""
    return {
        round((point["Timestamp"] - SERVES).total_seconds()) // 60: point[statistic]
        for point in points
    }


def test_the_newest_seconds_are_missing_and_a_minute_is_completed_later(platform: Make) -> None:
    """One request a second for 100 s, each ending within it; 45 to 50 s are not published yet."""
    made = platform(quiet())
    made.serve(a=1, b=0)
    for _ in range(100):
        made.invoke("a")
        made.sleep(1 - 0.114)
    assert made.account.timeline.now == SERVES + timedelta(seconds=100)
    assert minutes(made.statistics("Invocations", "a", "Sum")) == {0: 55}
    made.sleep(4.9)
    assert minutes(made.statistics("Invocations", "a", "Sum")) == {0: 55}
    made.sleep(0.1)
    assert minutes(made.statistics("Invocations", "a", "Sum")) == {0: 60}
    made.sleep(10)
    assert minutes(made.statistics("Invocations", "a", "Sum")) == {0: 60, 1: 10}
    made.sleep(60)
    assert minutes(made.statistics("Invocations", "a", "Sum")) == {0: 60, 1: 40}


def test_a_minute_without_a_request_has_no_datapoint(platform: Make) -> None:
    """Not a 0: neither of the idle variant, nor between."""
    made = platform(quiet())
    made.serve(a=1, b=0)
    made.invoke("a")
    made.sleep(150)
    made.invoke("a")
    made.sleep(120)
    assert minutes(made.statistics("Invocations", "a", "Sum")) == {0: 1, 2: 1}
    assert made.statistics("Invocations", "b", "Sum") == []


def test_the_start_is_rounded_down_and_the_end_is_left_out(platform: Make) -> None:
    """From 9:07:30 to 9:09 are the minutes 9:07 and 9:08; a period of 2 min begins at the start."""
    made = platform(quiet())
    made.serve(a=1, b=0)
    for _ in range(5):
        made.invoke("a")
        made.sleep(60 - 0.114)
    made.sleep(60)
    span = {
        "StartTime": SERVES + timedelta(seconds=30),
        "EndTime": SERVES + timedelta(minutes=2),
    }
    assert minutes(made.statistics("Invocations", "a", "Sum", **span)) == {0: 1, 1: 1}
    span["EndTime"] = SERVES + timedelta(minutes=5)
    found = minutes(made.statistics("Invocations", "a", "Sum", Period=120, **span))
    assert found == {0: 2, 2: 2, 4: 1}


def test_every_statistic_of_a_minute(platform: Make) -> None:
    """Three of four requests fail; latencies are 100 ms, and the network takes 14 ms."""
    made = platform(quiet())
    made.serve(a=1, b=0)
    for _ in range(4):
        made.invoke("a")
    made.sleep(120)
    all_of_them = ("Sum", "Average", "SampleCount", "Minimum", "Maximum")

    def point(metric: str) -> list[float]:
        (found,) = made.statistics(metric, "a", *all_of_them)
        assert found["Unit"] == ("Microseconds" if "Latency" in metric else "None")
        return [found[name] for name in all_of_them]

    assert point("Invocations") == [4, 1, 4, 1, 1]
    assert point("InvocationsPerInstance") == [4, 1, 4, 1, 1]
    assert point("Invocation4XXErrors") == [0, 0, 4, 0, 0]
    assert point("Invocation5XXErrors") == [0, 0, 4, 0, 0]
    assert point("OverheadLatency") == [56_000, 14_000, 4, 14_000, 14_000]
    latency = point("ModelLatency")
    assert latency[:3] == [400_000, 100_000, 4]
    assert latency[3:] == pytest.approx([100_000, 100_000], rel=0.016)
    assert latency[3] <= 100_000 <= latency[4]


def test_errors_are_shares_on_average(platform: Make) -> None:
    """A model that always fails: 1 of 1."""
    failing = variant(error_rate=1.0)
    made = platform(scenario({"a": failing, "b": variant()}, rate="1/s", horizon="1h"))
    made.serve(a=1, b=0)
    made.sleep(120)
    points = made.statistics("Invocation5XXErrors", "a", "Average", "Sum")
    assert {point["Average"] for point in points} == {1.0}
    counted = made.statistics("Invocations", "a", "Sum")
    assert [point["Sum"] for point in points] == [point["Sum"] for point in counted]


def test_percentiles_of_latency_are_those_of_the_requests(platform: Make) -> None:
    """Within 1.6 %, against NumPy over the requests that were recorded."""
    from simab.aws import RehearsalOver, Settings

    made = platform(
        scenario(
            {
                "a": variant(
                    latency={"kind": "lognormal", "median": "40ms", "p99": "300ms"}, workers=3
                ),
                "b": variant(),
            },
            rate="30/s",
            horizon="1h",
            metrics={"period": "1min", "publication_delay": "45s"},
        ),
        settings=Settings(record_requests=True),
    )
    made.serve(a=1, b=0)
    made.sleep(600)
    points = made.cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Dimensions=[
            {"Name": "VariantName", "Value": "a"},
            {"Name": "EndpointName", "Value": "e"},
        ],
        StartTime=SERVES,
        EndTime=SERVES + timedelta(minutes=5),
        Period=300,
        ExtendedStatistics=["p50", "p99", "p99.9"],
    )["Datapoints"]
    with pytest.raises(RehearsalOver):
        made.sleep(7_200)
    run_data, _ = made.account.served[0].serving.close()
    assert run_data.records is not None
    column = dict(zip(RECORD_COLUMNS, run_data.records.T, strict=True))
    finished = column["finished_ns"]
    inside = (column["variant"] == 0) & (finished < 300 * 10**9) & (finished >= 0)
    latencies_us = (finished - column["arrived_ns"])[inside] / 1_000
    assert len(latencies_us) > 8_000
    for share in (0.5, 0.99, 0.999):
        found = points[0]["ExtendedStatistics"][f"p{100 * share:g}"]
        expected_us = np.quantile(latencies_us, share, method="inverted_cdf")
        assert found == pytest.approx(expected_us, rel=0.016)


def test_dimensions_name_a_metric_exactly(platform: Make) -> None:
    """The endpoint alone, or another variant, is another metric, of which there is nothing."""
    made = platform(served())
    made.serve(a=1, b=1)
    made.sleep(300)
    for dimensions in ([{"Name": "EndpointName", "Value": "e"}], [], [{"Name": "X", "Value": "e"}]):
        assert made.statistics("Invocations", "a", "Sum", Dimensions=dimensions) == []
    assert made.statistics("NoSuchMetric", "a", "Sum") == []
    assert made.statistics("Invocations", "a", "Sum", Unit="Seconds") == []
    assert made.statistics("Invocations", "a", "Sum", Unit="None")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Period": 90}, "InvalidParameterValue"),
        ({"EndTime": SERVES - timedelta(days=1)}, "InvalidParameterValue"),
        ({"StartTime": SERVES - timedelta(days=2)}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["p50"]}, "InvalidParameterCombination"),
        ({"Statistics": None}, "InvalidParameterCombination"),
        ({"Statistics": None, "ExtendedStatistics": ["tm99"]}, "NotImplemented"),
        ({"Period": 10}, "NotImplemented"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    platform: Make, changes: dict[str, Any], code: str
) -> None:
    """With CloudWatch's code, or by name."""
    made = platform(served())
    made.serve(a=1, b=1)
    found, _, _ = refusal(
        made.statistics, metric="Invocations", variant="a", **({"Statistics": ["Sum"]} | changes)
    )
    assert found == code


def test_metrics_are_listed_once_something_is_published(platform: Make) -> None:
    """By endpoint and variant; a filter of dimensions picks some."""
    made = platform(served())
    made.serve(a=1, b=1)
    assert made.cloudwatch.list_metrics(Namespace="AWS/SageMaker")["Metrics"] == []
    made.sleep(120)
    found = made.cloudwatch.list_metrics(
        Namespace="AWS/SageMaker", Dimensions=[{"Name": "VariantName", "Value": "b"}]
    )["Metrics"]
    assert {each["MetricName"] for each in found} >= {"Invocations", "ModelLatency"}
    assert all({"Name": "VariantName", "Value": "b"} in each["Dimensions"] for each in found)
    assert made.cloudwatch.list_metrics(Namespace="AWS/EC2")["Metrics"] == []
