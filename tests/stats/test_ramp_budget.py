"""The number of requests that a budget of harm allows, against the inequality that defines it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.bayes import Normal
from simab.stats.ramp_budget import largest_exposure
from tests.effort import examples


def risk_at(total: float, budget: float, loss: Normal, known: float, spread: float) -> float:
    """Probability that the harm of so many requests exceeds the budget."""
    variance = (total * loss.standard_deviation) ** 2 + (total - known) * spread**2
    return math.erfc((budget - total * loss.mean) / math.sqrt(2.0 * variance)) / 2.0


@given(
    st.floats(1.0, 1000.0),
    st.floats(-0.2, 0.2),
    st.floats(1e-4, 0.2),
    st.floats(0.0, 500.0),
    st.floats(0.05, 2.0),
    st.floats(0.001, 0.4),
)
@examples(5)
def test_the_risk_is_reached_at_the_root_and_not_before(
    budget: float, mean: float, error: float, exposed: float, spread: float, risk: float
) -> None:
    """On ten places before it, and just after it where there is one."""
    loss, known = Normal(mean, error), 0.8 * exposed
    more = largest_exposure(budget, loss, exposed=exposed, known=known, spread=spread, risk=risk)
    law = budget, loss, known, spread
    if more == 0.0:
        assert risk_at(exposed + 1e-6, *law) >= risk - 1e-6
        return
    for part in range(1, 10):
        total = exposed + part / 10 * min(more, 1e7)
        assert risk_at(total, *law) <= risk * (1 + 1e-6)
    if more < math.inf:
        assert risk_at(exposed + more, *law) == pytest.approx(risk, rel=1e-4)


def test_by_hand() -> None:
    """Without noise k = B / (m + z s), and all of them where the candidate is surely better."""
    z = stats.norm.isf(0.05)
    found = largest_exposure(100.0, Normal(0.01, 0.02), exposed=0, known=0, spread=1e-9, risk=0.05)
    assert found == pytest.approx(100.0 / (0.01 + z * 0.02))
    surely = Normal(-0.1, 0.001)
    assert largest_exposure(100, surely, exposed=5, known=5, spread=0.5, risk=0.05) == math.inf
    assert largest_exposure(1, Normal(0.1, 0.01), exposed=50, known=9, spread=1, risk=0.05) == 0.0


@pytest.mark.parametrize(("budget", "known", "risk"), [(0.0, 1, 0.1), (5, 3, 0.1), (5, 1, 0.5)])
def test_what_makes_no_sense_is_refused(budget: float, known: float, risk: float) -> None:
    """With the remedy."""
    with pytest.raises(InvalidInput, match="Give a budget in units of the metric"):
        largest_exposure(budget, Normal(0, 1), exposed=2, known=known, spread=1, risk=risk)
