"""What a store says of the studies that were asked of it: held, missing, and reported unplayed."""

from __future__ import annotations

from pathlib import Path

import pytest

import simab
from simab.comparison import kept_outcomes, kept_study
from simab.errors import InvalidInput
from simab.study import SqliteStore, tasks
from simab.study.held import held_studies, made_rows
from simab.version import VERSION
from tests.study.building import small

WORLDS = ["described", "broken"]
ASKED = small(worlds={"equal": None, "exchanged": None})


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    """A study of six replications of two policies in two worlds, of which four rows are lost."""
    store = SqliteStore(tmp_path / "rows.sqlite")
    simab.compare(ASKED, policies=["schedule", "test"], worlds=WORLDS, replications=6, store=store)
    plan = held_studies(store)[0].plan
    for cell in plan.cells():
        lost = cell.policy == "test" and (cell.world, cell.replication) in LOST
        if lost:
            del store[plan.row_key(cell)]
    return store


LOST = {("described", 5), ("broken", 4), ("broken", 5)}


@pytest.fixture
def unplayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is done, nothing is played."""

    def play(*_: object) -> None:
        raise AssertionError("it played")

    monkeypatch.setattr(tasks, "play_batch", play)
    monkeypatch.setattr("simab.study.playing.play_run", play)


def test_it_counts_what_is_held_in_each_world_under_each_policy(store: SqliteStore) -> None:
    """Replications 0 to 3 are there in every cell."""
    (held,) = held_studies(store)
    assert held.counts() == {
        ("described", "schedule"): 6,
        ("described", "test"): 5,
        ("broken", "schedule"): 6,
        ("broken", "test"): 4,
    }
    assert held.complete == 4


def test_a_report_of_complete_replications_is_that_of_a_study_of_as_many(
    store: SqliteStore, unplayed: None
) -> None:
    """Equal to the last value, and nothing is played for it; its command makes it again."""
    study = kept_study(held_studies(store)[0])
    few = simab.compare(
        ASKED,
        policies=["schedule", "test"],
        worlds=WORLDS,
        replications=4,
        store=store,  # holds all of it
    )
    assert study.result == few.result
    assert "replications=4" in study.result.command
    assert study.outcomes.equals(few.outcomes)


def test_all_rows_are_exported_with_their_world_policy_and_replication(
    store: SqliteStore, unplayed: None
) -> None:
    """Also those of replications that are not complete; whole numbers stay whole."""
    outcomes = kept_outcomes(held_studies(store)[0])
    assert len(outcomes) == 6 + 5 + 6 + 4
    assert list(outcomes.columns[:3]) == ["world", "policy", "replication"]
    assert outcomes.requests_to_decision.dtype == "Int64"
    broken = outcomes[(outcomes.world == "broken") & (outcomes.policy == "test")]
    assert list(broken.replication) == [0, 1, 2, 3]


def test_who_made_rows_is_known(store: SqliteStore) -> None:
    """The version, and whether this one makes the same."""
    (made,) = made_rows(store)
    assert (made.count, made.made_by.version, made.usable) == (21, VERSION, True)
    assert made.first_s <= made.last_s
    store._connection.execute(
        'UPDATE makers SET made_by = replace(made_by, \'"code": "\', \'"code": "other\')'
    )
    store._connection.execute(
        'UPDATE studies SET study = replace(study, \'"code": "\', \'"code": "other\')'
    )
    assert not made_rows(store)[0].usable
    with pytest.raises(InvalidInput, match=r"the rows are of simab .* and this is simab"):
        held_studies(store)[0].counts()


def test_rows_of_a_policy_of_ones_own_are_kept_but_not_found_by_its_name(
    tmp_path: Path,
) -> None:
    """The store knows what was asked, and says what to do for a report."""
    store = SqliteStore(tmp_path / "rows.sqlite")
    mine = small().policies["test"].model_copy(update={"alpha": 0.2})
    simab.compare(small(), policies={"mine": mine}, replications=1, store=store)
    assert len(store) > 0
    with pytest.raises(InvalidInput, match="'mine', which is a policy of your own"):
        kept_study(held_studies(store)[0])


def test_a_store_without_a_complete_replication_has_no_report(store: SqliteStore) -> None:
    """The message has the command that goes on."""
    plan = held_studies(store)[0].plan
    del store[plan.row_key(next(plan.cells()))]
    with pytest.raises(InvalidInput, match=r"no replication is there.*simab\.compare"):
        kept_study(held_studies(store)[0])
