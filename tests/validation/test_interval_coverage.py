"""The page of coverage: its laws have the means it says, and the committed cells come out again."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from validation.intervals.coverage import (
    RUNS,
    SAMPLES,
    Cell,
    cost_cell,
    coverage_cells,
    reason_over,
)
from validation.intervals.laws import cost_laws
from validation.intervals.page import findings, play_coverage, read_coverage, write_coverage


def outcomes(repository: Path) -> Path:
    return repository / "reports" / "twelve_policies" / "outcomes.csv"


def test_each_law_has_the_mean_that_it_is_held_against(repository: Path) -> None:
    """Within 5 standard errors of 200,000 draws, and within its range."""
    for law in cost_laws(outcomes(repository)):
        sample = law.draw(np.random.default_rng(1), 200_000)
        error = sample.std() / np.sqrt(sample.size)
        assert abs(sample.mean() - law.mean) <= 5 * error, law.name
        assert sample.min() >= 0
        assert sample.max() <= law.most


def test_a_cell_hangs_on_its_place_alone(repository: Path) -> None:
    """Played alone or among others, again or for the first time."""
    law = cost_laws(outcomes(repository))[0]
    assert cost_cell(law, 0, 20, 50) == cost_cell(law, 0, 20, 50)


def test_the_committed_page_has_no_cell_under_93_percent(repository: Path) -> None:
    """Without a mark; and where more than 97 % are covered the reason stands beside it."""
    page = repository / "reports" / "intervals" / "coverage.csv"
    with page.open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert {int(cell["runs"]) for cell in cells} == set(RUNS)
    for cell in cells:
        many = int(cell["samples"]) * (1 - float(cell["marked_share"]))
        if cell["plain"] and (cell["samples"] == "0" or many >= 100):
            assert float(cell["plain"]) >= 0.93, cell
        if cell["plain"] and float(cell["plain"]) > 0.97:
            assert cell["reason"], cell


@pytest.mark.long
def test_a_small_page_is_made(repository: Path, tmp_path: Path) -> None:
    """Ten studies a cell: every row of the table is written."""
    play_coverage(tmp_path, samples=10)
    write_coverage(tmp_path)
    cells = read_coverage(tmp_path / "reports" / "intervals" / "coverage.csv")
    text = (tmp_path / "reports" / "intervals" / "README.md").read_text(encoding="utf-8")
    assert all(cell.quantity in text for cell in cells)


COST = Cell("cost", 20, 4000, 0.98, 0.0, math.nan, 0.0, 0.94, 0.95, "")


def test_a_choice_of_samples_is_no_reason_where_none_is_marked() -> None:
    """All 4,000 have no mark and cover .98: nothing was chosen, the method itself covers more."""
    assert "without a mark" not in reason_over(COST)
    assert "outer ends" in reason_over(COST)


def test_a_choice_of_samples_is_the_reason_where_all_together_cover_no_more() -> None:
    """5 % marked that cover nothing: .98 x .95 = .931 of all; with 1 % it is .970 and just so."""
    chosen = replace(COST, marked_share=0.05, marked=0.0)
    assert chosen.together == pytest.approx(0.931)
    assert "without a mark" in reason_over(chosen)
    assert ".931" in reason_over(chosen)
    hardly = replace(COST, marked_share=0.01, marked=0.5)
    assert hardly.together == pytest.approx(0.9752)
    assert "without a mark" not in reason_over(hardly)


def test_other_reasons_are_those_of_the_method() -> None:
    """What each of the joined intervals covers stands beside it; an exact bound has its own."""
    assert ".950" in reason_over(COST)
    assert "discrete" in reason_over(replace(COST, bounded=0.5))
    assert reason_over(replace(COST, plain=0.97)) == ""


def test_a_coverage_says_of_how_many_studies_it_is() -> None:
    """Of 4,000 with 92.5 % marked, 300 have no mark."""
    few = replace(COST, marked_share=0.925, marked=0.0)
    assert few.unmarked_samples == 300
    assert few.samples - few.unmarked_samples == 3700


def test_the_page_speaks_of_marks_where_they_are_frequent() -> None:
    """One marked sample of a thousand that misses is not a finding; one of twenty and more is."""
    often = Cell("often", 20, 1000, 0.95, 0.05, 0.8, 0.95, 0.9, 0.9, "")
    seldom = replace(often, quantity="seldom", marked_share=0.049, marked=0.0)
    words = findings([often, seldom])
    assert "5 % of the intervals are marked" in words
    assert ".800 (often, 20 runs" in words
    assert "(seldom" not in words.split("Where", 1)[1].split("Student")[0]
    assert "are marked" not in findings([seldom])


@pytest.mark.long
def test_the_committed_cells_come_out_again(repository: Path) -> None:
    """All that are exact, and those of every third law: byte for byte the numbers of the page."""
    page = repository / "reports" / "intervals" / "coverage.csv"
    with page.open(encoding="utf-8", newline="") as file:
        committed = {
            (cell["quantity"], cell["runs"]): cell["plain"] for cell in csv.DictReader(file)
        }
    exact = [cell for cell in coverage_cells(outcomes(repository), samples=1) if not cell.samples]
    laws = cost_laws(outcomes(repository))
    played = [
        cost_cell(laws[at], at, runs, SAMPLES) for at in range(0, len(laws), 3) for runs in RUNS
    ]
    for cell in [*exact, *played]:
        plain = committed[cell.quantity, str(cell.runs)]
        assert plain == "" if cell.plain != cell.plain else round(cell.plain, 6) == float(plain)
