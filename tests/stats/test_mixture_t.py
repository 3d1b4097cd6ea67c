"""The always-valid t test against noncentral t laws, and its error over hundreds of looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simab.errors import InvalidInput
from simab.stats.always_valid import mixture_log_ratio, mixture_z_bound
from simab.stats.means import Moments, moments
from simab.stats.mixture_t import (
    mixture_t_bound,
    mixture_t_interval,
    mixture_t_log_ratio,
    mixture_t_test,
)


@pytest.mark.parametrize(("t", "degrees", "count"), [(0.0, 3, 4), (2.5, 8, 2.4), (-4.0, 30, 8.0)])
def test_the_ratio_is_that_of_noncentral_t_laws_mixed(t: float, degrees: int, count: float) -> None:
    """SciPy's nct density at effects of N(0, .3), by scipy.integrate.quad, over its t density."""

    def weighted(effect: float) -> float:
        density = stats.nct.pdf(t, degrees, effect * math.sqrt(count))
        return density * stats.norm.pdf(effect, 0.0, math.sqrt(0.3))

    mixed, _ = integrate.quad(weighted, -5, 5, epsrel=1e-10)
    expected = math.log(mixed / stats.t.pdf(t, degrees))
    assert mixture_t_log_ratio(t, degrees, count, 0.3) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_bound_is_where_the_ratio_is_one_over_alpha(alpha: float) -> None:
    bound = mixture_t_bound(40, 10.5, 0.2, alpha=alpha)
    assert mixture_t_log_ratio(bound, 40, 10.5, 0.2) == pytest.approx(-math.log(alpha), rel=1e-10)


def test_with_few_values_no_t_suffices() -> None:
    assert math.isinf(mixture_t_bound(1, 0.75, 0.1))
    one, two = moments([1.0]), moments([2.0, 3.0])
    found = mixture_t_interval(one, two, mixing_variance=0.1, equal_variances=True)
    assert found.high == math.inf
    assert "no t is large enough" in str(found.reason)


def test_with_many_values_it_is_the_mixture_of_a_known_variance() -> None:
    """`always_valid` in units of the deviation: variance 1 / effective count."""
    assert mixture_t_bound(10**8, 50.0, 0.1) == pytest.approx(
        mixture_z_bound(1 / 50, 0.1), rel=1e-6
    )
    difference = 0.4
    found = mixture_t_log_ratio(difference * math.sqrt(50), 10**8, 50.0, 0.1)
    assert found == pytest.approx(mixture_log_ratio(difference, 1 / 50, 0.1), rel=1e-6)


@pytest.mark.parametrize("equal", [True, False], ids=["student", "welch"])
def test_two_arms_give_the_t_of_scipy(equal: bool) -> None:
    """Student's or Welch's, with its degrees of freedom; interval and test agree."""
    rng = np.random.default_rng(70)
    a, b = rng.normal(0, 2, 30), rng.normal(1, 3, 20)
    expected = stats.ttest_ind(b, a, equal_var=equal)
    arms, how = (moments(a), moments(b)), {"mixing_variance": 0.1, "equal_variances": equal}
    found = mixture_t_test(*arms, **how)
    log_ratio = mixture_t_log_ratio(expected.statistic, expected.df, 12.0, 0.1)
    assert found.log_ratio == pytest.approx(log_ratio)
    assert found.p_value == pytest.approx(min(math.exp(-found.log_ratio), 1.0))
    interval = mixture_t_interval(*arms, **how)
    edge = mixture_t_test(moments(a + interval.high), moments(b), **how)
    assert edge.p_value == pytest.approx(0.05)


def ever_rejected(rng, runs, larger, spreads, looks=50):
    """Of runs with equal means, whether Welch's or Student's t mixture ever rejects.

    Looks come whenever the second arm has one more value, and the first `larger` times as many.
    """
    found = {"welch": 0, "student": 0}
    for _ in range(runs):
        a = rng.normal(0, spreads[0], looks * larger)
        b = rng.normal(0, spreads[1], looks)
        arms = [(moments(a[: n * larger]), moments(b[:n])) for n in range(2, looks + 1)]
        for name in found:
            equal = name == "student"
            found[name] += any(
                mixture_t_test(*each, mixing_variance=0.25, equal_variances=equal).p_value <= 0.05
                for each in arms
            )
    return found


@pytest.mark.parametrize("spreads", [(1, 1), (1, 2), (2, 1)], ids=["even", "smaller", "larger"])
def test_unequal_arms_of_unequal_spread_err_with_alpha_at_most(
    spreads: tuple[int, int],
) -> None:
    """Nine to one, from two values of the smaller arm on; one variance for both errs far more."""
    runs = 200
    found = ever_rejected(np.random.default_rng(73), runs, 9, spreads)
    assert found["welch"] <= stats.binom.ppf(0.9999, runs, 0.05)
    if spreads == (1, 2):
        assert found["student"] > stats.binom.ppf(0.9999, runs, 0.05)


def crossings(rng, runs, looks, effect=0.0):
    """Of runs of pairs: whether the t mixture or that with an estimated variance ever rejects."""
    count = np.arange(1, looks + 1)
    ratios = {"t": np.zeros(runs, bool), "z": np.zeros(runs, bool)}
    bounds = np.array([math.inf] + [mixture_t_bound(2 * n - 2, n / 2, 0.25) for n in count[1:]])
    for run in range(runs):
        a, b = rng.normal(size=looks), rng.normal(effect, 1, size=looks)
        gap = (np.cumsum(b) - np.cumsum(a)) / count
        squares = sum(np.cumsum(x * x) - np.cumsum(x) ** 2 / count for x in (a, b))
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(squares / (2 * count - 2) * 2 / count)
            t = np.abs(gap / error)[1:]
        ratios["t"][run] = (t > bounds[1:]).any()
        z_bounds = np.sqrt((1 + 8 / count) * (np.log1p(count / 8) - 2 * math.log(0.05)))[1:]
        ratios["z"][run] = (t > z_bounds).any()
    return {name: each.mean() for name, each in ratios.items()}


@pytest.mark.long
def test_it_errs_with_alpha_at_most_from_the_second_pair_on() -> None:
    """10,000 runs of 1,000 looks: the t mixture holds .05, that with an estimated variance not."""
    found = crossings(np.random.default_rng(71), 10_000, 1_000)
    error = 3.9 * math.sqrt(0.05 * 0.95 / 10_000)
    assert found["t"] <= 0.05 + error
    # Not idle either: most of alpha is used up by then.
    assert found["t"] > 0.025
    assert found["z"] > 0.05 + error


def test_an_effect_is_found() -> None:
    found = crossings(np.random.default_rng(72), 50, 200, effect=1.0)
    assert found["t"] == 1.0


def test_what_says_nothing_says_why() -> None:
    for a, b in (([], [1.0, 2.0]), ([1.0], [2.0]), ([1.0, 1.0], [1.0, 1.0])):
        for equal in (True, False):
            found = mixture_t_test(
                moments(a), moments(b), mixing_variance=0.1, equal_variances=equal
            )
            assert math.isnan(found.p_value)
            assert "variance" in str(found.reason)
    undefined = mixture_t_interval(
        Moments(0, math.nan, math.nan), moments([1.0]), mixing_variance=1
    )
    assert math.isnan(undefined.low)


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="mixing_variance = 0"):
        mixture_t_log_ratio(1.0, 5, 2, 0)
    with pytest.raises(InvalidInput, match="alpha"):
        mixture_t_bound(5, 2, 0.1, alpha=5)
