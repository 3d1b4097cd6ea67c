"""The page of coverage: its laws have the means it says, and the committed cells come out again."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from interval_coverage import RUNS, Cell, cost_cell, coverage_cells
from interval_laws import cost_laws
from interval_page import findings, make_coverage


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


def test_a_small_page_is_made(repository: Path, tmp_path: Path) -> None:
    """Ten studies a cell: every row of the table is written."""
    cells = make_coverage(tmp_path, outcomes(repository), samples=10)
    text = (tmp_path / "reports" / "intervals" / "README.md").read_text(encoding="utf-8")
    assert all(cell.quantity in text for cell in cells)


def test_the_page_speaks_of_marks_where_they_are_frequent() -> None:
    """One marked sample of a thousand that misses is no finding; one of twenty and more is."""
    often = Cell("often", 20, 1000, 0.95, 0.05, 0.8, 0.95, 0.9, "")
    seldom = replace(often, quantity="seldom", marked_share=0.049, marked=0.0)
    words = findings([often, seldom])
    assert "5 % of the intervals are marked" in words
    assert ".800 (often, 20 runs" in words
    assert "(seldom" not in words.split("Where", 1)[1].split("Student")[0]
    assert "are marked" not in findings([seldom])


@pytest.mark.long
def test_the_committed_cells_come_out_again(repository: Path) -> None:
    """The whole study at its level, byte for byte the numbers of the page."""
    page = repository / "reports" / "intervals" / "coverage.csv"
    with page.open(encoding="utf-8", newline="") as file:
        committed = list(csv.DictReader(file))
    found = coverage_cells(outcomes(repository))
    assert [round(cell.plain, 6) for cell in found if cell.plain == cell.plain] == [
        float(cell["plain"]) for cell in committed if cell["plain"]
    ]
