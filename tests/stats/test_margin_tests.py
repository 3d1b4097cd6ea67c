"""Better, not worse by a margin, or worse: against SciPy, statsmodels' formulas and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.margin_tests import Margin, margin_test_of_means, margin_test_of_shares
from simab.stats.means import Moments
from simab.stats.non_inferiority import restricted_non_inferiority_test
from simab.stats.proportions import pooled_test


def moments(values: np.ndarray) -> Moments:
    return Moments(len(values), float(values.mean()), float(values.var(ddof=1)))


def test_without_a_margin_shares_are_compared_by_the_pooled_test() -> None:
    """One-sided in the direction that is better; the other side is being worse."""
    test = margin_test_of_shares(80, 100, 90, 100, Margin())
    pooled = pooled_test(80, 100, 90, 100)
    assert test.statistic == pytest.approx(pooled.z)
    assert test.p_not_worse == pytest.approx(pooled.p_value / 2)
    assert test.p_worse == pytest.approx(1 - pooled.p_value / 2)
    lower = margin_test_of_shares(80, 100, 90, 100, Margin(higher_is_better=False))
    assert lower.p_not_worse == pytest.approx(test.p_worse)


def test_an_absolute_margin_of_shares_is_farrington_and_mannings() -> None:
    """Of errors as they are, of successes by what is left to 1."""
    known = restricted_non_inferiority_test(10, 200, 14, 210, margin=0.05)
    errors = margin_test_of_shares(10, 200, 14, 210, Margin(0.05, higher_is_better=False))
    right = margin_test_of_shares(190, 200, 196, 210, Margin(0.05))
    assert errors.p_not_worse == pytest.approx(known.p_value)
    assert right.p_not_worse == pytest.approx(known.p_value)


def test_a_relative_margin_is_a_part_of_the_controls_value() -> None:
    """By hand: 0.9 - 0.95 x 0.8 = 0.14, each share with a hit and a miss more than seen."""
    test = margin_test_of_shares(80, 100, 90, 100, Margin(0.05, relative=True))
    assert test.contrast == pytest.approx(0.14)
    variance = 0.95**2 * 81 * 21 / 102**2 / 100 + 91 * 11 / 102**2 / 100
    assert test.standard_error == pytest.approx(math.sqrt(variance))
    lower = Margin(0.05, relative=True, higher_is_better=False)
    assert lower.contrast(200.0, 208.0) == pytest.approx(2.0)  # 210 is the limit
    assert Margin(5.0, higher_is_better=False).contrast(200.0, 208.0) == pytest.approx(-3.0)


def test_a_relative_margin_of_a_loss_is_a_part_of_its_size() -> None:
    """By hand: a fifth of -10 is 2, so that -12 is the limit, whichever way is better."""
    higher, lower = (Margin(0.2, relative=True, higher_is_better=way) for way in (True, False))
    assert higher.contrast(-10.0, -11.0) == pytest.approx(1.0)
    assert higher.contrast(-10.0, -12.5) == pytest.approx(-0.5)
    assert lower.contrast(-10.0, -8.5) == pytest.approx(-(-8.5 - -8.0) + 0.0)
    alike = Moments(400, -10.0, 1.0)
    assert margin_test_of_means(alike, alike, higher).p_not_worse < 1e-9


def test_means_are_compared_by_welchs_test() -> None:
    """SciPy's, of values moved by the margin, or multiplied by what is left of them."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(10, 2, 40), rng.normal(10.4, 3, 70)
    absolute = margin_test_of_means(moments(a), moments(b), Margin(0.5))
    known = stats.ttest_ind(b + 0.5, a, equal_var=False, alternative="greater")
    assert absolute.p_not_worse == pytest.approx(known.pvalue)
    relative = margin_test_of_means(moments(a), moments(b), Margin(0.03, relative=True))
    known = stats.ttest_ind(b, 0.97 * a, equal_var=False, alternative="greater")
    assert relative.p_not_worse == pytest.approx(known.pvalue)
    assert relative.p_worse == pytest.approx(1 - known.pvalue)


@pytest.mark.parametrize(
    "test",
    [
        margin_test_of_shares(0, 0, 1, 2, Margin()),
        margin_test_of_shares(5, 5, 5, 5, Margin()),
        margin_test_of_shares(1, 2, 1, 2, Margin(1.5)),
        margin_test_of_means(Moments(1, 3.0, math.nan), Moments(9, 3.0, 1.0), Margin()),
        margin_test_of_means(Moments(9, 3.0, 0.0), Moments(9, 4.0, 0.0), Margin()),
    ],
    ids=["no trials", "all hits", "no such share", "one value", "alike"],
)
def test_what_cannot_be_tested_has_no_p_value(test: object) -> None:
    """It shows nothing, neither that the candidate is better nor that it is worse."""
    assert math.isnan(test.p_not_worse)  # type: ignore[attr-defined]
    assert math.isnan(test.p_worse)  # type: ignore[attr-defined]
    assert test.reason  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "margin", [{"size": -1.0}, {"size": math.inf}, {"size": 1.0, "relative": True}], ids=str
)
def test_margins_that_allow_anything_are_refused(margin: dict[str, object]) -> None:
    """And those that are negative."""
    with pytest.raises(InvalidInput, match="margin = "):
        Margin(**margin)  # type: ignore[arg-type]
