"""Where `simab compare` keeps finished replications: named, by default in the cache, or nowhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from simab.scenario import dumps
from simab.study import SqliteStore
from simab.study.default_store import cached_store_path, cached_stores
from tests.comparison.command_line import Ended, run
from tests.study.building import small


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


def compared(capsys: pytest.CaptureFixture[str], file: Path, *words: object) -> Ended:
    return run(capsys, "compare", file, "--workers", 1, "--policy", "test", *words)


def test_by_default_they_are_kept_in_the_cache_which_is_named(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second study with more replications plays those alone, and a line says where they are."""
    path = cached_store_path(small())
    first = compared(capsys, file, "-n", 2)
    assert first.err.splitlines()[0].startswith(f"Finished replications are kept in {path}")
    held = len(SqliteStore(path))
    assert held > 0
    assert compared(capsys, file, "-n", 2, "--json", "--quiet").out.startswith("{")
    assert len(SqliteStore(path)) == held
    more = compared(capsys, file, "-n", 4)
    assert f"it has {held} replications" in more.err
    assert len(SqliteStore(path)) == 2 * held


def test_the_cache_changes_no_byte(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Played, read, or with nothing kept."""
    whole = compared(capsys, file, "-n", 3, "--json", "--no-store")
    assert cached_stores() == []
    assert compared(capsys, file, "-n", 2, "--json").code == 0
    for _ in range(2):
        assert compared(capsys, file, "-n", 3, "--json").out == whole.out


def test_a_store_that_is_named_is_used_alone(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cache stays empty."""
    store = file.parent / "rows.sqlite"
    ended = compared(capsys, file, "-n", 1, "--store", store)
    assert f"kept in {store}; it has 0 replications" in ended.err
    assert len(SqliteStore(store)) > 0
    assert cached_stores() == []
    both = compared(capsys, file, "--store", store, "--no-store")
    assert both.code == 2
    assert "give one of the two" in both.err


def test_a_broken_cache_is_one_warning_and_the_same_result(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A named store that is broken ends the command with code 2."""
    whole = compared(capsys, file, "-n", 2, "--json", "--no-store")
    path = cached_store_path(small())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database at all, only text")
    ended = compared(capsys, file, "-n", 2, "--json")
    assert (ended.code, ended.out) == (0, whole.out)
    (warning,) = [line for line in ended.err.splitlines() if line.startswith("Warning")]
    assert "finished runs are not kept" in warning
    assert compared(capsys, file, "-n", 2, "--store", path).code == 2


def test_a_damaged_row_in_the_cache_is_played_again(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is given up, with one warning, and the result is that of a study without it."""
    whole = compared(capsys, file, "-n", 3, "--json")
    store = SqliteStore(cached_store_path(small()))
    store._connection.execute(
        "UPDATE outcomes SET row = replace(row, 'replication', 'repetition') "
        "WHERE key = (SELECT max(key) FROM outcomes)"
    )
    store.close()
    ended = compared(capsys, file, "-n", 3, "--json")
    assert (ended.code, ended.out) == (0, whole.out)
    assert ended.err.count("Warning") == 1


def test_what_differs_from_an_earlier_study_is_named(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a store that is named; none of its rows is used."""
    store = file.parent / "rows.sqlite"
    compared(capsys, file, "-n", 1, "--store", store)
    file.write_text(dumps(small(horizon="3min")), encoding="utf-8")
    said = compared(capsys, file, "-n", 1, "--store", store).err
    assert 'are of other studies: horizon was "2min" and is "3min"' in said
    assert "are of other studies" not in compared(capsys, file, "-n", 2, "--store", store).err


def test_no_home_is_no_hindrance(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As in a container whose user has no folder that can be written."""
    os.environ["SIMAB_CACHE_DIR"] = str(file)
    ended = compared(capsys, file, "-n", 1, "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["replications"] == 1
    assert ended.err.count("Warning") == 1
