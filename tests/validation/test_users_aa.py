"""Equal variants and users who differ: a small page, the committed rows, and the plain program."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy import stats

from simab.stats.binomial_band import count_agrees
from validation.played_rules import play_cells, read_cells
from validation.users_aa import page
from validation.users_aa.oracle import design_effect, oracle_cells, session_design_effect
from validation.users_aa.studies import PLACE, RULES, WORLDS, play_users_aa, played_version

REPLICATIONS = 4


def test_the_page_is_what_its_rows_make(repository: Path, tmp_path: Path) -> None:
    """Byte for byte."""
    page.write_users_aa(tmp_path)
    made, committed = (folder / PLACE / "README.md" for folder in (tmp_path, repository))
    assert made.read_bytes() == committed.read_bytes()


def test_the_design_effect_of_twenty_requests() -> None:
    """By hand: 1 + 20 / 11 of Poisson numbers, 1 + 40 / 11 of geometric ones; 12.2 and 18.1 %."""
    effects = [design_effect(20.0, unequal=unequal) for unequal in (False, True)]
    assert effects == pytest.approx([1 + 20 / 11, 1 + 40 / 11])
    errors = [stats.norm.sf(stats.norm.isf(0.025) / math.sqrt(each)) for each in effects]
    assert errors == pytest.approx([0.122, 0.181], abs=0.001)


def test_the_design_effect_of_sessions_of_eight() -> None:
    """By hand: 15 - 1 others of a request's session, at 1/11; 9.7 %."""
    assert session_design_effect() == pytest.approx(1 + 14 / 11)
    error = stats.norm.sf(stats.norm.isf(0.025) / math.sqrt(session_design_effect()))
    assert error == pytest.approx(0.097, abs=0.001)


@pytest.mark.long
def test_the_plain_program_errs_as_theory_says() -> None:
    """Its test by request where users are drawn, and the level elsewhere; a point for theory."""
    for row in oracle_cells(600, seed=3):
        assert count_agrees(
            row.promoted, row.runs, row.theory, allowed=0.01, standard_errors=4.0
        ), row


def test_each_rule_is_committed_with_enough_runs(repository: Path) -> None:
    """A thousand or more of every rule and unit; where sessions are drawn, 300."""
    cells = read_cells(repository / PLACE / "verdicts.csv")
    for world in WORLDS:
        own = {cell.rule: len(cell.verdicts) for cell in cells if cell.version == world}
        assert set(own) == set(played_version(world, 1).scenario.policies)
        assert min(own.values()) >= (300 if WORLDS[world].sessions else 1000)


def test_tests_of_users_keep_their_level_where_tests_of_requests_do_not(repository: Path) -> None:
    """The committed rates of the fixed-horizon test, by what routing draws."""
    cells = read_cells(repository / PLACE / "verdicts.csv")
    broken = {
        (cell.version, cell.rule)
        for cell in cells
        if cell.rule.startswith("fixed horizon") and page.breaks(cell)
    }
    finer = {
        (world, unit)
        for world, drawn in WORLDS.items()
        for unit in ("request", "session")
        if drawn.routing == "sticky_hash" or (drawn.routing, unit) == ("session_hash", "request")
        if drawn.sessions or unit == "request"
    }
    assert broken >= {(world, f"fixed horizon, {unit}") for world, unit in finer}
    assert {(world, rule.rpartition(", ")[2]) for world, rule in broken} == finer


def test_a_rule_that_watches_is_judged_by_its_rollbacks(repository: Path) -> None:
    """It promotes nearly always, and states nothing of that."""
    cells = read_cells(repository / PLACE / "verdicts.csv")
    watched = [cell for cell in cells if cell.rule.split(", ")[0] in {"guarded release"}]
    assert watched
    for cell in watched:
        assert page.errors_of(cell) == cell.verdicts.count("R")
        assert RULES["guarded release"].rolls_back


@pytest.mark.long
def test_the_first_runs_end_as_committed(repository: Path) -> None:
    """A run depends on its number alone, not on how many are played."""
    committed = read_cells(repository / PLACE / "verdicts.csv")
    kept = {(cell.version, cell.rule): cell.verdicts for cell in committed}
    for world in WORLDS:
        for cell in play_cells(played_version(world, REPLICATIONS)):
            assert cell.verdicts == kept[cell.version, cell.rule][:REPLICATIONS], cell.rule


@pytest.mark.long
def test_a_small_page_is_made(tmp_path: Path) -> None:
    """Of two runs a cell; each rule has a row in each table."""
    play_users_aa(tmp_path, runs=2, oracle_runs=20)
    page.write_users_aa(tmp_path)
    text = (tmp_path / PLACE / "README.md").read_text(encoding="utf-8")
    for name in RULES:
        assert text.count(f"| {name} |") == 3
