"""Dunnett's constants against published tables, SciPy's multivariate normal law and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.many_to_one import (
    control_shares,
    dunnett_critical_value,
    dunnett_p_values,
    none_beyond,
)

# Dunnett 1955 and 1964, tables of 5 % for infinite degrees of freedom, equal arms.
ONE_SIDED = {1: 1.64, 2: 1.92, 3: 2.06, 4: 2.16, 5: 2.23, 6: 2.29, 7: 2.34, 8: 2.38, 9: 2.42}
TWO_SIDED = {1: 1.96, 2: 2.21, 3: 2.35, 4: 2.44, 5: 2.51, 6: 2.57, 7: 2.61, 8: 2.65, 9: 2.69}


@pytest.mark.parametrize(("arms", "published"), [*TWO_SIDED.items()])
def test_two_sided_constants_are_those_of_the_table(arms: int, published: float) -> None:
    found = dunnett_critical_value([0.5] * arms)
    assert found == pytest.approx(published, abs=0.0051)


@pytest.mark.parametrize(("arms", "published"), [*ONE_SIDED.items()])
def test_one_sided_constants_are_those_of_the_table(arms: int, published: float) -> None:
    found = dunnett_critical_value([0.5] * arms, two_sided=False)
    assert found == pytest.approx(published, abs=0.0051)


def test_one_candidate_is_a_test_of_two() -> None:
    assert dunnett_critical_value([0.3]) == pytest.approx(stats.norm.isf(0.025), abs=1e-9)
    (found,) = dunnett_p_values([2.1], [0.3])
    assert found == pytest.approx(2 * stats.norm.sf(2.1), abs=1e-9)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.2, 0.7), (0.9, 0.5, 0.1)])
def test_a_probability_is_that_of_the_multivariate_normal_law(shares: tuple[float, ...]) -> None:
    roots = np.sqrt(shares)
    covariance = np.outer(roots, roots)
    np.fill_diagonal(covariance, 1.0)
    law = stats.multivariate_normal(np.zeros(len(shares)), covariance)
    one = law.cdf(np.full(len(shares), 1.7))
    assert none_beyond(1.7, shares, two_sided=False) == pytest.approx(one, abs=2e-5)
    box = law.cdf(np.full(len(shares), 2.2), lower_limit=np.full(len(shares), -2.2))
    assert none_beyond(2.2, shares) == pytest.approx(box, abs=2e-5)


def test_shares_are_those_of_the_variances() -> None:
    assert control_shares([1.0, 3.0], 1.0) == pytest.approx([0.5, 0.25])
    with pytest.raises(InvalidInput, match="above 0 and finite"):
        control_shares([0.0], 1.0)


def test_no_true_null_is_rejected_more_often_than_alpha() -> None:
    """Three equal arms and a better one: the family-wise error of the three, at 1e-4."""
    rng, runs = np.random.default_rng(1), 20_000
    control = rng.normal(size=(runs, 1))
    candidates = rng.normal(size=(runs, 4)) + np.array([0.0, 0.0, 0.0, 4.0])
    z = (candidates - control) / np.sqrt(2)
    p = np.array([dunnett_p_values(row, [0.5] * 4) for row in z[:2_000]])
    wrong = (p[:, :3] <= 0.05).any(axis=1).mean()
    assert wrong <= 0.05 + 3.9 * np.sqrt(0.05 * 0.95 / 2_000)
    size = np.abs(z[:, :3]).max(axis=1)
    alone = (size > dunnett_critical_value([0.5] * 3)).mean()
    assert alone == pytest.approx(0.05, abs=3.9 * np.sqrt(0.05 * 0.95 / runs))


def test_what_is_not_known_never_rejects_and_still_counts() -> None:
    found = dunnett_p_values([2.3, np.nan, -0.5], [0.5] * 3)
    assert np.isnan(found[1])
    (alone, _) = dunnett_p_values([2.3, -0.5], [0.5] * 2)
    assert found[0] > alone


def test_p_values_fall_with_the_statistic() -> None:
    found = dunnett_p_values([3.0, 2.0, 1.0], [0.5] * 3)
    assert list(found) == sorted(found)
