"""By how much the gain that a promotion is made for errs: a column of the row of a run."""

from __future__ import annotations

import math

import pytest

from simab.policies import Promote
from tests.analyse.test_outcome import outcome


@pytest.mark.parametrize(
    ("promote", "error"),
    [
        (Promote("b", 0.07), 0.02),
        (Promote("b", 0.01), -0.04),
        (Promote("b"), None),
        (Promote("b", math.nan), None),
        (Promote("a", 0.07), None),
    ],
    ids=["too good", "too bad", "no estimate", "not known", "the control"],
)
def test_the_estimated_gain_of_a_promotion_is_held_against_the_true_one(
    promote: Promote, error: float | None
) -> None:
    """The candidate is better by 0.05."""
    expected = None if error is None else pytest.approx(error)
    assert outcome({3: [promote]}).gain_estimate_error == expected
    corrected = Promote(promote.variant, None, promote.estimate)
    assert outcome({3: [corrected]}).corrected_gain_error == expected
    assert outcome({3: [corrected]}).gain_estimate_error is None
