"""One vocabulary for --map: good requests in every tool, and suggestions that work pasted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simab.errors import InvalidFiles
from simab.interop.importing import Imported
from simab.interop.suggested_meaning import suggested_entry
from simab.interop.tools import import_policy
from simab.policies import Promote, RollBack
from tests.interop.played import decisions, played

FLAGGER = """\
kind: Canary
spec:
  analysis:
    interval: 1m
    threshold: 1
    stepWeight: 50
    metrics: [{name: good, templateRef: {name: any}, thresholdRange: RANGE}]
"""
ARGO = """\
kind: Rollout
spec:
  strategy:
    canary:
      trafficRouting: {nginx: {}}
      steps:
        - {setWeight: 50}
        - {pause: {duration: 5m}}
        - {analysis: {templates: [{templateName: t}]}}
---
kind: AnalysisTemplate
metadata: {name: t}
spec:
  metrics: [{name: good, provider: {prometheus: {query: q}}, CONDITION}]
"""
KAYENTA = {
    "metrics": [
        {
            "name": "good",
            "groups": ["g"],
            "analysisConfigurations": {"canary": {"direction": "decrease", "critical": True}},
        }
    ],
    "classifier": {"groupWeights": {"g": 100}},
}
REQUEST = {"lifetimeDurationMins": 20, "thresholds": {"pass": 95, "marginal": 75}}


def sagemaker(threshold: float, comparison: str = "LessThanThreshold") -> str:
    """A bare DeploymentConfig, and an alarm on a metric of the team's own."""
    config = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 30},
                "WaitIntervalInSeconds": 600,
            }
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]},
    }
    alarm = {
        "AlarmName": "a",
        "Namespace": "Ours",
        "MetricName": "good",
        "Dimensions": [
            {"Name": "VariantName", "Value": "v"},
            {"Name": "EndpointConfigName", "Value": "c"},
        ],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 3,
        "TreatMissingData": "notBreaching",
        "Threshold": threshold,
        "ComparisonOperator": comparison,
    }
    return f"{json.dumps(config)}\n---\n{json.dumps(alarm)}\n"


CASES = {
    "flagger-percent": ("flagger", FLAGGER.replace("RANGE", "{min: 99}")),
    "flagger-share": ("flagger", FLAGGER.replace("RANGE", "{min: 0.99}")),
    "flagger-errors": ("flagger", FLAGGER.replace("RANGE", "{max: 1}")),
    "flagger-error-share": ("flagger", FLAGGER.replace("RANGE", "{max: 0.01}")),
    "argo-share": ("argo", ARGO.replace("CONDITION", "successCondition: 'result[0] >= 0.95'")),
    "argo-percent": ("argo", ARGO.replace("CONDITION", "successCondition: 'result[0] > 95'")),
    "argo-failure": ("argo", ARGO.replace("CONDITION", "failureCondition: 'result[0] < 0.95'")),
    "argo-errors": ("argo", ARGO.replace("CONDITION", "failureCondition: 'result[0] >= 0.05'")),
    "kayenta": ("kayenta", f"{json.dumps(KAYENTA)}\n---\n{json.dumps(REQUEST)}\n"),
    "sagemaker-share": ("sagemaker", sagemaker(0.95)),
    "sagemaker-percent": ("sagemaker", sagemaker(95)),
    "sagemaker-errors": ("sagemaker", sagemaker(5, "GreaterThanThreshold")),
}


def imported(folder: Path, tool: str, text: str, table: str = "") -> Imported:
    file, map_file = folder / "it.yaml", folder / "map.yaml"
    file.write_text(text, "utf-8")
    map_file.write_text(table, "utf-8")
    return import_policy(tool, [file], map_file if table else None)


def suggestion(folder: Path, tool: str, text: str) -> str:
    """What the message about a metric without meaning says to write."""
    with pytest.raises(InvalidFiles) as refused:
        imported(folder, tool, text)
    found = re.search(r"`(metrics: \{.*\})`", str(refused.value))
    assert found is not None, str(refused.value)
    return found.group(1)


@pytest.mark.parametrize("case", CASES)
def test_a_suggestion_works_when_pasted_and_means_what_the_file_meant(
    case: str, tmp_path: Path
) -> None:
    """A candidate without errors is promoted, one with 30 % is rolled back, in each unit."""
    tool, text = CASES[case]
    policy = imported(tmp_path, tool, text, suggestion(tmp_path, tool, text)).policy
    weight = 1.0 if tool == "kayenta" else 0.0
    endings = [
        [kind for _, kind in decisions(played(policy, weight=weight, error_rate=rate))]
        for rate in (0.0, 0.3)
    ]
    assert Promote in endings[0]
    assert RollBack not in endings[0]
    assert RollBack in endings[1]
    assert Promote not in endings[1]


@pytest.mark.parametrize("case", CASES)
def test_a_share_of_good_requests_is_known_to_every_tool(case: str, tmp_path: Path) -> None:
    """The same entry is read by all four."""
    tool, text = CASES[case]
    imported(tmp_path, tool, text, "metrics: {good: {metric: success_rate_of_requests}}")


@pytest.mark.parametrize("case", CASES)
def test_an_entry_that_matches_no_metric_is_an_error(case: str, tmp_path: Path) -> None:
    """With its place, and the metrics that there are."""
    tool, text = CASES[case]
    entries = "  good: {metric: error_rate}\n  goood: {metric: error_rate}\n"
    with pytest.raises(InvalidFiles) as refused:
        imported(tmp_path, tool, text, f"metrics:\n{entries}")
    ((_, problem),) = refused.value.problems
    assert (problem.field, problem.line, problem.rule) == (
        "metrics.goood",
        3,
        "matches no metric of the files",
    )
    assert "good" in problem.remedy


@pytest.mark.parametrize(
    ("case", "table", "words"),
    [
        ("flagger-share", "metrics: {good: {metric: error_rate, of: ratio}}", "of, which has no"),
        ("kayenta", "metrics: {good: {metric: error_rate, window: 5m}}", "window, which has no"),
        ("kayenta", "metrics: {good: {metric: accuracy}}", "no value in each metric window"),
        ("argo-share", "metrics: {good: {metric: errors}}", "is not measured by Argo"),
        ("sagemaker-share", "metrics: {good: {metric: accuracy}}", "no alarm watches accuracy"),
        ("argo-share", "metrics: {good: {metric: error_rate}}\nupdate_times: [1m]", "no use for"),
        ("kayenta", "metrics: {good: {metric: error_rate}}\nmatched_share: 5%", "no use for"),
    ],
)
def test_what_a_tool_cannot_use_is_refused(
    case: str, table: str, words: str, tmp_path: Path
) -> None:
    """Never dropped in silence."""
    with pytest.raises(InvalidFiles, match=words):
        imported(tmp_path, *CASES[case], table)


@pytest.mark.parametrize(
    ("name", "text", "bounds", "meaning"),
    [
        ("p95", "", (None, 0.5), "latency_p95, latency_unit: ms"),
        ("p99", "", (None, 500.0), "latency_p99, latency_unit: ms"),
        ("slow", "histogram_quantile(0.5, sum(x))", (None, 2.0), "latency_p50, latency_unit: s"),
        ("avg_latency", "", (None, 300.0), "latency_mean, latency_unit: ms"),
        ("request-duration", "", (3.0, 500.0), "latency_p99, latency_unit: ms"),
        ("requests", "", (1000.0, None), "requests"),
        ("errors", "", (None, 150.0), "errors"),
        ("ok", "", (95.0, None), "success_rate_of_requests, scale: 100"),
        ("ok", "", (0.95, None), "success_rate_of_requests"),
        ("bad", "", (None, 5.0), "error_rate, scale: 100"),
    ],
)
def test_a_suggestion_means_what_name_query_and_limits_say(
    name: str, text: str, bounds: tuple[float | None, float | None], meaning: str
) -> None:
    """The percentile of the name, the unit of the limit; above 100 nothing is percent."""
    assert suggested_entry(name, text, *bounds) == f'"{name}": {{metric: {meaning}}}'
