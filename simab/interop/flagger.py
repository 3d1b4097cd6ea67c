"""Flagger's Canary, and its MetricTemplates, as a policy of kind flagger.

The fields keep Flagger's names in simab's spelling: stepWeights becomes step_weights, and
thresholdRange threshold_range. What the policy does not hold is noted; what would change its course
is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from simab import units
from simab.documents.located import LocatedValue
from simab.errors import InvalidInput
from simab.interop.documents import read_documents
from simab.interop.flagger_keys import CANARY, CANARY_HOOKS, TEMPLATE
from simab.interop.go_durations import duration
from simab.interop.importing import Findings, Imported, built
from simab.interop.tables import MetricMap, TableSource, read_table
from simab.interop.unread import name_unread
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.flagger.metrics import BuiltInMetric

__all__ = ["holds_policy", "imported", "recognises"]

_BUILT_IN: Final = frozenset(get_args(BuiltInMetric))
_SHORTEST_INTERVAL_NS: Final = 10 * units.NANOSECONDS_PER_SECOND
_DEFAULT_INTERVAL_NS: Final = 60 * units.NANOSECONDS_PER_SECOND
_KUBERNETES_ITERATIONS: Final = 10


@dataclass(slots=True)
class _Canary:
    """What has been read so far: the policy's data, where each part is from, and findings."""

    table: MetricMap
    templates: Mapping[str, LocatedValue]
    origins: dict[Any, LocatedValue]
    data: dict[str, Any] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    def set(self, name: str, value: Any, origin: LocatedValue) -> None:
        """One field of the policy, and where it is from."""
        self.data[name] = value
        self.origins[name,] = origin


def recognises(document: LocatedValue) -> bool:
    """Whether a document is of this tool."""
    version = document.at("apiVersion")
    return version is not None and str(version.value).startswith("flagger.app/")


def holds_policy(document: LocatedValue) -> bool:
    """Whether a document is a policy, and not something that one refers to."""
    return _kind(document) == "Canary"


def imported(files: Sequence[Path], table: TableSource = None) -> Imported:
    """The policy of the one Canary in these files; `table` says what own metrics read.

    Raises:
        InvalidFiles: with every problem found, each with its file, line and column.
    """
    documents = [document for file in files for document in read_documents(file)]
    canary = _the_canary(documents)
    spec = canary.need("spec")
    analysis = spec.at("analysis") or spec.at("canaryAnalysis")
    reading = _Canary(read_table(table), _templates(documents), origins={(): analysis or spec})
    skip = spec.at("skipAnalysis")
    if skip is not None and skip.value is True:
        reading.set("skip_analysis", True, skip)
    if analysis is None:
        reading.findings.ignore(spec, "has no analysis, and Flagger promotes without one")
        reading.set("skip_analysis", True, spec)
    for key, read in _ANALYSIS.items():
        value = None if analysis is None else analysis.at(key)
        if value is not None:
            with reading.findings.gathering():
                read(value, reading)
    _read_provider(spec, reading)
    with reading.findings.gathering():
        _read_match(analysis, reading)
    _note_windows(reading)
    for name, template in reading.templates.items():
        query = template.at("spec", "query")
        reading.table.know(name, *([] if query is None else [str(query.value)]))
    reading.table.require_used(reading.findings)
    for document in documents:
        _name_unread(document, reading.findings)
    reading.findings.require_none()
    policy = built(FlaggerAnalysis, reading.data, reading.origins)
    named = canary.at("metadata", "name")
    notes = sorted(reading.findings.notes, key=lambda note: (note.place.line, note.place.column))
    name = named.text() if named else "flagger"
    return Imported(name, policy, tuple(notes), canary.place)


def _the_canary(documents: Sequence[LocatedValue]) -> LocatedValue:
    if not documents:
        raise InvalidInput("the files are empty. Name a file with a Canary of Flagger.")
    canaries = [each for each in documents if _kind(each) == "Canary"]
    if not canaries:
        raise documents[0].wrong("holds no Canary", "Name the file with `kind: Canary`.")
    if len(canaries) > 1:
        raise canaries[1].wrong("is a second Canary", "Name the files of one Canary at a time.")
    return canaries[0]


def _templates(documents: Sequence[LocatedValue]) -> dict[str, LocatedValue]:
    found = [each for each in documents if _kind(each) == "MetricTemplate"]
    return {template.need("metadata", "name").text(): template for template in found}


def _kind(document: LocatedValue) -> str:
    kind = document.at("kind")
    return "" if kind is None else str(kind.value)


def _interval(value: LocatedValue, canary: _Canary) -> None:
    interval_ns = _duration_ns(value)
    if interval_ns < _SHORTEST_INTERVAL_NS:
        canary.findings.ignore(value, "is shorter than 10s, which Flagger uses instead")
        interval_ns = _SHORTEST_INTERVAL_NS
    shown = units.format_duration(interval_ns)
    canary.set("interval", shown, value)
    canary.findings.ignore(
        value, f"needs controller.interval and metrics.period of {shown}, or that divide it"
    )


def _threshold(value: LocatedValue, canary: _Canary) -> None:
    threshold = value.whole(-1_000_000, 1_000_000)
    if threshold < 1:
        canary.findings.ignore(value, "is below 1, which Flagger uses instead")
    canary.set("threshold", max(threshold, 1), value)


def _count(name: str) -> Callable[[LocatedValue, _Canary], None]:
    """Reads a whole number, of which 0 is the same as none."""

    def read(value: LocatedValue, canary: _Canary) -> None:
        number = value.whole(0, 1_000_000)
        if number:
            canary.set(name, number, value)

    return read


def _step_weights(value: LocatedValue, canary: _Canary) -> None:
    canary.set("step_weights", [each.whole(1, 100) for each in value.listed()], value)


def _metrics(value: LocatedValue, canary: _Canary) -> None:
    metrics: list[dict[str, Any]] = []
    for each in value.listed():
        with canary.findings.gathering():
            for check in _checks(each, canary):
                canary.origins["metrics", len(metrics)] = each
                metrics.append(check)
    canary.set("metrics", metrics, value)


def _checks(value: LocatedValue, canary: _Canary) -> list[dict[str, Any]]:
    """What Flagger checks of one entry: its own metric, its query and its template, each of them.

    An entry with none of these fails every check ("no usable metrics template and query").
    """
    name = value.need("name").text()
    checks: list[dict[str, Any]] = []
    interval = value.at("interval")
    window = {} if interval is None else {"interval": units.format_duration(_duration_ns(interval))}
    if name in _BUILT_IN:
        checks.append({"name": name, "threshold_range": _range(value, name)} | window)
    for kind, names in _sources(value, canary):
        limits = _range(value, "")
        bounds = (limits.get("min"), limits.get("max"))
        meaning = canary.table.reading(value, (name, *names), ("window",), bounds)
        called = f"{name} ({kind})" if checks else name
        read = {"name": called, "measures": meaning.metric, "scale": meaning.factor}
        looks = window if meaning.window is None else {"interval": f"{meaning.window}ns"}
        checks.append(read | {"threshold_range": limits} | looks)
    if not checks:
        reason = "has neither template nor query: Flagger fails every check of it and rolls back"
        canary.findings.ignore(value, reason)
        undefined = {"name": name, "measures": "nothing", "threshold_range": _range(value, "")}
        checks.append(undefined | window)
    return checks


def _sources(value: LocatedValue, canary: _Canary) -> list[tuple[str, list[str]]]:
    """The query of the metric itself, and its template, each with its names in the table."""
    query, reference = value.at("query"), value.at("templateRef", "name")
    found = [] if query is None else [("query", [str(query.value)])]
    if reference is not None:
        template = canary.templates.get(reference.text())
        text = template.at("spec", "query") if template is not None else None
        names = [reference.text(), *([] if text is None else [str(text.value)])]
        found.append(("template", names))
    return found


def _range(value: LocatedValue, name: str) -> dict[str, float]:
    bounds = value.at("thresholdRange")
    if bounds is not None:
        ends = ((end, bounds.at(end)) for end in ("min", "max"))
        return {end: bound.number() for end, bound in ends if bound is not None}
    # The older form: a single threshold, 0 if absent, which a success rate must reach.
    threshold = value.at("threshold")
    end = "min" if name == "request-success-rate" else "max"
    return {end: 0.0 if threshold is None else threshold.number()}


def _webhooks(value: LocatedValue, canary: _Canary) -> None:
    for hook in value.listed():
        kind = hook.at("type")
        name = "rollout" if kind is None or not kind.value else str(kind.value)
        hook.take(whole=True)
        unknown = "is of a type that Flagger does not call"
        canary.findings.ignore(hook, CANARY_HOOKS.get(name, unknown))


def _switch(name: str) -> Callable[[LocatedValue, _Canary], None]:
    """Reads a truth value, of which false is the same as none."""

    def read(value: LocatedValue, canary: _Canary) -> None:
        if value.value is True:
            canary.set(name, True, value)

    return read


def _session_affinity(value: LocatedValue, canary: _Canary) -> None:
    """The cookie's age; its name is of no account here."""
    primary = value.at("primaryCookieName")
    if primary is not None and primary.value:
        raise primary.wrong(
            "keeps users of the primary by a cookie of their own, which is not simulated",
            "Remove primaryCookieName.",
        )
    canary.set("session_affinity", True, value)
    age = value.at("maxAge")
    if age is not None and age.whole(0, 2**31):
        canary.set("cookie_max_age", f"{age.whole(1, 2**31)}s", age)


def _name_unread(document: LocatedValue, findings: Findings) -> None:
    kind = _kind(document)
    if kind in ("Canary", "MetricTemplate"):
        name_unread(document, CANARY if kind == "Canary" else TEMPLATE, findings)
    else:
        findings.ignore(document, f"{kind or 'a document without kind'} is not part of a canary")


def _read_provider(spec: LocatedValue, canary: _Canary) -> None:
    """Without a mesh Flagger routes nothing: it checks, ten times if not said, and promotes."""
    provider = spec.at("provider")
    if provider is None or provider.value != "kubernetes" or "skip_analysis" in canary.data:
        return
    canary.findings.ignore(
        provider, "routes no user to the candidate before the promotion: checks read its tests"
    )
    canary.set("router", False, provider)
    if not canary.data.get("iterations"):
        canary.findings.ignore(provider, "has no weights: Flagger makes 10 iterations of it")
        canary.set("iterations", _KUBERNETES_ITERATIONS, provider)


def _read_match(analysis: LocatedValue | None, canary: _Canary) -> None:
    """A/B testing: what matches goes to the candidate; how much that is, the table says."""
    match = None if analysis is None else analysis.at("match")
    if match is None or not match.listed():
        return
    match.take(whole=True)
    if canary.data.get("router") is False:
        canary.findings.ignore(match, "is not used by Flagger under the provider kubernetes")
    elif not canary.data.get("iterations"):
        raise match.wrong(
            "without iterations applies the weights to matching requests only",
            "Add iterations for A/B testing, or remove match to shift all requests.",
        )
    elif canary.table.take("matched_share") is None:
        raise match.wrong(
            "sends matching requests to the candidate, and requests have no headers here",
            "Say in a file for --map which share of them matches: `matched_share: 10%`.",
        )
    else:
        canary.findings.ignore(match, "is drawn: with sticky_hash the same users match all along")
        canary.set("matched_share", canary.table.take("matched_share"), match)


def _note_windows(canary: _Canary) -> None:
    """Say where checks share requests: they then do not fail independently of each other."""
    interval_ns = units.parse_duration(canary.data.get("interval", "60s"))
    for number, metric in enumerate(canary.data.get("metrics", ())):
        window = metric.get("interval", units.format_duration(_DEFAULT_INTERVAL_NS))
        shared = -(-units.parse_duration(window) // interval_ns)
        if shared > 1:
            canary.findings.ignore(
                canary.origins["metrics", number],
                f"reads {window} at every check, so {shared} checks on end share requests",
            )


def _duration_ns(value: LocatedValue) -> int:
    return units.parse_duration(duration(value))


Reader = Callable[[LocatedValue, _Canary], None]

_ANALYSIS: Final[Mapping[str, Reader]] = {
    "interval": _interval,
    "threshold": _threshold,
    "maxWeight": _count("max_weight"),
    "stepWeight": _count("step_weight"),
    "stepWeights": _step_weights,
    "stepWeightPromotion": _count("step_weight_promotion"),
    "iterations": _count("iterations"),
    "metrics": _metrics,
    "webhooks": _webhooks,
    "mirror": _switch("mirror"),
    "mirrorWeight": _count("mirror_weight"),
    "sessionAffinity": _session_affinity,
}
