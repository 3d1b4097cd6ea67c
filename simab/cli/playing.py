"""How a command plays a study: its workers, the store that it resumes from, and how to go on.

All commands that play more than one run have these options and these words.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from simab.cli.progress import shown_progress

if TYPE_CHECKING:
    from simab.study.execution import Executor

__all__ = ["UNFINISHED", "UnfinishedRows", "how_to_resume", "played", "store", "workers"]

Found = TypeVar("Found")

UNFINISHED: Final = "unfinished.sqlite"

workers = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    show_default="all processors",
    help="Replications played at once; their number changes no result.",
)
store = click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep finished replications in this SQLite file, and resume from it.",
)


@dataclass(frozen=True, slots=True)
class UnfinishedRows:
    """Where finished replications are kept until the whole report is written."""

    path: Path | None
    is_ours: bool = False

    @classmethod
    def beside(cls, store: Path | None, out: Path | None) -> UnfinishedRows:
        """The store that was asked for; without one, a file in the folder of the report."""
        if store is not None or out is None:
            return cls(store)
        return cls(out / UNFINISHED, is_ours=True)

    def finished(self) -> None:
        """The report is written: our own file is not needed any more."""
        if self.is_ours and self.path is not None:
            self.path.unlink(missing_ok=True)


def played(
    study: Callable[..., Found],
    workers: Executor | None,
    store: Path | None,
    *,
    quiet: bool,
) -> Found:
    """Play with the workers and the store that were asked for, and say how far it is."""
    from simab.study import SqliteStore

    with ExitStack() as stack:
        return study(
            executor=stack.enter_context(workers) if workers else None,
            store=stack.enter_context(closing(SqliteStore(store))) if store else None,
            progress=stack.enter_context(shown_progress("Replications", quiet=quiet)),
        )


def how_to_resume(store: Path | None) -> str:
    """What is kept of a study that was interrupted, and how to go on."""
    if store is None:
        return "Nothing is kept. Give --store FILE or --out DIR to be able to resume."
    if not store.exists():
        return "Nothing was played yet; run the same command again."
    from simab.study import SqliteStore

    with closing(SqliteStore(store)) as kept:
        count = len(kept)
    kept_words = "1 replication is" if count == 1 else f"{count} replications are"
    return f"{kept_words} kept in {store}; run the same command again for the rest."
