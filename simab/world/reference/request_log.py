"""The records of requests as the reference plane keeps them: a list for each column."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simab.profiles.outcomes import NONE, RequestOutcome
from simab.world.answer_log import LabelledRecords
from simab.world.blueprint import NO_VARIANT
from simab.world.records import RECORD_COLUMNS, UNKNOWN
from simab.world.reference.traffic import Arrival
from simab.world.run_counts import Status

__all__ = ["RequestLog"]


@dataclass(slots=True)
class RequestLog:
    """Columns as RECORD_COLUMNS says."""

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
    within: list[int] = field(default_factory=list)
    """The number of each request within its segment."""
    learned: list[int] = field(default_factory=list)
    """Numbers of the records whose label's arrival is known, in the order of the replies."""

    def arrive(self, arrival: Arrival, attempt: int = 0) -> int:
        """Begin a record; returns its number."""
        self.segment.append(arrival.segment)
        self.client.append(arrival.client)
        self.arrived_ns.append(arrival.arrived_ns)
        self.variant.append(NO_VARIANT)
        self.status.append(Status.IN_FLIGHT)
        self.attempt.append(attempt)
        self.within.append(arrival.number)
        for column in (self.instance, self.started_ns, self.finished_ns, self.label_ns):
            column.append(UNKNOWN)
        for column in (self.label, self.score, self.correct):
            column.append(NONE)
        return len(self.arrived_ns) - 1

    def finish(self, number: int, status: Status, finished_ns: int) -> None:
        """The reply."""
        self.status[number] = status
        self.finished_ns[number] = finished_ns

    def learn(self, number: int, label_ns: int, outcome: RequestOutcome | None) -> None:
        """When the label arrives and, unless that is after the horizon, what it says."""
        self.label_ns[number] = label_ns
        self.learned.append(number)
        if outcome is not None:
            self.label[number], self.score[number], self.correct[number] = outcome

    def learned_since(self, first: int) -> LabelledRecords:
        """Those learned, from the first-th of them on."""
        numbers = self.learned[first:]
        columns = [getattr(self, name) for name in RECORD_COLUMNS]
        rows = [[column[number] for column in columns] for number in numbers]
        found = np.array(rows, dtype=np.int64).reshape(len(rows), len(columns))
        places = np.array([self.within[number] for number in numbers], dtype=np.int64)
        return LabelledRecords(np.array(numbers, dtype=np.int64), places, found)

    def table(self) -> NDArray[np.int64]:
        """The records as an array of shape (requests, 13), columns as RECORD_COLUMNS says."""
        columns = [np.array(getattr(self, name), dtype=np.int64) for name in RECORD_COLUMNS]
        return np.column_stack(columns)
