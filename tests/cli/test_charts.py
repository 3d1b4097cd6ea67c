"""Charts of plain characters: each mark stands where its value and time say, worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.cli.charts import Grid, outcome_bar


def test_a_bar_has_right_endings_left_wrong_ones_right_and_brackets_around_the_interval() -> None:
    """Twenty characters: 50 % right are ten, 20 % wrong four, the interval from 30 to 70 %."""
    assert outcome_bar(0.5, (0.3, 0.7), 0.2, 20) == "######[###....].xxxx"


@pytest.mark.parametrize(
    ("share", "interval", "wrong", "bar"),
    [
        (1.0, (0.9, 1.0), 0.0, "#########|"),
        (0.0, (0.0, 0.1), 1.0, "[]xxxxxxxx"),
        (0.0, (0.0, 0.05), 0.001, "|........x"),
    ],
)
def test_the_ends_of_a_bar(
    share: float, interval: tuple[float, float], wrong: float, bar: str
) -> None:
    """An interval narrower than a character is one stroke; what is not 0 is seen."""
    assert outcome_bar(share, interval, wrong, 10) == bar


@given(st.integers(1, 60), st.integers(0, 100), st.integers(0, 100))
def test_a_bar_is_always_as_wide_as_asked(width: int, right: int, wrong: int) -> None:
    """Rounding never adds a character."""
    wrong = min(wrong, 100 - right)
    bar = outcome_bar(right / 100, (right / 200, (right + 100) / 200), wrong / 100, width)
    assert len(bar) == width


def test_a_point_stands_in_the_row_of_its_value_and_the_column_of_its_time() -> None:
    """Five rows from 1 down to 0 and ten columns of one second each."""
    grid = Grid(10, 10.0, 0.0, 1.0, height=5)
    grid.point(0.0, 1.0, "a")
    grid.point(4.5, 0.5, "b")
    grid.point(10.0, 0.0, "c")
    assert ["".join(row) for row in grid.cells] == [
        "a         ",
        "          ",
        "    b     ",
        "          ",
        "         c",
    ]


def test_what_lies_outside_or_is_not_known_is_left_out() -> None:
    """Nothing is moved to the edge, where it would look like a value."""
    grid = Grid(10, 10.0, 0.0, 1.0)
    for at, value in ((11.0, 0.5), (5.0, 1.5), (5.0, float("nan")), (-1.0, 0.5)):
        grid.point(at, value, "x")
        grid.edge(at, value, "x")
    assert all(cell == " " for row in grid.cells for cell in row)


def test_lines_and_edges_cover_nothing() -> None:
    """A mark that stands is data; a line gives way to it."""
    grid = Grid(5, 5.0, 0.0, 1.0, height=3)
    grid.point(2.5, 0.5, "x")
    grid.level(0.5, "-")
    grid.upright(2.5)
    grid.edge(2.5, 0.5, ".")
    assert ["".join(row) for row in grid.cells] == ["  |  ", "--x--", "  |  "]


def test_ticks_have_words_that_do_not_run_into_each_other() -> None:
    """A word without room is left out; its tick stays."""
    grid = Grid(12, 10.0, 0.0, 1.0, height=3)
    *_, axis, words = grid.lines([(0.0, "0"), (1.0, "1")], [(0, "000"), (1, "111"), (9, "99 s")])
    assert axis.count("+") == 1 + 3
    assert words.split() == ["000", "99", "s"]
