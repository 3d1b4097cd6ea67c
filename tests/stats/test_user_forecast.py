"""Closed forms of tests over users against drawn users, and SciPy's Poisson law."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.design_effect import design_effect
from simab.stats.user_forecast import UserForecast, mean_inverse_of_poisson, user_forecast

Floats = NDArray[np.float64]
USERS, RUNS, ALPHA, BETA = 200, 4_000, 2, 8
SHARE = ALPHA / (ALPHA + BETA)
BETWEEN = SHARE * (1 - SHARE) / (ALPHA + BETA + 1)
WITHIN = SHARE * (1 - SHARE) - BETWEEN
ACTIVE = np.linspace(0.2, 1.8, USERS)


def test_the_mean_inverse_is_that_of_scipys_law() -> None:
    """Summed over numbers from 1 on, from rare to frequent."""
    means = np.array([0.0, 1e-3, 0.3, 2.0, 49.0, 51.0, 400.0])
    numbers = np.arange(1, 2_000)
    expected = [float((stats.poisson.pmf(numbers, mean) / numbers).sum()) for mean in means]
    assert mean_inverse_of_poisson(means) == pytest.approx(expected, rel=1e-6)


def forecast(requests: float, before: float, *, kept: bool) -> UserForecast:
    """Of users of Beta(2, 8) with so many requests on average."""
    ones = np.ones(USERS)
    return user_forecast(
        requests * ACTIVE, before * ACTIVE, BETWEEN * ones, WITHIN * ones, kept=kept
    )


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "drawn"])
def test_adjusted_differences_stray_as_they_do_over_drawn_users(kept: bool) -> None:
    """Plain NumPy: two arms of users by a coin, or of requests by a coin, and theta of the sums."""
    rng, requests, before = np.random.default_rng(4), 12.0, 3.0
    own = rng.beta(ALPHA, BETA, (RUNS, USERS))
    earlier = rng.poisson(before * ACTIVE, own.shape)
    hits = rng.binomial(earlier, own)
    known = np.where(earlier > 0, hits / np.maximum(earlier, 1), SHARE)
    asked = rng.poisson(requests * ACTIVE, own.shape)
    to_new = asked * (rng.random(own.shape) < 0.5) if kept else rng.binomial(asked, 0.5)

    def parts(arm: NDArray[np.int64]) -> tuple[Floats, Floats]:
        right = rng.binomial(arm, own) - SHARE * arm
        return right.sum(axis=1), (arm * (known - SHARE)).sum(axis=1)

    new, old = parts(to_new), parts(asked - to_new)
    metric, covariate = new[0] - old[0], new[1] - old[1]
    found = np.cov(metric, covariate)
    expected = forecast(requests, before, kept=kept)
    errors = 4.0 / np.sqrt(RUNS)
    assert found[0, 0] == pytest.approx(expected.metric, rel=1.5 * errors)
    assert found[1, 1] == pytest.approx(expected.before, rel=1.5 * errors)
    assert found[0, 1] == pytest.approx(expected.covariance, rel=2 * errors)
    assert np.corrcoef(metric, covariate)[0, 1] == pytest.approx(expected.correlation, abs=errors)


def test_the_effect_is_that_of_the_known_formula() -> None:
    """Of equally active users, m Poisson: E m^2 / E m = m + 1."""
    ones = np.ones(USERS)
    found = user_forecast(20 * ones, 0 * ones, BETWEEN * ones, WITHIN * ones, kept=True)
    assert found.design_effect == pytest.approx(design_effect(20, 420, 1 / 11))
    assert (found.correlation, found.left, found.theta) == (0.0, 1.0, 0.0)


def test_the_best_theta_leaves_what_the_correlation_says() -> None:
    """And another leaves more; requests that are drawn each for itself have no effect."""
    known = forecast(20, 5, kept=True)
    assert known.adjusted_by(known.theta) == pytest.approx(known.left * known.metric)
    assert known.adjusted_by(known.theta + 0.1) > known.left * known.metric
    assert forecast(20, 5, kept=False).design_effect == pytest.approx(1.0)


def test_malformed_input_is_refused() -> None:
    ones = np.ones(3)
    with pytest.raises(InvalidInput, match="some requests above 0"):
        user_forecast(0 * ones, ones, ones, ones, kept=True)
    with pytest.raises(InvalidInput, match="at least 0"):
        user_forecast(ones, -ones, ones, ones, kept=True)
