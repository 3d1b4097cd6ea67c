"""Play a study: what the store lacks goes to an executor in batches, and rows come back.

The order in which batches finish changes nothing: rows are keyed, and read back in order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from math import ceil
from operator import attrgetter
from pickle import PicklingError
from typing import Final

from simab.analyse import RunSummary
from simab.errors import InvalidInput, NoResources
from simab.study.failure import Failure
from simab.study.plan import Cell, StudyPlan
from simab.study.playing import play_batch
from simab.world.control import Decider

__all__ = [
    "Executor",
    "Progress",
    "Store",
    "StudyRows",
    "WorldRows",
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

_BATCHES_A_POLICY: Final = 200  # so that the workers end at nearly the same time


def run_study(
    plan: StudyPlan,
    *,
    executor: Executor | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
    failed: Callable[[Failure], None] | None = None,
) -> StudyRows:
    """The rows of a study by world and policy, in order of replication.

    Only rows that the store lacks are played, and cells of the same key once. Without an executor
    they are played here, one after the other. A replication whose policy raises has no row, in the
    store or here: `failed` is called with it. Raises what a batch raises for other reasons; rows
    already stored stay stored.
    """
    store = {} if store is None else store
    keys = {cell: plan.row_key(cell) for cell in plan.cells()}
    missing = [cell for cell, key in keys.items() if key not in store]
    done = len(keys) - len(missing)
    alike = _cells_by_key(missing, keys)
    if progress:
        progress(done, len(keys))
    # Closed at once when interrupted: what has not begun is called off, not waited for.
    with closing(_played(plan, [cells[0] for cells in alike.values()], executor)) as batches:
        for ended in batches:
            rows = {keys[cell]: row for cell, row in ended if isinstance(row, RunSummary)}
            store.update(rows)
            for cell, failure in ended:
                if failed and isinstance(failure, Failure):
                    for same in alike[keys[cell]]:
                        failed(replace(failure, world=same.world, policy=same.policy))
            done += sum(len(alike[keys[cell]]) for cell, _ in ended)
            if progress:
                progress(done, len(keys))
    return _rows(plan, keys, store)


def _cells_by_key(cells: Sequence[Cell], keys: Mapping[Cell, str]) -> dict[str, list[Cell]]:
    """The cells of each key: worlds may coincide, and policies differ by name alone."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(keys[cell], []).append(cell)
    return found


def _rows(plan: StudyPlan, keys: Mapping[Cell, str], store: Store) -> StudyRows:
    """What the store holds of a plan; it may hold a row under another name of the same policy."""
    found: dict[str, dict[str, list[RunSummary]]] = {
        world: {policy: [] for policy in plan.policies} for world in plan.worlds
    }
    for cell, key in keys.items():
        if key in store:
            row = replace(_kept(store, key, cell.replication), policy=cell.policy)
            found[cell.world][cell.policy].append(row)
    return {
        world: {policy: tuple(rows) for policy, rows in policies.items()}
        for world, policies in found.items()
    }


def _kept(store: Store, key: str, replication: int) -> RunSummary:
    """A row of the store, which any object can be: one that cannot be the key's is refused."""
    row: object = store[key]
    if not isinstance(row, RunSummary) or row.replication != replication:
        raise InvalidInput(
            f"store: what it holds for replication {replication} is not a row of that replication; "
            "give another store, and play again"
        )
    return row


def _batches(plan: StudyPlan, cells: Sequence[Cell]) -> Iterator[Sequence[Cell]]:
    """Cells of one world, policy and seed each, in the order given."""
    size = max(ceil(plan.replications / _BATCHES_A_POLICY), 1)
    for _, same in groupby(cells, attrgetter("world", "policy", "seed")):
        group = list(same)
        for first in range(0, len(group), size):
            yield group[first : first + size]


_Ended = Sequence[tuple[Cell, RunSummary | Failure]]


def _played(
    plan: StudyPlan, cells: Sequence[Cell], executor: Executor | None
) -> Generator[_Ended, None, None]:
    scenarios = {world: scenario.model_dump_json() for world, scenario in plan.worlds.items()}

    def call(batch: Sequence[Cell]) -> tuple[str, tuple[str, Decider], list[int], int, str]:
        world, policy, seed, _ = batch[0]
        numbers = [cell.replication for cell in batch]
        return scenarios[world], (policy, plan.policies[policy]), numbers, seed, plan.engine

    if executor is None:
        for batch in _batches(plan, cells):
            yield list(zip(batch, play_batch(*call(batch)), strict=True))
        return
    futures: dict[Future[list[RunSummary | Failure]], Sequence[Cell]] = {}
    try:
        # One by one, not made at once: what is submitted before an interrupt must be called off.
        for batch in _batches(plan, cells):
            futures[executor.submit(play_batch, *call(batch))] = batch
        for future in as_completed(futures):
            yield list(zip(futures[future], _result(future, plan), strict=True))
    except (KeyboardInterrupt, GeneratorExit):
        if abandon := getattr(executor, "abandon", None):
            abandon()
            futures.clear()  # they fail by themselves; one that is called off could not
        raise
    except BrokenExecutor:
        # The pool marks its futures as failed: one called off meanwhile would end its thread.
        futures.clear()
        raise NoResources(
            "A worker process ended before its work was done: it was killed, as the system does "
            "where memory runs out, or could not start. Give less workers (--workers 1), and run "
            "the same again."
        ) from None
    finally:
        for future in futures:
            future.cancel()


def _result(
    future: Future[list[RunSummary | Failure]], plan: StudyPlan
) -> list[RunSummary | Failure]:
    try:
        return future.result()
    except (AttributeError, TypeError, PicklingError) as error:
        if "pickle" not in str(error):
            raise
        raise InvalidInput(
            f"policies: one of {', '.join(plan.policies)} cannot be sent to a worker process "
            f"({error}); define its class in a module, or give no executor"
        ) from None
