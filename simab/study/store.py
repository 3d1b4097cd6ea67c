"""Rows on disk: an SQLite file keeps each outcome under its key, so that a study can resume."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from simab.analyse import Judgement, RunSummary, Verdict
from simab.errors import InvalidInput

__all__ = ["SqliteStore"]

_PRIMARY: Final = 0xFF  # the part of an SQLite code that says what, without where
_REMEDIES: Final = {
    sqlite3.SQLITE_FULL: "Free some space, then run the same again",
    sqlite3.SQLITE_BUSY: "End the other program that uses it, then run the same again",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable, then run the same again",
    sqlite3.SQLITE_IOERR: "Look after the disk, then run the same again",
}
_ANOTHER_FILE: Final = "Name another file, or move this one away"


_NO_FILE: Final = (":", "file:")  # what SQLite takes for a database in memory, or for a URI


class SqliteStore(MutableMapping[str, RunSummary]):
    """A mapping from row key to outcome in one file; what was put is there after any crash.

    One process writes: workers hand their rows back to the study.

    Raises:
        InvalidInput: the file cannot be opened or is no such store; from every method, it can no
            longer be read or written (full disk, locked, damaged). What was put before stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if str(path).startswith(_NO_FILE) or not path.name:
            raise InvalidInput(
                f"{path}: a store is a file, to be there after a crash. Name one, such as "
                "study.sqlite; begin with ./ if the name really starts like this."
            )
        if not path.parent.is_dir():
            raise InvalidInput(
                f"{path}: there is no folder {path.parent}. Make it, or name another."
            )
        try:
            self._connection = sqlite3.connect(path)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS outcomes "
                "(key TEXT PRIMARY KEY, row TEXT NOT NULL, digest TEXT NOT NULL)"
            )
            self._connection.commit()
            self._connection.execute("SELECT key, row, digest FROM outcomes LIMIT 1")
        except sqlite3.Error as error:
            raise InvalidInput(_cannot_open(path, error)) from None

    def __getitem__(self, key: str) -> RunSummary:
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
                f"{self._path}: the row of key {key[:12]}... is not the one that simab put there: "
                f"it was changed, or moved from another key. {_ANOTHER_FILE}, and play again."
            )
        with self._file():
            return _outcome(json.loads(row))

    def __setitem__(self, key: str, row: RunSummary) -> None:
        self.update({key: row})

    def __delitem__(self, key: str) -> None:
        with self._file(), self._connection:
            deleted = self._connection.execute("DELETE FROM outcomes WHERE key = ?", (key,))
        if not deleted.rowcount:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        with self._file():
            found = self._connection.execute("SELECT key FROM outcomes ORDER BY key").fetchall()
        return iter([key for (key,) in found])

    def __len__(self) -> int:
        with self._file():
            count: int = self._connection.execute("SELECT count(*) FROM outcomes").fetchone()[0]
        return count

    def __contains__(self, key: object) -> bool:
        with self._file():
            found = self._connection.execute("SELECT 1 FROM outcomes WHERE key = ?", (key,))
            return found.fetchone() is not None

    def update(self, rows: Mapping[str, RunSummary]) -> None:  # type: ignore[override]
        """Put many rows in one transaction: all of them, or none if that fails."""
        texts = [(key, json.dumps(asdict(row))) for key, row in rows.items()]
        entries = [(key, text, _digest(key, text)) for key, text in texts]
        with self._file(), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?)", entries
            )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

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
            f"{self._path}: the store cannot be used any more: {what}. {remedy}; "
            "the replications that it kept stay in it."
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
