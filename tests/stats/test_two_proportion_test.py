"""The z-test of two arms: statsmodels, exact size and power by counting, cost of one call."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import proportion as oracle

from simab.errors import InvalidInput
from simab.stats.proportions import Alternative, pooled_test, two_proportion_test


def rejection_probability(
    trials: tuple[int, int], shares: tuple[float, float], *, pooled: bool = True
) -> float:
    """Probability of p < .05, two-sided, summed over the outcomes that ever happen."""
    laws = [stats.binom(count, share) for count, share in zip(trials, shares, strict=True)]
    # What is left out has probability below 1e-9.
    ranges = [range(int(law.ppf(1e-10)), int(law.ppf(1 - 1e-10)) + 1) for law in laws]
    weights = [law.pmf(np.array(reach)) for law, reach in zip(laws, ranges, strict=True)]
    return sum(
        weight_a * weight_b
        for a, weight_a in zip(ranges[0], weights[0], strict=True)
        for b, weight_b in zip(ranges[1], weights[1], strict=True)
        if two_proportion_test(a, trials[0], b, trials[1], pooled=pooled).p_value < 0.05
    )


@pytest.mark.parametrize(
    ("trials", "shares", "expected"),
    [
        ((388, 388), (0.5, 0.5), 0.04827),
        ((435, 435), (0.05, 0.05), 0.04898),
        ((200, 200), (0.02, 0.02), 0.04474),
        ((900, 100), (0.05, 0.10), 0.52097),
    ],
)
def test_exact_size_and_power(
    trials: tuple[int, int], shares: tuple[float, float], expected: float
) -> None:
    """Exact rejection probabilities of the pooled test, computed independently to five digits."""
    assert rejection_probability(trials, shares) == pytest.approx(expected, abs=5.1e-6)


def test_the_unpooled_test_is_another_test() -> None:
    """With 900 and 100 trials the Wald test rejects less often: the switch is not ignored."""
    assert rejection_probability((900, 100), (0.05, 0.1), pooled=False) < 0.45


@given(st.integers(0, 500), st.integers(0, 500), st.data())
def test_the_test_of_a_look_is_this_test_without_its_interval(
    trials_a: int, trials_b: int, data: st.DataObject
) -> None:
    """The same floats, NaN where an arm has no trials or both have only hits or only misses."""
    a, b = (data.draw(st.integers(0, trials)) for trials in (trials_a, trials_b))
    whole = two_proportion_test(a, trials_a, b, trials_b)
    expected = (whole.difference, whole.z, whole.p_value)
    np.testing.assert_array_equal(pooled_test(a, trials_a, b, trials_b), expected)


@given(st.integers(1, 5_000), st.integers(1, 5_000), st.data())
def test_statsmodels_agrees_on_the_pooled_test(
    trials_a: int, trials_b: int, data: st.DataObject
) -> None:
    """Z and p are those of statsmodels.stats.proportion.proportions_ztest for each alternative."""
    a = data.draw(st.integers(0, trials_a))
    b = data.draw(st.integers(0, trials_b))
    alternative: Alternative = data.draw(st.sampled_from(["two-sided", "larger", "smaller"]))
    if a + b in (0, trials_a + trials_b):
        return
    z, p_value = oracle.proportions_ztest([b, a], [trials_b, trials_a], alternative=alternative)
    ours = two_proportion_test(a, trials_a, b, trials_b, alternative=alternative)
    assert ours.z == pytest.approx(z, rel=1e-9, abs=1e-9)
    assert ours.p_value == pytest.approx(p_value, rel=1e-7, abs=1e-300)
    assert ours.difference == pytest.approx(b / trials_b - a / trials_a, abs=1e-15)


def test_statsmodels_agrees_on_the_unpooled_test() -> None:
    """Without pooling z and p are those of test_proportions_2indep, method "wald"."""
    theirs = oracle.test_proportions_2indep(56, 70, 48, 80, method="wald", compare="diff")
    ours = two_proportion_test(48, 80, 56, 70, pooled=False)
    assert (ours.z, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-12)


def test_the_squared_z_is_pearsons_chi_square() -> None:
    """Fleiss, Levin and Paik 2003, section 3.2: z^2 of the pooled test is Pearson's chi-square."""
    chi_square = stats.chi2_contingency([[48, 32], [56, 14]], correction=False)
    ours = two_proportion_test(48, 80, 56, 70)
    assert ours.z**2 == pytest.approx(chi_square.statistic, rel=1e-12)
    assert ours.p_value == pytest.approx(chi_square.pvalue, rel=1e-12)


def test_larger_asks_whether_b_is_larger() -> None:
    """B has more successes: "larger" is near 0, "smaller" near 1, and together they are 1."""
    larger = two_proportion_test(10, 100, 40, 100, alternative="larger").p_value
    smaller = two_proportion_test(10, 100, 40, 100, alternative="smaller").p_value
    assert larger < 1e-5
    assert larger + smaller == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("counts", [(0, 40, 0, 50), (40, 40, 50, 50), (0, 0, 3, 50), (3, 50, 0, 0)])
def test_an_undefined_test_is_nan_with_a_reason(counts: tuple[int, int, int, int]) -> None:
    """0 / 0 is not evidence: p is NaN, which is below no alpha, and the reason is given."""
    result = two_proportion_test(*counts)
    assert math.isnan(result.p_value)
    assert math.isnan(result.z)
    assert result.reason
    assert not result.p_value < 0.05


def test_without_pooling_two_certain_arms_have_no_variance() -> None:
    """0 of 10 against 10 of 10: Wald's variance is 0, the pooled one is not."""
    assert two_proportion_test(0, 10, 10, 10, pooled=False).reason is not None
    assert two_proportion_test(0, 10, 10, 10).p_value == pytest.approx(math.erfc(math.sqrt(10)))


def test_bad_counts_and_alternatives_are_refused() -> None:
    """An error names the field, its value and the rule."""
    with pytest.raises(InvalidInput, match="successes_b = 11 of 10 trials"):
        two_proportion_test(1, 10, 11, 10)
    with pytest.raises(InvalidInput, match="alternative = 'greater': must be one of two-sided"):
        two_proportion_test(1, 10, 2, 10, alternative="greater")  # type: ignore[arg-type]


def test_the_test_loads_no_scipy() -> None:
    """Policies import it at start: scipy.stats alone would take 1.1 s (design, section 7)."""
    script = (
        "import sys; from simab.stats.proportions import two_proportion_test as test; "
        "test(1, 10, 2, 10); sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
