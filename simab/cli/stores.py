"""Stores on the command line: named by their file, or by the scenario that the cache keeps."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli.policy_files import PolicySource
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.study.held import HeldStudy
    from simab.study.store import SqliteStore

__all__ = [
    "chosen_study",
    "is_store",
    "moment",
    "opened_store",
    "require_no_policies",
    "size_text",
    "store_of_scenario",
    "study_option",
]

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
def opened_store(path: Path, source: PolicySource) -> Iterator[SqliteStore]:
    """The store in a file; of a scenario file, the one that the user's cache keeps of it.

    Raises:
        InvalidInput: there is none, the scenario is faulty, or policies are named for a store.
    """
    from simab.study.store import SqliteStore

    if is_store(path):
        require_no_policies(path, source)
    else:
        kept = store_of_scenario(path, source)
        if kept is None or not kept.is_file():
            again = shlex.join(["simab", "compare", str(path), *source.words()])
            raise InvalidInput(f"{path}: nothing is kept of this scenario; `{again}` plays it")
        path = kept
    with closing(SqliteStore(path, create=False)) as store:
        yield store


def store_of_scenario(path: Path, source: PolicySource) -> Path | None:
    """The file in which the user's cache keeps the rows of a scenario; None without a cache.

    Raises:
        InvalidInput: the scenario, or what its policies are read from, is faulty.
    """
    from simab.study.default_store import cached_store_path

    return cached_store_path(source.scenario(str(path), quiet=True))


def require_no_policies(path: Path | None, source: PolicySource) -> None:
    """Raises InvalidInput where policies are named beside what is not a scenario."""
    if source.files or source.table:
        what = "no scenario is named" if path is None else f"{path} is not a scenario"
        raise InvalidInput(f"{source.words()[0]}: goes with a scenario, and {what}; leave it out")


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
