"""Rules on what is true of a request: tables, labels, and the metrics that need them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from simab.documents.violations import Path, Violation, violation_at_key
from simab.policies import Policy
from simab.policies.experiments.decision_metrics import DecisionMetric
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.metrics import LOWER_IS_BETTER, OF_EARNINGS, OF_REQUESTS, LabelMetric
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.profiles.quality import Classifier, JointOutcomes, QualityProfile, Success
from simab.scenario.partial import until_unread
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rules.qualities import known_qualities, qualities_of_roles
from simab.scenario.serving import Variant
from simab.scenario.suggestions import remedy_for_name

__all__ = [
    "classifiers_know_the_share_of_positives",
    "columns_exist",
    "compared_metrics_are_defined",
    "direction_is_the_metrics_own",
    "labels_come_from_one_source",
    "names_a_column",
    "names_a_table",
    "objective_is_defined",
    "roles_have_the_same_kind",
    "tables_exist",
]

_WITHOUT_LABELS: Final = ("accuracy", "success_rate", *OF_EARNINGS, *OF_REQUESTS)
_POSITIVE_SHARE: Final = "labels.positive_share"


def tables_exist(scenario: UncheckedScenario, variant: Variant, path: Path) -> Iterator[Violation]:
    """A joint outcome names a table of the scenario."""
    yield from names_a_table(scenario, variant.quality, (*path, "quality"))


def columns_exist(scenario: UncheckedScenario, variant: Variant, path: Path) -> Iterator[Violation]:
    """A joint outcome names one of the columns of its table."""
    yield from names_a_column(scenario, variant.quality, (*path, "quality"))


def names_a_table(
    scenario: UncheckedScenario, quality: QualityProfile, path: Path
) -> Iterator[Violation]:
    """Where it is one of a joint outcome table, the scenario has that."""
    tables = scenario.outcome_tables
    if isinstance(quality, JointOutcomes) and quality.table not in tables:
        remedy = remedy_for_name(quality.table, tables, "Tables under outcome_tables")
        yield Violation((*path, "table"), "names no outcome table", remedy)


def names_a_column(
    scenario: UncheckedScenario, quality: QualityProfile, path: Path
) -> Iterator[Violation]:
    """Where it is one of a joint outcome table, that has the column."""
    tables = scenario.outcome_tables
    if not isinstance(quality, JointOutcomes) or quality.table not in tables:
        return
    rows = tables[quality.table].rows
    columns = rows[0].scores if rows else ()
    if columns and quality.column not in columns:
        remedy = remedy_for_name(quality.column, columns, f"Columns of {quality.table}")
        rule = f"names no column of the table {quality.table}"
        yield Violation((*path, "column"), rule, remedy)


def classifiers_know_the_share_of_positives(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A classifier is described by class, so the shares of the classes must be known."""
    qualities = known_qualities(scenario)
    names = [name for name, each in qualities.items() if isinstance(each, Classifier)]
    if names and scenario.labels.positive_share is None:
        rule = f"required by {names[0]}, which is a classifier"
        remedy = "Add it, for example `labels: {positive_share: 20%}`."
        yield violation_at_key(("labels", "positive_share"), rule, remedy)


def labels_come_from_one_source(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A request has one label, whichever variant serves it."""
    sources = _label_sources(scenario)
    for name, source in sources.items():
        first = next(iter(sources))
        if source != sources[first]:
            rule = f"takes its labels from {source}, {first} takes them from {sources[first]}"
            remedy = "Describe both by the same outcome table, or both as classifiers."
            yield violation_at_key(("endpoint", "variants", name, "quality"), rule, remedy)


def roles_have_the_same_kind(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Labelled answers and successes without labels cannot be compared."""
    objective, known = scenario.objective, known_qualities(scenario)
    control = known.get(objective.control)
    for candidate in objective.every_candidate:
        pair = (control, known.get(candidate))
        plain = [isinstance(quality, Success) for quality in pair]
        labelled = [isinstance(quality, Classifier | JointOutcomes) for quality in pair]
        if any(plain) and any(labelled):
            roles = ("control", "candidate")
            rule = (
                f"the {roles[labelled.index(True)]} has labels, "
                f"the {roles[plain.index(True)]} has only a success probability"
            )
            remedy = "Describe both as success, or both by labels (classifier or joint_table)."
            yield violation_at_key(("endpoint", "variants", candidate, "quality"), rule, remedy)


def objective_is_defined(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What decides which variant is better must exist for both."""
    yield from _undefined(scenario.objective.metric, ("objective", "metric"), scenario)


def direction_is_the_metrics_own(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Every policy takes a correct answer for good; a truth that says otherwise judges none."""
    metric, direction = scenario.objective.metric, scenario.objective.direction
    own = "lower" if metric in LOWER_IS_BETTER else "higher"
    if direction not in (None, own):
        rule = f"{own} is better for {metric}, and every policy counts it so"
        remedy = f"Remove direction, or write {own}."
        yield Violation(("objective", "direction"), rule, remedy)


def compared_metrics_are_defined(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """What a policy compares must exist for both variants."""
    here = (*path, "metrics")
    if isinstance(policy, ShipByMetrics):
        for index, each in enumerate(policy.metrics):
            yield from until_unread(_decider_undefined(each, (*here, index), scenario))
    if not isinstance(policy, MetricMajority):
        return
    if "metrics" in policy.model_fields_set:
        for index, name in enumerate(policy.metrics):
            yield from until_unread(_undefined(name, (*here, index), scenario))
    elif any(True for name in policy.metrics for _ in _undefined(name, here, scenario)):
        rule = f"required, as the usual ones ({', '.join(policy.metrics)}) need labels"
        yield violation_at_key(here, rule, "Add `metrics: [success_rate]`.")


def _decider_undefined(
    decider: DecisionMetric, path: Path, scenario: UncheckedScenario
) -> Iterator[Violation]:
    if decider.metric in get_args(LabelMetric):
        yield from _undefined(decider.metric, (*path, "metric"), scenario)


def _undefined(metric: str, path: Path, scenario: UncheckedScenario) -> Iterator[Violation]:
    if metric in _WITHOUT_LABELS:
        return
    # Where only one of the two has labels, another rule says so.
    plain = [isinstance(quality, Success) for quality in qualities_of_roles(scenario)]
    if len(plain) > 1 and all(plain):
        rule = "needs labels, but control and candidate have only a success probability"
        remedy = "Use success_rate, or describe the quality as classifier or joint_table."
        yield Violation(path, rule, remedy)


def _label_sources(scenario: UncheckedScenario) -> dict[str, str]:
    """By variant, for those whose answers have labels and say from where."""
    found = {
        name: _label_source(quality, scenario)
        for name, quality in known_qualities(scenario).items()
    }
    return {name: source for name, source in found.items() if source is not None}


def _label_source(quality: QualityProfile, scenario: UncheckedScenario) -> str | None:
    if isinstance(quality, Classifier):
        return _POSITIVE_SHARE
    table = getattr(quality, "table", None)  # it may be unreadable, which hides no other
    return f"the table {table}" if table in scenario.outcome_tables else None
