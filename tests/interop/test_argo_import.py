"""Argo Rollouts: what is read, what is ignored and why, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simab.errors import InvalidInput
from simab.interop.argo import imported
from simab.interop.importing import InvalidFiles
from simab.policies.argo.rollouts import ArgoRollouts

FILES = Path(__file__).parent / "files"
ROLLOUT = (FILES / "argo.yaml").read_text(encoding="utf-8")


def argo(tmp_path: Path, text: str, table: Path | None = FILES / "argo.map.yaml") -> Any:
    path = tmp_path / "rollout.yaml"
    path.write_text(text, encoding="utf-8")
    # A table for metrics that the text does not have would be refused.
    return imported([path], table if "AnalysisTemplate" in text else None)


def test_a_rollout_and_its_templates_become_a_policy() -> None:
    """Steps, weights by replicas, arguments filled in, limits and conditions as they stand."""
    found = imported([FILES / "argo.yaml"], FILES / "argo.map.yaml")
    assert found.name == "recommender"
    policy = found.policy
    assert isinstance(policy, ArgoRollouts)
    assert (policy.replicas, policy.surge, policy.traffic_routing) == (10, False, False)
    weight, pause, half, minute, inline = policy.steps
    assert (weight.set_weight, half.set_weight) == (15, 50)
    assert pause.pause is not None
    assert pause.pause.duration == 90_000_000_000
    assert minute.pause is not None
    assert minute.pause.duration == 60_000_000_000
    assert inline.analysis is not None
    assert list(inline.analysis) == ["p99", "error-share"]
    assert inline.analysis["p99"].dry_run
    assert inline.analysis["p99"].consecutive_success_limit == 1
    share = inline.analysis["error-share"]
    assert (share.metric, share.of, share.window) == ("error_rate", "ratio", 300_000_000_000)
    assert (share.count, share.interval, share.initial_delay) == (3, 30_000_000_000, 10_000_000_000)
    assert (share.failure_limit, share.inconclusive_limit) == (1, 1)
    assert share.consecutive_error_limit == 2
    assert share.failure_condition == "result[0] > 0.02"


def test_a_background_analysis_keeps_its_step() -> None:
    """It starts at the third step of the file, which is the second that is kept."""
    policy = imported([FILES / "argo.yaml"], FILES / "argo.map.yaml").policy
    assert isinstance(policy, ArgoRollouts)
    assert policy.background is not None
    assert policy.background.starting_step == 1
    condition = policy.background.metrics["error-share"].failure_condition
    assert condition == "result[0] > 0.05"  # its own value of the argument


def test_what_is_ignored_is_told_with_its_reason() -> None:
    """Each with file, line, column and field; nothing is left out silently."""
    found = imported([FILES / "argo.yaml"], FILES / "argo.map.yaml")
    source = FILES / "argo.yaml"
    assert [note.render() for note in found.notes] == [
        f"{source}:20:23: spec.strategy.canary.maxUnavailable: "
        "is not carried over: instances are those of the scenario's variants.",
        f"{source}:30:11: spec.strategy.canary.steps[1].setHeaderRoute: "
        "requests have no headers here; the step is left out.",
        f"{source}:15:3: spec: selector describe pods, not the policy.",
        f"{source}:3:7: kind: Service recommender is not a policy.",
        f"{source}:42:47: spec.strategy.canary.steps[5].analysis.args[1].valueFrom."
        "podTemplateHashValue: is not carried over: it says whose requests a query reads; say it "
        "by `of` of the metric's entry in --map.",
        f"{source}:87:18: metadata.name: no analysis of the rollout names the template unused.",
    ]


def test_templates_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    """Several documents a file, several files, in any order: the same policy."""
    parts = ROLLOUT.split("---\n")
    files = []
    for number, part in enumerate(reversed(parts)):
        files.append(tmp_path / f"{number}.yaml")
        files[-1].write_text(f"---\n{part}---\n", encoding="utf-8")
    whole = imported([FILES / "argo.yaml"], FILES / "argo.map.yaml")
    assert imported(files, FILES / "argo.map.yaml").policy == whole.policy


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("setWeight: 15", "setWeight: 150", "28:20", "must be a whole number in its range"),
        ("setWeight: 15", 'setWeight: "{{ .Values.weight }}"', "28:20", "is a placeholder"),
        ("setWeight: 15", "setWeight: ${WEIGHT}", "28:20", "is a placeholder"),
        ("setWeight: 15", "setWeigth: 15", "28:9", "unknown step setWeigth. Did you mean setW"),
        ("setWeight: 15", "experiment: {duration: 5m}", "28:21", "experiment runs what simab"),
        ("duration: 1m30s", "duration: 90 seconds", "32:27", "must be a duration"),
        ("templateName: latency", "templateName: latencies", "37:27", "no file holds this templ"),
        ("- {name: limit, value: \"0.02\"}", "- {name: limits, value: 1}", "63:23", "placeholder"),
        ("count: \"{{args.measurements}}\"", "count: many", "58:12", "must be a whole number"),
        ("asFloat(result) < 0.25", "result.value <", "79:23", "it ends too early"),
        ("datadog:", "thanos:", "82:7", "unknown provider thanos"),
        ("datadog:", "kayenta:", "82:7", "the kayenta provider judges by itself"),
        ("    count: \"{{args.measurements}}\"\n", "", "35:9", "would never end"),
        ("failureLimit: 1", "failureLimit: 4", "56:5", "failure_limit 4 is more than count 3"),
        ("maxSurge: 0", "trafficRouting: {maxTrafficWeight: 0}", "19:42", "must be a whole number"),
        ("maxSurge: 0", "trafficRouting: {maxTrafficWeight: 9}", "28:20", "must be a whole number"),
        ("canary:", "blueGreen:", "28:7", "is a field of the canary strategy"),
        ("kind: Rollout", "kind: Deployment", "2:1", "no Rollout in"),
        ("interval: 30s", "interval: 30s\n    intervall: 1s", "58:16", "unknown field of a metric"),
        ("replicas: 10", "replicas: 0", "15:13", "must be a whole number"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_its_place(
    tmp_path: Path, old: str, new: str, place: str, message: str
) -> None:
    """File, line, column, field, value, rule and remedy."""
    assert old in ROLLOUT
    with pytest.raises(InvalidFiles) as refused:
        argo(tmp_path, ROLLOUT.replace(old, new))
    lines = str(refused.value).splitlines()
    assert any(f"rollout.yaml:{place}: " in line and message in line for line in lines), lines
    for _, problem in refused.value.problems:
        assert problem.remedy


def test_weights_finer_than_percents_are_read(tmp_path: Path) -> None:
    """Parts of maxTrafficWeight stay what they are."""
    text = ROLLOUT.replace("maxSurge: 0", "trafficRouting: {maxTrafficWeight: 1000}")
    policy = argo(tmp_path, text).policy
    assert isinstance(policy, ArgoRollouts)
    assert policy.max_traffic_weight == 1000
    assert policy.steps[0].set_weight == 15
    assert policy.traffic_routing


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """One run is enough to mend a file."""
    broken = ROLLOUT.replace("setWeight: 15", "setWeight: -1").replace("1m30s", "soon")
    with pytest.raises(InvalidFiles) as refused:
        argo(tmp_path, broken.replace("datadog", "thanos"))
    assert len(refused.value.problems) == 3


def test_queries_are_never_guessed_at(tmp_path: Path) -> None:
    """Without a table each metric is asked for, with what to write."""
    with pytest.raises(InvalidFiles) as refused:
        argo(tmp_path, ROLLOUT, table=None)
    message = str(refused.value)
    assert "what metric error-share measures (prometheus) is not known" in message
    assert '`metrics: {"p99": {metric: latency_p99, latency_unit: ms}}`' in message


def test_a_misspelt_name_in_the_table_is_recognised(tmp_path: Path) -> None:
    """The nearest name is asked about."""
    table = tmp_path / "map.yaml"
    table.write_text("metrics: {eror-share: {metric: error_rate}}", encoding="utf-8")
    with pytest.raises(InvalidFiles) as refused:
        argo(tmp_path, ROLLOUT, table=table)
    assert "Did you mean eror-share? Say it in a file" in str(refused.value)


def test_a_pause_without_an_end_is_told(tmp_path: Path) -> None:
    """It is kept as it is, but nobody resumes it by itself."""
    found = argo(tmp_path, ROLLOUT.replace("duration: 1m30s", ""))
    assert any(
        "until a person resumes it; give the policy a resume_after" in each.reason
        for each in found.notes
    )


def test_a_job_needs_a_condition(tmp_path: Path) -> None:
    """Its exit code is not known; the table says what stands for it."""
    job = ROLLOUT.replace("asFloat(result) < 0.25", "'true'").replace(
        "datadog:\n        query: p99:latency{app:recommender}", "job: {spec: {}}"
    )
    with pytest.raises(InvalidFiles, match="a job's verdict is its exit code"):
        argo(tmp_path, job)
    table = tmp_path / "map.yaml"
    text = (FILES / "argo.map.yaml").read_text(encoding="utf-8")
    condition = 'window: 2min, success_condition: "result[0] < 0.3"'
    table.write_text(text.replace("window: 2min", condition), encoding="utf-8")
    policy = argo(tmp_path, job, table).policy
    assert policy.steps[-1].analysis["p99"].success_condition == "result[0] < 0.3"


def test_a_table_is_checked_like_a_scenario(tmp_path: Path) -> None:
    """Unknown keys, values and units, each with its place."""
    table = tmp_path / "map.yaml"
    table.write_text("metrics:\n  p99: {metric: latency, windw: 5m}\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        argo(tmp_path, ROLLOUT, table)
    message = str(refused.value)
    assert f"{table}:2:17: metrics.p99.metric = latency: unknown value. Did you mean" in message
    assert f"{table}:2:26: metrics.p99.windw = 5m: unknown key. Did you mean window?" in message


def test_a_rollout_without_steps_moves_all_traffic_at_once(tmp_path: Path) -> None:
    """As the tool does; the note says so."""
    text = "kind: Rollout\nspec: {strategy: {canary: {}}}\n"
    found = argo(tmp_path, text)
    assert [step.set_weight for step in found.policy.steps] == [100]
    assert "no step is left" in found.notes[0].reason
    assert found.name == "argo"


def test_two_rollouts_are_one_too_many(tmp_path: Path) -> None:
    """Which of them is meant is not guessed."""
    with pytest.raises(InvalidFiles, match="is the second Rollout"):
        argo(tmp_path, f"{ROLLOUT}---\n{ROLLOUT}")


DRY = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: rate}
spec:
  metrics:
    - name: success-rate
      interval: 1m
      count: 5
      successCondition: result[0] >= 0.99
      provider: {prometheus: {query: success}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: dry}
spec:
  strategy:
    canary:
      trafficRouting: {nginx: {stableIngress: web}}
      steps:
        - setWeight: 20
        - analysis: {templates: [{templateName: rate}], FIELD: [{metricName: "NAME"}]}
"""


def dry(tmp_path: Path, name: str, field: str = "dryRun") -> Any:
    table = tmp_path / "map.yaml"
    table.write_text("metrics: {success-rate: {metric: success_rate_of_requests}}")
    text = DRY.replace("NAME", name).replace("FIELD", field)
    policy = argo(tmp_path, text, table).policy
    return policy.steps[-1].analysis["success-rate"].dry_run


@pytest.mark.parametrize("name", ["success.*", "rate", "^success-rate$", ".*", "s{2}"])
def test_a_dry_run_names_metrics_by_a_regular_expression(tmp_path: Path, name: str) -> None:
    """It may match anywhere in the name, as in the source (MatchString)."""
    assert dry(tmp_path, name)
    assert not dry(tmp_path, name, "measurementRetention")  # which has no effect on the verdict


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("failure.*", "matches no metric"),
        ("^rate", "matches no metric"),
        ("*", "is not a regular expression"),
        ("(?!x)success", "is not a regular expression of Go"),
    ],
)
@pytest.mark.parametrize("field", ["dryRun", "measurementRetention"])
def test_a_rule_that_matches_no_metric_is_refused(
    tmp_path: Path, name: str, rule: str, field: str
) -> None:
    """In the source such a rule makes the analysis run an Error before it measures anything."""
    with pytest.raises(InvalidFiles, match=rule):
        dry(tmp_path, name, field)


def test_matching_has_a_bound(tmp_path: Path) -> None:
    """Many metrics and many rules are refused once, and no expression hangs."""
    table = tmp_path / "map.yaml"
    table.write_text("metrics: {success: {metric: success_rate_of_requests}}")
    rules = ", ".join(["{metricName: '.*.*.*x?'}"] * 200)
    metrics = "".join(
        f"    - {{name: m{number:04d}, provider: {{prometheus: {{query: success}}}}}}\n"
        for number in range(400)
    )
    text = DRY.replace('{metricName: "NAME"}', rules).replace("FIELD", "dryRun")
    text = text.replace("  metrics:\n", f"  metrics:\n{metrics}").replace("success-rate", "success")
    with pytest.raises(InvalidFiles, match="too much to match") as refused:
        argo(tmp_path, text, table)
    assert len(refused.value.problems) == 1
    with pytest.raises(InvalidFiles, match="matches no metric"):
        dry(tmp_path, "(s+)+$" + "s?" * 40)


def surged(tmp_path: Path, fields: str) -> bool:
    text = f"""\
kind: Rollout
metadata: {{name: surge}}
spec: {{replicas: 10, strategy: {{canary: {{{fields}, steps: [{{setWeight: 95}}]}}}}}}
"""
    policy = argo(tmp_path, text).policy
    assert isinstance(policy, ArgoRollouts)
    return policy.surge


def test_surge_is_a_count_or_a_percentage(tmp_path: Path) -> None:
    """Any above 0 lets one replica more run; both limits at 0 are refused, as by the tool."""
    assert surged(tmp_path, "maxSurge: 1")
    assert surged(tmp_path, 'maxSurge: "25%"')
    assert not surged(tmp_path, "maxSurge: 0")
    assert not surged(tmp_path, 'maxSurge: "0%", maxUnavailable: "1%"')
    with pytest.raises(InvalidFiles, match="cannot both be 0"):
        surged(tmp_path, 'maxSurge: "0%", maxUnavailable: 0')
    with pytest.raises(InvalidFiles, match="whole number or a percentage"):
        surged(tmp_path, "maxSurge: some")


def test_scale_and_routes_may_stand_beside_another_step(tmp_path: Path) -> None:
    """The tool refuses only two of setWeight, pause, experiment and analysis in one step."""
    text = """\
kind: Rollout
metadata: {name: routes}
spec:
  strategy:
    canary:
      trafficRouting: {istio: {}}
      steps:
        - {setCanaryScale: {replicas: 2}, setHeaderRoute: {name: internal}}
        - {setWeight: 20, setCanaryScale: {matchTrafficWeight: true}}
        - {pause: {duration: 5m}, setMirrorRoute: {name: copy}}
"""
    found = argo(tmp_path, text)
    weight, pause = found.policy.steps
    assert (weight.set_weight, pause.pause.duration) == (20, 300_000_000_000)
    assert [note.field.rpartition(".")[2] for note in found.notes] == [
        "setCanaryScale",
        "setHeaderRoute",
        "setCanaryScale",
        "setMirrorRoute",
    ]
    two = text.replace("setCanaryScale: {matchTrafficWeight: true}", "pause: {}")
    for refused in (two, text.replace("{setWeight: 20, setCanaryScale", "{setCanaryscale")):
        with pytest.raises(InvalidFiles, match=r"does one thing|unknown step"):
            argo(tmp_path, refused)


BLUE_GREEN = (
    DRY[: DRY.index("---")]
    + """\
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: switch}
spec:
  replicas: 4
  strategy:
    blueGreen:
      activeService: active
      previewService: preview
      FIELDS
"""
)


def blue_green(tmp_path: Path, fields: str) -> Any:
    table = tmp_path / "map.yaml"
    table.write_text("metrics: {success-rate: {metric: success_rate_of_requests}}")
    return argo(tmp_path, BLUE_GREEN.replace("FIELDS", fields), table)


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ("", ["100"]),
        ("autoPromotionEnabled: true", ["100"]),
        ("autoPromotionEnabled: false", ["pause None", "100"]),
        ("autoPromotionSeconds: 90", ["pause 90000000000", "100"]),
        ("{autoPromotionEnabled: false, autoPromotionSeconds: 90}", ["pause 90000000000", "100"]),
        ("autoPromotionSeconds: 0", ["100"]),
        ("prePromotionAnalysis: {templates: [{templateName: rate}]}", ["success-rate", "100"]),
        ("postPromotionAnalysis: {templates: [{templateName: rate}]}", ["100", "success-rate"]),
    ],
)
def test_blue_green_moves_all_traffic_at_once(
    tmp_path: Path, fields: str, kinds: list[str]
) -> None:
    """Analysis without traffic, the pause, all traffic, analysis with it: in the tool's order."""
    lines = fields.strip("{}").replace(", auto", "\n      auto") if "{auto" in fields else fields
    policy = blue_green(tmp_path, lines).policy
    assert isinstance(policy, ArgoRollouts)
    assert policy.traffic_routing
    shown = []
    for step in policy.steps:
        if step.pause is not None:
            shown.append(f"pause {step.pause.duration}")
        shown += [str(step.set_weight)] if step.set_weight is not None else [*(step.analysis or ())]
    assert shown == kinds


def test_what_blue_green_leaves_out_is_told_with_its_effect(tmp_path: Path) -> None:
    """Each field by name; wrong values are refused at their place."""
    found = blue_green(tmp_path, "previewReplicaCount: 1\n      scaleDownDelaySeconds: 600")
    told = {note.field.rpartition(".")[2]: note.reason for note in found.notes}
    assert {"activeService", "previewService", "previewReplicaCount"} <= set(told)
    assert "stays deployed without traffic" in told["scaleDownDelaySeconds"]
    for wrong in ('autoPromotionEnabled: "no"', "autoPromotionSeconds: soon", "steps: []"):
        with pytest.raises(InvalidFiles):
            blue_green(tmp_path, wrong)
    with pytest.raises(InvalidFiles, match="two strategies"):
        argo(tmp_path, BLUE_GREEN.replace("FIELDS", "") + "    canary: {}\n")


def test_known_keys_that_change_nothing_here_are_not_called_unknown(tmp_path: Path) -> None:
    """MaxSurge beside a router, and an analysis that would start after the last step."""
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: x}
spec:
  strategy:
    canary:
      maxSurge: 1
      trafficRouting: {nginx: {stableIngress: a}}
      analysis:
        startingStep: 7
        templates: [{templateName: ok}]
        args: [{name: service, value: b}]
      steps: [{setWeight: 20}, {pause: {duration: 5m}}]
"""
    notes = {note.field: note.reason for note in argo(tmp_path, text, None).notes}
    assert "instances are those of the scenario" in notes["spec.strategy.canary.maxSurge"]
    assert "after the last step" in notes["spec.strategy.canary.analysis"]
    assert not [reason for reason in notes.values() if "not known" in reason]
