"""The test of non-inferiority: statsmodels, mirrored outcomes, its size, its cost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.proportion import test_proportions_2indep as two_independent

from simab.errors import InvalidInput
from simab.stats.non_inferiority import (
    non_inferiority_log_evidence,
    non_inferiority_test,
    restricted_non_inferiority_test,
)


def test_the_published_example() -> None:
    """905 of 1,000 against 910 of 1,000 with a margin of .03: z 1.9295098, by statsmodels too."""
    ours = non_inferiority_test(910, 1_000, 905, 1_000, margin=0.03)
    theirs = two_independent(
        905, 1_000, 910, 1_000, value=-0.03, method="wald", alternative="larger"
    )
    assert ours.z == pytest.approx(1.9295098, abs=5e-8)
    assert (ours.z, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)


@given(st.integers(1, 99), st.integers(1, 99), st.floats(0.0, 0.5))
def test_errors_mirror_successes(a: int, b: int, margin: float) -> None:
    """Fewer errors by no more than the margin is more successes by no less."""
    successes = non_inferiority_test(100 - a, 100, 100 - b, 100, margin=margin)
    errors = non_inferiority_test(a, 100, b, 100, margin=margin, smaller_is_better=True)
    assert errors.z == pytest.approx(successes.z, abs=1e-9)
    assert errors.difference == pytest.approx(-successes.difference, abs=1e-12)


def test_it_errs_as_often_as_stated_at_the_margin() -> None:
    """Shares .90 and .87, margin .03, 2,000 an arm: exact size within .004 of .025."""
    reach = np.arange(1_600, 1_900)
    chance_a = stats.binom.pmf(reach, 2_000, 0.90)
    chance_b = stats.binom.pmf(reach, 2_000, 0.87)
    p_a, p_b = reach[:, None] / 2_000, reach[None, :] / 2_000
    z = (p_b - p_a + 0.03) / np.sqrt((p_a * (1 - p_a) + p_b * (1 - p_b)) / 2_000)
    assert chance_a @ (z >= 1.959964) @ chance_b == pytest.approx(0.025, abs=0.004)
    one = non_inferiority_test(int(reach[200]), 2_000, int(reach[150]), 2_000, margin=0.03)
    assert one.z == pytest.approx(z[200, 150], rel=1e-12)


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (1, 2, 0, 0), (5, 5, 5, 5)])
def test_an_undefined_test_is_nan_with_a_reason(counts: tuple[int, int, int, int]) -> None:
    """No trials or no variance is not evidence that the candidate will do."""
    result = non_inferiority_test(*counts, margin=0.1)
    assert math.isnan(result.p_value)
    assert result.reason


def test_bad_margins_are_refused() -> None:
    """A percentage, or a negative one."""
    for margin in (3, -0.03):
        with pytest.raises(InvalidInput, match=f"margin = {margin}: must be at least 0"):
            non_inferiority_test(1, 2, 1, 2, margin=margin)


@pytest.mark.parametrize(
    ("counts", "margin"),
    [((5, 100, 8, 120), 0.05), ((1, 40, 0, 40), 0.25), ((0, 100, 3, 100), 0.05),
     ((40, 400, 5, 50), 0.3), ((40, 40, 40, 40), 0.25)],
)  # fmt: skip
def test_the_restricted_test_is_farrington_and_mannings(
    counts: tuple[int, int, int, int], margin: float
) -> None:
    """The variance at the shares that SciPy finds likeliest among those the margin apart."""
    errors_a, trials_a, errors_b, trials_b = counts

    def unlikely(rate: float) -> float:
        seen = stats.binom.logpmf(errors_a, trials_a, rate)
        return -float(seen + stats.binom.logpmf(errors_b, trials_b, min(rate + margin, 1.0)))

    rate = optimize.minimize_scalar(
        unlikely, bounds=(0.0, 1.0 - margin), method="bounded", options={"xatol": 1e-12}
    ).x
    variance = rate * (1 - rate) / trials_a + (rate + margin) * (1 - rate - margin) / trials_b
    z = (errors_a / trials_a - errors_b / trials_b + margin) / math.sqrt(variance)
    ours = restricted_non_inferiority_test(
        *counts,
        margin=margin,
    )
    assert ours.z == pytest.approx(z, abs=1e-3)


@pytest.mark.parametrize(("rate", "trials"), [(0.0, 300), (0.001, 300), (0.005, 1_000)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_restricted_test_keeps_its_size_where_errors_are_few(
    rate: float, trials: int, alpha: float
) -> None:
    """Exact, over all counts, at a margin of 1 %; Wald's test exceeds .05."""
    reach = np.arange(60)
    weights = np.outer(
        stats.binom.pmf(reach, trials, rate), stats.binom.pmf(reach, trials, rate + 0.01)
    )
    passed = sum(
        weights[a, b]
        for a in range(60)
        for b in range(60)
        if weights[a, b] > 1e-9
        and restricted_non_inferiority_test(
            a,
            trials,
            b,
            trials,
            margin=0.01,
        ).p_value
        <= alpha
    )
    assert passed <= alpha


def test_the_evidence_is_a_mixture_over_the_likeliest_null() -> None:
    """By numerical integration and a fine grid of rates: 3 errors of 200 against 4 of 150."""
    margin, rates = 0.05, np.linspace(1e-6, 1.0 - 1e-6, 2_000_001)

    def likelihood(p: np.ndarray, errors: int, trials: int) -> np.ndarray:
        return p**errors * (1.0 - p) ** (trials - errors)

    prior = stats.beta(0.5, 10.0)
    edges = prior.ppf(np.linspace(0.0, 1.0, 400_001))
    drawn = (edges[1:] + edges[:-1]) / 2.0
    a, b = likelihood(drawn, 3, 200), likelihood(drawn, 4, 150)
    mixture = 0.8 * np.mean(a * b) + 0.2 * np.mean(a) * np.mean(b)
    null = rates[rates < 1.0 - margin]
    likeliest = np.max(likelihood(null, 3, 200) * likelihood(null + margin, 4, 150))
    ours = non_inferiority_log_evidence(3, 200, 4, 150, margin)
    assert ours == pytest.approx(math.log(mixture / likeliest), abs=1e-3)


@pytest.mark.parametrize(("rate", "margin"), [(0.0, 0.01), (0.005, 0.01), (0.3, 0.1)])
def test_the_evidence_of_a_candidate_at_the_margin_is_one_on_average(
    rate: float, margin: float
) -> None:
    """Exact, over all counts of 30 and 40 requests: at most 1, so no look can be bought."""
    a, b = range(31), range(41)
    chance_a = stats.binom.pmf(np.arange(31), 30, rate)
    chance_b = stats.binom.pmf(np.arange(41), 40, rate + margin)
    mean = sum(
        chance_a[i] * chance_b[j] * math.exp(non_inferiority_log_evidence(i, 30, j, 40, margin))
        for i in a
        for j in b
        if chance_a[i] * chance_b[j] > 0.0
    )
    assert mean <= 1.0 + 1e-9


def test_evidence_grows_where_the_candidate_is_as_good() -> None:
    """Ten times the requests at equal rates say more; none say nothing; worse ones say less."""
    few = non_inferiority_log_evidence(5, 1_000, 5, 1_000, 0.01)
    many = non_inferiority_log_evidence(50, 10_000, 50, 10_000, 0.01)
    assert many > max(few, math.log(1_000))
    assert non_inferiority_log_evidence(0, 0, 0, 10, 0.01) == 0.0
    assert non_inferiority_log_evidence(5, 1_000, 40, 1_000, 0.01) < 0.0
    with pytest.raises(InvalidInput, match="margin = 0"):
        non_inferiority_log_evidence(1, 2, 1, 2, 0.0)
