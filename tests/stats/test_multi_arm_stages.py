"""Designs of several candidates and looks: published ones, one candidate, one look, simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.stats.group_sequential import crossing_probabilities
from simab.stats.many_to_one import dunnett_critical_value
from simab.stats.multi_arm_stages import Stages, family_wise_error, multi_arm_bounds


@pytest.mark.parametrize("looks", [1, 2, 3, 5])
def test_one_candidate_is_a_test_of_two(looks: int) -> None:
    times = np.arange(1, looks + 1) / looks
    upper, lower = np.full(looks, 2.2), np.full(looks, 0.1)
    expected = crossing_probabilities(times, upper, lower).upper.sum()
    found = family_wise_error(Stages.of(times, upper, lower), 1)
    assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("arms", [2, 4, 7])
def test_one_look_is_dunnetts_test(arms: int) -> None:
    (found,) = multi_arm_bounds([1.0], arms, shape="pocock", alpha=0.025)
    expected = dunnett_critical_value([0.5] * arms, alpha=0.025, two_sided=False)
    assert found == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(("shape", "published"), [("pocock", 2.178), ("obrien_fleming", 1.977)])
def test_one_candidate_has_the_published_constants(shape: str, published: float) -> None:
    """Jennison and Turnbull 2000, tables 2.1 and 2.3: two looks, 5 % two-sided."""
    found = multi_arm_bounds([1.0, 2.0], 1, shape=shape, alpha=0.025)
    assert found[-1] == pytest.approx(published, abs=3e-3)


@pytest.mark.parametrize(
    ("control_ratio", "upper", "lower"),
    [
        (1.0, [2.062], []),
        (2.0, [2.359, 2.225], [0.786]),
        (1.0, [2.330, 2.197], [0.777]),
        (1.0, [6.125, 4.084, 2.042], [0.0, 0.0]),
    ],
    ids=["one look", "triangular, a larger control", "triangular", "falling"],
)
def test_published_designs_of_three_candidates_have_their_error(
    control_ratio: float, upper: list[float], lower: list[float]
) -> None:
    """Jaki, Pallmann and Magirr 2019, Journal of Statistical Software 88(4): 5 %, one-sided.

    Bounds are published to three decimals, which is .00006 of the error; the last look drops all.
    """
    times = np.arange(1.0, len(upper) + 1.0)
    stages = Stages.of(times, upper, [*lower, -math.inf], control_ratio)
    assert family_wise_error(stages, 3) == pytest.approx(0.05, abs=3e-4)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("shape", ["pocock", "obrien_fleming"])
def test_the_error_is_that_of_simulated_designs(shape: str, ratio: float) -> None:
    """Four candidates, three looks, dropped at z = 0: at a size of 1e-4."""
    runs, arms, times = 200_000, 4, np.array([1.0, 2.0, 3.0])
    lower = [0.0, 0.0, -math.inf]
    upper = multi_arm_bounds(times, arms, shape=shape, alpha=0.05, lower=lower, control_ratio=ratio)
    rng = np.random.default_rng(3)
    control = np.cumsum(rng.normal(size=(runs, 1, 3)) * math.sqrt(ratio), axis=2)
    own = np.cumsum(rng.normal(size=(runs, arms, 3)), axis=2)
    z = (own / times - control / (ratio * times)) / np.sqrt((1 + 1 / ratio) / times)
    going = np.ones((runs, arms), dtype=bool)
    wrong = np.zeros(runs, dtype=bool)
    for look in range(3):
        wrong |= (going & (z[:, :, look] >= upper[look])).any(axis=1)
        going &= z[:, :, look] > lower[look]
    assert wrong.mean() == pytest.approx(0.05, abs=3.9 * math.sqrt(0.05 * 0.95 / runs) + 3e-4)
