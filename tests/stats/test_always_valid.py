"""Tests for any number of looks: integrals, Howard's form, the error over all looks, the cost."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from simab.errors import InvalidInput
from simab.stats.always_valid import (
    confidence_sequence,
    mixture_log_ratio,
    mixture_test,
    mixture_z_bound,
    running_p_value,
    tuned_mixing_variance,
    two_proportion_mixture_test,
)
from simab.stats.group_sequential import crossing_probabilities


@settings(max_examples=25)
@given(st.floats(-3.0, 3.0), st.floats(0.1, 4.0), st.floats(0.1, 4.0))
def test_the_ratio_is_the_mixture_of_likelihood_ratios(
    difference: float, variance: float, mixing: float
) -> None:
    """By quadrature: the mean over effects from N(0, mixing) of likelihood over that of none."""

    def log_weighted(effect: float) -> float:
        likelihoods = difference * effect / variance - effect**2 / (2 * variance)
        return likelihoods + stats.norm.logpdf(effect, 0, math.sqrt(mixing))

    middle = difference * mixing / (mixing + variance)
    highest, reach = log_weighted(middle), 10 * math.sqrt(mixing * variance / (mixing + variance))
    ratio = integrate.quad(
        lambda effect: math.exp(log_weighted(effect) - highest), middle - reach, middle + reach
    )[0]
    assert mixture_log_ratio(difference, variance, mixing) == pytest.approx(
        highest + math.log(ratio), abs=1e-6
    )


def test_the_formula_of_the_paper() -> None:
    """Johari, Pekelis and Walsh 2022: n pairs of variance 2 sigma^2, in their terms."""
    n, sigma2, tau2, gap = 250, 1.3, 0.04, 0.21
    theirs = math.sqrt(2 * sigma2 / (2 * sigma2 + n * tau2)) * math.exp(
        n**2 * tau2 * gap**2 / (4 * sigma2 * (2 * sigma2 + n * tau2))
    )
    assert mixture_log_ratio(gap, 2 * sigma2 / n, tau2) == pytest.approx(math.log(theirs))


@given(st.floats(1e-6, 10.0), st.floats(1e-6, 10.0), st.floats(0.001, 0.5))
def test_the_bound_is_where_the_ratio_reaches_one_over_alpha(
    variance: float, mixing: float, alpha: float
) -> None:
    """Ratio and bound are inverse to each other."""
    z = mixture_z_bound(variance, mixing, alpha=alpha)
    ratio = mixture_log_ratio(z * math.sqrt(variance), variance, mixing)
    assert ratio == pytest.approx(-math.log(alpha), rel=1e-9)


def test_both_variances_of_two_shares() -> None:
    """Own and pooled variance, by hand: 30 of 100 against 45 of 150 + 15."""
    own = two_proportion_mixture_test(30, 100, 60, 150, mixing_variance=0.01)
    pooled = two_proportion_mixture_test(30, 100, 60, 150, mixing_variance=0.01, pooled=True)
    assert own.difference == pooled.difference == pytest.approx(0.1)
    by_own = mixture_test(0.1, 0.3 * 0.7 / 100 + 0.4 * 0.6 / 150, mixing_variance=0.01)
    by_pooled = mixture_test(0.1, 0.36 * 0.64 * (1 / 100 + 1 / 150), mixing_variance=0.01)
    assert own.log_ratio == pytest.approx(by_own.log_ratio, rel=1e-12)
    assert pooled.log_ratio == pytest.approx(by_pooled.log_ratio, rel=1e-12)
    assert own.p_value == pytest.approx(min(1.0, math.exp(-own.log_ratio)), rel=1e-12)


@pytest.mark.parametrize(("looks", "error"), [(14, 0.00353), (28, 0.00414)])
def test_the_error_over_all_looks_of_a_month(looks: int, error: float) -> None:
    """The setting of Spotify 2023: 500 pairs of variance 2, mixing variance 1/100, by recursion."""
    pairs = 500 * np.arange(1, looks + 1) / looks
    bound = np.array([mixture_z_bound(2 / n, 0.01) for n in pairs])
    assert crossing_probabilities(pairs, bound, -bound).total == pytest.approx(error, abs=6e-6)


@pytest.mark.parametrize("mixing", [0.02, 0.1, 1.0])
def test_the_error_stays_below_alpha_however_often_one_looks(mixing: float) -> None:
    """Ville 1939: 600 looks at 600 pairs cross 1 / alpha with probability below alpha = .1."""
    pairs = np.arange(1, 601)
    bound = np.array([mixture_z_bound(2 / n, mixing, alpha=0.1) for n in pairs])
    assert 0.003 < crossing_probabilities(pairs, bound, -bound).total < 0.1


def test_simulated_arms_that_are_equal() -> None:
    """4,000 A/A tests at a share of .2, looked at 50 times, 100 requests an arm apart.

    Each of the two variances rejects in at most alpha = .1 of them, by at most 4 standard errors;
    a z-test at .1 would in more than a half.
    """
    random = np.random.default_rng(17)
    arms = np.cumsum(random.binomial(100, 0.2, size=(4_000, 50, 2)), axis=1)
    trials = 100 * np.arange(1, 51)
    share = arms / trials[:, None]
    gap = share[:, :, 1] - share[:, :, 0]
    own = (share * (1 - share)).sum(axis=2) / trials
    for variance in (own, 2 * share.mean(axis=2) * (1 - share.mean(axis=2)) / trials):
        ratio = 0.5 * np.log(variance / (variance + 0.01)) + gap**2 * 0.01 / (
            2 * variance * (variance + 0.01)
        )
        rejected = (ratio >= math.log(10)).any(axis=1).mean()
        assert rejected <= 0.1 + 4 * math.sqrt(0.1 * 0.9 / 4_000)
    # The last one simulated is what the function computes.
    a, b = (int(count) for count in arms[0, -1])
    one = two_proportion_mixture_test(a, 5_000, b, 5_000, mixing_variance=0.01, pooled=True)
    assert one.log_ratio == pytest.approx(ratio[0, -1], rel=1e-9)


def test_the_half_width_of_growthbook() -> None:
    """Variance 1, n = N* = 5,000, alpha .05: .0429243, and 1.5486 times the fixed one."""
    half = confidence_sequence(0.0, 1.0, 5_000, target_count=5_000).high
    assert half == pytest.approx(0.0429243, rel=1e-6)
    assert half / (1.959964 / math.sqrt(5_000)) == pytest.approx(1.5486, abs=6e-5)


@given(st.integers(2, 10**6), st.integers(2, 10**6), st.floats(0.1, 9.0), st.floats(0.5, 0.999))
def test_the_sequence_is_howards_normal_mixture(
    count: int, target: int, spread: float, level: float
) -> None:
    """Howard et al. 2021, two-sided: sqrt((V + r) log((V + r) / (r a^2))) over n."""
    alpha = 1 - level
    interval = confidence_sequence(5.0, spread, count, target_count=target, level=level)
    intrinsic = count * spread**2
    free = spread**2 / tuned_mixing_variance(1.0, target, alpha=alpha)
    margin = (
        math.sqrt((intrinsic + free) * math.log((intrinsic + free) / (free * alpha**2))) / count
    )
    assert interval.high == pytest.approx(5.0 + margin, rel=1e-9)
    assert interval.low == pytest.approx(5.0 - margin, rel=1e-9, abs=1e-9 * margin)


def test_the_tuning_is_near_its_best() -> None:
    """No mixing variance makes the bound at the target more than .1 % narrower."""
    tuned = mixture_z_bound(1 / 5_000, tuned_mixing_variance(1.0, 5_000))
    best = optimize.minimize_scalar(lambda log: mixture_z_bound(1 / 5_000, math.exp(log))).fun
    assert best <= tuned < 1.001 * best


def test_a_look_that_says_nothing_changes_nothing() -> None:
    """NaN and a reason; the running p-value keeps what was."""
    empty = two_proportion_mixture_test(0, 0, 3, 9, mixing_variance=0.01)
    certain = two_proportion_mixture_test(9, 9, 9, 9, mixing_variance=0.01)
    assert empty.reason == "arm a has no trials"
    assert certain.reason is not None
    for look in (empty, certain):
        assert math.isnan(look.log_ratio)
        assert math.isnan(look.p_value)
        assert running_p_value(0.3, look.p_value) == 0.3
    assert running_p_value(0.3, 0.2) == 0.2
    assert running_p_value(0.2, 0.3) == 0.2
    assert confidence_sequence(1.0, 1.0, 0, target_count=10).reason == "no values"
    assert math.isnan(confidence_sequence(1.0, 0.0, 5, target_count=10).low)


def test_bad_input_is_refused() -> None:
    """The field, its value, the rule and the remedy."""
    with pytest.raises(InvalidInput, match=r"mixing_variance = 0\.0"):
        mixture_test(0.1, 0.1, mixing_variance=0.0)
    with pytest.raises(InvalidInput, match=r"variance = -0\.1: must not be negative"):
        mixture_log_ratio(0.1, -0.1, 0.1)
    with pytest.raises(InvalidInput, match=r"variance = 0\.0: must be above 0"):
        mixture_z_bound(0.0, 0.1)
    with pytest.raises(InvalidInput, match="target_count = 0"):
        confidence_sequence(0.0, 1.0, 5, target_count=0)
    with pytest.raises(InvalidInput, match="count = -1"):
        confidence_sequence(0.0, 1.0, -1, target_count=10)


def test_the_controllers_statistics_load_no_scipy() -> None:
    """Policies import them at start: SciPy would take a second (design, section 7)."""
    script = (
        "import sys\n"
        "from simab.stats.always_valid import two_proportion_mixture_test as mixture\n"
        "from simab.stats.bayes import FLAT, probability_better\n"
        "from simab.stats.non_inferiority import non_inferiority_test\n"
        "from simab.stats.sprt import bernoulli_log_ratio\n"
        "mixture(1, 10, 2, 10, mixing_variance=0.1)\n"
        "probability_better(FLAT.after(3, 10), FLAT.after(30, 100))\n"
        "non_inferiority_test(1, 10, 2, 10, margin=0.1)\n"
        "bernoulli_log_ratio(1, 10, 0.1, 0.2)\n"
        "sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
