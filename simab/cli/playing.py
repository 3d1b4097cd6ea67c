"""How a command plays a study: its workers, the store that it resumes from, and how to go on.

All commands that play more than one run have these options and these words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from simab.cli.executors import chosen_executor, dask_option, workers_option
from simab.cli.exits import Interrupted
from simab.cli.progress import shown_progress
from simab.cli.terminal import say
from simab.errors import InvalidInput, NoResources

if TYPE_CHECKING:
    from simab.scenario.models import Scenario
    from simab.study.default_store import CachedStore
    from simab.study.pace import Pace
    from simab.study.store import SqliteStore

__all__ = ["Playing", "playing_options"]

Found = TypeVar("Found")

_ENOUGH_FOR_A_PACE: Final = 20
_OPTIONS: Final = (
    workers_option,
    click.option(
        "--store",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Keep finished replications in this SQLite file, and resume from it; by default in a "
        "file in the user's cache.",
    ),
    dask_option,
    click.option("--no-store", is_flag=True, help="Keep nothing, and play everything."),
)


@dataclass(slots=True)
class Playing:
    """What the options say of playing, and the file that keeps the rows."""

    workers: int
    named: Path | None
    none: bool
    dask: str | None = None
    path: Path | None = None
    """The store in use: None before it is opened, and where nothing is kept."""

    def played(
        self,
        study: Callable[..., Found],
        scenario: Scenario,
        *,
        rows: int,
        engine: str,
        quiet: bool,
    ) -> Found:
        """Call `study` with an executor, a store and a progress, for so many rows of a scenario.

        Raises:
            InvalidInput: the store that was named cannot be used. One in the cache is done without.
        """
        workers = chosen_executor(self.workers, self.dask, scenario, rows, engine)
        with ExitStack() as stack:
            return study(
                executor=stack.enter_context(workers) if workers else None,
                store=stack.enter_context(self._opened(scenario, quiet=quiet)),
                progress=stack.enter_context(shown_progress("Replications", quiet=quiet)),
            )

    def keep_only_where_named(self) -> None:
        """Use no store of the cache, for rows that may depend on what no key says."""
        self.none = self.none or self.named is None

    def keep_pace(self, pace: Pace, scenario: Scenario, engine: str) -> None:
        """Remember what a run took on this machine, for forecasts; few runs say little."""
        if self.none or self.dask is not None or pace.rows < _ENOUGH_FOR_A_PACE:
            return
        from simab.explain.forecast import usual_run_s
        from simab.explain.measured_pace import keep_pace

        keep_pace(scenario, pace.cpu_s, usual_run_s(scenario), engine)

    @contextmanager
    def resumable(self) -> Iterator[None]:
        """Say how to go on where what follows is interrupted, or lacks memory or a worker.

        Raises:
            Interrupted: instead of KeyboardInterrupt.
            NoResources: with that sentence added.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise Interrupted(self._how_to_resume()) from None
        except NoResources as error:
            raise NoResources(f"{error} {self._how_to_resume()}") from None

    @contextmanager
    def _opened(
        self, scenario: Scenario, *, quiet: bool
    ) -> Iterator[SqliteStore | CachedStore | None]:
        """The store, and a line that says where it is."""
        if self.none:
            yield None
            return
        with closing(self._store(scenario, quiet=quiet)) as store:
            if self.path is not None:
                held = _replications(len(store))
                say(f"Finished replications are kept in {self.path}; it has {held}.", quiet=quiet)
            yield store

    def _store(self, scenario: Scenario, *, quiet: bool) -> SqliteStore | CachedStore:
        from simab.study.default_store import CachedStore, cached_store_path
        from simab.study.store import SqliteStore

        notice = partial(say, quiet=quiet)
        if self.named is not None:
            self.path = self.named
            return SqliteStore(self.named, notice=notice)
        place = cached_store_path(scenario)
        give_up = partial(self._give_up, quiet=quiet)
        cached = CachedStore(place, give_up, notice)
        self.path = place if cached.is_usable else None
        return cached

    def _give_up(self, warning: str, *, quiet: bool) -> None:
        self.path = None
        say(warning, quiet=quiet)

    def _how_to_resume(self) -> str:
        """What is kept of a study that was interrupted, and how to go on."""
        if self.path is None:
            return "Nothing is kept; run the same command again to start over."
        if not self.path.exists():
            return "Nothing was played yet; run the same command again."
        from simab.study.store import SqliteStore

        with closing(SqliteStore(self.path, create=False)) as kept:
            count = len(kept)
        are = "is" if count == 1 else "are"
        return (
            f"{_replications(count)} {are} kept in {self.path}; run the same command again for the "
            "rest."
        )


def _replications(count: int) -> str:
    return f"{count} replication{'' if count == 1 else 's'}"


def playing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of playing, as one argument `playing`."""

    @wraps(command)
    def packed(
        *positional: Any,
        workers: int,
        store: Path | None,
        dask: str | None,
        no_store: bool,
        **named: Any,
    ) -> Any:
        if store is not None and no_store:
            raise InvalidInput(f"--store {store}: --no-store keeps nothing; give one of the two")
        return command(*positional, playing=Playing(workers, store, no_store, dask), **named)

    found: Callable[..., Any] = packed
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
