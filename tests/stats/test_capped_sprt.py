"""The capped SPRT against Siegmund's theory, and simulated tests of two arms of 0/1 outcomes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.capped_sprt import calibrated_cap, capped_sprt, sprt_information
from simab.stats.means import trials_for_means
from simab.stats.sprt import sprt_bounds


def test_bounds_are_where_the_likelihood_ratio_is_walds() -> None:
    """Log density ratio of z under the drift against none, by SciPy."""
    test = capped_sprt([0.25, 0.5, 1.2], alpha=0.05, beta=0.1)
    walds = sprt_bounds(0.05, 0.1)
    for time, upper, lower in zip(test.information, test.upper, test.lower, strict=True):
        law = stats.norm(test.drift * math.sqrt(time))
        for bound, expected in ((upper, walds.upper), (lower, walds.lower)):
            ratio = law.logpdf(bound) - stats.norm.logpdf(bound)
            assert ratio == pytest.approx(expected)


@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 0.2), (0.025, 0.1)])
def test_without_a_cap_errors_are_those_of_siegmund(alpha: float, beta: float) -> None:
    """Siegmund 1985, Sequential Analysis: bounds farther by .583 steps of the ratio, then Wald's.

    With 60 looks in a fixed size, and a cap at 4 of them that hardly ever decides.
    """
    test = capped_sprt(np.arange(1, 241) / 60, alpha=alpha, beta=beta)
    overshoot = 0.583 * test.drift / math.sqrt(60)
    walds = sprt_bounds(alpha, beta)
    high, low = math.exp(walds.upper + overshoot), math.exp(walds.lower - overshoot)
    assert test.power(0.0) == pytest.approx((1 - low) / (high - low), abs=5e-4)
    assert test.power(1.0) == pytest.approx(high * (1 - low) / (high - low), abs=2e-3)


@pytest.mark.parametrize("looks", [1, 5, 14, 28])
def test_the_cap_is_the_first_that_keeps_the_power(looks: int) -> None:
    test = calibrated_cap(looks)
    assert test.power(1.0) >= 0.8
    assert test.power(0.0) <= 0.05
    shorter = capped_sprt(test.information[:-1])
    assert shorter.power(1.0) < 0.8
    assert test.information[0] == pytest.approx(1 / looks)


def test_it_saves_a_quarter_of_the_fixed_size_and_half_without_an_effect() -> None:
    """A look a day for 28 days: the cap is 1.75 fixed sizes, sizes on the way are far smaller."""
    test = calibrated_cap(28)
    assert test.information[-1] == pytest.approx(1.75)
    assert test.expected_size(1.0) == pytest.approx(0.727, abs=0.001)
    assert test.expected_size(0.0) == pytest.approx(0.525, abs=0.001)


@pytest.mark.parametrize("effect", [0.0, 0.5, 1.0])
def test_simulated_arms_end_as_often_as_the_integrals_say(effect: float) -> None:
    """20,000 tests of two arms of 20 % successes, gain 2 points: z with the arms' own variance."""
    test, gain, runs = calibrated_cap(14), 0.02, 20_000
    unit = 0.2 * 0.8 + 0.22 * 0.78
    per_look = round(1 / 14 * unit * test.drift**2 / gain**2)
    rng = np.random.default_rng(120)
    looks = test.information.size
    a = np.cumsum(rng.binomial(per_look, 0.2, (runs, looks)), axis=1)
    b = np.cumsum(rng.binomial(per_look, 0.2 + effect * gain, (runs, looks)), axis=1)
    n = per_look * np.arange(1, looks + 1)
    share_a, share_b = a / n, b / n
    variance = (share_a * (1 - share_a) + share_b * (1 - share_b)) / n
    z = (share_b - share_a) / np.sqrt(variance)
    ends = np.where(z >= test.upper, 1, np.where(z <= test.lower, -1, 0))
    ends[:, -1] = np.where(ends[:, -1] == 1, 1, -1)
    first = (ends != 0).argmax(axis=1)
    found = (ends[np.arange(runs), first] == 1).mean()
    # The drift of the arms as they are: their variance is not quite that of the planned effect.
    own = 0.2 * 0.8 + (0.2 + effect * gain) * (0.8 - effect * gain)
    expected = test.power(effect * math.sqrt(unit / own))
    error = 3.9 * math.sqrt(expected * (1 - expected) / runs)
    assert found == pytest.approx(expected, abs=error)
    if effect == 0.0:
        assert found <= 0.05
    size = test.information[first].mean()
    assert size == pytest.approx(test.expected_size(effect), rel=0.02)


def test_information_of_the_fixed_size_is_one() -> None:
    """`trials_for_means` gives that size: 2 n values with variance 4 in each arm."""
    n = trials_for_means((4.0, 4.0), 0.5, alpha=0.1, power=0.8)
    assert sprt_information(0.5, 8.0 / n, alpha=0.05, beta=0.2) == pytest.approx(1.0)


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be from 1 to 250"):
        calibrated_cap(0)
    with pytest.raises(InvalidInput, match=r"alpha \+ beta"):
        capped_sprt([1.0], alpha=0.6, beta=0.5)
    with pytest.raises(InvalidInput, match="must rise"):
        capped_sprt([1.0, 0.5])
    with pytest.raises(InvalidInput, match="effect = 0"):
        sprt_information(0.0, 1.0)
