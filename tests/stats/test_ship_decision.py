"""The decision over many metrics: by hand, and its errors by correlated normal statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.multiplicity import holm
from simab.stats.ship_decision import (
    adjusted_alpha,
    adjusted_beta,
    decision_p_value,
    levels_of_candidates,
    ship_decision,
)

ALPHA, BETA, RUNS = 0.05, 0.2, 20_000


def test_levels_by_hand() -> None:
    assert adjusted_alpha(0.05, 4) == pytest.approx(0.0125)
    assert adjusted_beta(0.2, 3) == pytest.approx(0.05)
    assert adjusted_beta(0.2, 0) == 0.2
    assert adjusted_beta(0.2, 1, false_alarms=0.02) == pytest.approx(0.09)


def test_one_improvement_is_enough_and_every_guardrail_is_needed() -> None:
    found = ship_decision([0.9, 0.024], [0.05, 0.001])
    assert found.ship
    assert (found.improved, found.not_cleared, found.deteriorated) == ((1,), (), ())
    assert ship_decision([0.024, 0.025], [0.051, 0.001]).not_cleared == (0,)
    assert not ship_decision([0.024, 0.025], [0.051, 0.001]).ship
    assert not ship_decision([0.026, 0.026]).ship


def test_a_significant_deterioration_stops_it() -> None:
    assert ship_decision([0.001], [], [0.9, 0.0051]).ship
    found = ship_decision([0.001], [], [0.9, 0.0049])
    assert not found.ship
    assert found.deteriorated == (1,)


def test_what_is_not_known_shows_nothing() -> None:
    assert ship_decision([math.nan, 0.001], [0.01]).improved == (1,)
    assert ship_decision([0.001], [math.nan]).not_cleared == (0,)
    assert ship_decision([0.001], [0.01], [math.nan]).ship


def shipped(drifts, correlation, success, seed):
    """Share of runs shipped: z of all metrics, equally correlated, the first ones of success."""
    rng, count = np.random.default_rng(seed), len(drifts)
    shared, own = rng.normal(size=(RUNS, 1)), rng.normal(size=(RUNS, count))
    z = np.array(drifts) + math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
    p = stats.norm.sf(z)
    return np.mean([ship_decision(row[:success], row[success:], alpha=ALPHA).ship for row in p])


def error(expected):
    return 3.9 * math.sqrt(expected * (1 - expected) / RUNS)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_nothing_improved_is_shipped_with_alpha_at_most(correlation: float) -> None:
    """Three success metrics without effect, two guardrails far within their margins."""
    found = shipped([0.0, 0.0, 0.0, 9.0, 9.0], correlation, 3, 1)
    assert found <= ALPHA + error(ALPHA)
    if correlation == 0.0:
        exact = 1 - (1 - ALPHA / 3) ** 3
        assert found == pytest.approx(exact, abs=error(exact))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_a_guardrail_at_its_margin_is_passed_with_alpha_at_most(correlation: float) -> None:
    """Success is sure and other guardrails too: the uncorrected level is the whole false ship."""
    found = shipped([9.0, 9.0, 0.0, 9.0, 9.0, 9.0], correlation, 2, 2)
    assert found == pytest.approx(ALPHA, abs=error(ALPHA))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_a_planned_improvement_is_missed_with_beta_at_most(correlation: float) -> None:
    """Each test sized for beta / (G + 1): one success metric improves, three guardrails equal."""
    beta = adjusted_beta(BETA, 3)
    success = stats.norm.isf(adjusted_alpha(ALPHA, 2)) + stats.norm.isf(beta)
    guardrail = stats.norm.isf(ALPHA) + stats.norm.isf(beta)
    missed = 1 - shipped([success, 0.0, *[guardrail] * 3], correlation, 2, 3)
    assert missed <= BETA + error(BETA)
    if correlation == 0.0:
        # The other success metric may be significant by chance in place of the one that is better.
        exact = 1 - (1 - beta * (1 - ALPHA / 2)) * (1 - beta) ** 3
        assert missed == pytest.approx(exact, abs=error(exact))


def test_without_the_correction_of_power_most_of_it_is_lost() -> None:
    """Tests of 80 % power each: 1 - .8 x .8^3 is missed where metrics are independent."""
    success = stats.norm.isf(ALPHA) + stats.norm.isf(BETA)
    missed = 1 - shipped([success] * 4, 0.0, 1, 4)
    assert missed == pytest.approx(1 - 0.8**4, abs=error(0.59))


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="success_metrics = 0"):
        ship_decision([], [0.01])
    with pytest.raises(InvalidInput, match=r"guardrails\[1\] = 5"):
        ship_decision([0.1], [0.1, 5])
    with pytest.raises(InvalidInput, match="guardrails = -1"):
        adjusted_beta(0.2, -1)
    with pytest.raises(InvalidInput, match="false_alarms"):
        adjusted_beta(0.2, 1, false_alarms=0.2)


def test_a_decisions_p_value_is_the_smallest_alpha_that_ships() -> None:
    """By hand: two success metrics at .02 and .3 and a guardrail at .03; NaN shows nothing."""
    assert decision_p_value([0.02, 0.3], [0.03]) == pytest.approx(0.04)
    assert decision_p_value([0.01, 0.3], [0.03]) == pytest.approx(0.03)
    assert decision_p_value([math.nan, 0.01]) == pytest.approx(0.02)
    assert decision_p_value([0.01], [math.nan]) == decision_p_value([math.nan]) == 1.0
    for alpha, ships in ((0.0399, False), (0.0401, True)):
        assert ship_decision([0.02, 0.3], [0.03], alpha=alpha).ship == ships


def test_levels_of_several_candidates_by_hand() -> None:
    """Holm goes on to .025 and .05 while those before pass, and stays where one fails."""
    assert levels_of_candidates([0.03, 0.01, 0.02], 0.06, "holm") == pytest.approx(
        [0.06, 0.02, 0.03]
    )
    assert levels_of_candidates([0.04, 0.01, 0.05], 0.06, "holm") == pytest.approx(
        [0.03, 0.02, 0.03]
    )
    assert levels_of_candidates([0.04, 0.01], 0.06, "bonferroni") == [0.03, 0.03]
    assert levels_of_candidates([0.04, 0.01], 0.06, "none") == [0.06, 0.06]
    assert levels_of_candidates([0.04], 0.06, "holm") == [0.06]


def test_holms_levels_decide_as_adjusted_p_values_do() -> None:
    """Against Holm's adjusted p-values, at random."""
    rng = np.random.default_rng(3)
    for p_values in rng.random((200, 5)) ** 3:
        levels = levels_of_candidates(p_values.tolist(), 0.1, "holm")
        assert [p <= level for p, level in zip(p_values, levels, strict=True)] == [
            bool(each) for each in holm(p_values.tolist()) <= 0.1
        ]
