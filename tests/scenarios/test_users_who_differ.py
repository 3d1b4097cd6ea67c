"""Tests of requests and of users: simab's scenario against theory, and against plain NumPy.

The second world below is written anew from the header of the scenario and shares no code with
simab: users with propensities, Poisson numbers of requests, a page for each user or each request,
and at 4,000 requests the pooled test of two shares, the delta method, and Welch's test of means.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import simab
from simab.explain import explain, warnings
from tests.scenarios.plain_tests import CRITICAL, ZValues, by_counts, z_values

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "users_who_differ.yaml"
BAND = 3.9  # standard errors
OURS, THEIRS = 300, 4_000
USERS, REQUESTS, SIGMA = 200, 4_000, 0.83
CLIENTS, MEAN_REQUESTS = 1_000, 20
LEVEL = 0.025
UNITS = ("by_request", "by_user", "by_users_mean")
Floats = NDArray[np.float64]


def share_promoted(design_effect: float) -> float:
    """How often a two-sided test at 5 % finds an equal candidate better, by its wrong errors."""
    return float(stats.norm.sf(CRITICAL / math.sqrt(design_effect)))


def pooled_test_promotes(numbers: np.random.Generator, *, exponential: bool) -> bool:
    """Users by a coin, counts of requests, Beta(2, 8), a pooled z-test, in plain NumPy."""
    rates = numbers.exponential(size=CLIENTS) if exponential else np.ones(CLIENTS)
    counts = numbers.poisson(rates * MEAN_REQUESTS)
    right = numbers.binomial(counts, numbers.beta(2, 8, CLIENTS))
    new = numbers.integers(0, 2, CLIENTS).astype(bool)
    hits, asked = (right[~new].sum(), right[new].sum()), (counts[~new].sum(), counts[new].sum())
    return by_counts(hits, asked) > CRITICAL


@pytest.mark.parametrize("exponential", [True, False], ids=["exponential", "alike"])
def test_the_design_effect_is_that_of_plain_numpy(exponential: bool) -> None:
    """Geometric from 0: E m^2 / E m = 2 x mean + 1; Poisson: mean + 1. 4,000 runs of each."""
    expected = share_promoted(1 + (2 if exponential else 1) * MEAN_REQUESTS / 11)
    assert expected == pytest.approx(0.181 if exponential else 0.122, abs=5e-4)
    numbers = np.random.default_rng(20)
    runs = [pooled_test_promotes(numbers, exponential=exponential) for _ in range(4_000)]
    error = math.sqrt(expected * (1 - expected) / 4_000)
    assert abs(np.mean(runs) - expected) < BAND * error


def test_it_is_sound_and_warned_of_by_theory() -> None:
    """A header with its parts, and the design effect of its users in the warning."""
    header = FILE.read_text(encoding="utf-8").partition("\ntitle:")[0]
    for part in ("Question", "Figures", "You see", "Remade by"):
        assert f"\n# {part} " in header
    scenario = simab.load(FILE)
    weights = np.exp(-SIGMA * stats.norm.ppf((np.arange(USERS) + 0.5) / USERS))
    unequal = USERS * np.square(weights / weights.sum()).sum()
    effect = 1 + MEAN_REQUESTS * unequal / 11
    assert effect == pytest.approx(4.5, abs=0.05)
    text = f"{share_promoted(effect):.0%} of the runs".replace("%", " %")
    assert any(
        each.startswith("“by_request” tests each") and text in each for each in warnings(scenario)
    )
    assert any("Clients of “visitors” differ" in each for each in explain(scenario).sentences)


def one_run(random: np.random.Generator, world: str) -> ZValues:
    """Of one run of equal pages."""
    sigma = 0.0 if world == "equally busy" else SIGMA
    weights = np.exp(-sigma * stats.norm.ppf((np.arange(USERS) + 0.5) / USERS))
    who = random.choice(USERS, REQUESTS, p=weights / weights.sum())
    own = np.full(USERS, 0.2) if world == "alike" else random.beta(2, 8, USERS)
    right = random.random(REQUESTS) < own[who]
    by_request = world == "by request"
    new = random.random(REQUESTS) < 0.5 if by_request else (random.random(USERS) < 0.5)[who]
    asked = np.bincount(who[~new], minlength=USERS), np.bincount(who[new], minlength=USERS)
    hits = (
        np.bincount(who[~new], right[~new], minlength=USERS),
        np.bincount(who[new], right[new], minlength=USERS),
    )
    return z_values(hits, asked)


def theirs(world: str) -> Floats:
    """How often each promotes the new page, in plain NumPy."""
    random = np.random.default_rng(1)
    z = np.array([one_run(random, world) for _ in range(THEIRS)])
    promoted: Floats = (z > CRITICAL).mean(axis=0)
    return promoted


def ours(world: str, *names: str) -> list[float]:
    """How often these policies promote the new page, in simab."""
    scenario = simab.load(FILE)
    study = simab.compare(scenario, policies=list(names), worlds=[world], replications=OURS, seed=7)
    promoted = study.outcomes.decided_for == "new"
    return [float(promoted[study.outcomes.policy == name].mean()) for name in names]


@pytest.mark.long
@pytest.mark.parametrize("world", ["equal", "equally busy", "alike", "by request"])
def test_equal_pages_are_promoted_as_often_as_in_the_plain_world(world: str) -> None:
    """By request, by user and by mean; only the first loses its level, and only by a hash."""
    expected = theirs(world)
    names = UNITS if world in ("equal", "by request") else UNITS[:1]
    for own, other in zip(ours(world, *names), expected, strict=False):
        error = math.sqrt(max(other, LEVEL) * (1 - other) * (1 / OURS + 1 / THEIRS))
        assert own == pytest.approx(other, abs=BAND * error)
    if world in ("equal", "equally busy"):
        assert expected[0] > {"equal": 0.15, "equally busy": 0.10}[world]
    else:
        assert expected[:2] == pytest.approx([LEVEL] * 2, abs=BAND * math.sqrt(LEVEL / THEIRS))


@pytest.mark.long
def test_by_hash_only_tests_of_users_keep_their_level_once_adjusted() -> None:
    """Against alpha / 2: ranks and both adjusted tests by user; a test by request stays above."""
    band = BAND * math.sqrt(LEVEL * (1 - LEVEL) / OURS)
    rest = ours("equal", "by_users_ranks", "adjusted_by_user", "adjusted_by_users_mean")
    assert rest == pytest.approx([LEVEL] * 3, abs=band)
    assert ours("equal", "adjusted_by_request")[0] > LEVEL + band / 2
