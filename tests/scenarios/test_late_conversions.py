"""Conversions that come late: simab's scenario against a Monte Carlo in plain NumPy.

The second world below is written anew from the header of the scenario and shares no code with
simab: visitors at random times, two exponentials of delay a page, a look every six hours, the
pooled test of two shares at the first look at which both pages have 5,000.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import simab
from simab.scenario import with_changes

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "late_conversions.yaml"
DAY = 86_400.0
RATE, HORIZON, WINDOW, LOOKS = 0.01, 45 * DAY, 30 * DAY, DAY / 4  # of each page
FAST_S, SLOW_S = 900.0, 91.1 * 3600
FAST = {"current": 0.35, "new": 0.85}
SAMPLE = 5_000
OURS, THEIRS = 30, 200
WORLDS = {"less": 0.09, "equal": 0.10}

Page = tuple[np.ndarray, np.ndarray, np.ndarray, float]  # replies, delays, converts, share fast
Count = Callable[[Page, float], tuple[float, float]]


def page(rng: np.random.Generator, name: str, share: float) -> Page:
    """A page's visitors in order of time: when, how late they convert, and whether they do."""
    times = np.sort(rng.uniform(0.0, HORIZON, rng.poisson(RATE * HORIZON)))
    mean = np.where(rng.uniform(size=times.size) < FAST[name], FAST_S, SLOW_S)
    return times, rng.exponential(mean), rng.uniform(size=times.size) < share, FAST[name]


def so_far(page: Page, now: float) -> tuple[float, float]:
    """Conversions so far, over all visitors so far."""
    times, delays, converts, _ = page
    seen = times < now
    known = converts & (times + delays < now) & (delays <= WINDOW)
    return float(known.sum()), float(seen.sum())


def as_they_arrive(page: Page, now: float) -> tuple[float, float]:
    """Conversions so far, over these and all who have not converted within the window."""
    times, delays, converts, _ = page
    known = converts & (delays <= WINDOW)
    arrived = times + np.where(known, delays, WINDOW) < now
    return float((arrived & known).sum()), float(arrived.sum())


def at_age(page: Page, now: float, age: float) -> tuple[float, float]:
    """Of all who came so long ago, those who converted within that time."""
    times, delays, converts, _ = page
    old = times + age < now
    return float((old & converts & (delays <= age)).sum()), float(old.sum())


def weighed(page: Page, now: float, fast: float) -> tuple[float, float]:
    """Conversions so far, over the chances that a conversion would have come by now."""
    conversions, _ = so_far(page, now)
    ages = np.minimum(now - page[0][page[0] < now], WINDOW)
    chances = 1 - fast * np.exp(-ages / FAST_S) - (1 - fast) * np.exp(-ages / SLOW_S)
    return conversions, float(chances.sum())


RULES: dict[str, Count] = {
    "conversions so far": so_far,
    "labels as they arrive": as_they_arrive,
    "within a day": lambda page, now: at_age(page, now, DAY),
    "weighed by the current delay": lambda page, now: weighed(page, now, FAST["current"]),
    "weighed by its own delay": lambda page, now: weighed(page, now, page[3]),
    "wait for the window": lambda page, now: at_age(page, now, WINDOW),
}


def promotes(count: Count, current: Page, new: Page) -> bool:
    """The test at the first look with the sample; looks before that are skipped by bisection."""
    looks = np.arange(1, round(HORIZON / LOOKS)) * LOOKS
    low, high = 0, len(looks) - 1
    while low < high:
        middle = (low + high) // 2
        fewer = min(count(current, looks[middle])[1], count(new, looks[middle])[1])
        low, high = (low, middle) if round(fewer) >= SAMPLE else (middle + 1, high)
    (x0, n0), (x1, n1) = count(current, looks[low]), count(new, looks[low])
    pooled = (x0 + x1) / (n0 + n1)
    z = (x1 / n1 - x0 / n0) / math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    return bool(z > 1.959963984540054)


@pytest.fixture(scope="module")
def theirs() -> dict[tuple[str, str], float]:
    """By world and rule, how often the new page is promoted in the plain world."""
    rng = np.random.default_rng(20260302)
    found: dict[tuple[str, str], list[bool]] = {}
    for _ in range(THEIRS):
        for world, share in WORLDS.items():
            pages = page(rng, "current", 0.10), page(rng, "new", share)
            for rule, count in RULES.items():
                found.setdefault((world, rule), []).append(promotes(count, *pages))
    return {key: float(np.mean(values)) for key, values in found.items()}


def ours(world: str, rule: str) -> float:
    """How often simab promotes it."""
    share = {"endpoint.variants.new.quality.probability": WORLDS[world]}
    scenario = with_changes(simab.load(FILE), share)
    promoted = 0
    for replication in range(OURS):
        run = simab.simulate(scenario, policy=rule, seed=11, replication=replication)
        promoted += any(
            type(entry.action).__name__ == "Promote" and entry.action.variant == "new"
            for entry in run.decision_log.decisions
        )
    return promoted / OURS


@pytest.mark.long
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("world", WORLDS)
def test_promotions_are_those_of_the_plain_world(
    world: str, rule: str, theirs: dict[tuple[str, str], float]
) -> None:
    """The same shares of promotions: a z-test of two shares, size 1e-4 each."""
    expected, found = theirs[world, rule], ours(world, rule)
    pooled = (expected * THEIRS + found * OURS) / (THEIRS + OURS)
    error = math.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / THEIRS + 1 / OURS))
    assert abs(found - expected) <= 3.9 * error + 1e-9


@pytest.mark.long
def test_the_naive_reading_promotes_the_faster_page_and_the_honest_do_not(
    theirs: dict[tuple[str, str], float],
) -> None:
    """Of equal pages a two-sided test at 5 % promotes the new one in 2.5 %: within 4 errors."""
    for world in WORLDS:
        assert theirs[world, "conversions so far"] > 0.7
        assert theirs[world, "within a day"] > 0.9
        assert theirs[world, "weighed by the current delay"] > 0.6
    allowed = 0.025 + 4 * math.sqrt(0.025 * 0.975 / THEIRS)
    for rule in ("weighed by its own delay", "wait for the window"):
        assert theirs["equal", rule] <= allowed
        assert theirs["less", rule] <= 0.02
