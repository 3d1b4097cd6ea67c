"""Finished tests: the page of its rows, and, where the records are, what is read and replayed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from validation.finished_tests import page, replays
from validation.finished_tests.records import (
    RECORDED,
    FinishedTest,
    hillstrom_tests,
    open_bandit_tests,
    records_in,
)

MADE_UP = FinishedTest(
    source="made up",
    name="a test",
    metric="success_rate",
    requests=(1500, 500),
    qualities=(
        {"kind": "success", "probability": 0.1},
        {"kind": "success", "probability": 0.3},
    ),
    level_of_control=0.1,
    difference=0.2,
    p_value=1e-9,
)


@pytest.fixture
def records(shared: Path) -> Path:
    """The folder of finished tests."""
    return records_in(shared)


def test_the_page_is_what_its_rows_make(repository: Path, tmp_path: Path) -> None:
    """Byte for byte, without any record."""
    page.write_finished_tests(tmp_path)
    made, committed = (folder / replays.PLACE / "README.md" for folder in (tmp_path, repository))
    assert made.read_bytes() == committed.read_bytes()


def test_a_record_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(FileNotFoundError, match="name the folder that has them in SIMAB_SHARED"):
        records_in(tmp_path)


@pytest.mark.parametrize(
    ("difference", "p_value", "recorded"),
    [(0.1, 0.01, 0), (0.1, 0.2, 1), (0.0, 1.0, 2), (-0.1, 0.2, 2), (-0.1, 0.01, 3)],
)
def test_what_is_recorded_is_sign_and_significance(
    difference: float, p_value: float, recorded: int
) -> None:
    """At 5 %, two-sided."""
    made = replace(MADE_UP, difference=difference, p_value=p_value)
    assert made.recorded == RECORDED[recorded]


def test_a_replay_has_the_recorded_requests_and_ends_within_them() -> None:
    """10 against 30 %, of 500 at least: rules with several looks are through early."""
    ends = replays.replay(MADE_UP, 1, 5)
    assert tuple(ends) == replays.RULES
    for rule, runs in ends.items():
        assert [verdict for verdict, _ in runs] == ["PROMOTED_CANDIDATE"] * 5, rule
    early = {rule for rule, runs in ends.items() if max(part for _, part in runs) < 0.9}
    assert early == {*replays.RULES} - {"whichever is ahead", "fixed horizon"}
    assert all(0.9 < part < 1.15 for _, part in ends["fixed horizon"])


def test_committed_sums_are_of_all_tests(repository: Path) -> None:
    """Every rule has one row a record of Upworthy and one each other test; endings add up."""
    rows = page.read_replays(repository / replays.PLACE / "replays.csv")
    for row in rows:
        assert row.promoted + row.kept + row.undecided == row.runs
    for rule in replays.RULES:
        own = [row for row in rows if row.rule == rule]
        pairs = [row for row in own if row.source == "Upworthy"]
        assert {row.recorded for row in pairs} == set(RECORDED)
        assert sum(row.tests for row in pairs) >= 200
        assert len(own) == len(pairs) + 8


def test_the_records_are_as_published(records: Path) -> None:
    """Differences and p-values of Hillstrom's and Open Bandit's samples."""
    text = (records / "published_results.json").read_text(encoding="utf-8")
    published: dict[str, Any] = json.loads(text)
    for test in hillstrom_tests(records):
        one = published["hillstrom_email"]["results"][test.name.replace(", ", "/")]
        assert test.difference == pytest.approx(one["diff"], abs=6e-5)
        assert test.p_value == pytest.approx(one["p_two_sided"], rel=1e-3)
    sample, whole = open_bandit_tests(records)
    one = published["open_bandit_men"]["sample"]
    assert sample.requests == whole.requests == (one["n_a"], one["n_b"])
    assert sample.difference == pytest.approx(one["diff"], abs=1e-9)
    assert sample.p_value == pytest.approx(one["p_two_sided"], rel=1e-3)
    assert whole.difference == pytest.approx(0.0067 - 0.0051, abs=1e-6)


@pytest.mark.long
def test_a_replay_ends_as_committed(records: Path, repository: Path) -> None:
    """One of the tests that are played by themselves, with all of its runs."""
    (test,) = [each for each in hillstrom_tests(records) if each.name == "Womens E-Mail, spend"]
    committed = page.read_replays(repository / replays.PLACE / "replays.csv")
    rows = {row.rule: row for row in committed if row.name == test.name}
    ends = replays.replay(test, 1, rows[replays.RULES[0]].runs)
    for rule, runs in ends.items():
        verdicts = [verdict for verdict, _ in runs]
        assert verdicts.count("PROMOTED_CANDIDATE") == rows[rule].promoted, rule
        assert verdicts.count("KEPT_CONTROL") == rows[rule].kept, rule


@pytest.mark.long
def test_a_small_page_is_made(records: Path, tmp_path: Path) -> None:
    """Of twenty drawn tests, once each; each rule has a row a record that is among them."""
    replays.play_finished_tests(tmp_path, None, drawn=20, runs_of_drawn=1, runs=1, records=records)
    page.write_finished_tests(tmp_path)
    text = (tmp_path / replays.PLACE / "README.md").read_text(encoding="utf-8")
    assert "has 2,437 tests;\nof 20, drawn by chance" in text
    for rule in replays.RULES:
        assert f"| {rule} |" in text
