"""The log of every request, kept only if asked for: one column each, one entry a request."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.outcomes import NONE, Outcome
from simab.world.blueprint import NO_VARIANT
from simab.world.books import Status
from simab.world.traffic import Arrival

__all__ = ["COPY", "RECORD_COLUMNS", "UNKNOWN", "RequestLog"]

UNKNOWN: Final = -1
"""Stands for an instant, instance, label or score that is not known at the horizon."""
COPY: Final = -1
"""The attempt of a mirrored copy."""


@dataclass(slots=True)
class RequestLog:
    """Columns of the request records, in order of arrival. Times in nanoseconds.

    A request in flight at the horizon has status 0 and no finish; one still waiting has no start.
    A label that arrives after the horizon keeps its `label_ns`, but what it says is unknown.
    A mirrored copy stands after its request, with COPY for its attempt.
    """

    segment: list[int] = field(default_factory=list)
    client: list[int] = field(default_factory=list)
    variant: list[int] = field(default_factory=list)
    instance: list[int] = field(default_factory=list)
    arrived_ns: list[int] = field(default_factory=list)
    started_ns: list[int] = field(default_factory=list)
    finished_ns: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    attempt: list[int] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    score: list[int] = field(default_factory=list)
    correct: list[int] = field(default_factory=list)
    label_ns: list[int] = field(default_factory=list)

    def arrive(self, arrival: Arrival, attempt: int = 0) -> int:
        """Begin a record; returns its number."""
        self.segment.append(arrival.segment)
        self.client.append(arrival.client)
        self.arrived_ns.append(arrival.arrived_ns)
        self.variant.append(NO_VARIANT)
        self.status.append(Status.IN_FLIGHT)
        self.attempt.append(attempt)
        for column in (self.instance, self.started_ns, self.finished_ns, self.label_ns):
            column.append(UNKNOWN)
        for column in (self.label, self.score, self.correct):
            column.append(NONE)
        return len(self.arrived_ns) - 1

    def finish(self, number: int, status: Status, finished_ns: int) -> None:
        """The reply."""
        self.status[number] = status
        self.finished_ns[number] = finished_ns

    def learn(self, number: int, label_ns: int, outcome: Outcome | None) -> None:
        """When the label arrives and, unless that is after the horizon, what it says."""
        self.label_ns[number] = label_ns
        if outcome is not None:
            self.label[number], self.score[number], self.correct[number] = outcome

    def table(self) -> NDArray[np.int64]:
        """The records as an array of shape (requests, 13), columns as RECORD_COLUMNS says."""
        columns = [np.array(getattr(self, name), dtype=np.int64) for name in RECORD_COLUMNS]
        return np.column_stack(columns)


RECORD_COLUMNS: Final = tuple(column.name for column in fields(RequestLog))
