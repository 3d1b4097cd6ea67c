"""The user's table: what the metrics of another tool mean in simab, in one vocabulary for all.

A query language cannot be translated, so nothing is guessed: a YAML file, given with `--map`, names
each metric of the tool, or its whole query, and says what it measures here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import Field, ValidationError

from simab.description import Description, Duration, PositiveDuration, Share
from simab.documents.located import LocatedValue
from simab.documents.violations import field_name
from simab.errors import InvalidFiles, Problem
from simab.interop.documents import read_document
from simab.interop.importing import Findings
from simab.interop.suggested_meaning import suggested_entry
from simab.policies.argo.metrics import Condition
from simab.policies.metrics import ErrorMetric, LabelMetric, LatencyMetric
from simab.policies.window_series import CountMetric
from simab.scenario.partial import json_text
from simab.scenario.suggestions import nearest, remedy_for_name
from simab.scenario.translation import violations_of
from simab.text.lists import listed

__all__ = ["MetricMap", "MetricMeaning", "MetricTable", "TableSource", "read_table"]

TableMetric: TypeAlias = Literal[
    LatencyMetric, ErrorMetric, "success_rate_of_requests", CountMetric, LabelMetric
]
_LATENCIES: Final = frozenset(get_args(LatencyMetric))
_PER_MILLISECOND: Final = {"s": 0.001, "ms": 1.0, "us": 1000.0}


class MetricMeaning(Description):
    """What one metric of the tool measures here."""

    metric: TableMetric
    """What is measured: latencies, shares from 0 to 1, counts, or a metric of labels."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """What it is multiplied by to be in the tool's unit: 100 for percentages."""
    latency_unit: Literal["s", "ms", "us"] = "ms"
    """The unit of latencies in the tool's conditions and limits."""
    of: Literal["candidate", "control", "ratio"] = "candidate"
    """Whose metric; `ratio` divides the candidate's by the control's. Argo only."""
    window: PositiveDuration | None = None
    """How far back the query looks, where the tool's file does not say it. Argo and Flagger."""
    success_condition: Condition | None = None
    """Instead of the file's own; needed where the file has none to read, as for jobs. Argo only."""
    failure_condition: Condition | None = None
    """Instead of the file's own. Argo only."""

    @property
    def factor(self) -> float:
        """What a reading in milliseconds, or a share or count, is multiplied by."""
        unit = _PER_MILLISECOND[self.latency_unit] if self.metric in _LATENCIES else 1.0
        return self.scale * unit


class MetricTable(Description):
    """Meanings of metrics, and what else the files of the tool do not hold."""

    metrics: dict[Annotated[str, Field(min_length=1)], MetricMeaning] = {}
    """By the tool's name of the metric, the name of its template, or its whole query."""
    update_times: tuple[Duration, ...] = ()
    """When each update of weights is made, from the start of the run, in order. SageMaker only."""
    matched_share: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """Which share of the requests matches the headers of an A/B test. Flagger only."""
    resume_after: PositiveDuration | None = None
    """How long a person takes to resume a pause without an end; never if absent. Argo only."""


class MetricMap:
    """A table, and which parts of it the import has used."""

    def __init__(
        self, table: MetricTable, place: Callable[[tuple[str, ...], str, str], InvalidFiles]
    ) -> None:
        self.table = table
        self._place = place
        self.more_to_come = False
        """Whether further imports may use what this one leaves."""
        self._asked: dict[str, None] = {}
        self._used: set[str] = set()

    @classmethod
    def none(cls) -> MetricMap:
        """A table without entries."""
        return cls(MetricTable(), lambda *_: InvalidFiles(()))

    def meaning(self, *names: str) -> MetricMeaning | None:
        """The first of these names or queries that is in the table; spaces do not matter."""
        keys = self.know(*names)
        return self.table.metrics[keys[0]] if keys else None

    def know(self, *names: str) -> list[str]:
        """The entries that name a metric of the files, whether or not the rollout asks for it."""
        known = {_plain(key): key for key in self.table.metrics}
        keys = [known[_plain(name)] for name in names if _plain(name) in known]
        self._asked |= dict.fromkeys(names[:1])
        self._used |= set(keys)
        return keys

    def reading(
        self,
        metric: LocatedValue,
        names: tuple[str, ...],
        allowed: tuple[str, ...],
        bounds: tuple[float | None, float | None],
    ) -> MetricMeaning:
        """The meaning, of which only the fields in `allowed` may be set.

        Raises:
            InvalidFiles: there is none, with an entry to write, or a field is of no use here.
        """
        meaning = self.meaning(*names)
        if meaning is None:
            entry = suggested_entry(names[0], " ".join(names[1:]), *bounds)
            remedy = nearest(names[0], self.table.metrics) + (
                f"Say what it reads in a file for --map: `metrics: {{{entry}}}`."
            )
            raise metric.wrong("is a query that simab cannot run", remedy)
        useless = meaning.model_fields_set - {"metric", "scale", "latency_unit", *allowed}
        if useless:
            rule = f"the table gives {listed(sorted(useless))}, which has no use here"
            raise metric.wrong(rule, f"Remove it from the entry {names[0]} of the --map file.")
        return meaning

    def take(self, field: str) -> Any:
        """Another field of the table, which is then used."""
        self._used.add(f".{field}")
        return getattr(self.table, field)

    def require_used(self, findings: Findings) -> None:
        """Refuse what nothing in the files asked for: it would be a slip without effect.

        Where something was refused already, metrics may not have been reached.
        """
        if findings.problems or self.more_to_come:
            return
        for key in self.table.metrics:
            if key not in self._used:
                rule = "matches no metric of the files"
                remedy = remedy_for_name(key, self._asked, "Metrics in the files")
                remedy = remedy if self._asked else "The files have no metric to map; remove it."
                findings.problems += self._place(("metrics", key), rule, remedy).problems
        for field in ("update_times", "matched_share", "resume_after"):
            if field in self.table.model_fields_set and f".{field}" not in self._used:
                rule = "has no use for these files"
                findings.problems += self._place((field,), rule, "Remove it.").problems


def read_table(source: TableSource) -> MetricMap:
    """The table in a file; an empty one without a file; one that was read already as it is.

    Raises:
        InvalidInput: with every problem, each with its place.
    """
    if isinstance(source, MetricMap):
        return source
    path = source
    if path is None:
        return MetricMap.none()
    document = read_document(path)
    if document is None:
        remedy = "Write `metrics: {NAME: {metric: ...}}` into it, or leave out --map."
        raise InvalidFiles(((str(path), Problem("", "", "the file is empty", remedy)),))
    violations, table = list(document.violations), MetricTable()
    try:
        table = MetricTable.model_validate_json(json_text(document.data), strict=True)
    except ValidationError as error:
        violations += violations_of(error, MetricTable)
    if violations:
        raise InvalidFiles(tuple((str(path), document.problem(each)) for each in violations))

    def refusal(parts: tuple[str, ...], rule: str, remedy: str) -> InvalidFiles:
        line, column = document.place(parts, on_key=True)
        problem = Problem(field_name(parts), "", rule, remedy, line, column)
        return InvalidFiles(((str(path), problem),))

    return MetricMap(table, refusal)


TableSource: TypeAlias = Path | MetricMap | None
"""The file of a table, or a table that several imports share."""


def _plain(name: str) -> str:
    return " ".join(name.split())
