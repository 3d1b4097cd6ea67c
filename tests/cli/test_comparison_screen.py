"""The screen of a comparison: what its columns and its bars hold is said below and above them."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout

import pytest
from hypothesis import given

import simab
from simab.cli import terminal
from simab.cli.comparison_screen import print_comparison
from simab.report.over_worlds import distinct
from simab.result import StudyResult
from tests.effort import examples
from tests.report.worlds_study import DrawnStudy, drawn_studies
from tests.world.building import scenario, variant


@examples(1 / 4)
@given(drawn_studies())
def test_what_columns_and_bars_hold_is_said_where_they_are_there(drawn: DrawnStudy) -> None:
    """A column of harm needs a world with a worse variant, a stroke a narrow interval."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        print_comparison(drawn.result)
    said = " ".join(printed.getvalue().split())
    assert "“decides”: the median time to a decision, in the world where it is longest" in said
    exposed = any(world.truth.worse for world in drawn.result.worlds)
    assert ("“on worse”: the mean number of requests" in said) is exposed
    # Worlds have their titles, which end in "world" here, as what is said of them has.
    heading = said.partition("by world:")[2].partition(" rule a ")[0]
    assert heading.count("world") == len(distinct(drawn.result))
    bars = re.findall(r"(\S{20,}) +\d+ %", printed.getvalue().replace("\u2009", " "))
    drawn_one = any("|" in bar for bar in bars)
    assert ("| both ends in one character" in said) is drawn_one


def wide(result: StudyResult) -> int:
    """The longest line of the screen in a terminal of 80 columns."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        print_comparison(result)
    return max(map(len, printed.getvalue().splitlines()))


def test_a_study_of_five_worlds_and_long_names_fits_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows that are too wide stand below each other."""
    monkeypatch.setenv("COLUMNS", "80")
    quick = {"latency": {"kind": "constant", "value": "1ms"}}
    described = scenario(
        {name: variant(**quick) for name in ("a", "b")},
        horizon="4min",
        policies={
            name: {"kind": "fixed_horizon", "labelled_requests": 500}
            for name in ("a_test_with_a_name_of_one_word", "another test")
        },
        worlds={
            "exchanged": None,
            "slow": {"title": "equal, and every request takes longer"},
            "worse": {"title": "right less often than it was", "effect": "-2%"},
            "better": {"title": "right more often than it was", "effect": "2%"},
        },
    )
    study = simab.compare(described, replications=2)
    assert len(study.result.worlds) == 6
    assert wide(study.result) <= 80


def test_headings_give_way_before_rows_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heading of several words has a line for each; cells stay whole."""
    monkeypatch.setenv("COLUMNS", "80")
    printed = io.StringIO()
    heading = "a heading of many words that is long"
    with redirect_stdout(printed):
        console = terminal.standard_output()
        row = ["policy", "12 % (10 to 14 %)", "3 %", "the end"]
        terminal.print_table(console, ["name", heading, heading, "last"], [row], folds=True)
    lines = printed.getvalue().splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80
    assert lines[-1].split() == " ".join(row).split()
