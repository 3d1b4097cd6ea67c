"""Argo's AnalysisTemplates: their arguments filled in, their metrics given a meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, get_args

from simab.documents.located import LocatedValue
from simab.errors import InvalidInput
from simab.interop.argo_keys import TEMPLATE
from simab.interop.go_durations import duration
from simab.interop.importing import Findings
from simab.interop.suggested_meaning import suggested_entry
from simab.interop.tables import MetricMap, MetricMeaning
from simab.interop.unread import name_unread
from simab.policies.argo.conditions import checked_condition
from simab.policies.argo.metrics import Measured
from simab.scenario.suggestions import nearest, remedy_for_name
from simab.text.go_expressions import Expression

__all__ = ["Templates"]

_ARGUMENT: Final = re.compile(r"\{\{\s*args\.([A-Za-z0-9_-]+)\s*\}\}")
_QUERIES: Final = {
    "prometheus": "query",
    "datadog": "query",
    "newRelic": "query",
    "wavefront": "query",
    "graphite": "query",
    "influxdb": "query",
    "skywalking": "query",
    "web": "url",
    "cloudWatch": "",
    "job": "",
    "plugin": "",
}
_COUNTS: Final = {
    "count": ("count", 0),
    "failureLimit": ("failure_limit", -1),
    "inconclusiveLimit": ("inconclusive_limit", 0),
    "consecutiveErrorLimit": ("consecutive_error_limit", 0),
    "consecutiveSuccessLimit": ("consecutive_success_limit", 0),
}
_DURATIONS: Final = {"interval": "interval", "initialDelay": "initial_delay"}
_CONDITIONS: Final = {
    "successCondition": "success_condition",
    "failureCondition": "failure_condition",
}
_METRIC_FIELDS: Final = ("name", "provider", *_COUNTS, *_DURATIONS, *_CONDITIONS)
_COMPARISON: Final = re.compile(r"result[^<>=!]*([<>])=?\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)")
_LARGEST: Final = 2**31 - 1
_MOST_MATCHING: Final = 1_000_000  # steps of expressions times characters of names: some seconds

Origins = dict[tuple[str | int, ...], LocatedValue]


class Templates:
    """The templates by name, and which of them are in use."""

    def __init__(
        self, named: Mapping[str, LocatedValue], table: MetricMap, findings: Findings
    ) -> None:
        self._named = named
        self._table = table
        self._findings = findings
        self._used: set[str] = set()

    def metrics(
        self, analysis: LocatedValue, path: tuple[str | int, ...], origins: Origins
    ) -> dict[str, Any]:
        """The metrics of an analysis, by name, as the policy describes them.

        Raises:
            InvalidFiles: a template is not there, or the analysis names none.
        """
        metrics: dict[str, Any] = {}
        names: list[str] = []
        dry, retained = _rules(analysis, "dryRun"), _rules(analysis, "measurementRetention")
        for reference in analysis.need("templates").listed():
            template = self._template(reference.need("templateName"))
            arguments = _arguments(template, analysis)
            dry += _rules(template.need("spec"), "dryRun")
            retained += _rules(template.need("spec"), "measurementRetention")
            for metric in template.need("spec", "metrics").listed():
                with self._findings.gathering():
                    name = _filled(metric.need("name"), arguments).text()
                    if name in names:
                        raise metric.need("name").wrong("names two metrics", "Rename one.")
                    names.append(name)
                    metrics[name] = self._metric(metric, name, arguments)
                    origins[*path, name] = metric
        for _, name in self._matched(dry, names):
            metrics.get(name, {})["dry_run"] = True
        for rule in dict.fromkeys(rule for rule, _ in self._matched(retained, names)):
            self._findings.ignore(rule, "measurements are kept for reading, which decides nothing")
        return metrics

    def _matched(
        self, rules: Sequence[LocatedValue], names: Sequence[str]
    ) -> Iterator[tuple[LocatedValue, str]]:
        """Rules of metric names with each name that they match anywhere, as in Argo.

        A rule that matches none makes the analysis run an Error at once: it is refused.
        """
        length, work = sum(len(name) + 1 for name in names), 0
        for rule in rules:
            found: list[str] = []
            with self._findings.gathering():
                expression = _expression(rule)
                work += length * (len(expression.program) + 1)
                if work > _MOST_MATCHING:
                    remedy = "Name fewer metrics, or write shorter expressions."
                    raise rule.wrong("there is too much to match", remedy)
                found = [name for name in names if expression.found_in(name)]
                if not found:
                    remedy = remedy_for_name(rule.text(), names, "Metrics of the analysis")
                    raise rule.wrong("matches no metric, which makes the analysis an Error", remedy)
            yield from ((rule, name) for name in found)
            if work > _MOST_MATCHING:
                return

    def require_used_table(self) -> None:
        """Refuse entries of the table that match no metric, of a template in use or not."""
        for template in self._named.values():
            metrics = template.at("spec", "metrics")
            for metric in () if metrics is None else metrics.listed():
                name = metric.at("name")
                self._table.know("" if name is None else str(name.value), *_queries(metric))
        self._table.require_used(self._findings)

    def note_unused(self) -> None:
        """Note the templates that no analysis names."""
        for name, template in self._named.items():
            if name not in self._used:
                reason = f"no analysis of the rollout names the template {name}"
                self._findings.ignore(template.need("metadata", "name"), reason)
            else:
                name_unread(template, TEMPLATE, self._findings)

    def _template(self, reference: LocatedValue) -> LocatedValue:
        name = reference.text()
        if name not in self._named:
            remedy = remedy_for_name(name, self._named, "Templates in the files")
            raise reference.wrong("no file holds this template", remedy)
        self._used.add(name)
        nested = self._named[name].at("spec", "templates")
        if nested is not None:
            raise nested.wrong("templates within templates are not read", "Name them one by one.")
        return self._named[name]

    def _metric(
        self, metric: LocatedValue, name: str, arguments: Mapping[str, LocatedValue]
    ) -> dict[str, Any]:
        fields = metric.named()
        unknown = next((each for each in fields if each not in _METRIC_FIELDS), None)
        if unknown is not None:
            remedy = remedy_for_name(unknown, _METRIC_FIELDS, "Fields of a metric")
            raise fields[unknown].wrong("unknown field of a metric", remedy)
        meaning = self._meaning(metric, name, arguments)
        data = meaning.model_dump(mode="json", exclude_none=True)
        for theirs, (ours, low) in _COUNTS.items():
            if metric.at(theirs) is not None:
                data[ours] = _filled(metric.need(theirs), arguments).whole(low, _LARGEST)
        for theirs, ours in _DURATIONS.items():
            if metric.at(theirs) is not None:
                data[ours] = duration(_filled(metric.need(theirs), arguments))
        if not any(each in data for each in _CONDITIONS.values()):
            for theirs, ours in _CONDITIONS.items():
                if metric.at(theirs) is not None:
                    data[ours] = _condition(_filled(metric.need(theirs), arguments))
        return data

    def _meaning(
        self, metric: LocatedValue, name: str, arguments: Mapping[str, LocatedValue]
    ) -> MetricMeaning:
        provider = metric.need("provider")
        kinds = list(provider.named())
        if len(kinds) != 1 or kinds[0] not in _QUERIES:
            given = kinds[0] if kinds else ""
            rule = f"unknown provider {given}"
            if len(kinds) != 1:
                rule = f"needs one provider, and has {', '.join(kinds[:4]) or 'none'}"
            if given == "kayenta":
                rule = "the kayenta provider judges by itself"
            raise provider.wrong(rule, remedy_for_name(given, _QUERIES, "Providers"))
        query = provider.at(kinds[0], _QUERIES[kinds[0]]) if _QUERIES[kinds[0]] else None
        queries = () if query is None else (str(query.value), str(_filled(query, arguments).value))
        meaning = self._table.meaning(name, *queries)
        if meaning is None:
            entry = suggested_entry(name, " ".join(queries[:1]), *_bounds(metric, arguments))
            if kinds[0] == "job":
                # A job has a verdict whether or not there are requests.
                condition = "len(result) == 0 || result[0] < 0.05"
                entry = f'{entry.removesuffix("}")}, success_condition: "{condition}"}}'
            rule = f"what metric {name} measures ({kinds[0]}) is not known"
            remedy = (
                nearest(name, self._table.table.metrics)
                + f"Say it in a file given with --map: `metrics: {{{entry}}}`."
            )
            raise provider.wrong(rule, remedy)
        if meaning.metric not in get_args(Measured):
            remedy = f"Map {name} to one of {', '.join(get_args(Measured))}."
            raise provider.wrong(f"{meaning.metric} is not measured by Argo's analyses", remedy)
        if kinds[0] == "job" and not (meaning.success_condition or meaning.failure_condition):
            remedy = f"Add success_condition to the entry {name} of the --map file."
            raise provider.wrong("a job's verdict is its exit code, which is not known", remedy)
        return meaning


def _arguments(template: LocatedValue, analysis: LocatedValue) -> dict[str, LocatedValue]:
    """Values of the arguments: the template's own, and over them those of the analysis."""
    values: dict[str, LocatedValue] = {}
    for arguments in (template.at("spec", "args"), analysis.at("args")):
        for each in () if arguments is None else arguments.listed():
            name, value = each.need("name").text(), each.at("value")
            if value is not None:
                values[name] = value
            elif each.at("valueFrom") is not None:
                values.pop(name, None)  # known to the cluster only
    return values


def _filled(located: LocatedValue, arguments: Mapping[str, LocatedValue]) -> LocatedValue:
    """The value with its arguments filled in; an unknown one stays, and is a placeholder."""
    if not isinstance(located.value, str):
        return located

    def value(match: re.Match[str]) -> str:
        argument = arguments.get(match.group(1))
        return match.group() if argument is None else str(argument.value)

    return replace(located, value=_ARGUMENT.sub(value, located.value))


def _bounds(
    metric: LocatedValue, arguments: Mapping[str, LocatedValue]
) -> tuple[float | None, float | None]:
    """The lowest and highest value that pass, as far as a simple condition says so."""
    for key, passes in (("successCondition", True), ("failureCondition", False)):
        condition = metric.at(key)
        text = "" if condition is None else str(_filled(condition, arguments).value)
        found = _COMPARISON.search(text)
        if found is not None:
            bound = float(found.group(2))
            return (bound, None) if (found.group(1) == ">") is passes else (None, bound)
    return None, None


def _queries(metric: LocatedValue) -> list[str]:
    """The queries of a metric as they are written."""
    found = (metric.at("provider", kind, query) for kind, query in _QUERIES.items() if query)
    return [str(query.value) for query in found if query is not None]


def _condition(located: LocatedValue) -> str:
    text = located.text()
    try:
        return checked_condition(text)
    except InvalidInput as refused:
        rule, _, remedy = str(refused).partition("; ")
        raise located.wrong(rule, f"{remedy[:1].upper()}{remedy[1:]}.") from None


def _rules(holder: LocatedValue, field: str) -> list[LocatedValue]:
    """The rules of metric names in a list: regular expressions."""
    listed = holder.at(field)
    rules = [] if listed is None else listed.listed()
    for each in rules if field == "measurementRetention" else ():
        each.at("limit")  # how many are kept, which decides nothing
    return [each.need("metricName") for each in rules]


def _expression(rule: LocatedValue) -> Expression:
    text = rule.text()
    try:
        return Expression.of(text)
    except InvalidInput as refused:
        remedy = 'Metric names are matched by regular expressions: for all write ".*".'
        raise rule.wrong(str(refused), remedy) from None
