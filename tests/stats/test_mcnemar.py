"""McNemar's test of two paired classifiers: statsmodels, hand-worked values, degenerate tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from simab.errors import InvalidInput
from simab.stats.proportions import mcnemar_chi_square, mcnemar_exact

counts = st.integers(0, 2_000)


@given(counts, counts)
def test_statsmodels_agrees_on_the_exact_test(b: int, c: int) -> None:
    """P and statistic are those of statsmodels' mcnemar(exact=True)."""
    if b + c == 0:
        return
    theirs = mcnemar([[5, b], [c, 5]], exact=True)
    ours = mcnemar_exact(b, c)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-300)
    assert ours.statistic == theirs.statistic


@given(counts, counts, st.booleans())
def test_statsmodels_agrees_on_the_chi_square(b: int, c: int, continuity: bool) -> None:
    """P and statistic are those of mcnemar(exact=False); at b = c our correction stops at 0."""
    if b + c == 0 or (continuity and b == c):
        return
    theirs = mcnemar([[5, b], [c, 5]], exact=False, correction=continuity)
    ours = mcnemar_chi_square(b, c, continuity=continuity)
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("b", "c", "p_value"), [(1, 1, 1.0), (0, 5, 0.0625), (2, 8, 0.109375)])
def test_hand_worked_p_values(b: int, c: int, p_value: float) -> None:
    """2 x the binomial tail: 2 / 2^5, and 2 (1 + 10 + 45) / 2^10; one win each gives 1."""
    assert mcnemar_exact(b, c).p_value == pytest.approx(p_value, rel=1e-14)


def test_a_published_chi_square() -> None:
    """Agresti 2013, section 11.1.1: 150 and 86 disagreeing approvals, z^2 = 17.36 uncorrected."""
    assert mcnemar_chi_square(150, 86, continuity=False).statistic == pytest.approx(17.36, abs=5e-3)


def test_equal_wins_speak_for_nobody() -> None:
    """B = c gives p 1 in every version: the correction does not push the difference below 0."""
    assert mcnemar_chi_square(7, 7).p_value == 1.0
    assert mcnemar_chi_square(7, 7, continuity=False).p_value == 1.0
    assert mcnemar_exact(7, 7).p_value == 1.0


def test_without_disagreement_nothing_can_be_said() -> None:
    """No discordant row: the exact p is 1; the chi-square is 0 / 0, so NaN with a reason."""
    assert mcnemar_exact(0, 0).p_value == 1.0
    result = mcnemar_chi_square(0, 0)
    assert math.isnan(result.p_value)
    assert result.reason


def test_negative_counts_are_refused() -> None:
    """An error names the field."""
    with pytest.raises(InvalidInput, match="c = -1"):
        mcnemar_exact(3, -1)
