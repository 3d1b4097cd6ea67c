"""Stores on the command line: named by their file, or by the scenario that the cache keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.study.held import HeldStudy
    from simab.study.store import SqliteStore

__all__ = ["chosen_study", "is_store", "moment", "opened_store", "size_text", "study_option"]

_SQLITE: Final = b"SQLite format 3\0"

study_option: Final[Callable[..., Any]] = click.option(
    "--study",
    "number",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="Which study of the store, as `simab status` numbers them; by default the last.",
)


def is_store(path: Path) -> bool:
    """Whether a file is one of SQLite, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


@contextmanager
def opened_store(path: Path) -> Iterator[SqliteStore]:
    """The store in a file; of a scenario file, the one that the user's cache keeps of it.

    Raises:
        InvalidInput: there is none, or the scenario is faulty.
    """
    from simab.study.store import SqliteStore

    if not is_store(path):
        from simab.scenario import load
        from simab.study.default_store import cached_store_path

        kept = cached_store_path(load(path))
        if kept is None or not kept.is_file():
            raise InvalidInput(
                f"{path}: nothing is kept of this scenario; `simab compare {path}` plays it"
            )
        path = kept
    with closing(SqliteStore(path, create=False)) as store:
        yield store


def chosen_study(store: SqliteStore, number: int | None) -> HeldStudy:
    """A study of a store by its number, or the last.

    Raises:
        InvalidInput: there is no such study.
    """
    from simab.study.held import held_studies

    studies = held_studies(store)
    if not studies:
        raise InvalidInput(f"{store.path}: no study was asked of this store")
    if number is not None and number > len(studies):
        raise InvalidInput(
            f"--study {number}: the store has {len(studies)}; `simab status {store.path}` "
            "numbers them"
        )
    return studies[-1 if number is None else number - 1]


def moment(seconds: int) -> str:
    """A moment as people write it, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def size_text(size: int) -> str:
    """Bytes in the unit that people read."""
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 / 10 else f"{size / 2**10:,.0f} KiB"
