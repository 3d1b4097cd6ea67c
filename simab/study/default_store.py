"""The store that a study has when none is named: a file in the user's cache, which may fail.

There is one file for what is played as a scenario describes it: an edited title, question, policy
or requirement finds it again, studies of other scenarios do not wait for it, and the file of a
scenario that nobody plays any more can go as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from simab.analyse import RunSummary
from simab.errors import InvalidInput
from simab.files import user_cache
from simab.scenario.models import Scenario
from simab.scenario.played import played_text
from simab.study.asked import AskedStudy
from simab.study.store import SqliteStore

__all__ = ["CachedStore", "cached_store_path", "cached_stores"]

MOST_BYTES: Final = 2 * 2**30
"""Of all files together; the ones that were used least lately are removed beyond that."""
_FOLDER: Final = "studies"
_LARGE_BYTES: Final = 64 * 2**20  # in such a file, rows of other versions are dropped
_REMEDY: Final = re.compile(r"[.;] (?:Name|Make|Free|End|Look|the replications)\b")
_Answer = TypeVar("_Answer")


def cached_store_path(scenario: Scenario) -> Path | None:
    """The file of a scenario in the user's cache; None for a user without a home."""
    folder = user_cache()
    digest = sha256(played_text(scenario).encode()).hexdigest()[:16]
    return folder / _FOLDER / f"{digest}.sqlite" if folder else None


def cached_stores() -> list[Path]:
    """The files in the user's cache, the one that was used last first."""
    folder = user_cache()
    if folder is None:
        return []
    found: list[tuple[float, Path]] = []
    for path in (folder / _FOLDER).glob("*.sqlite"):
        with suppress(OSError):  # another process may have removed it
            found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


class CachedStore(MutableMapping[str, RunSummary]):
    """A store that a study can do without: where its file fails, one warning, and it is empty.

    Args:
        path: the file; its folder is made.
        warn: called once, with what is wrong, when the file cannot be used.
        notice: as of `SqliteStore`.
    """

    def __init__(
        self,
        path: Path | None,
        warn: Callable[[str], None],
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self._warn = warn
        self._store: SqliteStore | None = None
        self._store = self._tried(lambda: _opened(path, notice), None)

    @property
    def is_usable(self) -> bool:
        """Whether rows are kept."""
        return self._store is not None

    def __getitem__(self, key: str) -> RunSummary:
        store = self._store
        row = self._tried(lambda: store.get(key), None) if store is not None else None
        if row is None:
            raise KeyError(key)
        return row

    def __setitem__(self, key: str, row: RunSummary) -> None:
        self.update({key: row})

    def __delitem__(self, key: str) -> None:
        if self._store is None:
            raise KeyError(key)
        del self._store[key]

    def __iter__(self) -> Iterator[str]:
        keys: list[str] = []
        if (store := self._store) is not None:
            keys = self._tried(lambda: list(store), keys)
        return iter(keys)

    def __len__(self) -> int:
        store = self._store
        return 0 if store is None else self._tried(lambda: len(store), 0)

    def update(self, rows: Mapping[str, RunSummary]) -> None:  # type: ignore[override]
        """Put many rows, if they can be kept."""
        if (store := self._store) is not None:
            self._tried(lambda: store.update(rows), None)

    def flush(self) -> None:
        """Write what is left, if it can be written."""
        if (store := self._store) is not None:
            self._tried(store.flush, None)

    def ask(self, study: AskedStudy) -> None:
        """Take note of a study, if that can be kept."""
        if (store := self._store) is not None:
            self._tried(lambda: store.ask(study), None)

    def asked(self) -> list[AskedStudy]:
        """The studies that were asked of this file, the latest last."""
        store = self._store
        return [] if store is None else self._tried(store.asked, [])

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        if (store := self._store) is not None:
            self._store = None
            self._tried(store.close, None)

    def _tried(self, act: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        try:
            return act()
        except (InvalidInput, OSError) as error:
            if self._store is not None:
                with suppress(InvalidInput, OSError):
                    self._store.close()
                self._store = None
            # What is named in a remedy is a file of the user's; this one is not.
            why = _REMEDY.split(str(error), maxsplit=1)[0].rstrip(".")
            self._warn(
                f"Warning: finished runs are not kept, as {why}. `simab clear` removes what the "
                "cache holds, and --no-store does without it."
            )
            return otherwise


def _opened(path: Path | None, notice: Callable[[str], None] | None) -> SqliteStore:
    if path is None:
        raise InvalidInput("there is no home folder for a cache")
    path.parent.mkdir(parents=True, exist_ok=True)
    _make_room(path)
    store = SqliteStore(path, notice=notice)
    if path.stat().st_size > _LARGE_BYTES:
        store.drop_rows_of_others()
    return store


def _make_room(wanted: Path) -> None:
    """Remove the files that were used least lately, until the rest fits."""
    total = 0
    for path in cached_stores():
        with suppress(OSError):
            total += path.stat().st_size
            if total > MOST_BYTES and path != wanted:
                path.unlink()
