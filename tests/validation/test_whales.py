"""Tests of revenue: a small page, the committed rows, and the recorded shape of the scenario."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simab.profiles.rewards import QuantileRewards
from simab.stats.binomial_band import count_agrees
from validation.played_rules import Version, play_cells, read_cells
from validation.whales import page
from validation.whales.studies import (
    CANDIDATES,
    EQUAL,
    PLACE,
    SHAPES,
    offer,
    play_whales,
    quality_of,
)

REPLICATIONS = 4


def test_the_page_is_what_its_rows_make(repository: Path, tmp_path: Path) -> None:
    """Byte for byte."""
    page.write_whales(tmp_path)
    made, committed = (folder / PLACE / "README.md" for folder in (tmp_path, repository))
    assert made.read_bytes() == committed.read_bytes()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_candidate_earns_what_its_factors_say(shape: str, candidate: str) -> None:
    """Equal ones earn the control's mean, the others 884 / 573 of it."""
    scenario = offer(shape, candidate)
    earned = [
        quality.earning_share * quality.distribution.mean_reward
        for quality in (quality_of(scenario, name) for name in ("current", "new"))
    ]
    expected = 1.0 if candidate in EQUAL else 884 / 573
    assert earned[1] / earned[0] == pytest.approx(expected)


def test_the_shape_of_lognormal_orders_has_a_closed_form() -> None:
    """Of buyers' share s and orders of cv c: a cv of sqrt((1 + c^2) / s - 1) a visit."""
    mean, spread, top = page.few_spend("with whales")
    assert mean == pytest.approx(116.3, abs=1.0)
    assert spread == pytest.approx(math.sqrt((1 + 9) / 0.00573 - 1), rel=0.03)  # the tail is cut
    assert page.few_spend("as recorded")[2] < top < 1


def test_the_shipped_figures_are_those_of_the_record(shared: Path) -> None:
    """Buyers of two arms, and the twentieths of all orders."""
    table = pd.read_csv(shared / "data" / "abtests" / "hillstrom_email.csv.gz")
    scenario = offer("as recorded", "more buyers")
    for variant, segment in (("current", "No E-Mail"), ("new", "Womens E-Mail")):
        bought = table.loc[table["segment"] == segment, "conversion"].mean()
        assert quality_of(scenario, variant).earning_share == pytest.approx(bought, abs=5e-6)
    law = quality_of(scenario, "current").distribution
    assert isinstance(law, QuantileRewards)
    orders = table.loc[table["spend"] > 0, "spend"]
    assert len(orders) == 578
    recorded = np.quantile(orders, np.linspace(0, 1, 21))
    assert list(law.values) == pytest.approx(recorded.tolist(), abs=0.006)
    assert law.mean_reward == pytest.approx(orders.mean(), rel=0.03)


def test_a_rank_test_is_misled_by_buyers_and_means_are_not(repository: Path) -> None:
    """The committed rates: of equal offers by every test, and of more buyers of smaller orders."""
    cells = read_cells(repository / PLACE / "verdicts.csv")
    broken = {(cell.version, cell.rule) for cell in cells if page.breaks(cell)}
    assert not [rule for version, rule in broken if version == "equal"]
    misled = {rule for version, rule in broken if version != "equal"}
    assert "ranks of users" in misled
    assert not misled & {"by user", "by user, CUPED"}


@pytest.mark.parametrize("candidate", ["more buyers", "larger orders"])
def test_welchs_test_finds_what_normal_theory_says(candidate: str, repository: Path) -> None:
    """At 10,000 to 11,500 visits a variant, as a look comes every 1,536 visits of both.

    Of the recorded orders: sums of some sixty lognormal ones are not normal.
    """
    shape = "as recorded"
    factors = CANDIDATES[candidate]
    mean, spread, _ = page.few_spend(shape)
    share = quality_of(offer(shape, "equal"), "current").earning_share
    square = (spread**2 + 1.0) * (mean * share) ** 2
    gain = mean * share * (factors.buyers * factors.amounts - 1.0)
    earned = [mean * share, mean * share + gain]
    squares = [square, square * factors.buyers * factors.amounts**2]
    spreads = [each - value**2 for each, value in zip(squares, earned, strict=True)]
    powers = [
        stats.norm.sf(stats.norm.isf(0.025) - gain / math.sqrt(sum(spreads) / visits))
        for visits in (10_000, 11_500)
    ]
    (cell,) = [
        cell
        for cell in read_cells(repository / PLACE / "verdicts.csv")
        if (cell.scenario, cell.version, cell.rule) == (shape, candidate, "Welch by visit")
    ]
    middle, allowed = sum(powers) / 2, (powers[1] - powers[0]) / 2 + 0.02
    assert count_agrees(
        cell.promoted, len(cell.verdicts), middle, allowed=allowed, standard_errors=4.0
    )


@pytest.mark.long
def test_the_first_runs_end_as_committed(repository: Path) -> None:
    """A run depends on its number alone, not on how many are played."""
    committed = read_cells(repository / PLACE / "verdicts.csv")
    kept = {(cell.scenario, cell.version, cell.rule): cell.verdicts for cell in committed}
    for shape in SHAPES:
        for name in CANDIDATES:
            for cell in play_cells(Version(shape, name, 0.0, offer(shape, name), REPLICATIONS)):
                assert cell.verdicts == kept[shape, name, cell.rule][:REPLICATIONS], cell.rule
    assert len(kept) == len(SHAPES) * len(CANDIDATES) * len(offer(*SHAPES[:1], "equal").policies)


@pytest.mark.long
def test_a_small_page_is_made(tmp_path: Path) -> None:
    """Of two runs a cell; each test has a row in both tables."""
    play_whales(tmp_path, runs=2, runs_of_gains=1)
    page.write_whales(tmp_path)
    text = (tmp_path / PLACE / "README.md").read_text(encoding="utf-8")
    for rule in offer("as recorded", "equal").policies:
        assert text.count(f"| {rule} |") == 2
