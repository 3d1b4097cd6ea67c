"""Kayenta's files as policies: what is read, noted and refused, and how the analyses then go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from simab.errors import InvalidFiles, InvalidInput
from simab.interop.importing import Imported, plain_policy
from simab.interop.kayenta import imported
from simab.policies import Promote, RollBack
from simab.policies.kayenta.canary import KayentaCanary
from simab.run.simulation import simulate
from simab.scenario import Scenario, load
from tests.interop.played import SHIPPED, decisions, played
from tests.interop.scripted_tables import HEALTHY, assert_golden, kayenta_table, serving

FILES = Path(__file__).parent / "files" / "kayenta"
OWN = [FILES / "config.json", FILES / "request.json"]
REAL = "kayenta/prometheus_canary_config.json"
SLOWER = serving(slower=1.5)
CRASHING = serving(lambda window: 2 + window % 3)


def own() -> KayentaCanary:
    policy = imported(OWN, FILES / "table.yaml").policy
    assert isinstance(policy, KayentaCanary)
    return policy


def test_a_configuration_and_its_request_become_a_policy() -> None:
    """Metrics as the table says, thresholds and times from the request."""
    assert own() == KayentaCanary.model_validate(
        {
            "metrics": [
                {
                    "name": "latency",
                    "measures": "latency_mean",
                    "scale": 0.001,
                    "groups": ["speed"],
                    "analysis": {
                        "direction": "increase",
                        "must_have_data": True,
                        "outliers": "remove",
                        "outlier_factor": 5,
                        "effect_size": {"allowed_increase": 1.1},
                    },
                },
                {
                    "name": "errors",
                    "measures": "errors",
                    "groups": ["faults"],
                    "analysis": {
                        "nan_strategy": "replace",
                        "critical": True,
                        "effect_size": {
                            "measure": "cles",
                            "allowed_increase": 0.6,
                            "critical_increase": 0.9,
                        },
                    },
                },
            ],
            "group_weights": {"speed": 40, "faults": 60},
            "pass_score": 90,
            "marginal_score": 50,
            "lifetime": "40min",
            "begin_after": "2min",
            "analysis_interval": "10min",
            "lookback": "10min",
        }
    )


def test_it_keeps_its_name_and_says_what_it_leaves_out() -> None:
    """A direction that is none, a muted metric, and the traffic, which Kayenta does not set."""
    found = imported(OWN, FILES / "table.yaml")
    assert found.name == "recommender"
    assert [(note.place.line, note.field) for note in found.notes] == [
        (25, "metrics[1].analysisConfigurations.canary.direction"),
        (32, "metrics[2]"),
        (2, "scopes"),
        (1, "share"),
    ]


def test_one_file_may_hold_both(tmp_path: Path) -> None:
    """As the endpoint for configurations that are not stored takes them."""
    config, request = (json.loads(file.read_text("utf-8")) for file in OWN)
    both = tmp_path / "both.json"
    both.write_text(json.dumps({"canaryConfig": config, "executionRequest": request}), "utf-8")
    assert imported([both], FILES / "table.yaml").policy == own()


def test_what_no_file_says_is_assumed_and_noted() -> None:
    """Thresholds of 95 and 75, one judgement after an hour."""
    found = imported(OWN[:1], FILES / "table.yaml")
    policy = found.policy
    assert isinstance(policy, KayentaCanary)
    assert (policy.pass_score, policy.marginal_score, policy.judgements) == (95, 75, 1)
    fields = {note.field for note in found.notes}
    assert {"thresholds", "lifetimeDurationMins", "share"} <= fields


def test_a_metric_that_the_table_does_not_name_is_refused() -> None:
    """All of them at once, with what to write."""
    with pytest.raises(InvalidFiles) as refused:
        imported(OWN)
    assert [problem.field for _, problem in refused.value.problems] == ["metrics[0]", "metrics[1]"]
    assert '`metrics: {"latency": {metric: latency_p99, latency_unit: s}}`' in str(refused.value)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"judge": {"name": "MeanInequality"}}, "judge.name = MeanInequality: is another judge"),
        ({"metrics": None}, "holds no canary configuration"),
        ({"classifier": {"groupWeights": {"speed": "much"}}}, "must be a number"),
        ({"classifier": {"scoreThresholds": {"pass": 90}}}, "marginal: required"),
        ({"classifier": {"scoreThresholds": {"pass": 5, "marginal": 9}}}, "above pass_score"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    """At its place."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(OWN[0].read_text("utf-8")) | change), "utf-8")
    with pytest.raises(InvalidInput, match=rule):
        imported([file], FILES / "table.yaml")


def test_two_configurations_are_refused() -> None:
    """Which of them?"""
    with pytest.raises(InvalidInput, match="second one"):
        imported([OWN[0], OWN[0]])


def test_its_analyses_go_as_written_down() -> None:
    """An equal candidate, one slower by half, and one that fails, which is critical."""
    assert_golden("kayenta-own-healthy", kayenta_table(own(), HEALTHY, 48))
    assert_golden("kayenta-own-slower", kayenta_table(own(), SLOWER, 48))
    assert_golden("kayenta-own-broken", kayenta_table(own(), CRASHING, 48))


def test_a_real_configuration_goes_as_written_down(shared: Path, tmp_path: Path) -> None:
    """One metric, whose query is taken for the mean latency; its judge has its former name."""
    table = tmp_path / "table.yaml"
    table.write_text("metrics: {node_cpu: {metric: latency_mean}}\n", "utf-8")
    found = imported([shared / "configs" / REAL], table)
    policy = found.policy
    assert isinstance(policy, KayentaCanary)
    assert policy.group_weights == {"system": 100}
    assert "is the former name" in found.notes[0].reason
    assert_golden("kayenta-prometheus-healthy", kayenta_table(policy, HEALTHY, 64))
    assert_golden("kayenta-prometheus-broken", kayenta_table(policy, SLOWER, 64))


MUTED = """\
{"name": "c", "metrics": [
   {"name": "errors", "groups": ["faults"], "query": {"metricName": "e"}},
   {"name": "threads", "groups": ["pods"], "query": {"metricName": "t"},
    "analysisConfigurations": {"canary": {"muted": true}}}],
 "classifier": {"groupWeights": {"faults": 60, "pods": 40}}}
{"thresholds": {"pass": 95, "marginal": 50}, "lifetimeDurationMins": 10}
"""


def _muted(folder: Path, written: str = MUTED) -> Imported:
    files = [folder / "config.json", folder / "request.json"]
    for file, text in zip(files, written.rsplit("\n{", 1), strict=True):
        file.write_text(text if text.startswith("{") else "{" + text, "utf-8")
    table = folder / "map.yaml"
    table.write_text("metrics: {errors: {metric: error_rate}}", "utf-8")
    return imported(files, table)


def test_a_metric_left_out_takes_no_weight_along(tmp_path: Path) -> None:
    """60 of 100 would be the best score, and 95 has to be reached: its group's 40 move over."""
    found = _muted(tmp_path)
    assert isinstance(found.policy, KayentaCanary)
    assert found.policy.group_weights == {"faults": pytest.approx(100.0)}
    assert found.policy.best_score == pytest.approx(100.0)
    assert any("take over its weight" in note.reason for note in found.notes)
    assert decisions(played(found.policy, weight=1.0)) == [(10, Promote)]


def test_a_canary_that_cannot_pass_is_refused() -> None:
    """Weights of groups without metrics are lost to the score."""
    metric = {"name": "errors", "measures": "error_rate", "groups": ["faults"]}
    fields = {"metrics": [metric], "lifetime": "10min"}
    weights = {"faults": 60, "pods": 40}
    with pytest.raises(ValidationError, match="no canary can pass"):
        KayentaCanary.model_validate(fields | {"group_weights": weights})
    passable = fields | {"group_weights": weights, "pass_score": 60, "marginal_score": 50}
    assert KayentaCanary.model_validate(passable).best_score == 60


def test_a_failed_canary_leaves_and_production_keeps_its_traffic(tmp_path: Path) -> None:
    """Production 8, baseline 1, canary 1: afterwards 8 to 1, not all to the baseline."""
    policy = _muted(tmp_path).policy
    data = load(SHIPPED / "minimal.yaml").model_dump(mode="json", exclude_none=True)
    variants = data["endpoint"]["variants"]
    variants["production"] = variants["current"] | {"weight": 8, "instances": 3}
    variants["current"] |= {"weight": 1}
    variants["new"] |= {"weight": 1, "error_rate": 0.5}
    run = simulate(
        Scenario.model_validate(
            data | {"horizon": "1h", "policies": {"imported": plain_policy(policy)}}
        ),
        seed=1,
    )
    (only,) = run.decision_log.decisions
    assert isinstance(only.action, RollBack)
    assert run.decision_log.splits[-1].weights == {"current": 1.0, "production": 8.0}


def test_a_group_without_metrics_in_the_file_keeps_its_weight(tmp_path: Path) -> None:
    """Kayenta lets it score nothing and weighs nothing anew: 50 is the best, and 95 has to be."""
    text = MUTED.replace('{"faults": 60, "pods": 40}', '{"faults": 50, "gone": 50}')
    with pytest.raises(InvalidFiles, match="groups with metrics weigh 50 of 100"):
        _muted(tmp_path, text)
