"""Nothing is dropped in silence: whatever key is added to a file is read or named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from simab.documents.writing import yaml_text
from simab.errors import InvalidFiles
from simab.interop.importing import Imported
from simab.interop.tools import import_policy
from tests.effort import examples

FILES = Path(__file__).parent / "files"
TOOLS: dict[str, tuple[list[str], str | None]] = {
    "argo": (["argo.yaml"], "argo.map.yaml"),
    "flagger": (["flagger/canary.yaml"], "flagger/table.yaml"),
    "kayenta": (["kayenta/config.json", "kayenta/request.json"], "kayenta/table.yaml"),
    "sagemaker": (["canary.json", "alarms.json"], None),
}
# Below these keys a file may hold anything: they are named as a whole, or hold free names.
OF_NO_BEARING = {
    "Dimensions", "ProductionVariants", "alerts", "headers", "judgeConfigurations", "match",
    "metadata", "query", "scopes", "selector", "setHeaderRoute", "targetRef", "webhooks",
    "groupWeights",
}  # fmt: skip


def documents(tool: str) -> list[Any]:
    files = TOOLS[tool][0]
    texts = [(FILES / file).read_text("utf-8") for file in files]
    return [each for text in texts for each in YAML(typ="safe", pure=True).load_all(text)]


def read(tool: str, data: list[Any], folder: Path) -> Imported:
    file = folder / "mutated.yaml"
    file.write_text("---\n".join(yaml_text(each) for each in data), "utf-8")
    table = TOOLS[tool][1]
    return import_policy(tool, [file], None if table is None else FILES / table)


def mappings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all mappings that an importer may look into."""
    if isinstance(value, dict):
        yield path
        for key, each in value.items():
            if key not in OF_NO_BEARING:
                yield from mappings(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from mappings(each, (*path, number))


def named(tool: str, data: list[Any], key: str, folder: Path) -> bool:
    """Whether a note or a refusal says the key."""
    try:
        notes = read(tool, data, folder).notes
    except InvalidFiles as refused:
        return key in str(refused)
    return any(key in f"{note.field} {note.reason}" for note in notes)


@pytest.mark.parametrize("tool", TOOLS)
@settings(examples(1 / 3), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_a_key_added_anywhere_is_named(tool: str, draw: st.DataObject, tmp_path: Path) -> None:
    """A key that no tool has, at any depth, with a value of any kind."""
    data = documents(tool)
    paths = [path for path in mappings(data) if path and "muted" not in str(_at(data, path))]
    path = draw.draw(st.sampled_from(paths))
    value = draw.draw(st.sampled_from([1, "x", True, [1], {"a": 1}, [{"a": 1}]]))
    _at(data, path)["newKnob"] = value
    if _unused(tool, data, path):
        return
    assert named(tool, data, "newKnob", tmp_path), path


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def _unused(tool: str, data: list[Any], path: tuple[Any, ...]) -> bool:
    """Documents of other kinds, and templates that nothing uses, are named as a whole."""
    document = data[path[0]]
    whole = document.get("kind") not in ("Rollout", "AnalysisTemplate")
    unused = document.get("metadata", {}).get("name") == "unused"
    return tool == "argo" and (whole or unused)


@pytest.mark.parametrize(
    ("tool", "place", "key", "value", "words"),
    [
        ("flagger", (0, "spec"), "service", {"retries": {"attempts": 3}}, "tried again"),
        ("flagger", (0, "spec"), "service", {"timeout": "5s"}, "long requests fail"),
        ("flagger", (0, "spec"), "suspend", True, "does nothing"),
        ("flagger", (0, "spec"), "autoscalerRef", {"name": "a"}, "as the variant's autoscaling"),
        ("kayenta", (1,), "scopes", [{"controlScope": "a"}], "window by window"),
        ("argo", (1, "spec"), "paused", True, "does not move"),
        ("sagemaker", (0,), "ShadowProductionVariants", [{"VariantName": "s"}], "gets copies"),
    ],
)
def test_what_would_change_a_decision_is_named_with_its_effect(
    tool: str, place: tuple[Any, ...], key: str, value: Any, words: str, tmp_path: Path
) -> None:
    """Keys that the tools have and the policies do not."""
    data = documents(tool)
    if tool == "argo":
        place = (next(n for n, each in enumerate(data) if each.get("kind") == "Rollout"), "spec")
    _at(data, place)[key] = value
    notes = read(tool, data, tmp_path).notes
    assert any(words in note.reason and key in note.field for note in notes), notes


def test_every_hook_that_asks_is_named_with_its_effect(tmp_path: Path) -> None:
    """A gate that says no would hold the canary, whatever the metrics say."""
    data = documents("flagger")
    kinds = ["confirm-rollout", "confirm-traffic-increase", "confirm-promotion", "rollback", "odd"]
    data[0]["spec"]["analysis"]["webhooks"] = [
        {"name": kind, "type": kind, "url": "http://x/"} for kind in kinds
    ]
    notes = [note for note in read("flagger", data, tmp_path).notes if "webhooks" in note.field]
    assert len(notes) == len(kinds)
    assert "does not call" in notes[-1].reason


ANALYSED = """\
kind: Rollout
metadata: {name: rich}
spec:
  replicas: 3
  analysis: {successfulRunHistoryLimit: 3}
  strategy: STRATEGY
---
kind: AnalysisTemplate
metadata: {name: t}
spec:
  args: [{name: a, value: "3"}]
  dryRun: [{metricName: m}]
  measurementRetention: [{metricName: m, limit: 2}]
  metrics:
    - name: m
      interval: 30s
      count: 3
      successCondition: result[0] <= 0.01
      provider: {prometheus: {address: x, query: success}}
"""
OF_AN_ANALYSIS = (
    'templates: [{templateName: t, clusterScope: true}], args: [{name: a, value: "1"}], '
    "dryRun: [{metricName: m.*}], measurementRetention: [{metricName: m, limit: 3}]"
)
CANARY = (
    "{canary: {trafficRouting: {nginx: {stableIngress: web}, managedRoutes: [{name: x}]}, "
    f"analysis: {{{OF_AN_ANALYSIS}}}, "
    "steps: [{setWeight: 15}, {pause: {duration: 1m}}, "
    f"{{analysis: {{{OF_AN_ANALYSIS}}}}}]}}}}"
)
BLUE_GREEN = (
    f"{{blueGreen: {{prePromotionAnalysis: {{{OF_AN_ANALYSIS}}}, "
    f"postPromotionAnalysis: {{{OF_AN_ANALYSIS}}}}}}}"
)


def rich(strategy: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(ANALYSED.replace("STRATEGY", strategy)))


def rich_notes(data: list[Any], folder: Path) -> list[str]:
    (folder / "map.yaml").write_text("metrics: {m: {metric: success_rate_of_requests}}", "utf-8")
    (folder / "rich.yaml").write_text("---\n".join(yaml_text(each) for each in data), "utf-8")
    try:
        found = import_policy("argo", [folder / "rich.yaml"], folder / "map.yaml")
    except InvalidFiles as refused:
        return [str(refused)]
    return [f"{note.field} {note.reason}" for note in found.notes]


@pytest.mark.parametrize("strategy", [CANARY, BLUE_GREEN])
def test_a_key_within_any_part_of_an_analysis_is_named(strategy: str, tmp_path: Path) -> None:
    """Analyses of a rollout, their templates, rules of metric names, providers and routers."""
    for path in mappings(rich(strategy)):
        if path and "metadata" not in path:
            data = rich(strategy)
            _at(data, path)["newKnob"] = 1
            assert any("newKnob" in note for note in rich_notes(data, tmp_path)), path
    for path in (
        (1, "spec", "metrics", 0, "provider"),
        (1, "spec", "metrics", 0, "provider", "prometheus"),
    ):
        data = rich(strategy)
        _at(data, path)["newKnob"] = 1
        assert any("newKnob" in note for note in rich_notes(data, tmp_path)), path


def test_each_note_is_given_once(tmp_path: Path) -> None:
    """Also of a template that several analyses name."""
    notes = rich_notes(rich(CANARY), tmp_path)
    assert len(notes) == len(set(notes))


@pytest.mark.parametrize(
    ("place", "key", "value", "words"),
    [
        (
            (0, "spec", "strategy", "canary", "trafficRouting"),
            "alb",
            {"stickinessConfig": {"enabled": True}},
            "sticky_hash",
        ),
        (
            (1, "spec", "metrics", 0, "provider", "prometheus"),
            "rangeQuery",
            {"step": "1m"},
            "--map",
        ),
        ((0, "spec"), "replicas", 5, "does not bear on the weights"),
    ],
)
def test_what_argo_does_besides_is_named_with_its_effect(
    place: tuple[Any, ...], key: str, value: Any, words: str, tmp_path: Path
) -> None:
    """Stickiness of a router, spans of a query, replicas beside a router."""
    data = rich(CANARY)
    _at(data, place)[key] = value
    assert any(key in note and words in note for note in rich_notes(data, tmp_path))


PROMETHEUS = ("spec", "metrics", 0, "provider", "prometheus")
CREDENTIALS = {
    "sigv4": {"region": "eu-west-1", "roleArn": "arn:aws:iam::1:role/reader", "newKnob": 1},
    "oauth2": {"tokenUrl": "https://tokens", "scopes": ["read"]},
}


def template_notes(keys: dict[str, Any], folder: Path) -> dict[str, str]:
    """What is said of keys below the provider of a template in use, by the end of its field."""
    data = documents("argo")
    template = next(
        each
        for each in data
        if each.get("kind") == "AnalysisTemplate" and each["metadata"]["name"] != "unused"
    )
    _at(template, PROMETHEUS).update(keys)
    template["spec"].setdefault("args", []).append(
        {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "newKnob": 1}}}
    )
    return {
        note.field.partition("prometheus.")[2] or note.field.partition("valueFrom.")[2]: note.reason
        for note in read("argo", data, folder).notes
    }


def test_each_key_of_a_query_that_may_fail_is_named_with_its_effect(tmp_path: Path) -> None:
    """A refused or slow query is an Error measurement there; keys that Argo lacks are unknown."""
    notes = template_notes({"authentication": CREDENTIALS, "timeout": 5}, tmp_path)
    for key in ("sigv4.region", "sigv4.roleArn", "oauth2.tokenUrl", "oauth2.scopes"):
        assert "Error measurement" in notes[f"authentication.{key}"]
    assert "Error measurement" in notes["timeout"]
    assert "not known" in notes["authentication.sigv4.newKnob"]
    for key in ("name", "key"):
        assert "only the cluster knows it" in notes[f"secretKeyRef.{key}"]
    assert "not known" in notes["secretKeyRef.newKnob"]


def test_each_key_of_a_router_plugin_is_named(tmp_path: Path) -> None:
    """A plugin may split by other rules than the weights, whatever its keys are called."""
    data = documents("argo")
    rollout = next(each for each in data if each.get("kind") == "Rollout")
    plugin = {"httpRoutes": [{"name": "main", "useHeaderRoutes": True}], "namespace": "models"}
    rollout["spec"]["strategy"]["canary"]["trafficRouting"] = {
        "plugins": {"argoproj-labs/gatewayAPI": plugin}
    }
    named = {
        note.field.rpartition(".")[2]
        for note in read("argo", data, tmp_path).notes
        if "plugin decides" in note.reason
    }
    assert named == {"name", "useHeaderRoutes", "namespace"}
