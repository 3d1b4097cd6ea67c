"""The store in the user's cache: where it is, how it is bounded, and that a study needs it not."""

from __future__ import annotations

import os
import sqlite3
import sys
from functools import partial
from pathlib import Path

import pytest

from simab.files import user_cache
from simab.study import SqliteStore, default_store
from simab.study.default_store import CachedStore, cached_store_path, cached_stores
from tests.study.building import POLICIES, small
from tests.study.test_store import ASKED, ROW


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own folder")
@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"SIMAB_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/simab"),
        ({"HOME": "/c"}, "/c/.cache/simab"),
    ],
)
def test_the_folder_is_that_of_the_system_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: str
) -> None:
    """XDG Base Directory Specification, version 0.8."""
    for name in ("SIMAB_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert user_cache() == Path(folder)


def test_what_is_played_names_the_file() -> None:
    """Other words, policies and requirements find the same file, another horizon does not."""
    same = [
        small(),
        small(title="Another"),
        small(policies={"test": POLICIES["test"]}),
        small(study={"replications": 7}),
    ]
    assert len({cached_store_path(each) for each in same}) == 1
    assert cached_store_path(small(horizon="3min")) != cached_store_path(small())


def test_it_keeps_rows_and_studies() -> None:
    """As the store of a file that is named does."""
    said: list[str] = []
    path = cached_store_path(small())
    store = CachedStore(path, said.append)
    store.update({"a": ROW})
    store.ask(ASKED)
    store.close()
    again = CachedStore(path, said.append)
    assert (dict(again), again.asked(), said) == ({"a": ROW}, [ASKED], [])
    assert cached_stores() == [path]


def locked(path: Path) -> object:
    SqliteStore(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def damaged(path: Path) -> None:
    path.write_bytes(b"not a database at all, only text")


def of_another_format(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE outcomes (key TEXT)")
    other.close()


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("trouble", [locked, damaged, of_another_format, a_folder])
def test_a_file_that_cannot_be_opened_is_one_warning(
    trouble: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then a store that holds nothing."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0))  # 5 s otherwise
    path = cached_store_path(small())
    path.parent.mkdir(parents=True)
    kept = trouble(path)  # type: ignore[operator]
    said: list[str] = []
    store = CachedStore(path, said.append)
    assert not store.is_usable
    store.update({"a": ROW})
    store.flush()
    store.ask(ASKED)
    assert (store.get("a"), list(store), len(store), store.asked()) == (None, [], 0, [])
    store.close()
    (warning,) = said
    assert str(path) in warning
    assert "--no-store" in warning
    assert "Name another" not in warning
    del kept


def test_no_folder_for_a_cache_is_one_warning(tmp_path: Path) -> None:
    """A path below a file, as good as a disk that is read-only; and a user without a home."""
    (tmp_path / "file").touch()
    os.environ["SIMAB_CACHE_DIR"] = str(tmp_path / "file")
    for path in (cached_store_path(small()), None):
        said: list[str] = []
        assert not CachedStore(path, said.append).is_usable
        assert len(said) == 1


def test_a_disk_that_gets_full_is_one_warning() -> None:
    """The rows of the study stay with it; what was written before stays in the file."""
    said: list[str] = []
    path = cached_store_path(small())
    store = CachedStore(path, said.append)
    store.update({"a": ROW})
    connection = store._store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(2):
        store.update({f"new {number}": ROW for number in range(2000)})
        store.flush()
    store.close()
    assert len(said) == 1
    assert dict(SqliteStore(path)) == {"a": ROW}


def test_the_files_that_were_used_least_lately_make_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of all but the one that is opened, which may be large by itself."""
    paths = [cached_store_path(small(horizon=f"{minutes}min")) for minutes in (2, 3, 4, 5)]
    for age, path in enumerate(reversed(paths)):
        CachedStore(path, pytest.fail).close()
        os.utime(path, (1e9 + age, 1e9 + age))
    monkeypatch.setattr(default_store, "MOST_BYTES", 2 * paths[0].stat().st_size)
    assert cached_stores() == paths
    CachedStore(paths[3], pytest.fail).close()
    assert set(cached_stores()) == {paths[0], paths[1], paths[3]}


def test_rows_of_other_versions_leave_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can use them again."""
    path = cached_store_path(small())
    store = CachedStore(path, pytest.fail)
    store.update({"old": ROW})
    store.flush()
    store._store._connection.execute("UPDATE makers SET made_by = 'another version'")
    store.update({"new": ROW})
    store.close()
    assert set(CachedStore(path, pytest.fail)) == {"old", "new"}
    monkeypatch.setattr(default_store, "_LARGE_BYTES", 0)
    assert set(CachedStore(path, pytest.fail)) == {"new"}
