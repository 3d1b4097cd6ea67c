"""Play a study: what the store lacks goes to an executor in batches, and rows come back.

The order in which batches finish changes nothing: rows are keyed, and read back in order.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from simab.analyse import RunSummary
from simab.errors import InvalidInput
from simab.study.failure import Failure
from simab.study.pace import Pace
from simab.study.plan import Cell, StudyPlan
from simab.study.sending import played_batches

__all__ = [
    "Executor",
    "Known",
    "Means",
    "Progress",
    "Store",
    "StudyRows",
    "WorldRows",
    "complete_replications",
    "play_missing",
    "read_rows",
    "rows_of",
    "run_study",
]

Progress = Callable[[int, int], None]
"""Called with how many rows are done, and of how many."""

Store = MutableMapping[str, RunSummary]
"""Where rows are kept by key; a dict will do, and so will anything that behaves like one."""

WorldRows = Mapping[str, Sequence[RunSummary]]
"""The rows of one world by policy, in order of replication."""

StudyRows = Mapping[str, WorldRows]
"""The rows of a study by world."""


def run_study(
    plan: StudyPlan,
    *,
    executor: Executor | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
    failed: Callable[[Failure], None] | None = None,
    pace: Pace | None = None,
) -> StudyRows:
    """The rows of a study by world and policy, in order of replication.

    Only rows that the store lacks are played, and cells of the same key once. Without an executor
    they are played here, one after the other. A replication whose policy raises has no row, in the
    store or here: `failed` is called with it. `pace` takes note of the time that rows take. Raises
    what a batch raises for other reasons; rows that came back are in the store.
    """
    known = Known()
    play_missing(plan, known, Means(executor, store, progress, pace or Pace()))
    if failed:
        for failure in known.failures_of(plan):
            failed(failure)
    return rows_of(plan, known)


@dataclass(frozen=True)
class Means:
    """With what a study is played: who plays, who keeps rows, who is told, who takes the time."""

    executor: Executor | None = None
    store: Store | None = None
    progress: Progress | None = None
    pace: Pace = field(default_factory=Pace)


@dataclass
class Known:
    """What is known of the rows of a study by key: those read or played, and failures."""

    rows: dict[str, RunSummary] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def __contains__(self, key: object) -> bool:
        return key in self.rows or key in self.failures

    def failures_of(self, plan: StudyPlan) -> Iterator[Failure]:
        """The failures of a plan under its own names, in the order of its cells."""
        if not self.failures:
            return
        for cell in plan.cells():
            if failure := self.failures.get(plan.row_key(cell)):
                yield replace(failure, world=cell.world, policy=cell.policy)


def play_missing(
    plan: StudyPlan, known: Known, means: Means, *, deadline_s: float | None = None
) -> None:
    """Add to what is known all rows of a plan: from the store, and else by playing.

    From `deadline_s` on (of `time.monotonic`) no batch is begun, and those under way are waited
    for; lowest replications are played first.
    """
    alike, store, progress = _cells_by_key(plan), means.store, means.progress
    if store is not None:
        read_rows(plan, known, store)
    missing = [cells[0] for key, cells in alike.items() if key not in known]
    counts = {key: len(cells) for key, cells in alike.items()}
    total, done = sum(counts.values()), sum(counts[key] for key in counts if key in known)
    if progress:
        progress(done, total)
    flush: Callable[[], Any] = getattr(store, "flush", lambda: None)
    batches = played_batches(
        plan, missing, means.executor, means.pace, deadline_s=deadline_s, idle=flush
    )
    try:
        # Closed at once when interrupted: what has not begun is called off, not waited for.
        with closing(batches):
            for ended in batches:
                played = {plan.row_key(cell): each for cell, each in ended}
                _take(played, known, store)
                done += sum(counts[key] for key in played)
                if progress:
                    progress(done, total)
    finally:
        flush()


def _cells_by_key(plan: StudyPlan) -> dict[str, list[Cell]]:
    """The cells of each key: worlds may coincide, and policies differ by name alone."""
    found: dict[str, list[Cell]] = {}
    for cell in plan.cells():
        found.setdefault(plan.row_key(cell), []).append(cell)
    return found


def read_rows(plan: StudyPlan, known: Known, store: Store) -> None:
    """Add what a store has of a plan's rows; any object can be a store, so they are looked at.

    Raises:
        InvalidInput: what it has is not a row, or one of another replication.
    """
    if not len(store):  # to ask for millions of rows takes a while
        return
    for cell in plan.cells():
        key = plan.row_key(cell)
        row: object = None if key in known else store.get(key)
        if row is None:
            continue
        if not isinstance(row, RunSummary) or row.replication != cell.replication:
            raise InvalidInput(
                f"store: what it holds for replication {cell.replication} is not a row of that "
                "replication; give another store, and play again"
            )
        known.rows[key] = row


def _take(played: Mapping[str, RunSummary | Failure], known: Known, store: Store | None) -> None:
    rows = {key: each for key, each in played.items() if isinstance(each, RunSummary)}
    if store is not None:
        store.update(rows)
    known.rows.update(rows)
    known.failures.update({key: each for key, each in played.items() if isinstance(each, Failure)})


def rows_of(plan: StudyPlan, known: Known) -> StudyRows:
    """What is known of a plan's rows; one may be known under another name of the same policy."""
    found: dict[str, dict[str, list[RunSummary]]] = {
        world: {policy: [] for policy in plan.policies} for world in plan.worlds
    }
    for cell in plan.cells():
        if row := known.rows.get(plan.row_key(cell)):
            found[cell.world][cell.policy].append(replace(row, policy=cell.policy))
    return {
        world: {policy: tuple(rows) for policy, rows in policies.items()}
        for world, policies in found.items()
    }


def complete_replications(plan: StudyPlan, known: Container[str]) -> int:
    """The largest n of which replications 0 to n - 1 are known in every cell."""
    return min(
        (cell.replication for cell in plan.cells() if plan.row_key(cell) not in known),
        default=plan.replications,
    )
