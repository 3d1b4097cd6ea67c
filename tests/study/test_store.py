"""The store keeps rows exactly, and says so when a file is not a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.analyse import Judgement, RunSummary, Verdict
from simab.errors import InvalidInput
from simab.study import SqliteStore
from simab.study import store as store_module
from simab.study.asked import AskedStudy, MadeBy
from tests.strategies import CHARACTERS
from tests.study.building import small

counts = st.integers(0, 2**53)
amounts = st.floats(0, 1e300)
outcomes = st.builds(
    RunSummary,
    policy=st.text(CHARACTERS, max_size=63),
    replication=counts,
    verdict=st.sampled_from(Verdict),
    decided_for=st.none() | st.text(CHARACTERS, max_size=63),
    ends_with=st.none() | st.text(CHARACTERS, max_size=63),
    ends_with_since_s=st.none() | amounts,
    judgement=st.sampled_from(Judgement),
    correct=st.booleans(),
    decided_s=st.none() | amounts,
    requests_to_decision=st.none() | counts,
    requests_total=counts,
    requests_failed=counts,
    requests_rejected=counts,
    requests_on_worse=counts,
    regret=amounts,
    guardrail_breach_s=amounts,
    weight_changes=counts,
    actions_refused=counts,
    refusal=st.none() | st.text(CHARACTERS, max_size=99),
    held_for=st.none() | st.sampled_from(["guardrail", "sample ratio; guardrail"]),
    in_flight_at_horizon=counts,
    labels_outstanding=counts,
)
texts = st.text(CHARACTERS, max_size=20)


@given(st.dictionaries(texts, outcomes, max_size=8), st.data())
def test_it_is_a_mapping_that_a_file_keeps(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, RunSummary], data: st.DataObject
) -> None:
    """What a dict does, it does; closed and opened again it holds the same, to the last bit."""
    file = tmp_path_factory.mktemp("store") / "rows.sqlite"
    store = SqliteStore(file)
    store.update(rows)
    assert dict(store) == rows
    if rows:
        key = data.draw(st.sampled_from(sorted(rows)))
        rows[key] = store[key] = data.draw(outcomes)
        gone = data.draw(st.sampled_from(sorted(rows)))
        del store[gone], rows[gone]
        assert gone not in store
    store.close()
    again = SqliteStore(file)
    assert dict(again) == rows
    assert len(again) == len(rows)
    assert list(again) == sorted(rows, key=lambda key: key.encode())
    assert all(isinstance(row.verdict, Verdict) for row in again.values())
    again.close()


def test_an_absent_row_is_a_key_error(tmp_path: Path) -> None:
    """As with any mapping."""
    store = SqliteStore(tmp_path / "rows.sqlite")
    assert "absent" not in store
    with pytest.raises(KeyError):
        store["absent"]
    with pytest.raises(KeyError):
        del store["absent"]
    store.close()


def test_another_process_may_read_while_rows_are_written(tmp_path: Path) -> None:
    """A second connection sees every row that was flushed, without waiting for the first."""
    first = SqliteStore(tmp_path / "rows.sqlite")
    second = SqliteStore(tmp_path / "rows.sqlite")
    first["a"] = first["b"] = ROW
    first.flush()
    assert second["a"] == second["b"] == ROW
    first.close()
    second.close()


@pytest.mark.parametrize("content", [b"not a database at all, only text", b"\x00" * 4096])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """One message that names the file, and not a byte of it changed."""
    file = tmp_path / "precious.txt"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"precious\.txt is not a store of simab.*another file"):
        SqliteStore(file)
    assert file.read_bytes() == content


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A folder that does not exist is named in the message."""
    with pytest.raises(InvalidInput, match="nowhere"):
        SqliteStore(tmp_path / "nowhere" / "rows.sqlite")


ROW = RunSummary(
    "p", 0, Verdict.UNDECIDED, None, None, None, Judgement.NEITHER, False, None, None, 1, 0, 0, 0,
    0.0, 0.0, 0, 0, None, None, 0, 0,
)  # fmt: skip


def full(store: SqliteStore, file: Path) -> None:
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def locked(store: SqliteStore, file: Path) -> None:
    store._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    locked.other = other  # type: ignore[attr-defined]  # it holds the lock while it lives


def readonly(store: SqliteStore, file: Path) -> None:
    store._connection.execute("PRAGMA query_only = ON")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (full, "full.*Free some space"),
        (locked, "locked.*End the other program"),
        (readonly, "readonly.*Make the file and its folder writable"),
    ],
)
def test_a_file_that_fails_later_is_one_message_and_keeps_its_rows(
    tmp_path: Path, trouble: Callable[[SqliteStore, Path], None], words: str
) -> None:
    """A study of hours may meet a full disk: what, where, the remedy, and nothing half written."""
    file = tmp_path / "rows.sqlite"
    store = SqliteStore(file)
    store.update({str(number): ROW for number in range(5)})
    trouble(store, file)
    store.update({f"new {number}": ROW for number in range(2000)})
    with pytest.raises(InvalidInput, match=rf"rows\.sqlite: the store cannot be used.*{words}"):
        store.flush()
    store.close()
    if trouble is locked:
        locked.other.close()  # type: ignore[attr-defined]
    assert len(SqliteStore(file)) == 5


def test_a_damaged_file_is_one_message(tmp_path: Path) -> None:
    """Whichever way it is looked at."""
    file = tmp_path / "rows.sqlite"
    store = SqliteStore(file)
    store.update({str(number): ROW for number in range(2000)})
    store.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    file.write_bytes(content)
    looks: list[Callable[[SqliteStore], object]] = [
        len,
        list,
        lambda store: store["7"],
        lambda store: "7" in store,
        lambda store: store.pop("7"),
    ]
    for look in looks:
        with pytest.raises(InvalidInput, match=r"malformed.*Name another file"):
            look(SqliteStore(file))


def test_a_row_that_simab_did_not_write_is_one_message(tmp_path: Path) -> None:
    """A file of the right shape whose rows are something else."""
    file = tmp_path / "rows.sqlite"
    SqliteStore(file).close()
    with sqlite3.connect(file) as other:
        other.execute(
            "INSERT INTO outcomes (key, row, digest) "
            "VALUES ('a', 'no JSON', ''), ('b', '{}', 'x'), ('c', '[]', 1)"
        )
    store = SqliteStore(file)
    for key in "abc":
        with pytest.raises(InvalidInput, match="not the one that simab put there"):
            store[key]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outcomes SET row = replace(row, '\"replication\": 0', '\"replication\": 1')",
        "UPDATE outcomes SET key = 'b' WHERE key = 'a'",
        "UPDATE outcomes SET (row, digest) = "
        "(SELECT row, digest FROM outcomes WHERE key = 'other')",
    ],
)
def test_a_row_that_could_not_have_come_from_its_key_is_refused(
    tmp_path: Path, change: str
) -> None:
    """Edited, moved to another key, or copied from there with its digest."""
    file = tmp_path / "rows.sqlite"
    store = SqliteStore(file)
    store.update({"a": ROW, "other": replace(ROW, replication=ROW.replication + 7)})
    store.flush()
    with sqlite3.connect(file) as other:
        other.execute(change)
    key = "b" if "b" in store else "a"
    with pytest.raises(InvalidInput, match=r"rows\.sqlite: the row of key .* not the one that"):
        store[key]


def test_a_store_that_another_program_writes_to_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that the file is not a store, which would make people move it away."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0))  # 5 s otherwise
    file = tmp_path / "rows.sqlite"
    SqliteStore(file).close()
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InvalidInput, match=r"is locked\. End the other program") as refused:
            SqliteStore(file)
    assert "not a store" not in str(refused.value)


@pytest.mark.parametrize("name", [":memory:", "file:rows.sqlite", "file::memory:?cache=shared"])
def test_a_store_is_a_file(name: str) -> None:
    """What SQLite keeps in memory would be gone with the process, after saying that it is kept."""
    with pytest.raises(InvalidInput, match="a store is a file"):
        SqliteStore(Path(name))


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def time(self) -> float:
        return 1.7e9


def test_rows_are_gathered_into_a_transaction_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs milliseconds on a busy disk; what was put is there to be read at once."""
    clock = Clock()
    monkeypatch.setattr(store_module, "time", clock)
    file = tmp_path / "rows.sqlite"
    store = SqliteStore(file)
    other = SqliteStore(file)
    written = []
    for tenth in range(40):
        clock.now_s = 100.0 + tenth / 10
        store[str(tenth)] = ROW
        assert store[str(tenth)] == ROW
        written.append(len(other))
    assert [written[tenth] for tenth in (0, 9, 10, 19, 20, 39)] == [1, 1, 11, 11, 21, 31]
    store.close()
    assert len(other) == 40


def test_rows_that_come_seldom_are_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of ten seconds does not wait for the next one."""
    clock = Clock()
    monkeypatch.setattr(store_module, "time", clock)
    store, other = (SqliteStore(tmp_path / "rows.sqlite") for _ in range(2))
    for number in range(3):
        clock.now_s += 10
        store[str(number)] = ROW
        assert len(other) == number + 1


def test_no_lock_is_held_between_transactions(tmp_path: Path) -> None:
    """Studies that share a file write in turn, though rows of both are pending."""
    first, second = (SqliteStore(tmp_path / "rows.sqlite") for _ in range(2))
    for number in range(5):
        first[f"first {number}"] = second[f"second {number}"] = ROW
    first.close()
    second.close()
    assert len(SqliteStore(tmp_path / "rows.sqlite")) == 10


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "CREATE TABLE outcomes (key TEXT PRIMARY KEY, row TEXT NOT NULL, digest TEXT NOT NULL)",
            r"store of format 1, as simab 0\.1\.0 writes it; this simab keeps format 2",
        ),
        (
            "CREATE TABLE outcomes (key TEXT); PRAGMA user_version = 3",
            "store of format 3, as a later simab writes it",
        ),
        ("CREATE TABLE holidays (day TEXT)", "not a store of simab: it has other tables"),
    ],
)
def test_another_format_is_refused_by_its_name(tmp_path: Path, script: str, words: str) -> None:
    """Earlier, later, or another program's: nothing in the file is changed."""
    file = tmp_path / "rows.sqlite"
    with sqlite3.connect(file) as other:
        other.executescript(script)
    other.close()
    before = file.read_bytes()
    with pytest.raises(InvalidInput, match=words):
        SqliteStore(file)
    assert file.read_bytes() == before


def test_an_absent_store_is_not_made_where_it_is_only_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such store"):
        SqliteStore(tmp_path / "rows.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []


ASKED = AskedStudy(
    scenario=small().model_dump_json(),
    policies=("test",),
    worlds=("described",),
    replications=20,
    seed=1,
    command="simab compare small.yaml",
    made_by=MadeBy(version="0.1.0", code="c0de" * 16, libraries={"numpy": "2.4.6"}),
    asked_s=1_700_000_000,
)


def test_a_store_knows_the_studies_that_were_asked_of_it(tmp_path: Path) -> None:
    """Each once, with the most replications that were asked for."""
    file = tmp_path / "rows.sqlite"
    store = SqliteStore(file)
    for count in (20, 50, 30):
        store.ask(replace(ASKED, replications=count))
    others = [replace(ASKED, seed=seed) for seed in range(2, 12)]  # within the same second
    later = replace(ASKED, seed=20, asked_s=ASKED.asked_s + 9)
    for each in (later, *others):
        store.ask(each)
    store.close()
    found = SqliteStore(file, create=False).asked()
    assert found == [replace(ASKED, replications=50), *others, later]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 2}, "their seed is 1, not 2"),
        (
            {"made_by": replace(ASKED.made_by, libraries={"numpy": "2.5.0"})},
            "simab 0.1.0 (code c0dec0de, numpy 2.4.6), and this is simab 0.1.0 (code c0dec0de, "
            "numpy 2.5.0)",
        ),
        (
            {"scenario": small(horizon="3min").model_dump_json()},
            'horizon was "2min" and is "3min"',
        ),
        ({"scenario": small(title="Another").model_dump_json()}, None),
        ({"policies": ("test", "schedule"), "replications": 9}, None),
    ],
)
def test_why_no_row_of_earlier_studies_can_be_used_is_said(
    tmp_path: Path, change: dict[str, Any], words: str | None
) -> None:
    """Other code, another seed, or the fields that differ; nothing where rows may be used."""
    said: list[str] = []
    store = SqliteStore(tmp_path / "rows.sqlite", notice=said.append)
    store.ask(ASKED)
    assert said == []
    store.ask(replace(ASKED, **change))
    assert len(said) == (words is not None)
    assert not words or words in said[0]
