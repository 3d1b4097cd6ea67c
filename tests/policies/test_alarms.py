"""Alarms: the datapoint of a period, the state of the newest ones, and CloudWatch's own tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simab.errors import InvalidInput
from simab.policies.cloudwatch.alarm_evaluation import AlarmState, TreatMissingData, next_state
from simab.policies.cloudwatch.alarms import Alarm, AlarmRecord, watch
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests

OK, ALARM, NO_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
TREATMENTS: list[TreatMissingData] = ["missing", "ignore", "breaching", "notBreaching"]


def states(pattern: str, to_alarm: int, current: AlarmState) -> list[AlarmState]:
    """The state for each treatment; `0` is fine, `X` breaches, `-` is missing."""
    breaches = [{"0": False, "X": True, "-": None}[sign] for sign in pattern.split()]
    return [next_state(breaches, (to_alarm, 3), each, current) for each in TREATMENTS]


@pytest.mark.parametrize("current", AlarmState)
@pytest.mark.parametrize(
    ("pattern", "to_alarm", "expected"),
    [
        ("0 - X - X", 3, [OK, OK, OK, OK]),
        ("0 - - - -", 3, [OK, OK, OK, OK]),
        ("- - - - -", 3, [NO_DATA, None, ALARM, OK]),
        ("0 X X - X", 3, [ALARM, ALARM, ALARM, ALARM]),
        ("- - X - -", 3, [ALARM, None, ALARM, OK]),
        ("0 - X - X", 2, [ALARM, ALARM, ALARM, ALARM]),
        ("0 0 X 0 X", 2, [ALARM, ALARM, ALARM, ALARM]),
        ("0 - X - -", 2, [OK, OK, ALARM, OK]),
        ("- - - - 0", 2, [OK, OK, ALARM, OK]),
        ("- - - X -", 2, [ALARM, None, ALARM, OK]),
    ],
)
def test_the_tables_of_the_user_guide(
    pattern: str, to_alarm: int, expected: list[AlarmState | None], current: AlarmState
) -> None:
    """Both tables of "how CloudWatch alarms treat missing data"; None retains the state."""
    assert states(pattern, to_alarm, current) == [each or current for each in expected]


@pytest.mark.parametrize("pattern", ["- - - - X", "- - - X -"])
def test_an_alarm_is_not_premature(pattern: str) -> None:
    """The guide: one breaching datapoint newer than M periods does not yet make the alarm."""
    assert states(pattern, 3, OK)[0] is OK


def test_a_stopped_metric_is_judged_by_its_last_datapoints_for_a_while() -> None:
    """With N = 1 a breaching point stays in ALARM for two silent periods, then is forgotten."""
    history: list[bool | None] = [True]
    seen = []
    for _ in range(4):
        seen.append(next_state(history, (1, 1), "notBreaching", OK))
        history.append(None)
    assert seen == [ALARM, ALARM, ALARM, OK]


@given(st.lists(st.booleans(), min_size=7, max_size=12), st.integers(1, 5), st.data())
def test_without_gaps_m_of_the_last_n_decide(
    points: list[bool], evaluated: int, data: st.DataObject
) -> None:
    """No gap: the treatment and the state before do not matter, nor does what is older than N."""
    to_alarm = data.draw(st.integers(1, evaluated))
    treatment = data.draw(st.sampled_from(TREATMENTS))
    current = data.draw(st.sampled_from(AlarmState))
    expected = ALARM if sum(points[-evaluated:]) >= to_alarm else OK
    assert next_state(points, (to_alarm, evaluated), treatment, current) is expected


SERVED = requests([10.0, 20.0, 30.0, 40.0], failed=1, rejected=1)


@pytest.mark.parametrize(
    ("metric", "statistic", "value"),
    [
        ("Invocations", "Sum", 5),
        ("Invocations", "SampleCount", 5),
        ("Invocation5XXErrors", "Sum", 2),
        ("Invocation5XXErrors", "Average", 0.4),
        ("Invocation5XXErrors", "SampleCount", 5),
        ("ModelLatency", "Average", 25_000),
        ("ModelLatency", "Sum", 100_000),
        ("ModelLatency", "SampleCount", 4),
        ("ModelLatency", "Minimum", 10_000),
        ("ModelLatency", "Maximum", 40_000),
        ("ModelLatency", "p50", 20_000),
        ("ModelLatency", "p99.9", 40_000),
    ],
)
def test_a_period_becomes_one_number(metric: Any, statistic: str, value: float) -> None:
    """Four served in 10 to 40 ms, one of them with a 500, and one 503; latency in microseconds."""
    alarm = Alarm(metric=metric, statistic=statistic, threshold=1)
    assert alarm.datapoint(SERVED) == pytest.approx(value, rel=0.008)


@pytest.mark.parametrize("metric", ["Invocations", "Invocation5XXErrors", "ModelLatency"])
def test_without_traffic_there_is_no_datapoint(metric: Any) -> None:
    """An empty window is absent, and not 0: sums, too."""
    assert Alarm(metric=metric, statistic="Sum", threshold=1).datapoint(requests()) is None


def test_rejected_requests_have_no_model_latency() -> None:
    """A full queue answers 503 without asking the model."""
    only_rejected = requests(rejected=3)
    assert Alarm(metric="ModelLatency", threshold=1).datapoint(only_rejected) is None
    assert Alarm(metric="Invocation5XXErrors", threshold=1).datapoint(only_rejected) == 1


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("GreaterThanThreshold", False, False, True),
        ("GreaterThanOrEqualToThreshold", False, True, True),
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
    ],
)
def test_comparisons(comparison: Any, below: bool, equal: bool, above: bool) -> None:
    """The operator compares the datapoint with the threshold, in this order."""
    alarm = Alarm(metric="Invocations", statistic="Sum", threshold=5, comparison=comparison)
    assert [alarm.breaches(each) for each in (4, 5, 6)] == [below, equal, above]


def windows(*failed: int | None) -> dict[tuple[str, int], RequestTotals]:
    """Ten requests a minute of the candidate, with so many 500s; None for a silent minute."""
    return {
        ("new", minute): requests([5.0] * 10, failed=each)
        for minute, each in enumerate(failed)
        if each is not None
    }


def test_an_alarm_looks_at_each_published_period_once() -> None:
    """The state after several looks is that of one look at the end, and the numbers are told."""
    alarm = Alarm(
        metric="Invocation5XXErrors",
        threshold=0.25,
        evaluation_periods=2,
        datapoints_to_alarm=2,
        treat_missing_data="ignore",
    )
    script = windows(0, 3, None, 4, None)
    record, seen = AlarmRecord(), []
    for minute in range(1, 6):
        shown = FakeMetrics(windows=script, published_until_ns=minute * MINUTE)
        record = watch(alarm, record, observation(shown))
        again = watch(alarm, record, observation(shown))
        assert again == record._replace(sounded=None)
        seen.append(record.state)
    assert seen == [OK, OK, OK, ALARM, ALARM]
    late = FakeMetrics(windows=script, published_until_ns=5 * MINUTE)
    assert watch(alarm, AlarmRecord(), observation(late)) == record
    assert record.sounded == record.values
    assert alarm.reading(record.values) == (
        "Invocation5XXErrors Average of candidate per 1min was 0.3 - 0.4 - (2 of 2 > 0.25)"
    )


def test_both_fleets_are_added_up() -> None:
    """An alarm on endpoint and variant name sees the two fleets mixed: 3 of 20 and not 3 of 10."""
    script = windows(3) | {("old", 0): requests([5.0] * 10)}
    shown = observation(FakeMetrics(windows=script, published_until_ns=MINUTE))
    for of, value in (("candidate", 0.3), ("control", 0.0), ("both", 0.15)):
        alarm = Alarm(metric="Invocation5XXErrors", of=of, threshold=0.2)
        assert watch(alarm, AlarmRecord(), shown).values == (pytest.approx(value),)


def test_a_period_is_a_multiple_of_the_metric_period() -> None:
    """Half a window cannot be looked at; whoever asks is told what to change."""
    alarm = Alarm.model_validate({"metric": "ModelLatency", "threshold": 1, "period": "90s"})
    with pytest.raises(InvalidInput, match=r"period = 90s: is not a multiple of metrics.period"):
        watch(alarm, AlarmRecord(), observation())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metric": "Invocations", "statistic": "Average"}, "choose Sum, SampleCount"),
        ({"metric": "Invocation5XXErrors", "statistic": "p99"}, "has no statistic p99"),
        ({"metric": "ModelLatency", "statistic": "p101"}, "unknown statistic"),
        ({"metric": "ModelLatency", "statistic": "Median"}, "unknown statistic"),
        (
            {"metric": "ModelLatency", "evaluation_periods": 2, "datapoints_to_alarm": 3},
            "is more than evaluation_periods 2",
        ),
        ({"metric": "ModelLatency", "comparison": "LessThanLowerThreshold"}, "Input should be"),
    ],
)
def test_what_is_no_alarm_is_refused(fields: dict[str, Any], message: str) -> None:
    """Each with the rule that it breaks."""
    with pytest.raises(ValidationError, match=message):
        Alarm.model_validate({"threshold": 1, **fields})
