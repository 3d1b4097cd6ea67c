"""The mean number in service under a rate that varies with time, against hand-worked integrals."""

from __future__ import annotations

import math

import pytest

from simab.errors import InvalidInput
from simab.theory.infinite_server import mean_in_service


def exponential_survival(age_s: float) -> float:
    return math.exp(-age_s / 2.0)


@pytest.mark.parametrize("at_s", [0.0, 0.5, 3.0, 40.0])
def test_a_constant_rate_fills_up_exponentially(at_s: float) -> None:
    """Rate 5, mean service 2, empty at 0: 10 (1 - e^(-t / 2)), Little's 10 in the end."""
    expected = 10 * (1 - math.exp(-at_s / 2))
    assert mean_in_service(lambda _: 5.0, exponential_survival, at_s) == pytest.approx(expected)


def test_constant_service_counts_the_arrivals_of_one_service_time() -> None:
    """Service of exactly 3 s, rate u at time u: the integral of u from 7 to 10, which is 25.5."""
    number = mean_in_service(
        lambda at_s: at_s, lambda age_s: float(age_s < 3.0), 10.0, breaks_s=[7.0]
    )
    assert number == pytest.approx(25.5, rel=1e-9)


def test_a_step_of_the_rate() -> None:
    """Rate 5 until 4 s, then 1: 10 (e^-1 - e^-3) + 2 (1 - e^-1) at 6 s for exponential service."""
    number = mean_in_service(
        lambda at_s: 5.0 if at_s < 4.0 else 1.0, exponential_survival, 6.0, breaks_s=[4.0, 99.0]
    )
    expected = 10 * (math.exp(-1) - math.exp(-3)) + 2 * (1 - math.exp(-1))
    assert number == pytest.approx(expected, rel=1e-10)


def test_a_sinusoidal_rate_lags_behind() -> None:
    """Eick, Massey and Whitt 1993b: rate 9 + 4 sin t, mean service 2, long after the start:
    18 + 8 (sin t - 2 cos t) / 5; the plain product of rate and mean service would be 18 + 8 sin t.
    """
    at_s = 100.0
    number = mean_in_service(lambda now_s: 9 + 4 * math.sin(now_s), exponential_survival, at_s)
    assert number == pytest.approx(18 + 8 * (math.sin(at_s) - 2 * math.cos(at_s)) / 5, rel=1e-9)


def test_an_integral_that_does_not_settle_is_refused() -> None:
    """A number nobody can vouch for is not returned."""
    with (
        pytest.raises(InvalidInput, match="uncertain by"),
    ):
        mean_in_service(lambda at_s: math.inf if at_s > 1 else 1.0, exponential_survival, 2.0)
    with pytest.raises(InvalidInput, match=r"at_s = -1\.0"):
        mean_in_service(lambda _: 1.0, exponential_survival, -1.0)
