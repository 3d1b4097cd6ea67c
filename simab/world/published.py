"""What production shows of the books at one moment: windows after their delay, arrived labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.policies import Assignments
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from simab.world.books import Books, RequestColumn
from simab.world.phases import Phases

__all__ = ["ArrivedLabels", "PublishedMetrics", "read_only"]

_ARRAYS: Final = ("requests", "latencies", "labels", "scores", "invalid", "totals", "rewards")


def read_only(books: Books) -> Books:
    """The same counts as they go on, in arrays that nobody can write to."""
    arrays = {name: _locked(getattr(books, name)) for name in _ARRAYS}
    return Books(blueprint=books.blueprint, **arrays)


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    # Through a buffer: of a plain view the flag could be set back, and `base` is the array itself.
    return np.asarray(array.data.toreadonly())


class ArrivedLabels:
    """Running totals of the labels that have arrived, so that a tick adds only what is new."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._until = 0
        self._scored = len(books.scores) > 0
        self._labels = np.zeros(books.labels.shape[1:], dtype=np.int64)
        self._scores = np.zeros(books.scores.shape[1:], dtype=np.int64)
        self._shown_scores = _locked(self._scores)
        self._earning = len(books.rewards) > 0
        self._rewards = np.zeros(books.rewards.shape[1:], dtype=np.int64)

    def advance(self, until_ns: int) -> None:
        """Take in the labels that arrived before `until_ns`, a multiple of the resolution."""
        until = until_ns // self._books.blueprint.label_resolution_ns
        for bucket in range(self._until, until):  # mostly one, for which a sum would cost more
            self._labels += self._books.labels[bucket]
            if self._scored:  # a new array: totals handed out before stay what they were
                self._scores = self._scores + self._books.scores[bucket]
            if self._earning:
                self._rewards += self._books.rewards[bucket]
        if self._scored:
            self._shown_scores = _locked(self._scores)
        self._until = until

    def totals(self, variant: int, until_ns: int) -> LabelTotals:
        """Totals of one variant's labels that arrived before `until_ns`.

        Quick at the instant advanced to. A policy may keep an observation and read it later: then
        the labels are counted again, up to where they were.
        """
        until = until_ns // self._books.blueprint.label_resolution_ns
        if until != self._until:
            counted = self._books.label_totals(variant, 0, until)
            return counted._replace(score_histogram=_locked(counted.score_histogram))
        rewards = self._rewards[variant] if self._earning else None
        return self._books.totals_of_labels(
            variant, self._labels[variant], self._shown_scores[variant], rewards
        )


@dataclass(frozen=True, slots=True)
class PublishedMetrics:
    """The metrics visible at `now_ns`, which is a controller's tick."""

    _books: Books
    _arrived: ArrivedLabels
    _phases: Phases
    now_ns: int

    @property
    def period_ns(self) -> int:
        """Length of a metric window."""
        return self._books.blueprint.period_ns

    @property
    def published_until_ns(self) -> int:
        """End of the newest window whose publication delay is over."""
        seen_ns = max(self.now_ns - self._books.blueprint.publication_delay_ns, 0)
        return seen_ns // self.period_ns * self.period_ns

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Totals of the published windows that lie within [since, until)."""
        first = max(-(-since_ns // self.period_ns), 0)
        last = min(until_ns, self.published_until_ns) // self.period_ns
        return self._books.request_totals(self._number(variant), first, max(first, last))

    def assignments(self) -> Assignments:
        """Whom the weights in force have sent where, in the published windows."""
        phase = self._phases.at(self.now_ns)
        counts = self._phases.assigned(phase, self.published_until_ns)
        names = [self._books.blueprint.names[choice] for choice in phase.choices]
        users = phase.column is RequestColumn.USERS_ASSIGNED
        return Assignments(
            "users" if users else "requests",
            phase.number,
            MappingProxyType(dict(zip(names, counts, strict=True))),
        )

    def labels(self, variant: str) -> LabelTotals:
        """Totals of all labels that have arrived before now."""
        return self._arrived.totals(self._number(variant), self.now_ns)

    def as_of(self, earlier_ns: int) -> PublishedMetrics:
        """What was visible at an instant that is not after now; a published window is final."""
        return replace(self, now_ns=min(earlier_ns, self.now_ns))

    def _number(self, variant: str) -> int:
        return self._books.blueprint.names.index(variant)
