"""Conditional and predictive power: a published value, SciPy's laws, integrals over drifts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simab.errors import InvalidInput
from simab.stats.bayes import Normal
from simab.stats.conditional_power import conditional_power, current_trend, predictive_power

BOUND = 1.959963985


def test_a_published_example() -> None:
    """NCSS, PASS training "Conditional Power for Two Proportions": over .94 for z 2.5 at half."""
    assert predictive_power(2.5, 0.5, BOUND) == pytest.approx(0.9424, abs=5e-5)


@pytest.mark.parametrize(("z", "fraction", "drift"), [(0.3, 0.2, 2.8), (2.4, 0.7, 0.0)])
def test_it_is_the_law_of_the_last_z_given_that_of_now(
    z: float, fraction: float, drift: float
) -> None:
    """The regression of two normal scores with correlation sqrt t."""
    root = math.sqrt(fraction)
    law = stats.norm(drift + root * (z - drift * root), math.sqrt(1 - fraction))
    assert conditional_power(z, fraction, BOUND, drift) == pytest.approx(law.sf(BOUND), rel=1e-12)


@pytest.mark.parametrize("prior", [None, Normal(1.0, 0.5), Normal(2.8, 0.0), Normal(-0.5, 50.0)])
@pytest.mark.parametrize(("z", "fraction"), [(0.5, 0.3), (1.9, 0.5), (2.2, 0.9)])
def test_predictive_power_averages_conditional_power(
    z: float, fraction: float, prior: Normal | None
) -> None:
    """Over drifts weighed by the likelihood of z and the prior, by scipy.integrate.quad."""
    if prior is not None and prior.standard_deviation == 0.0:
        expected = conditional_power(z, fraction, BOUND, prior.mean)
    else:

        def weight(drift: float) -> float:
            own = (
                1.0
                if prior is None
                else stats.norm.pdf(drift, prior.mean, prior.standard_deviation)
            )
            return own * stats.norm.pdf(z, drift * math.sqrt(fraction), 1.0)

        middle = z / math.sqrt(fraction)
        ends, options = (middle - 25, middle + 25), {"points": [middle, 1.0], "epsrel": 1e-11}
        whole, _ = integrate.quad(weight, *ends, **options)
        part, _ = integrate.quad(
            lambda drift: weight(drift) * conditional_power(z, fraction, BOUND, drift),
            *ends,
            **options,
        )
        expected = part / whole
    assert predictive_power(z, fraction, BOUND, prior) == pytest.approx(expected, rel=1e-7)


def test_power_given_the_look_averages_to_the_power_of_the_test() -> None:
    """Over the law of z at the look: 80 % at the planned drift, by Gauss and Hermite."""
    drift = BOUND + stats.norm.isf(0.2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    seen = drift * math.sqrt(0.4) + nodes
    powers = [conditional_power(z, 0.4, BOUND, drift) for z in seen]
    assert weights @ powers / weights.sum() == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize("fraction", [0.0, 1.0, 40])
def test_a_look_lies_between_start_and_end(fraction: float) -> None:
    for ask in (
        lambda: conditional_power(1.0, fraction, BOUND, 0.0),
        lambda: current_trend(1.0, fraction),
        lambda: predictive_power(1.0, fraction, BOUND),
    ):
        with pytest.raises(InvalidInput, match="strictly between 0 and 1"):
            ask()
