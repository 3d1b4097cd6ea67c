"""What production shows of the counts at one moment: windows after their delay, arrived labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Literal
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.policies import Assignments
from simab.policies.answers import Answers
from simab.stats.fixed_arrays import fixed
from simab.stats.label_totals import LabelTotals, no_scores
from simab.stats.request_totals import RequestTotals, added
from simab.world.answer_log import AnswerLog
from simab.world.phases import Phases
from simab.world.run_counts import INSTANCE_SHARE_ONE, RequestColumn, RunCounts

__all__ = ["PublishedMetrics", "ShownCounts"]


class _Memory:
    """The memory of an array, to read; what the read-only array has for its `base`."""

    __slots__ = ("__array_interface__", "__weakref__")

    def __init__(self, array: NDArray[Any]) -> None:
        described = array.__array_interface__
        self.__array_interface__ = {**described, "data": (described["data"][0], True)}


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory in an array that stays read-only: its flag cannot be set back."""
    memory = _Memory(array)
    # The array lives as long as its memory is shown, though no attribute leads from here to it.
    finalize(memory, id, array).atexit = False
    return np.asarray(memory)


class _RunningSums:
    """Sums of an array's first buckets, taken further as later ones are asked for.

    So a look that reads labels adds only what is new, and one that reads none adds nothing.
    """

    def __init__(self, counts: NDArray[Any]) -> None:
        self._counts = counts
        self._until = 0
        self._sums = fixed(np.zeros(counts.shape[1:], dtype=np.int64))

    def before(self, bucket: int) -> NDArray[np.int64]:
        """The sums of all buckets before one, in an array that stays as it is."""
        counts, first = self._counts, self._until
        if bucket == first:
            return self._sums
        if bucket < first:  # a policy may keep an observation and read it later
            return fixed(counts[:bucket].sum(axis=0, dtype=np.int64))
        new = counts[first]
        if bucket > first + 1:  # seldom, and a sum costs more
            new = counts[first:bucket].sum(axis=0, dtype=np.int64)
        self._sums, self._until = fixed(self._sums + new), bucket
        return self._sums


class ArrivedLabels:
    """The labels that have arrived before an instant, by variant."""

    def __init__(self, run_counts: RunCounts) -> None:
        self._run_counts = run_counts
        self._resolution_ns = run_counts.blueprint.label_resolution_ns
        self._labels = _RunningSums(run_counts.labels)
        self._scores = _RunningSums(run_counts.scores)
        self._rewards = _RunningSums(run_counts.rewards)
        self._scored, self._earning = len(run_counts.scores) > 0, len(run_counts.rewards) > 0
        self._read_until = 0
        self._columns: list[list[int]] = self._labels.before(0).tolist()

    def totals(self, variant: int, until_ns: int) -> LabelTotals:
        """Totals of one variant's labels that arrived before `until_ns`, a tick."""
        until = until_ns // self._resolution_ns
        if until != self._read_until:  # at a tick once, for all variants
            self._read_until, self._columns = until, self._labels.before(until).tolist()
        sums = self._run_counts.matured(variant, until, self._columns[variant])
        return self._run_counts.totals_of_labels(
            variant,
            sums,
            self._rewards.before(until)[variant].tolist() if self._earning else None,
            partial(self._score_histogram, variant, until) if self._scored else no_scores,
        )

    def _score_histogram(self, variant: int, until: int) -> NDArray[np.int64]:
        histogram: NDArray[np.int64] = self._scores.before(until)[variant]
        return histogram


class ShownCounts:
    """The counts of a run as a policy may see them: they go on, and cannot be written to."""

    def __init__(self, run_counts: RunCounts, answer_log: AnswerLog | None = None) -> None:
        self.run_counts = run_counts.shown(_locked)
        self.answers = None if answer_log is None else _reader(answer_log)
        self.numbers = {name: number for number, name in enumerate(run_counts.blueprint.names)}
        self.labels = ArrivedLabels(self.run_counts)
        self.phases = Phases(self.run_counts)
        self.publication = run_counts.blueprint.publication


def _reader(answer_log: AnswerLog) -> Callable[[int, int], Answers]:
    """Reads the log, and leads nobody to it: what it holds can be written to."""

    def read(variant: int, until_ns: int) -> Answers:
        return answer_log.answers(variant, until_ns)

    return read


@dataclass(frozen=True, slots=True)
class PublishedMetrics:
    """The metrics visible at `now_ns`, which is a controller's tick."""

    _shown: ShownCounts = field(repr=False)  # it leads to the scenario: the truth
    now_ns: int

    @property
    def period_ns(self) -> int:
        """Length of a metric window."""
        return self._shown.run_counts.blueprint.period_ns

    @property
    def published_until_ns(self) -> int:
        """End of the newest window whose publication delay is over."""
        return self._shown.publication.until_ns(self.now_ns)

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Totals of the published windows that lie within [since, until)."""
        first, last = self._windows(since_ns, until_ns)
        number, counts = self._number(variant), self._shown.run_counts
        kept = self._shown.publication.kept(first, last)
        return added([counts.request_totals(number, *each) for each in kept])

    def invocations_per_instance(self, variant: str, since_ns: int, until_ns: int) -> float:
        """In these windows, the sum over requests of 1 / instances at the time of each."""
        first, last = self._windows(since_ns, until_ns)
        column = RequestColumn.INVOCATIONS_PER_INSTANCE
        counted = self._shown.run_counts.requests[:, self._number(variant), column]
        kept = self._shown.publication.kept(first, last)
        return sum(int(counted[slice(*each)].sum()) for each in kept) / INSTANCE_SHARE_ONE

    def _windows(self, since_ns: int, until_ns: int) -> tuple[int, int]:
        first = max(-(-since_ns // self.period_ns), 0)
        return first, max(min(until_ns, self.published_until_ns) // self.period_ns, first)

    def assignments(self) -> Assignments:
        """Whom the weights in force have sent where, in the published windows."""
        phase = self._shown.phases.at(self.now_ns)
        counts = self._shown.phases.assigned(phase, self.published_until_ns)
        names = [self._shown.run_counts.blueprint.names[choice] for choice in phase.choices]
        return Assignments(
            self._unit_of(phase.column),
            phase.number,
            MappingProxyType(dict(zip(names, counts, strict=True))),
        )

    def _unit_of(self, column: RequestColumn) -> Literal["requests", "sessions", "users"]:
        if column is not RequestColumn.USERS_ASSIGNED:
            return "requests"
        endpoint = self._shown.run_counts.blueprint.scenario.endpoint
        return "sessions" if endpoint.assigns_sessions else "users"

    def labels(self, variant: str) -> LabelTotals:
        """Totals of all labels that have arrived before now."""
        return self._shown.labels.totals(self._number(variant), self.now_ns)

    def answers(self, variant: str) -> Answers:
        """The same labels one by one: the first of each request, where there are several."""
        if self._shown.answers is None:
            raise InvalidInput(
                "metrics.answers: the run keeps no answers. Give the policy a method "
                "reads_answers() that returns True, or play with record_requests=True."
            )
        return self._shown.answers(self._number(variant), self.now_ns)

    def as_of(self, earlier_ns: int) -> PublishedMetrics:
        """What was visible at an instant that is not after now; a published window is final."""
        return PublishedMetrics(self._shown, min(earlier_ns, self.now_ns))

    def _number(self, variant: str) -> int:
        number = self._shown.numbers.get(variant)
        return self._shown.run_counts.blueprint.number_of(variant) if number is None else number
