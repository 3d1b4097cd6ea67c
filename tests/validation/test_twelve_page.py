"""The page of the twelve rules: who stands in which sentence, by rates and endings alone."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from simab.analyse import Verdict
from tests.analyse.outcome_rows import rows
from validation.candidate_rates import CandidateRates, rates_of, read_rates, write_rates
from validation.played_rules import Cell
from validation.twelve.page import (
    by_rule,
    passes,
    same_endings,
    sentences,
    short_table,
    stopped,
    twelve_page,
)

RUNS = 250
NEVER = math.inf


def rates(
    rule: str, version: str, promoted: int, *, undecided: int = 0, control_p50: float = NEVER
) -> CandidateRates:
    """So many runs of 250 promoted; those left over kept the control."""
    kept = RUNS - promoted - undecided
    return CandidateRates(
        version, rule, RUNS, promoted, kept, 0, undecided, 60.0, 120.0, 180.0,
        1000.0, 990.0, 1010.0, False, kept, control_p50,
    )  # fmt: skip


def rule(
    name: str, equal: int, better: int, worse: int, broken: int, *, undecided: int = 0
) -> list[CandidateRates]:
    return [
        rates(name, "equal", equal, undecided=undecided),
        rates(name, "better", better),
        rates(name, "worse", worse),
        rates(name, "broken", broken),
    ]


def cells(own: list[CandidateRates]) -> list[Cell]:
    """Letters of these rates: the promotions first, then what was kept, then the undecided."""
    return [
        Cell(
            "s", each.version, each.rule, "kind", 0.0, None,
            "P" * each.promoted + "K" * each.kept + "U" * each.undecided,
        )
        for each in own
    ]  # fmt: skip


def said(own: list[CandidateRates]) -> dict[str, str]:
    """The sentences by what they begin with."""
    found = sentences(by_rule(own), cells(own))
    return {each.split("**")[1].rstrip(":"): each for each in found}


BLIND = rule("blind", 250, 250, 250, 0)
PARTLY = rule("partly", 250, 250, 170, 0)
TEST = rule("test", 2, 216, 0, 225)
GUARDED = rule("guarded", 2, 206, 0, 0)
SLOW = rule("slow", 0, 250, 0, 250, undecided=248)
ALL = [*BLIND, *PARTLY, *TEST, *GUARDED, *SLOW]


def test_a_rule_that_stops_some_worse_ones_is_not_said_to_end_alike() -> None:
    """It promotes most of them, and yet sees quality: 80 of 250 are stopped, none of the better."""
    assert passes(by_rule(ALL), "worse") == ["blind", "partly"]
    assert same_endings(cells(ALL), ["blind", "partly"], ("better", "worse")) == ["blind"]
    words = said(ALL)["The worse one gets through"]
    assert "*blind* ended every run with the worse one as with the better one" in words
    assert "*partly* stopped the worse one in 80 of 250 runs, the better one in 0" in words


def test_a_rule_that_promotes_whatever_comes_lets_both_through() -> None:
    """A schedule stops neither; it belongs into both sentences."""
    own = rule("schedule", 250, 250, 250, 250)
    found = said(own)
    assert "*schedule*" in found["The worse one gets through"]
    assert "*schedule*" in found["The broken one gets through"]


def test_stops_that_come_by_chance_are_no_sign_of_a_guardrail() -> None:
    """25 of the broken ones and 34 of the better ones: it stops no more for the errors."""
    words = said(ALL)["The broken one gets through"]
    assert "stopped by none of them more often than the better one" in words
    assert "*test*" in words.split("(the")[1]
    sees = rule("sees", 2, 240, 0, 150)
    assert "more often than the better one by *sees*" in said(sees)["The broken one gets through"]


def test_only_a_rule_that_stops_both_is_named_for_it() -> None:
    """Rarely promoted is not enough: what stays undecided has not been stopped."""
    assert stopped(by_rule(ALL), "broken") == ["blind", "partly", "guarded"]
    words = said(ALL)["Neither of the two gets through"]
    assert "*guarded*" in words
    assert not any(f"*{each}*" in words for each in ("blind", "partly", "test", "slow"))
    late = [replace(each, kept=0, undecided=RUNS - each.promoted) for each in GUARDED]
    assert stopped(by_rule(late), "worse") == []
    assert "Neither of the two gets through" not in said(late)


def test_undecided_runs_stand_beside_few_promotions() -> None:
    """0 % promoted of the equal one, and 248 of 250 undecided."""
    assert "*slow* in 248 of 250 runs" in said(ALL)["The equal one stays undecided"]
    page = twelve_page(ALL, cells(ALL), 21_600.0, 0.3)
    (row,) = [line for line in page.splitlines() if line.startswith("| slow | 0 %")]
    assert "undecided 99.2 %" in row.split(" | ")[1]
    (short,) = [line for line in short_table(ALL).splitlines() if line.startswith("| slow |")]
    assert "undecided" in short.split(" | ")[1]
    assert "undecided" not in short.split(" | ")[2]


@pytest.mark.parametrize(
    ("kept", "median", "shown"),
    [(0, NEVER, "in no run"), (25, NEVER, "not in half of the runs"), (250, 242.0, "4 min 2 s")],
)
def test_a_median_that_is_not_reached_is_not_never(kept: int, median: float, shown: str) -> None:
    """Some runs have the control alone again: fewer than half is not none."""
    own = rule("r", 0, 250, 0, RUNS - kept)
    own[3] = replace(own[3], control_p50=median)
    assert short_table(own).splitlines()[-1].endswith(f"| {shown} |")


def test_rates_are_written_and_read_back(tmp_path: Path) -> None:
    """Also what is beyond the horizon, and what has no worse variant."""
    own = [*ALL, replace(ALL[0], decided_p90=NEVER, worse=math.nan, worse_low=math.nan)]
    path = tmp_path / "rates.csv"
    path.write_text(write_rates(own), encoding="utf-8")
    again = read_rates(path)
    assert [repr(each) for each in again] == [repr(each) for each in own]


def test_rates_are_counted_from_rows() -> None:
    """Two promoted, one kept, one undecided; the control is alone in the one that kept it."""
    verdicts = [Verdict.PROMOTED_CANDIDATE] * 2 + [Verdict.KEPT_CONTROL, Verdict.UNDECIDED]
    played = rows(
        verdict=verdicts,
        decided_s=[60.0, 120.0, 180.0, None],
        ends_with=["new", "new", "current", None],
        ends_with_since_s=[122.0, 182.0, 242.0, None],
        requests_on_worse=[1, 2, 3, 6],
    )
    found = rates_of("worse", "r", "current", played, one_is_worse=True)
    assert (found.promoted, found.kept, found.rolled_back, found.undecided) == (2, 1, 0, 1)
    assert found.worse == 3.0
    assert (found.control, found.control_p50) == (1, NEVER)
    assert found.decided.p50 == 120.0
    assert math.isnan(found.decided.p90)
    assert math.isnan(rates_of("equal", "r", "current", played, one_is_worse=False).worse)
