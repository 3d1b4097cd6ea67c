"""What production shows of the counts at one moment: windows after their delay, arrived labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.policies import Assignments
from simab.stats.fixed_arrays import fixed
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from simab.text.untrusted import visible
from simab.world.blueprint import Blueprint
from simab.world.phases import Phases
from simab.world.run_counts import ARRAYS, RequestColumn, RunCounts

__all__ = ["ArrivedLabels", "PublishedMetrics", "ShownLabels", "published_until_ns", "read_only"]


def published_until_ns(blueprint: Blueprint, now_ns: int) -> int:
    """End of the newest window whose publication delay is over at `now_ns`."""
    seen_ns = max(now_ns - blueprint.publication_delay_ns, 0)
    return seen_ns // blueprint.period_ns * blueprint.period_ns


def read_only(run_counts: RunCounts) -> RunCounts:
    """The same counts as they go on, in arrays that cannot be written to."""
    arrays = {name: _locked(getattr(run_counts, name)) for name in ARRAYS}
    return RunCounts(blueprint=run_counts.blueprint, **arrays)


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


class ArrivedLabels:
    """Running totals of the labels that have arrived, so that a tick adds only what is new."""

    def __init__(self, run_counts: RunCounts) -> None:
        self._run_counts = run_counts
        self._until = np.zeros(1, dtype=np.int64)
        self._labels = np.zeros(run_counts.labels.shape[1:], dtype=np.int64)
        self._scores = np.zeros(run_counts.scores.shape[1:], dtype=np.int64)
        self._rewards = np.zeros(run_counts.rewards.shape[1:], dtype=np.int64)
        pairs = (
            (self._labels, run_counts.labels),
            (self._scores, run_counts.scores),
            (self._rewards, run_counts.rewards),
        )
        self._counted = [(totals, counts) for totals, counts in pairs if len(counts)]
        self.shown = ShownLabels(
            run_counts,
            _locked(self._until),
            _locked(self._labels),
            _locked(self._scores),
            _locked(self._rewards),
        )
        """What a policy may look at: goes on with the totals."""

    def advance(self, until_ns: int) -> None:
        """Take in the labels that arrived before `until_ns`, a multiple of the resolution."""
        run_counts, first = self._run_counts, int(self._until[0])
        until = until_ns // run_counts.blueprint.label_resolution_ns
        for totals, counts in self._counted:
            if until == first + 1:  # mostly; a sum would cost more
                totals += counts[first]
            else:
                totals += counts[first:until].sum(axis=0)
        self._until[0] = until


@dataclass(frozen=True, slots=True)
class ShownLabels:
    """The running totals, to read: labels up to bucket `_until[0]`, by variant."""

    _run_counts: RunCounts
    _until: NDArray[np.int64]
    _labels: NDArray[np.int64]
    _scores: NDArray[np.int64]
    _rewards: NDArray[np.int64]

    def totals(self, variant: int, until_ns: int) -> LabelTotals:
        """Totals of one variant's labels that arrived before `until_ns`.

        Quick at the instant advanced to. A policy may keep an observation and read it later: then
        the labels are counted again, up to where they were.
        """
        until = until_ns // self._run_counts.blueprint.label_resolution_ns
        if until != self._until[0]:
            counted = self._run_counts.label_totals(variant, 0, until)
            return counted._replace(score_histogram=fixed(counted.score_histogram))
        scores = self._scores[variant]
        if len(self._run_counts.scores):  # totals handed out stay what they are
            scores = fixed(scores)
        rewards = self._rewards[variant] if len(self._run_counts.rewards) else None
        return self._run_counts.totals_of_labels(variant, self._labels[variant], scores, rewards)


@dataclass(frozen=True, slots=True)
class PublishedMetrics:
    """The metrics visible at `now_ns`, which is a controller's tick."""

    _run_counts: RunCounts = field(repr=False)  # it leads to the scenario: the truth
    _arrived: ShownLabels = field(repr=False)
    _phases: Phases = field(repr=False)
    now_ns: int

    @property
    def period_ns(self) -> int:
        """Length of a metric window."""
        return self._run_counts.blueprint.period_ns

    @property
    def published_until_ns(self) -> int:
        """End of the newest window whose publication delay is over."""
        return published_until_ns(self._run_counts.blueprint, self.now_ns)

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """Totals of the published windows that lie within [since, until)."""
        first = max(-(-since_ns // self.period_ns), 0)
        last = min(until_ns, self.published_until_ns) // self.period_ns
        return self._run_counts.request_totals(self._number(variant), first, max(first, last))

    def assignments(self) -> Assignments:
        """Whom the weights in force have sent where, in the published windows."""
        phase = self._phases.at(self.now_ns)
        counts = self._phases.assigned(phase, self.published_until_ns)
        names = [self._run_counts.blueprint.names[choice] for choice in phase.choices]
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
        names = self._run_counts.blueprint.names
        try:
            return names.index(variant)
        except ValueError:
            raise InvalidInput(
                f"variant = {visible(repr(variant))}: the scenario has no such variant; name one "
                f"of {', '.join(names)}"
            ) from None
