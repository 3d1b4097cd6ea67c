"""Rows on disk: an SQLite file keeps each outcome under its key, so that a study can resume."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import asdict
from pathlib import Path

from simab.analyse import Outcome, Verdict
from simab.errors import InvalidInput

__all__ = ["SqliteStore"]


class SqliteStore(MutableMapping[str, Outcome]):
    """A mapping from row key to outcome in one file; what was put is there after any crash.

    One process writes: workers hand their rows back to the study.

    Raises:
        InvalidInput: the file cannot be opened or is no such store.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(path)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS outcomes (key TEXT PRIMARY KEY, row TEXT NOT NULL)"
            )
            self._connection.commit()
        except sqlite3.Error as error:
            raise InvalidInput(
                f"{path} is no store of simab and cannot become one: {error}. Name another file."
            ) from None

    def __getitem__(self, key: str) -> Outcome:
        found = self._connection.execute("SELECT row FROM outcomes WHERE key = ?", (key,))
        row = found.fetchone()
        if row is None:
            raise KeyError(key)
        fields = json.loads(row[0])
        return Outcome(**{**fields, "verdict": Verdict(fields["verdict"])})

    def __setitem__(self, key: str, row: Outcome) -> None:
        text = json.dumps(asdict(row))
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", (key, text))

    def __delitem__(self, key: str) -> None:
        with self._connection:
            deleted = self._connection.execute("DELETE FROM outcomes WHERE key = ?", (key,))
        if not deleted.rowcount:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        for (key,) in self._connection.execute("SELECT key FROM outcomes ORDER BY key"):
            yield key

    def __len__(self) -> int:
        count: int = self._connection.execute("SELECT count(*) FROM outcomes").fetchone()[0]
        return count

    def __contains__(self, key: object) -> bool:
        found = self._connection.execute("SELECT 1 FROM outcomes WHERE key = ?", (key,))
        return found.fetchone() is not None

    def update(self, rows: Mapping[str, Outcome]) -> None:  # type: ignore[override]
        """Put many rows in one transaction."""
        texts = [(key, json.dumps(asdict(row))) for key, row in rows.items()]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", texts)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
