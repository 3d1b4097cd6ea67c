"""Answers one by one, as their labels arrive: what a policy is shown that asks for it.

They are read from the records of requests, so that the planes count nothing more. A look adds what
is new since the look before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.policies.answers import Answers
from simab.stats.fixed_arrays import fixed
from simab.world.blueprint import Blueprint
from simab.world.label_plan import LabelCounting
from simab.world.records import RECORD_COLUMNS
from simab.world.request_sessions import RequestSessions

__all__ = ["AnswerLog", "LabelledRecords"]

Integers = NDArray[np.int64]
_COLUMN: Final = {name: number for number, name in enumerate(RECORD_COLUMNS)}
_FIRST_ROOM: Final = 1024


class LabelledRecords(NamedTuple):
    """Records, shape (records, 13), with their numbers and those of the requests in their segments.

    Both of shape (records,).
    """

    numbers: Integers
    places: Integers
    records: Integers


class AnswerLog:
    """The labelled answers of each variant, in order of the instants at which their labels count.

    Of two at one instant the record with the lower number comes first. So what a look before has
    seen is a beginning of what there is now, on both planes and whatever looks there were.
    """

    def __init__(
        self, blueprint: Blueprint, draws: Draws, newly_labelled: Callable[[], LabelledRecords]
    ) -> None:
        self._blueprint, self._newly_labelled = blueprint, newly_labelled
        self._draws = draws
        self._first_users = np.array(blueprint.clients_before, dtype=np.int64)
        self._read_until_ns = 0
        self._pending = np.zeros((0, len(_Rows.columns)), dtype=np.int64)
        self._variants = [_Rows() for _ in blueprint.variants]
        self._last: dict[int, Answers] = {}

    @cached_property
    def _sessions(self) -> RequestSessions | None:
        """Of the requests; made when the first answers are read."""
        return RequestSessions.of(self._blueprint, self._draws)

    def answers(self, variant: int, until_ns: int) -> Answers:
        """Those whose label counts before an instant that is not after now."""
        resolution_ns = self._blueprint.label_resolution_ns
        until_ns = until_ns // resolution_ns * resolution_ns  # as labels are counted in buckets
        if until_ns > self._read_until_ns:
            self._read(until_ns)
        rows = self._variants[variant]
        count = rows.before(until_ns)
        last = self._last.get(variant)
        if last is None or len(last) != count:
            last = self._last[variant] = self._shown(variant, rows.first(count))
        return last

    def _read(self, until_ns: int) -> None:
        """Take over all labels before an instant, in order."""
        pending = np.concatenate([self._pending, self._rows_of(self._newly_labelled())])
        due = pending[:, _Rows.known] < until_ns
        new, self._pending = pending[due], pending[~due]
        new = new[np.lexsort((new[:, _Rows.number], new[:, _Rows.known]))]
        for variant, rows in enumerate(self._variants):
            rows.add(new[new[:, _Rows.variant] == variant])
        self._read_until_ns = until_ns

    def _rows_of(self, labelled: LabelledRecords) -> Integers:
        numbers, places, records = labelled
        known_ns, horizon_ns = records[:, _COLUMN["label_ns"]], self._blueprint.horizon_ns
        labels = self._blueprint.labels
        if labels is not None and labels.counting is LabelCounting.WAIT:
            finished_ns = records[:, _COLUMN["finished_ns"]]
            known_ns = np.maximum(known_ns, finished_ns + labels.counted_after_ns)
        seen = (known_ns < horizon_ns) & (records[:, _COLUMN["label_ns"]] < horizon_ns)
        numbers, places, records, known_ns = (
            each[seen] for each in (numbers, places, records, known_ns)
        )
        segments = records[:, _COLUMN["segment"]]
        sessions = places if self._sessions is None else self._sessions.numbers(segments, places)
        users = self._first_users[segments] + records[:, _COLUMN["client"]]
        said = records[:, _COLUMN["correct"]]
        if self._earning:
            said = records[:, _COLUMN["score"]]  # which holds the reward in units
        arrived_ns, variants = records[:, _COLUMN["arrived_ns"]], records[:, _COLUMN["variant"]]
        return np.column_stack(
            [segments, users, said, arrived_ns, known_ns, sessions, variants, numbers]
        )

    @property
    def _earning(self) -> bool:
        return any(each.reward_scale for each in self._blueprint.conditions.samplers)

    def _shown(self, variant: int, rows: Integers) -> Answers:
        scale = self._blueprint.conditions.own(variant).reward_scale
        values = rows[:, _Rows.said].astype(np.float64)
        if scale is not None:
            values = np.ldexp(scale.lowest + values, scale.exponent)
        columns: Sequence[Integers] = [np.ascontiguousarray(each) for each in rows.T]
        return Answers(
            fixed(columns[_Rows.segment]),
            fixed(columns[_Rows.user]),
            fixed(values),
            fixed(columns[_Rows.arrived]),
            fixed(columns[_Rows.known]),
            tuple(self._blueprint.scenario.traffic),
            None if self._sessions is None else fixed(columns[_Rows.session]),
        )


class _Rows:
    """Rows in an array that grows: of a segment, a user, what the label says, instants, session."""

    columns: Final = ("segment", "user", "said", "arrived", "known", "session", "variant", "number")
    segment, user, said, arrived, known, session, variant, number = range(8)
    kept: Final = 6

    def __init__(self) -> None:
        self._rows = np.zeros((_FIRST_ROOM, self.kept), dtype=np.int64)
        self._count = 0

    def add(self, new: Integers) -> None:
        """At the end."""
        needed = self._count + len(new)
        if needed > len(self._rows):
            rows = np.zeros((max(needed, 2 * len(self._rows)), self.kept), dtype=np.int64)
            rows[: self._count] = self._rows[: self._count]
            self._rows = rows
        self._rows[self._count : needed] = new[:, : self.kept]
        self._count = needed

    def before(self, until_ns: int) -> int:
        """How many are known before an instant."""
        return int(np.searchsorted(self._rows[: self._count, self.known], until_ns))

    def first(self, count: int) -> Integers:
        """The first so many."""
        return self._rows[:count]
