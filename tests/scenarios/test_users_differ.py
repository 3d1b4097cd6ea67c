"""scenarios/users_differ.yaml: what its header says against theory, and against plain NumPy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import simab
from simab.explain import explain, warnings

REPLICATIONS = 600
BAND = 3.9  # standard errors
CLIENTS, MEAN_REQUESTS = 1_000, 20
BY_THEORY = {
    "described": 1 + 2 * MEAN_REQUESTS / 11,  # geometric from 0: E m^2 / E m = 2 x mean + 1
    "equally busy": 1 + MEAN_REQUESTS / 11,  # Poisson: mean + 1
    "alike": 1.0,
    "by request": 1.0,
}
"""The design effect of each world."""


def share_promoted(design_effect: float) -> float:
    """How often a two-sided test at 5 % finds an equal candidate better, by its wrong errors."""
    return float(stats.norm.sf(stats.norm.isf(0.025) / math.sqrt(design_effect)))


def independently(runs: int, *, exponential: bool) -> float:
    """The same in plain NumPy: users by a coin, counts of requests, Beta(2, 8), a pooled z-test."""
    numbers = np.random.default_rng(20)
    promoted = 0
    for _ in range(runs):
        rates = numbers.exponential(size=CLIENTS) if exponential else np.ones(CLIENTS)
        counts = numbers.poisson(rates * MEAN_REQUESTS)
        right = numbers.binomial(counts, numbers.beta(2, 8, CLIENTS))
        arm = numbers.integers(0, 2, CLIENTS).astype(bool)
        sizes = counts[arm].sum(), counts[~arm].sum()
        whole = right.sum() / counts.sum()
        error = math.sqrt(whole * (1 - whole) * (1 / sizes[0] + 1 / sizes[1]))
        difference = right[arm].sum() / sizes[0] - right[~arm].sum() / sizes[1]
        promoted += difference / error > 1.96
    return promoted / runs


def test_it_is_sound_and_says_whence_its_figures_are(repository: Path) -> None:
    """A header with its parts, the figures of theory in it, and a sentence on the users."""
    file = repository / "scenarios" / "users_differ.yaml"
    header = file.read_text(encoding="utf-8").partition("\ntitle:")[0]
    for part in ("Question", "Figures", "You see", "Remade by"):
        assert f"\n# {part} " in header
    assert f"{share_promoted(BY_THEORY['described']):.1%}".replace("%", " %") in header
    assert f"{share_promoted(BY_THEORY['equally busy']):.1%}".replace("%", " %") in header
    scenario = simab.load(file)
    (warning,) = warnings(scenario)
    assert "“counts requests” tests each request as a draw of its own" in warning
    assert f"{share_promoted(BY_THEORY['described']):.0%} of the runs".replace("%", " %") in warning
    assert any("Clients of “users” differ" in each for each in explain(scenario).sentences)


@pytest.mark.parametrize("world", ["described", "equally busy"])
def test_theory_is_that_of_plain_numpy(world: str) -> None:
    """Of 4,000 runs by a program of twenty lines, within 3.9 standard errors of the formula."""
    expected = share_promoted(BY_THEORY[world])
    found = independently(4_000, exponential=world == "described")
    assert abs(found - expected) < BAND * math.sqrt(expected * (1 - expected) / 4_000)


@pytest.mark.long
def test_an_equal_candidate_is_promoted_as_often_as_theory_says(repository: Path) -> None:
    """Each world's share of 600 runs, within 3.9 standard errors."""
    scenario = simab.load(repository / "scenarios" / "users_differ.yaml")
    study = simab.compare(scenario, worlds=[*BY_THEORY], replications=REPLICATIONS, seed=1)
    promotes = study.outcomes["verdict"] == "promoted_candidate"
    for world, effect in BY_THEORY.items():
        found = promotes[study.outcomes["world"] == world]
        assert len(found) == REPLICATIONS
        expected = share_promoted(effect)
        error = math.sqrt(expected * (1 - expected) / REPLICATIONS)
        assert abs(found.mean() - expected) < BAND * error, world
