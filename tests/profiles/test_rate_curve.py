"""A rate that changes: operational time, and its inversion, by hand and by SciPy."""

from __future__ import annotations

import decimal
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from simab.errors import InvalidInput
from simab.profiles.rate_curve import TICKS_PER_NS, Knot, RateCurve, product

S = 10**9
# Up from 1 to 3, a stop, down from 2 to nothing: 1 + 2 + 0 + 1 seconds of operational time.
UP_AND_DOWN = RateCurve(
    (
        Knot(0, 1.0, 1.0),
        Knot(1 * S, 1.0, 3.0),
        Knot(2 * S, 0.0, 0.0),
        Knot(3 * S, 2.0, 0.0),
        Knot(4 * S, 0.0, 0.0),
    )
)


@pytest.mark.parametrize(
    ("operational_s", "at_s"),
    [
        (0.0, 0.0),
        (0.5, 0.5),
        (1.0, 1.0),
        (2.0, (1.0 + math.sqrt(5.0)) / 2.0),  # x + x**2 = 1: the golden ratio
        (3.0 - 2.0**-31, 2.0),
        (3.0, 3.0),  # the stop has passed
        (3.75, 3.5),  # 2 x - x**2 = 3/4
    ],
)
def test_times_by_hand(operational_s, at_s):
    """To the nanosecond; on a slope the root is rounded down."""
    found = UP_AND_DOWN.time_ns(round(operational_s * S * TICKS_PER_NS))
    assert abs(found - at_s * S) <= 1


def test_the_end_of_a_fall_to_nothing_is_known_to_microseconds():
    """From 1 to 0 within an hour, against decimals of 60 places."""
    whole = 3600 * S
    falls = RateCurve((Knot(0, 1.0, 0.0), Knot(whole, 0.0, 0.0)))

    def off(ticks):
        with decimal.localcontext(prec=60):
            rest = 1 - 2 * decimal.Decimal(ticks) / TICKS_PER_NS / whole
            return abs(falls.time_ns(ticks) - whole * (1 - rest.sqrt()))

    last = falls.ticks[-1]
    assert max(off(last * part // 100) for part in range(100)) <= 2
    assert 1000 < max(off(last - (1 << each)) for each in range(40)) < 2500


def test_after_all_of_it_nothing_comes():
    assert UP_AND_DOWN.ticks[-1] == 4 * S * TICKS_PER_NS
    assert UP_AND_DOWN.time_ns(4 * S * TICKS_PER_NS) is None
    assert UP_AND_DOWN.time_ns(4 * S * TICKS_PER_NS - 1) < 4 * S


def test_means_over_spans():
    assert UP_AND_DOWN.mean == 1.0
    assert UP_AND_DOWN.mean_between(0, 2 * S) == pytest.approx(1.5)
    assert UP_AND_DOWN.mean_between(S, 3 * S // 2) == pytest.approx(1.5)
    assert UP_AND_DOWN.mean_between(2 * S, 3 * S) == 0.0
    assert UP_AND_DOWN.mean_between(7 * S // 2, 4 * S) == pytest.approx(0.5)


@st.composite
def curves(draw: st.DrawFn) -> RateCurve:
    """Jumps, slopes and stops, of spans from a nanosecond to a week."""
    factors = st.sampled_from([0.0, 0.0, 0.1, 1.0, 1.0, 3.7, 1e4])
    spans = st.integers(1, 10) | st.integers(1, 7 * 86_400 * S)
    at_ns, knots = 0, []
    for _ in range(draw(st.integers(1, 6))):
        start = draw(factors)
        knots.append(Knot(at_ns, start, draw(st.sampled_from([start, draw(factors)]))))
        at_ns += draw(spans)
    return RateCurve((*knots, Knot(at_ns, 0.0, 0.0)))


@given(curve=curves(), parts=st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_times_rise_and_are_the_inverse(curve, parts):
    """The integral up to the time that is found is what was asked for, within a nanosecond's."""
    end = curve.ticks[-1]
    asked = sorted(min(int(part * end), end - 1) for part in parts) if end else []
    found = [curve.time_ns(each) for each in asked]
    assert found == sorted(found)
    highest = max(max(knot.start, knot.end) for knot in curve.knots)
    for ticks, at_ns in zip(asked, found, strict=True):
        assert 0 <= at_ns <= curve.knots[-1].at_ns
        reached = curve.passed_ns(min(at_ns, curve.knots[-1].at_ns - 1)) * TICKS_PER_NS
        slack = 2 * highest * TICKS_PER_NS + 2 + end * 2**-50
        assert abs(reached - ticks) <= slack


@given(curve=curves())
def test_the_integral_is_that_of_quadrature(curve):
    total = 0.0
    for knot, after in zip(curve.knots, curve.knots[1:], strict=False):
        length, rise = after.at_ns - knot.at_ns, knot.end - knot.start
        area, _ = quad(lambda x, k=knot, n=length, r=rise: k.start + r * x / n, 0, length)
        total += area
    assert curve.total == pytest.approx(total, rel=1e-9, abs=1e-3)
    assert curve.mean == pytest.approx(curve.total / curve.knots[-1].at_ns)


def test_products_of_which_one_is_level_are_exact():
    first = (Knot(0, 1.0, 3.0), Knot(4, 0.0, 0.0))
    second = (Knot(0, 2.0, 2.0), Knot(1, 0.5, 0.5), Knot(3, 1.0, 1.0), Knot(4, 0.0, 0.0))
    assert product(first, second) == (
        Knot(0, 2.0, 3.0),
        Knot(1, 0.75, 1.25),
        Knot(3, 2.5, 3.0),
        Knot(4, 0.0, 0.0),
    )


@pytest.mark.parametrize("second", [(1.0, 0.0), (0.0, 1.0), (5.0, 0.2), (1.0, 1.1)])
@pytest.mark.parametrize("first", [(0.0, 1.0), (3.0, 0.5), (0.999, 1.001)])
def test_products_of_slopes_are_within_a_thousandth_of_their_largest(first, second):
    end_ns = 5 * 3_600 * S
    knots = [(Knot(0, *each), Knot(end_ns, 0.0, 0.0)) for each in (first, second)]
    curve = RateCurve(product(*knots))
    times = np.linspace(0, end_ns - 1, 10_001).astype(np.int64)
    share = times / end_ns
    true = np.prod([each[0] + (each[1] - each[0]) * share for each in (first, second)], axis=0)
    found = np.array([curve.factor(int(at)) for at in times])
    assert np.abs(found - true).max() <= 1.001e-3 * true.max()
    area = np.trapezoid(true, share)
    assert curve.mean == pytest.approx(area, rel=2e-3)


def test_operational_time_that_cannot_be_counted_is_refused():
    with pytest.raises(InvalidInput, match="too high for so long"):
        RateCurve((Knot(0, 1e4, 1e4), Knot(366 * 86_400 * S, 0.0, 0.0)))


def test_a_level_rate_shifts_no_bit():
    """At 1 the clock is the operational one, rounded down as where there is no curve."""
    curve = RateCurve((Knot(0, 1.0, 1.0), Knot(366 * 86_400 * S, 0.0, 0.0)))
    for ticks in np.random.default_rng(1).integers(0, 2**53, 1_000).tolist():
        assert curve.time_ns(ticks) == ticks // TICKS_PER_NS
