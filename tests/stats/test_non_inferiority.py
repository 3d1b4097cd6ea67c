"""The test of non-inferiority: statsmodels, mirrored outcomes, its size, its cost."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import test_proportions_2indep as two_independent

from simab.errors import InvalidInput
from simab.stats.non_inferiority import non_inferiority_test


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
    """No trials or no variance is no evidence that the candidate will do."""
    result = non_inferiority_test(*counts, margin=0.1)
    assert math.isnan(result.p_value)
    assert result.reason


def test_bad_margins_are_refused() -> None:
    """A percentage, or a negative one."""
    for margin in (3, -0.03):
        with pytest.raises(InvalidInput, match=f"margin = {margin}: must be at least 0"):
            non_inferiority_test(1, 2, 1, 2, margin=margin)


def test_a_call_costs_less_than_20_microseconds() -> None:
    """A controller calls it at every tick."""
    best_s = math.inf
    for _ in range(9):
        start_s = time.process_time()
        for _ in range(1_000):
            non_inferiority_test(320, 334, 318, 334, margin=0.02)
        best_s = min(best_s, (time.process_time() - start_s) / 1_000)
    assert best_s < 20e-6
