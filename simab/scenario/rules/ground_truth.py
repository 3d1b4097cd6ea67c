"""Rules on what is true of a request: tables, labels, and the metrics that need them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from simab.policies.metrics import LOWER_IS_BETTER, LabelMetric
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.scenario.raw import RawValue, default_of
from simab.scenario.suggestions import remedy_for_name
from simab.scenario.violations import Violation

__all__ = [
    "classifiers_know_the_share_of_positives",
    "compared_metrics_are_defined",
    "direction_is_the_metrics_own",
    "labels_come_from_one_source",
    "objective_is_defined",
    "roles_have_the_same_kind",
    "tables_and_columns_exist",
]

_WITHOUT_LABELS: Final = ("accuracy", "success_rate", "reward")
_POSITIVE_SHARE: Final = "labels.positive_share"


def tables_and_columns_exist(scenario: RawValue) -> Iterator[Violation]:
    """A joint outcome names a table of the scenario and one of its columns."""
    tables = dict(scenario.at("outcome_tables").named())
    for _, quality in _qualities(scenario, "joint_table"):
        table, column = quality.at("table"), quality.at("column")
        name = table.text()
        if name is None:
            continue
        if name not in tables:
            remedy = remedy_for_name(name, tables, "Tables under outcome_tables")
            yield table.violation("names no outcome table", remedy)
            continue
        rows = tables[name].at("rows").listed()
        columns = [each for each, _ in rows[0].at("scores").named()] if rows else []
        given = column.text()
        if given is not None and columns and given not in columns:
            remedy = remedy_for_name(given, columns, f"Columns of {name}")
            yield column.violation(f"names no column of the table {name}", remedy)


def classifiers_know_the_share_of_positives(scenario: RawValue) -> Iterator[Violation]:
    """A classifier is described by class, so the shares of the classes must be known."""
    share = scenario.at("labels", "positive_share")
    names = [name for name, _ in _qualities(scenario, "classifier")]
    if names and not share.given:
        rule = f"required by {names[0]}, which is a classifier"
        remedy = "Add it, for example `labels: {positive_share: 20%}`."
        yield share.violation(rule, remedy, on_key=True)


def labels_come_from_one_source(scenario: RawValue) -> Iterator[Violation]:
    """A request has one label, whichever variant serves it."""
    first: tuple[str, str] | None = None
    for name, variant in scenario.at("endpoint", "variants").named():
        source = _label_source(variant.at("quality"), scenario.at("outcome_tables"))
        if source is None:
            continue
        if first is None:
            first = (name, source)
        elif source != first[1]:
            rule = f"takes its labels from {source}, {first[0]} takes them from {first[1]}"
            remedy = "Describe both by the same outcome table, or both as classifiers."
            yield variant.at("quality").violation(rule, remedy, on_key=True)


def roles_have_the_same_kind(scenario: RawValue) -> Iterator[Violation]:
    """Labelled answers and mere successes cannot be compared."""
    control, candidate = _role_qualities(scenario)
    kinds = [quality.at("kind").text() for quality in (control, candidate)]
    if kinds.count("success") == 1 and set(kinds) & {"classifier", "joint_table"}:
        roles = ("control", "candidate")
        labelled, plain = roles if kinds[1] == "success" else reversed(roles)
        rule = f"the {labelled} has labels, the {plain} has only a success probability"
        remedy = "Describe both as success, or both by labels (classifier or joint_table)."
        yield candidate.violation(rule, remedy, on_key=True)


def objective_is_defined(scenario: RawValue) -> Iterator[Violation]:
    """What decides which variant is better must exist for both."""
    yield from _undefined(scenario.at("objective", "metric"), scenario)


def direction_is_the_metrics_own(scenario: RawValue) -> Iterator[Violation]:
    """Every policy takes a correct answer for good; a truth that says otherwise judges none."""
    metric, direction = (scenario.at("objective", name) for name in ("metric", "direction"))
    name, given = metric.text(), direction.text()
    if name not in get_args(LabelMetric) or given not in ("higher", "lower"):
        return
    own = "lower" if name in LOWER_IS_BETTER else "higher"
    if given != own:
        rule = f"{own} is better for {name}, and every policy counts it so"
        yield direction.violation(rule, f"Remove direction, or write {own}.")


def compared_metrics_are_defined(scenario: RawValue) -> Iterator[Violation]:
    """What a policy compares must exist for both variants."""
    for _, policy in scenario.at("policies").named():
        if policy.at("kind").text() != "metric_majority":
            continue
        metrics = policy.at("metrics")
        if metrics.given:
            for metric in metrics.listed():
                yield from _undefined(metric, scenario)
            continue
        names = default_of(MetricMajority, "metrics")
        if any(True for name in names for _ in _undefined(RawValue(name, metrics.path), scenario)):
            rule = f"required, as the usual ones ({', '.join(names)}) need labels"
            yield metrics.violation(rule, "Add `metrics: [success_rate]`.", on_key=True)


def _undefined(metric: RawValue, scenario: RawValue) -> Iterator[Violation]:
    name = metric.text()
    if name not in get_args(LabelMetric) or name in _WITHOUT_LABELS:
        return
    # Where only one of the two has labels, another rule says so.
    if all(quality.at("kind").text() == "success" for quality in _role_qualities(scenario)):
        rule = "needs labels, but control and candidate have only a success probability"
        remedy = "Use success_rate, or describe the quality as classifier or joint_table."
        yield metric.violation(rule, remedy)


def _qualities(scenario: RawValue, kind: str) -> Iterator[tuple[str, RawValue]]:
    for name, variant in scenario.at("endpoint", "variants").named():
        quality = variant.at("quality")
        if quality.at("kind").text() == kind:
            yield name, quality


def _role_qualities(scenario: RawValue) -> list[RawValue]:
    names = [scenario.at("objective", role).text() or "" for role in ("control", "candidate")]
    return [scenario.at("endpoint", "variants", name, "quality") for name in names]


def _label_source(quality: RawValue, tables: RawValue) -> str | None:
    match quality.at("kind").text():
        case "classifier":
            return _POSITIVE_SHARE
        case "joint_table":
            name = quality.at("table").text()
            return f"the table {name}" if name is not None and tables.at(name).given else None
    return None
