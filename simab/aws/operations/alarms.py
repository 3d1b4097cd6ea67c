"""Alarms: put, described, set by hand and deleted; they look by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simab.aws.account import Account
from simab.aws.alarms import COMPARISONS, Alarm
from simab.aws.errors import ServiceError, not_implemented
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.metric_query import MetricQuery, is_percentile, period_of
from simab.aws.operations.listing import page
from simab.aws.queries import keep_looking, values
from simab.aws.resources import ACCOUNT_ID, REGION
from simab.policies.cloudwatch.alarm_evaluation import AlarmState

__all__ = ["delete_alarms", "describe_alarms", "put_metric_alarm", "set_alarm_state"]

_PAGE: Final = 50
_NEEDED: Final = (
    "MetricName",
    "Namespace",
    "Period",
    "EvaluationPeriods",
    "Threshold",
    "ComparisonOperator",
)
_ACTIONS: Final = ("OKActions", "AlarmActions", "InsufficientDataActions")


def put_metric_alarm(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """PutMetricAlarm: a new one begins without data; one that is there keeps its state.

    Actions are kept and described, and not carried out: nobody is notified.
    """
    for key in _NEEDED:
        if key not in parameters:
            raise _missing(f"The parameter {key} is required for an alarm on a single metric.")
    statistic = _statistic(parameters)
    if parameters["ComparisonOperator"] not in COMPARISONS:
        raise not_implemented("cloudwatch", f"alarms that are {parameters['ComparisonOperator']}")
    period_ns = period_of(parameters["Period"])
    if period_ns is None:
        raise _invalid("Period must be 10, 20, 30 or a multiple of 60.")
    evaluated = parameters["EvaluationPeriods"]
    if parameters.get("DatapointsToAlarm", 1) > evaluated:
        raise _invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    name, now = parameters["AlarmName"], account.timeline.now
    alarm = Alarm(
        parameters,
        MetricQuery.of(parameters, parameters.get("Unit")),
        statistic,
        period_ns,
        now,
        now,
    )
    before = account.alarms.get(name)
    if before is not None:
        alarm.state, alarm.reason, alarm.updated = before.state, before.reason, before.updated
    if not account.alarms_look:
        account.alarms_look = True
        keep_looking(account, lambda endpoint, until_ns: _look(account, endpoint, until_ns))
    account.alarms[name] = alarm
    return {}


def _look(account: Account, endpoint: LiveEndpoint, until_ns: int) -> None:
    """Let the alarms on an endpoint look of which a period ends at this instant."""
    for alarm in account.alarms.values():
        watched = alarm.query.dimensions.get("EndpointName") == endpoint.name
        if watched and until_ns % alarm.period_ns == 0:
            starts_ns = alarm.periods(until_ns)
            found = dict(values(account, alarm.query, starts_ns, alarm.statistic))
            alarm.look([found.get(start_ns) for start_ns in starts_ns], account.timeline.now)


def _statistic(parameters: Mapping[str, Any]) -> str:
    plain, extended = parameters.get("Statistic"), parameters.get("ExtendedStatistic")
    if (plain is None) == (extended is None):
        raise ServiceError(
            "InvalidParameterCombination",
            "Exactly one of the parameters Statistic and ExtendedStatistic must be specified.",
        )
    if extended is not None and not is_percentile(extended):
        raise not_implemented("cloudwatch", f"the statistic {extended}")
    return str(plain or extended)


def describe_alarms(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeAlarms: metric alarms by name, by prefix and by state."""
    names, prefix = parameters.get("AlarmNames"), parameters.get("AlarmNamePrefix", "")
    state = parameters.get("StateValue")
    wanted = "MetricAlarm" in parameters.get("AlarmTypes", ["MetricAlarm"])
    found = [
        _described(name, alarm)
        for name, alarm in sorted(account.alarms.items())
        if wanted
        and (names is None or name in names)
        and name.startswith(prefix)
        and state in (None, alarm.state)
    ]
    invalid = ServiceError("InvalidNextToken", "Invalid next token")
    shown = page(found, "MetricAlarms", parameters, parameters.get("MaxRecords", _PAGE), invalid)
    return {"CompositeAlarms": [], **shown}


def _described(name: str, alarm: Alarm) -> dict[str, Any]:
    given = {key: value for key, value in alarm.given.items() if key != "Tags"}
    return {
        **{key: [] for key in _ACTIONS},
        "ActionsEnabled": True,
        "Dimensions": [],
        **given,
        "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:{name}",
        "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "StateValue": str(alarm.state),
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": alarm.updated,
        "StateTransitionedTimestamp": alarm.updated,
    }


def set_alarm_state(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """SetAlarmState: until the alarm looks again."""
    name = parameters["AlarmName"]
    if name not in account.alarms:
        raise ServiceError("ResourceNotFound", f"Alarm {name} does not exist", 404)
    state, reason = AlarmState(parameters["StateValue"]), parameters["StateReason"]
    account.alarms[name].change(state, reason, account.timeline.now)
    return {}


def delete_alarms(account: Account, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteAlarms: none is deleted where one of them is not there."""
    names = parameters["AlarmNames"]
    for name in names:
        if name not in account.alarms:
            raise ServiceError("ResourceNotFound", f"Alarm {name} does not exist", 404)
    for name in names:
        account.alarms.pop(name, None)
    return {}


def _missing(message: str) -> ServiceError:
    return ServiceError("MissingParameter", message)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message)
