"""Rows on disk: an SQLite file keeps each outcome under its key, so that a study can resume.

Each row is kept with when it was made, and by which code; the studies that were asked for stand
beside, so that a store says by itself what it holds and what it lacks.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from simab.analyse import Judgement, RunSummary, Verdict
from simab.errors import InvalidInput
from simab.study.asked import AskedStudy, MadeBy, what_differs

__all__ = ["SqliteStore"]

_PRIMARY: Final = 0xFF  # the part of an SQLite code that says what, without where
_REMEDIES: Final = {
    sqlite3.SQLITE_FULL: "Free some space, then run the same again",
    sqlite3.SQLITE_BUSY: "End the other program that uses it, then run the same again",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable, then run the same again",
    sqlite3.SQLITE_IOERR: "Look after the disk, then run the same again",
}
_ANOTHER_FILE: Final = "Name another file, or move this one away"
FORMAT: Final = 2
"""Of the tables; a store of another format is refused."""
SECONDS_BETWEEN_WRITES: Final = 1.0
TABLES: Final = (
    "CREATE TABLE makers (id INTEGER PRIMARY KEY, made_by TEXT UNIQUE)",
    "CREATE TABLE outcomes (key TEXT PRIMARY KEY, row TEXT NOT NULL, digest TEXT NOT NULL, "
    "maker INTEGER, made_s INTEGER)",
    "CREATE TABLE studies (digest TEXT PRIMARY KEY, study TEXT NOT NULL, maker INTEGER, "
    "asked_s INTEGER)",
)

_NO_FILE: Final = (":", "file:")  # what SQLite takes for a database in memory, or for a URI


class SqliteStore(MutableMapping[str, RunSummary]):
    """A mapping from row key to outcome in one file, with the studies that were asked of it.

    Rows are gathered into a transaction about once a second, as each takes up to 50 ms on a busy
    disk; `flush` and `close` write what is left. One process writes rows at a time: workers hand
    theirs back to the study.

    Args:
        path: the file; it is made if absent.
        create: whether a file may be made; without it only stores that are there are opened.
        notice: called with a sentence where a study that is asked for can use none of the rows that
            earlier ones left here, and why.

    Raises:
        InvalidInput: the file cannot be opened or is no such store, or one of another format; from
            every method, it can no longer be read or written (full disk, locked, damaged). What was
            written before stays.
    """

    def __init__(
        self, path: Path, *, create: bool = True, notice: Callable[[str], None] | None = None
    ) -> None:
        self.path = path
        self._notice = notice
        _require_place(path, create=create)
        self._pending: dict[str, str] = {}
        self._written_s = -math.inf
        try:
            # Transactions are begun by hand: Python's own would begin at the first change.
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._prepare(create=create)
        except sqlite3.Error as error:
            raise InvalidInput(_cannot_open(path, error)) from None

    def _prepare(self, *, create: bool) -> None:
        found = _format_of(self._connection)
        if found is None and create:
            with self._transaction():
                if _format_of(self._connection) is None:  # another process may have been quicker
                    for statement in (*TABLES, f"PRAGMA user_version = {FORMAT}"):
                        self._connection.execute(statement)
            found = FORMAT
        if found != FORMAT:
            self._connection.close()
            raise InvalidInput(_other_format(self.path, found))
        self._connection.execute("SELECT key, row, digest FROM outcomes LIMIT 1")

    def __getitem__(self, key: str) -> RunSummary:
        if key in self._pending:
            return _outcome(json.loads(self._pending[key]))
        with self._file():
            found = self._connection.execute(
                "SELECT row, digest FROM outcomes WHERE key = ?", (key,)
            )
            kept = found.fetchone()
        if kept is None:
            raise KeyError(key)
        row, digest = kept
        if digest != _digest(key, row):
            raise InvalidInput(
                f"{self.path}: the row of key {key[:12]}... is not the one that simab put there: "
                f"it was changed, or moved from another key. {_ANOTHER_FILE}, and play again."
            )
        with self._file():
            return _outcome(json.loads(row))

    def __setitem__(self, key: str, row: RunSummary) -> None:
        self.update({key: row})

    def __delitem__(self, key: str) -> None:
        self.flush()
        with self._file(), self._transaction():
            deleted = self._connection.execute("DELETE FROM outcomes WHERE key = ?", (key,))
        if not deleted.rowcount:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter([key for (key,) in self.rows("SELECT key FROM outcomes ORDER BY key")])

    def __len__(self) -> int:
        ((count,),) = self.rows("SELECT count(*) FROM outcomes")
        return int(count)

    def __contains__(self, key: object) -> bool:
        if key in self._pending:
            return True
        with self._file():
            found = self._connection.execute("SELECT 1 FROM outcomes WHERE key = ?", (key,))
            return found.fetchone() is not None

    def update(self, rows: Mapping[str, RunSummary]) -> None:  # type: ignore[override]
        """Put many rows; they are on disk with the next transaction, a second later at most.

        Where rows come more seldom than that, each call writes. `flush` writes at once.
        """
        self._pending.update((key, json.dumps(asdict(row))) for key, row in rows.items())
        if time.monotonic() - self._written_s >= SECONDS_BETWEEN_WRITES:
            self.flush()

    def flush(self) -> None:
        """Write what was put since the last transaction: all of it, or none if that fails."""
        if not self._pending:
            return
        now_s, pending = int(time.time()), self._pending
        self._pending = {}
        with self._file(), self._transaction():
            maker = self._maker()
            self._connection.executemany(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?)",
                [(key, text, _digest(key, text), maker, now_s) for key, text in pending.items()],
            )
        self._written_s = time.monotonic()

    def ask(self, study: AskedStudy) -> None:
        """Take note of a study that is played with this store; more replications replace fewer."""
        if self._notice and (differs := what_differs(study, self.asked())):
            self._notice(f"The rows that {self.path} held are of other studies: {differs}.")
        with self._file(), self._transaction():
            maker = self._maker()
            before = self._connection.execute(
                "SELECT study FROM studies WHERE digest = ?", (study.digest,)
            ).fetchone()
            if before and AskedStudy.from_json(before[0]).replications > study.replications:
                study = replace(AskedStudy.from_json(before[0]), asked_s=study.asked_s)
            self._connection.execute(
                "INSERT OR REPLACE INTO studies VALUES (?, ?, ?, ?)",
                (study.digest, study.to_json(), maker, study.asked_s),
            )

    def asked(self) -> list[AskedStudy]:
        """The studies that were asked of this store, the latest last."""
        texts = self.rows("SELECT study FROM studies ORDER BY asked_s, rowid")
        with self._file():
            return [AskedStudy.from_json(text) for (text,) in texts]

    def rows(self, query: str) -> list[Any]:
        """The answer to a query, pending rows included."""
        self.flush()
        with self._file():
            return self._connection.execute(query).fetchall()

    def drop_rows_of_others(self) -> None:
        """Delete rows that other versions made, which this one cannot use."""
        with self._file(), self._transaction():
            self._connection.execute("DELETE FROM outcomes WHERE maker <> ?", (self._maker(),))

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        try:
            self.flush()
        finally:
            self._connection.close()

    def _maker(self) -> int:
        """The number of this version of simab and its libraries, within a transaction."""
        made_by = MadeBy.this().to_json()
        self._connection.execute("INSERT OR IGNORE INTO makers (made_by) VALUES (?)", (made_by,))
        found = self._connection.execute("SELECT id FROM makers WHERE made_by = ?", (made_by,))
        return int(found.fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _file(self) -> Iterator[None]:
        """Whatever goes wrong with the file, in one sentence with the remedy."""
        try:
            yield
        except sqlite3.Error as error:
            remedy = _REMEDIES.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY, _ANOTHER_FILE)
            raise InvalidInput(self._trouble(str(error), remedy)) from None
        except (ValueError, TypeError, KeyError):  # a row that simab did not write
            raise InvalidInput(self._trouble("it holds what is not a row", _ANOTHER_FILE)) from None

    def _trouble(self, what: str, remedy: str) -> str:
        return (
            f"{self.path}: the store cannot be used any more: {what}. {remedy}; "
            "the replications that it kept stay in it."
        )


def _require_place(path: Path, *, create: bool) -> None:
    if str(path).startswith(_NO_FILE) or not path.name:
        raise InvalidInput(
            f"{path}: a store is a file, to be there after a crash. Name one, such as "
            "study.sqlite; begin with ./ if the name really starts like this."
        )
    if not create and not path.is_file():
        raise InvalidInput(f"{path}: there is no such store; name the file of one")
    if not path.parent.is_dir():
        raise InvalidInput(f"{path}: there is no folder {path.parent}. Make it, or name another.")


def _format_of(connection: sqlite3.Connection) -> int | None:
    """The version of a store; 1 is that of simab 0.1.0, 0 another file, and None an empty one."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not names:
        return None
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version or int("outcomes" in names)


def _other_format(path: Path, found: int | None) -> str:
    if not found:
        return f"{path} is not a store of simab: it has other tables. Name another file."
    by = "simab 0.1.0" if found < FORMAT else "a later simab"
    return (
        f"{path} is a store of format {found}, as {by} writes it; this simab keeps format "
        f"{FORMAT}. Name another file: what it kept is played again."
    )


def _outcome(fields: dict[str, Any]) -> RunSummary:
    fields["verdict"] = Verdict(fields["verdict"])
    fields["judgement"] = Judgement(fields["judgement"])
    return RunSummary(**fields)


def _digest(key: str, row: str) -> object:
    """Ties a row to its key, so that none answers for another; a guard against accidents only."""
    return sha256(f"{key} {row}".encode("utf-8", "surrogatepass")).hexdigest()


def _cannot_open(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _REMEDIES:
        return f"{path}: the store cannot be opened: {error}. {_REMEDIES[code]}."
    return f"{path} is not a store of simab and cannot become one: {error}. Name another file."
