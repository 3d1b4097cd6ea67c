"""Kayenta's canary configuration, with or without its execution request, as a policy.

The configuration holds metrics and weights; thresholds and times stand in the request that runs it,
alone or together with the configuration (`canaryConfig`, `executionRequest`). What neither says is
assumed, and the assumption noted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

from simab.documents.located import LocatedValue, Place
from simab.errors import InvalidInput
from simab.interop.documents import read_documents
from simab.interop.importing import Findings, Imported, Note, built
from simab.interop.tables import MetricMap, TableSource, read_table
from simab.interop.unread import SILENT, Declared, name_unread
from simab.policies.kayenta.canary import KayentaCanary
from simab.policies.window_series import WindowMetric

__all__ = ["holds_policy", "imported", "recognises"]

_JUDGE: Final = "NetflixACAJudge-v1.0"
_FORMER_JUDGE: Final = "dredd-v1.0"
_ASSUMED_LIFETIME: Final = "60min"
_MINUTES: Final = {
    "lifetimeDurationMins": "lifetime",
    "beginAfterMins": "begin_after",
    "analysisIntervalMins": "analysis_interval",
    "lookbackMins": "lookback",
}
_OF_WINDOWS: Final = tuple(name for each in get_args(WindowMetric) for name in get_args(each))
_LONGEST_MINUTES: Final = 366 * 24 * 60


_CONFIG_KEYS: Final[Declared] = {
    **dict.fromkeys(
        (
            "id",
            "name",
            "description",
            "configVersion",
            "createdTimestamp",
            "updatedTimestamp",
            "createdTimestampIso",
            "updatedTimestampIso",
            "applications",
            "templates",
            "judge.judgeConfigurations",
            "metrics.query",
        ),
        SILENT,
    ),
    "classifier.scoreThresholds": "gives way to the thresholds of the request",
    "metrics.scopeName": "is not carried over: here candidate is compared with control",
}
_REQUEST_KEYS: Final[Declared] = {
    "scopes": "are not carried over: here candidate is compared with control, window by window",
    "siteLocal": SILENT,
    "metadata": SILENT,
}


def recognises(document: LocatedValue) -> bool:
    """Whether a document is of this tool: a configuration, or the request that runs one."""
    keys = set(document.value) if isinstance(document.value, dict) else set()
    return holds_policy(document) or {"scopes", "thresholds"} <= keys or "executionRequest" in keys


def holds_policy(document: LocatedValue) -> bool:
    """Whether a document is a policy, and not something that one refers to."""
    keys = set(document.value) if isinstance(document.value, dict) else set()
    return "canaryConfig" in keys or ("metrics" in keys and bool({"judge", "classifier"} & keys))


def imported(files: Sequence[Path], table: TableSource = None) -> Imported:
    """The policy of a canary configuration; `table` says what its metrics read.

    Raises:
        InvalidFiles: with every problem found, each with its file, line and column.
    """
    documents = [document for file in files for document in read_documents(file)]
    config, request = _parts(documents)
    findings, readings = Findings(), read_table(table)
    data: dict[str, Any] = {}
    origins: dict[Any, LocatedValue] = {(): config}
    with findings.gathering():
        _check_judge(config, findings)
    with findings.gathering():
        data["metrics"] = _metrics(config.need("metrics"), readings, findings, origins)
    with findings.gathering():
        data |= _classifier(config, request, findings)
    with findings.gathering():
        data |= _times(config, request, findings)
    readings.require_used(findings)
    for document in documents:
        declared: dict[str, str] = {}
        for part, keys in ((config, _CONFIG_KEYS), (request, _REQUEST_KEYS)):
            if part is not None and part.asked is document.asked:
                declared |= _below(part, keys)
        name_unread(document, declared, findings)
    findings.require_none()
    _reweigh(config, data, findings)
    _say(findings, config, "share", "is not Kayenta's to set: set share, or the scenario's weights")
    named = config.at("name")
    policy = built(KayentaCanary, data, origins)
    name = named.text() if named else "kayenta"
    return Imported(name, policy, tuple(findings.notes), config.place)


def _parts(documents: Sequence[LocatedValue]) -> tuple[LocatedValue, LocatedValue | None]:
    """The configuration and, if there is one, the request that runs it."""
    if not documents:
        raise InvalidInput("the files are empty. Name a file with a canary configuration.")
    configs, requests = [], []
    for document in documents:
        both = document.at("canaryConfig"), document.at("executionRequest")
        configs += [part for part in (both[0],) if part is not None]
        requests += [part for part in (both[1],) if part is not None]
        if both == (None, None):
            (configs if document.at("metrics") is not None else requests).append(document)
    if not configs:
        raise documents[0].wrong("holds no canary configuration", "Name the file with `metrics`.")
    for second in (*configs[1:], *requests[1:]):
        raise second.wrong("is a second one", "Name one configuration and one request.")
    return configs[0], requests[0] if requests else None


def _check_judge(config: LocatedValue, findings: Findings) -> None:
    judge = config.at("judge", "name")
    if judge is None or judge.text() == _JUDGE:
        return
    if judge.text() != _FORMER_JUDGE:
        raise judge.wrong("is another judge", f"Only {_JUDGE} is simulated.")
    findings.ignore(judge, f"is the former name: judged as {_JUDGE}")


def _metrics(
    metrics: LocatedValue, readings: MetricMap, findings: Findings, origins: dict[Any, LocatedValue]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for value in metrics.listed():
        with findings.gathering():
            canary = value.at("analysisConfigurations", "canary")
            muted = canary.at("muted") if canary is not None else None
            if muted is not None and muted.value is True:
                findings.ignore(value, "is muted and left out")
                value.take(whole=True)
                continue
            origins["metrics", len(found)] = value
            found.append(_metric(value, canary, readings, findings))
    return found


def _metric(
    value: LocatedValue, canary: LocatedValue | None, readings: MetricMap, findings: Findings
) -> dict[str, Any]:
    name = value.need("name").text()
    query = value.at("query", "metricName")
    if query is not None:
        value.need("query").take(whole=True)  # what it means, the table says
    names = (name,) if query is None else (name, str(query.value))
    meaning = readings.reading(value, names, (), _bounds(canary))
    if meaning.metric not in _OF_WINDOWS:
        remedy = f"Map {name} to one of {', '.join(_OF_WINDOWS)}."
        raise value.wrong(f"{meaning.metric} has no value in each metric window", remedy)
    groups = [group.text() for group in value.need("groups").listed()]
    analysis = {} if canary is None else _analysis(canary, findings)
    return {
        "name": name,
        "measures": meaning.metric,
        "scale": meaning.factor,
        "groups": groups,
        "analysis": analysis,
    }


def _bounds(canary: LocatedValue | None) -> tuple[float | None, float | None]:
    """Kayenta has no limits: a metric that must not decrease is taken for one with a lowest."""
    direction = None if canary is None else canary.at("direction")
    falls = direction is not None and direction.value == "decrease"
    return (0.0, None) if falls else (None, None)


def _analysis(canary: LocatedValue, findings: Findings) -> dict[str, Any]:
    """How a metric is judged; words that Kayenta does not know mean its defaults, as there."""
    found: dict[str, Any] = {}
    direction = canary.at("direction")
    if direction is not None and direction.value in ("increase", "decrease"):
        found["direction"] = direction.value
    elif direction is not None and direction.value != "either":
        findings.ignore(direction, "is not a direction, which Kayenta takes for either")
    strategy = canary.at("nanStrategy")
    if strategy is not None and strategy.value == "replace":
        found["nan_strategy"] = "replace"
    for key, name in (("critical", "critical"), ("mustHaveData", "must_have_data")):
        flag = canary.at(key)
        if flag is not None:
            found[name] = flag.value is True
    if canary.at("outliers", "strategy") is not None:
        remove = canary.need("outliers", "strategy").value == "remove"
        found["outliers"] = "remove" if remove else "keep"
    factor = canary.at("outliers", "outlierFactor")
    if factor is not None:
        found["outlier_factor"] = factor.number()
    size = canary.at("effectSize")
    if size is not None:
        found["effect_size"] = _effect_size(size)
    return found


def _effect_size(size: LocatedValue) -> dict[str, Any]:
    found: dict[str, Any] = {}
    measure = size.at("measure")
    if measure is not None and measure.value == "cles":
        found["measure"] = "cles"
    for key in ("allowed", "critical"):
        for change in ("Increase", "Decrease"):
            bound = size.at(f"{key}{change}")
            if bound is not None:
                found[f"{key}_{change.lower()}"] = bound.number()
    return found


def _classifier(
    config: LocatedValue, request: LocatedValue | None, findings: Findings
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    weights = config.at("classifier", "groupWeights")
    if weights is not None:
        found["group_weights"] = {name: weight.number() for name, weight in weights.named().items()}
    thresholds = request.at("thresholds") if request is not None else None
    thresholds = thresholds or config.at("classifier", "scoreThresholds")
    if thresholds is None:
        _say(findings, config, "thresholds", "are not given: 95 passes, 75 is marginal")
        return found
    found["pass_score"] = thresholds.need("pass").number()
    found["marginal_score"] = thresholds.need("marginal").number()
    return found


def _below(part: LocatedValue, declared: Declared) -> Declared:
    """The declaration of a part that may stand below a key of its document."""
    above = "".join(f"{key}." for key in part.path)
    return {f"{above}{key}": effect for key, effect in declared.items()}


def _reweigh(config: LocatedValue, data: dict[str, Any], findings: Findings) -> None:
    """Share out the weights of groups whose metrics were all left out, so that passing stays.

    A group without metrics scores nothing, and the best score is less than 100 by its weight. Where
    the file itself names no metric in a group, that is so in Kayenta as well, and stays.
    """
    weights: dict[str, float] = data.get("group_weights", {})
    left = {group for metric in data["metrics"] for group in metric["groups"]}
    metrics = config.need("metrics").listed()
    named = {group.text() for metric in metrics for group in metric.need("groups").listed()}
    empty = [group for group in weights if group not in named]
    if empty:
        best = math.fsum(weight for group, weight in weights.items() if group not in empty)
        reason = f"has no metric in {', '.join(empty)}: no score is above {best:g}, as in Kayenta"
        findings.ignore(config.need("classifier", "groupWeights"), reason)
    gone = [group for group in weights if group in named and group not in left]
    kept = math.fsum(weight for group, weight in weights.items() if group not in gone)
    if not gone:
        return
    factor = math.fsum(weights.values()) / kept if kept and left <= weights.keys() else 1.0
    data["group_weights"] = {
        group: weight * factor for group, weight in weights.items() if group not in gone
    }
    reason = f"has no metrics left in {', '.join(gone)}: the other groups take over its weight"
    findings.ignore(config.need("classifier", "groupWeights"), reason)


def _times(
    config: LocatedValue, request: LocatedValue | None, findings: Findings
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in _MINUTES.items():
        value = request.at(key) if request is not None else None
        minutes = 0 if value is None else value.whole(0, _LONGEST_MINUTES)
        if minutes:
            found[name] = f"{minutes}min"
    if "lifetime" not in found:
        found["lifetime"] = _ASSUMED_LIFETIME
        reason = f"is not given: one judgement after {_ASSUMED_LIFETIME} is assumed"
        _say(findings, request or config, "lifetimeDurationMins", reason)
    return found


def _say(findings: Findings, below: LocatedValue, field: str, reason: str) -> None:
    """Note what a file does not hold, at the part where it would be."""
    place = Place(below.place.source, below.place.line, below.place.column)
    findings.notes.append(Note(place, field, reason))
