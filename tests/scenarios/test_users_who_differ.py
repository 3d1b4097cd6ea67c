"""Tests of requests and of users: simab's scenario against a Monte Carlo in plain NumPy.

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
from simab.scenario import with_changes
from simab.scenario.models import Scenario
from tests.world.building import ONE_WORLD

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "users_who_differ.yaml"
OURS, THEIRS = 300, 4_000
USERS, REQUESTS, SIGMA = 200, 4_000, 0.83
CRITICAL = stats.norm.isf(0.025)
Floats = NDArray[np.float64]


def z_values(random: np.random.Generator, *, by_user: bool) -> tuple[float, float, float]:
    """Of one run of equal pages: by request, by user, and by users' means."""
    weights = np.exp(-SIGMA * stats.norm.ppf((np.arange(USERS) + 0.5) / USERS))
    who = random.choice(USERS, REQUESTS, p=weights / weights.sum())
    right = random.random(REQUESTS) < random.beta(2, 8, USERS)[who]
    new = (random.random(USERS) < 0.5)[who] if by_user else random.random(REQUESTS) < 0.5
    asked = [np.bincount(who[arm], minlength=USERS) for arm in (~new, new)]
    hits = [np.bincount(who[arm], right[arm], minlength=USERS) for arm in (~new, new)]
    counts, shares = (
        [each.sum() for each in asked],
        [h.sum() / n.sum() for h, n in zip(hits, asked, strict=True)],
    )
    pooled = right.mean()
    naive = (shares[1] - shares[0]) / math.sqrt(
        pooled * (1 - pooled) * (1 / counts[0] + 1 / counts[1])
    )
    own = [(h - share * n) / n.sum() for h, n, share in zip(hits, asked, shares, strict=True)]
    delta = (shares[1] - shares[0]) / math.sqrt(np.square(own[1] - own[0]).sum())
    means = [h[n > 0] / n[n > 0] for h, n in zip(hits, asked, strict=True)]
    return naive, delta, float(stats.ttest_ind(means[1], means[0], equal_var=False).statistic)


def theirs(*, by_user: bool) -> Floats:
    """How often each promotes the new page, in plain NumPy."""
    random = np.random.default_rng(1)
    z = np.array([z_values(random, by_user=by_user) for _ in range(THEIRS)])
    promoted: Floats = (z > CRITICAL).mean(axis=0)
    return promoted


def ours(routing: str, *names: str) -> list[float]:
    """How often these policies promote the new page where both are equal, in simab."""
    scenario = simab.load(FILE)
    changed = with_changes(
        scenario,
        {"endpoint.variant_routing": routing, "endpoint.variants.new.quality.probability": 0.2},
    )
    alone = Scenario.model_validate({**changed.model_dump(mode="json"), "worlds": ONE_WORLD})
    study = simab.compare(alone, policies=list(names), replications=OURS, seed=7)
    outcomes = study.outcomes[study.outcomes.world == "described"]
    return [
        float((outcomes[outcomes.policy == name].decided_for == "new").mean()) for name in names
    ]


@pytest.mark.long
def test_by_hash_only_tests_of_users_keep_their_level() -> None:
    """Request, user and mean against NumPy's, and the adjusted ones against alpha / 2."""
    expected = theirs(by_user=True)
    found = ours("sticky_hash", "by_request", "by_user", "by_users_mean")
    assert expected[0] > 0.15
    for own, other in zip(found, expected, strict=True):
        error = math.sqrt(other * (1 - other) * (1 / OURS + 1 / THEIRS))
        assert own == pytest.approx(other, abs=3.9 * error)
    level = 0.025
    band = 3.9 * math.sqrt(level * (1 - level) / OURS)
    rest = ours("sticky_hash", "by_users_ranks", "adjusted_by_user", "adjusted_by_users_mean")
    assert rest == pytest.approx([level] * 3, abs=band)
    assert ours("sticky_hash", "adjusted_by_request")[0] > level + band / 2


@pytest.mark.long
def test_by_request_all_keep_their_level() -> None:
    """Where each request is split for itself users are in both arms: the covariance is kept."""
    expected = theirs(by_user=False)
    assert expected[:2] == pytest.approx([0.025] * 2, abs=3.9 * math.sqrt(0.025 / THEIRS))
    found = ours("weighted_random", "by_request", "by_user", "by_users_mean")
    band = 3.9 * math.sqrt(0.025 * 0.975 / OURS)
    assert found == pytest.approx([0.025] * 3, abs=band)
