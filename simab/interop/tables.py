"""The user's table: what the metrics of another tool mean in simab.

A query language cannot be translated, so nothing is guessed: a YAML file, given with `--map`, names
each metric of the tool, or its whole query, and says what it measures here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from simab.description import Description, Duration
from simab.errors import Problem
from simab.interop.documents import Unimportable, file_text
from simab.policies.argo_metrics import ArgoMetric, Condition, Measured
from simab.scenario.flaws import Flaw, field_name, short_text
from simab.scenario.reading import Document, read
from simab.scenario.translation import flaws_of

__all__ = ["MetricMeaning", "MetricTable", "read_table"]

Model = TypeVar("Model", bound=Description)


class MetricMeaning(Description):
    """What one metric of the tool measures here."""

    metric: Measured
    """What is measured."""
    of: Literal["candidate", "control", "ratio"] = "candidate"
    """Whose metric; `ratio` divides the candidate's by the control's."""
    window: Duration = ArgoMetric.model_fields["window"].default
    """How far back the query looks."""
    latency_unit: Literal["s", "ms", "us"] = "ms"
    """The unit of latencies in the tool's conditions and limits."""
    success_condition: Condition | None = None
    """Instead of the file's own; needed where the file has none to read, as for jobs."""
    failure_condition: Condition | None = None
    """Instead of the file's own."""


class MetricTable(Description):
    """Meanings of metrics, and times of steps that the files do not hold."""

    metrics: dict[Annotated[str, Field(min_length=1)], MetricMeaning] = {}
    """By the metric's name, or by its whole query."""
    update_times: tuple[Duration, ...] = ()
    """When each update of weights is made, from the start of the run, in order."""

    def meaning(self, *names: str) -> MetricMeaning | None:
        """The first of these names or queries that is in the table; spaces do not matter."""
        known = {" ".join(name.split()): meaning for name, meaning in self.metrics.items()}
        found = (known.get(" ".join(name.split())) for name in names)
        return next((each for each in found if each is not None), None)


def read_table(path: Path | None, model: type[Model]) -> Model:
    """The table in a file; an empty one without a file.

    Raises:
        InvalidInput: with every problem, each with its place.
    """
    if path is None:
        return model()
    document = read(file_text(path), str(path))
    flaws, table = list(document.flaws), model()
    try:
        # As JSON, so that lists become tuples while true is no number and "5" no count.
        table = model.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        flaws += flaws_of(error, model)
    if flaws:
        problems = (_problem(flaw, document) for flaw in flaws)
        raise Unimportable(tuple((str(path), each) for each in problems))
    return table


def _problem(flaw: Flaw, document: Document) -> Problem:
    line, column = flaw.mark or document.place(flaw.path, on_key=flaw.on_key)
    value: Any = document.data
    for part in flaw.path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = {}
    shown = short_text(value) if flaw.shows_value else ""
    return Problem(field_name(flaw.path), shown, flaw.rule, flaw.remedy, line, column)
