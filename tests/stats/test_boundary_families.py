"""Pocock, O'Brien-Fleming and Wang-Tsiatis: the tables of the counts, and what defines them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.boundary_families import (
    expected_share_of_fixed,
    inflation_factor,
    obrien_fleming_bounds,
    obrien_fleming_constant,
    pocock_bounds,
    pocock_constant,
    repeated_looks_error,
    wang_tsiatis_bounds,
    wang_tsiatis_constant,
)
from simab.stats.group_sequential import crossing_probabilities
from simab.stats.proportions import two_proportion_test


@pytest.mark.parametrize(
    ("looks", "error"),
    [(1, 0.05), (2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320), (1_000, 0.530)],
)
def test_looking_repeatedly_at_five_per_cent(looks: int, error: float) -> None:
    """Armitage, McPherson and Rowe 1969, table 2."""
    assert repeated_looks_error(looks) == pytest.approx(error, abs=5.1e-4)


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [(1, 1.960, 1.960), (2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040)],
)
def test_printed_constants(looks: int, pocock: float, obrien_fleming: float) -> None:
    """Jennison and Turnbull 2000, tables 2.1 and 2.3, at .05."""
    assert pocock_constant(looks) == pytest.approx(pocock, abs=5.1e-4)
    assert obrien_fleming_constant(looks) == pytest.approx(obrien_fleming, abs=5.1e-4)


@pytest.mark.parametrize("shape", [-0.5, 0.0, 0.25, 0.5, 0.8])
@pytest.mark.parametrize("alpha", [0.01, 0.2])
def test_the_bounds_spend_alpha_exactly(shape: float, alpha: float) -> None:
    """What defines the constant, for shapes without a table too."""
    bounds = wang_tsiatis_bounds(6, shape, alpha=alpha)
    crossing = crossing_probabilities(np.arange(1, 7), bounds, -bounds)
    assert crossing.total == pytest.approx(alpha, abs=1e-8)
    ratio = bounds[0] / bounds[-1]
    assert ratio == pytest.approx((1 / 6) ** (shape - 0.5), rel=1e-12)


def test_the_bounds_of_a_simulated_experiment() -> None:
    """A/A arms of 5 x 400 requests at a rate of .3: Pocock keeps 5 %, naive looks give 14.2 %.

    20,000 experiments; 4 standard errors and .004 for the discreteness of counts are allowed.
    """
    random = np.random.default_rng(5)
    successes = np.cumsum(random.binomial(400, 0.3, size=(20_000, 5, 2)), axis=1)
    trials = 400 * np.arange(1, 6)[:, None]
    share = successes.sum(axis=2) / (2 * trials[:, 0])
    difference = (successes[:, :, 1] - successes[:, :, 0]) / trials[:, 0]
    z = difference / np.sqrt(share * (1 - share) * 2 / trials[:, 0])
    one = two_proportion_test(successes[0, 2, 0], 1_200, successes[0, 2, 1], 1_200)
    assert z[0, 2] == pytest.approx(one.z, rel=1e-12)
    for bounds, error in ((pocock_bounds(5), 0.05), (np.full(5, 1.959964), 0.1417)):
        found = (np.abs(z) >= bounds).any(axis=1).mean()
        assert found == pytest.approx(error, abs=4 * math.sqrt(error / 20_000) + 0.004)


@pytest.mark.parametrize(
    ("bounds", "power", "inflation"),
    [
        (pocock_bounds(5), 0.8, 1.229),
        (pocock_bounds(5), 0.9, 1.207),
        (obrien_fleming_bounds(5), 0.8, 1.028),
        (obrien_fleming_bounds(5), 0.9, 1.026),
    ],
)
def test_printed_inflation_factors(bounds: np.ndarray, power: float, inflation: float) -> None:
    """Jennison and Turnbull 2000, tables 2.2 and 2.4."""
    assert inflation_factor(bounds, alpha=0.05, power=power) == pytest.approx(inflation, abs=6e-4)


def test_printed_expected_sample_sizes() -> None:
    """Jennison and Turnbull 2000, table 2.7: Pocock, 4 looks, power .8, per cent of fixed."""
    found = [
        100 * expected_share_of_fixed(pocock_bounds(4), effect, alpha=0.05, power=0.8)
        for effect in (0, 0.5, 1, 1.5)
    ]
    assert found == pytest.approx([117.5, 108.8, 80.5, 52.2], abs=0.06)


def test_bad_designs_are_refused() -> None:
    """The field, its value and what to give instead."""
    with pytest.raises(InvalidInput, match="looks = 0: must be a whole number of at least 1"):
        repeated_looks_error(0)
    with pytest.raises(InvalidInput, match="alpha = 5: must lie strictly between 0 and 1"):
        pocock_constant(3, alpha=5)
    with pytest.raises(InvalidInput, match=r"shape = 2\.0: must lie within -10 and 1"):
        wang_tsiatis_constant(3, 2.0)
