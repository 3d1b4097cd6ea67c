"""CloudWatch alarms as DescribeAlarms gives and PutMetricAlarm takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from simab.documents.located import LocatedValue
from simab.interop.importing import Findings
from simab.interop.suggested_meaning import suggested_entry
from simab.interop.tables import MetricMap, MetricMeaning
from simab.policies.cloudwatch.alarms import Alarm
from simab.scenario.suggestions import remedy_for_name
from simab.text.lists import listed

__all__ = ["alarms_by_name", "translated_alarm"]

_METRICS: Final = {
    "Invocations": "Invocations",
    "Invocation5XXErrors": "Invocation5XXErrors",
    "InvocationModelErrors": "Invocation5XXErrors",
    "ModelLatency": "ModelLatency",
}
_MEANT: Final[Mapping[str, tuple[str, str]]] = {
    "error_rate": ("Invocation5XXErrors", "Average"),
    "success_rate_of_requests": ("Invocation5XXErrors", "Average"),
    "errors": ("Invocation5XXErrors", "Sum"),
    "requests": ("Invocations", "Sum"),
    "latency_mean": ("ModelLatency", "Average"),
    **{f"latency_p{level}": ("ModelLatency", f"p{level}") for level in ("50", "90", "95", "99")},
    "latency_p99.9": ("ModelLatency", "p99.9"),
}
_US_PER_MS: Final = 1_000
_COMPARISONS: Final = (
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
_TREATMENTS: Final = ("missing", "ignore", "breaching", "notBreaching")
_MOST_PERIODS: Final = 1440


def alarms_by_name(documents: Iterable[LocatedValue]) -> dict[str, LocatedValue]:
    """Every alarm that the documents define."""
    found = []
    for document in documents:
        several = document.at("MetricAlarms")
        found += [] if several is None else several.listed()
        if document.at("AlarmName") is not None:
            found.append(document)
    return {each.need("AlarmName").text(): each for each in found}


def translated_alarm(alarm: LocatedValue, table: MetricMap, findings: Findings) -> dict[str, Any]:
    """The alarm as the policy describes it.

    Raises:
        InvalidFiles: it measures what simab does not have.
    """
    for key in ("Metrics", "EvaluationCriteria", "ThresholdMetricId"):
        composed = alarm.at(key)
        if composed is not None:
            remedy = "Replace it by an alarm on one metric."
            raise composed.wrong("expressions of several metrics are not imported", remedy)
    meaning = table.meaning(alarm.need("MetricName").text(), alarm.need("AlarmName").text())
    data: dict[str, Any] = {
        "metric": _metric(alarm, findings) if meaning is None else "",
        "statistic": _statistic(alarm),
        "of": _whose(alarm, findings),
        "period": f"{alarm.need('Period').whole(1, 86_400)}s",
        "evaluation_periods": alarm.need("EvaluationPeriods").whole(1, _MOST_PERIODS),
        "threshold": alarm.need("Threshold").number(),
        "comparison": _one_of(alarm.need("ComparisonOperator"), _COMPARISONS),
    }
    to_alarm, missing = alarm.at("DatapointsToAlarm"), alarm.at("TreatMissingData")
    if to_alarm is not None:
        data["datapoints_to_alarm"] = to_alarm.whole(1, _MOST_PERIODS)
    if missing is not None:
        data["treat_missing_data"] = _one_of(missing, _TREATMENTS)
    if meaning is not None:
        data |= _meant(alarm, meaning, data)
    try:
        translated = Alarm.model_validate(data)
    except ValidationError as error:
        rule, _, remedy = error.errors()[0]["msg"].removeprefix("Value error, ").partition("; ")
        raise alarm.wrong(rule, f"{remedy[:1].upper()}{remedy[1:]}.") from None
    _remark(alarm, translated, findings)
    return data


def _meant(alarm: LocatedValue, meaning: MetricMeaning, data: Mapping[str, Any]) -> dict[str, Any]:
    """Metric, statistic, threshold and comparison of what the table says that an alarm watches."""
    if meaning.metric not in _MEANT:
        remedy = f"Map it to one of {', '.join(_MEANT)}."
        raise alarm.wrong(f"no alarm watches {meaning.metric}", remedy)
    useless = meaning.model_fields_set - {"metric", "scale", "latency_unit"}
    if useless:
        rule = f"the table gives {listed(sorted(useless))}, which has no use here"
        raise alarm.wrong(rule, "Remove it from the --map file.")
    metric, statistic = _MEANT[meaning.metric]
    threshold, comparison = data["threshold"] / meaning.factor, data["comparison"]
    if meaning.metric == "success_rate_of_requests":  # few successes are many errors
        threshold = round(1.0 - threshold, 12)
        other = {"Greater": "Less", "Less": "Greater"}[comparison[: comparison.index("Than")]]
        comparison = re.sub("^(Greater|Less)", other, comparison)
    if metric == "ModelLatency":
        threshold *= _US_PER_MS
    found = {"metric": metric, "statistic": statistic}
    return found | {"threshold": threshold, "comparison": comparison}


def _metric(alarm: LocatedValue, findings: Findings) -> str:
    namespace, name = alarm.need("Namespace"), alarm.need("MetricName")
    if namespace.text() != "AWS/SageMaker":
        name_text = name.text()
        bound = alarm.need("Threshold").number()
        rises = alarm.need("ComparisonOperator").text().startswith("Greater")
        entry = suggested_entry(name_text, "", *((None, bound) if rises else (bound, None)))
        remedy = (
            f"Alarms here watch AWS/SageMaker: {', '.join(_METRICS)}; or say what it is in a file "
            f"for --map: `metrics: {{{entry}}}`."
        )
        raise namespace.wrong("simab has no metrics of this namespace", remedy)
    if name.text() not in _METRICS:
        remedy = remedy_for_name(name.text(), _METRICS, "Metrics")
        raise name.wrong("simab has no such metric", remedy)
    if name.text() == "InvocationModelErrors":
        findings.ignore(name, "4XX of the model are not simulated: read as Invocation5XXErrors")
    return _METRICS[name.text()]


def _statistic(alarm: LocatedValue) -> str:
    plain, extended = alarm.at("Statistic"), alarm.at("ExtendedStatistic")
    if plain is None and extended is None:
        return alarm.need("Statistic").text()
    return (plain or extended or alarm).text()


def _whose(alarm: LocatedValue, findings: Findings) -> str:
    """Which fleet the dimensions select: only an EndpointConfigName distinguishes the two."""
    dimensions = alarm.need("Dimensions")
    names = {each.need("Name").text() for each in dimensions.listed()}
    if "VariantName" not in names:
        remedy = "Add the dimensions EndpointName and VariantName."
        raise dimensions.wrong("no metric has these dimensions", remedy)
    if "EndpointConfigName" in names:
        return "candidate"
    reason = "without EndpointConfigName the alarm sees both fleets mixed"
    findings.ignore(dimensions, reason)
    return "both"


def _remark(alarm: LocatedValue, translated: Alarm, findings: Findings) -> None:
    share = translated.metric == "Invocation5XXErrors" and translated.statistic == "Average"
    if share and translated.comparison.startswith("Greater") and translated.threshold >= 1:
        reason = "the average of 0 and 1 is a share: this asks for 100 % errors, and not for 1 %"
        findings.ignore(alarm.need("Threshold"), reason)
    enabled = alarm.at("ActionsEnabled")
    if enabled is not None and enabled.value is False:
        findings.ignore(enabled, "a deployment looks at the state, so the alarm counts anyway")


def _one_of(located: LocatedValue, allowed: tuple[str, ...]) -> str:
    text = located.text()
    if text not in allowed:
        raise located.wrong("is not imported", remedy_for_name(text, allowed))
    return text
