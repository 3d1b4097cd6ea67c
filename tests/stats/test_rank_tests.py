"""Mann-Whitney and the Hodges-Lehmann shift: SciPy, R's printed results, coverage, ties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.proportions import Alternative
from simab.stats.ranks import location_shift, mann_whitney, middle_ranks

SAMPLES = st.lists(st.integers(-20, 20), min_size=2, max_size=40)
IN_SCIPY = {"two-sided": "two-sided", "larger": "greater", "smaller": "less"}


@given(SAMPLES, SAMPLES, st.sampled_from(sorted(IN_SCIPY)))
def test_scipy_agrees(a: list[int], b: list[int], alternative: Alternative) -> None:
    """Statistic and p of scipy.stats.mannwhitneyu, asymptotic and continuity corrected, ties too.

    Its two-sided p doubles a tail and is cut at 1, which is the same but for pairs won evenly.
    """
    if len({*a, *b}) == 1:
        assert mann_whitney(a, b).reason is not None
        return
    theirs = stats.mannwhitneyu(b, a, alternative=IN_SCIPY[alternative], method="asymptotic")
    ours = mann_whitney(a, b, alternative=alternative)
    assert ours.pairs_won == theirs.statistic
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)


@given(SAMPLES)
def test_scipy_agrees_on_ranks(values: list[int]) -> None:
    """Middle ranks are scipy.stats.rankdata's average."""
    assert (middle_ranks(np.array(values, dtype=float)) == stats.rankdata(values)).all()


def test_the_interval_of_kayenta_and_r() -> None:
    """Posted in spinnaker/spinnaker#6278: ten 1s against seven 100s and three 1s, level .98.

    The ends are a jump of a step function as the search for it happens to end, to all digits.
    """
    control, experiment = [1.0] * 10, [100.0] * 7 + [1.0] * 3
    shift = location_shift(control, experiment, level=0.98, corrected_estimate=True)
    assert shift.interval.low == pytest.approx(6.825022991538781e-05, rel=1e-12)
    assert shift.interval.high == 99.0
    assert shift.estimate == pytest.approx(98.99992904170193, rel=1e-14)
    # R leaves the correction out of the estimate: the same jump, found from another side.
    without = location_shift(control, experiment, level=0.98)
    assert without.estimate == pytest.approx(99.0, abs=1e-4)
    assert without.interval == shift.interval


def test_the_interval_that_kayentas_suite_expects() -> None:
    """MannWhitneySuite of spinnaker/kayenta: 1 to 4 against 10 to 40: 6, 39 and 22.5."""
    shift = location_shift([1, 2, 3, 4], [10, 20, 30, 40])
    assert (shift.interval.low, shift.interval.high) == (6.0, 39.0)
    assert shift.estimate == pytest.approx(22.5, abs=1e-6)


@given(
    st.lists(st.floats(-50, 50), min_size=5, max_size=25, unique=True),
    st.lists(st.floats(-50, 50), min_size=5, max_size=25, unique=True),
)
def test_the_estimate_is_the_median_of_the_differences(a: list[float], b: list[float]) -> None:
    """Hodges and Lehmann 1963; for an even number of pairs, between the two middle ones."""
    differences = np.sort(np.subtract.outer(np.array(b), np.array(a)).ravel())
    middle = (differences.size - 1) / 2
    low, high = differences[math.floor(middle)], differences[math.ceil(middle)]
    shift = location_shift(a, b)
    assert low - 1e-4 <= shift.estimate <= high + 1e-4
    assert shift.interval.low <= shift.estimate + 1e-4
    assert shift.estimate - 1e-4 <= shift.interval.high


def test_the_interval_holds_what_the_test_does_not_reject() -> None:
    """A shift inside the interval is not rejected at 1 - level, one outside it is."""
    random = np.random.default_rng(12)
    a, b = random.normal(size=20), random.normal(1.0, size=23)
    interval = location_shift(a, b, level=0.9).interval
    for end, inwards in ((interval.low, 1), (interval.high, -1)):
        inside = mann_whitney(a, b - (end + inwards * 2e-4)).p_value
        outside = mann_whitney(a, b - (end - inwards * 2e-4)).p_value
        assert outside < inside
        assert inside > 0.1 - 0.02  # steps of the rank sum are about that high
        assert outside <= 0.1


def test_the_interval_covers_the_shift() -> None:
    """400 pairs of lognormal samples shifted by 2, sizes 15 and 20, level .9: 4 standard errors.

    The p-value is continuity corrected: it may cover a little more often.
    """
    random = np.random.default_rng(9)
    covered = [
        2.0
        in location_shift(
            random.lognormal(size=15), 2 + random.lognormal(size=20), level=0.9
        ).interval
        for _ in range(400)
    ]
    error = math.sqrt(0.9 * 0.1 / 400)
    assert 0.9 - 4 * error <= np.mean(covered) <= 0.92 + 4 * error


def test_a_shift_of_the_data_shifts_the_interval() -> None:
    """Add 7 to b, and everything rises by 7; swap the samples, and the sign changes."""
    random = np.random.default_rng(13)
    # An odd number of pairs: there is one middle difference, and no plateau to end on.
    a, b = random.exponential(size=31), random.exponential(size=25)
    plain, moved, swapped = location_shift(a, b), location_shift(a, b + 7), location_shift(b, a)
    assert moved.estimate == pytest.approx(plain.estimate + 7, abs=2e-4)
    assert moved.interval.low == pytest.approx(plain.interval.low + 7, abs=2e-4)
    assert swapped.estimate == pytest.approx(-plain.estimate, abs=2e-4)
    assert swapped.interval.high == pytest.approx(-plain.interval.low, abs=2e-4)


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [([], [1.0], "sample a is empty"), ([1.0], [], "sample b is empty"), ([2, 2], [2], "equal")],
)
def test_what_ranks_cannot_tell(a: list[float], b: list[float], reason: str) -> None:
    """NaN and the reason, from both functions."""
    test, shift = mann_whitney(a, b), location_shift(a, b)
    assert math.isnan(test.p_value)
    assert math.isnan(shift.estimate)
    assert math.isnan(shift.interval.low)
    for found in (test.reason, shift.reason, shift.interval.reason):
        assert found is not None
        assert reason in found


def test_bad_input_is_refused() -> None:
    """Missing values, and SciPy's name for a tail."""
    with pytest.raises(InvalidInput, match=r"b\[1\] = nan"):
        mann_whitney([1.0], [1.0, math.nan])
    with pytest.raises(InvalidInput, match="alternative = 'greater'"):
        mann_whitney([1.0], [2.0], alternative="greater")  # type: ignore[arg-type]
