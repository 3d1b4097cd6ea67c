"""Crossing probabilities: SciPy's multivariate normal law, walks, looks that do nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.group_sequential import (
    crossing_probabilities,
    drift_for_power,
    expected_information,
)


def by_multivariate_normal(
    information: np.ndarray, upper: np.ndarray, lower: np.ndarray, drift: float
) -> float:
    """P(no crossing) as the probability of a rectangle under the joint law of all z."""
    earlier = np.minimum.outer(information, information)
    later = np.maximum.outer(information, information)
    law = stats.multivariate_normal(
        drift * np.sqrt(information), np.sqrt(earlier / later), maxpts=200_000, abseps=1e-7
    )
    return float(law.cdf(upper, lower_limit=lower))


@settings(max_examples=25)
@given(
    st.lists(st.floats(0.05, 3.0), min_size=1, max_size=4),
    st.floats(-2.0, 2.0),
    st.data(),
)
def test_the_joint_normal_law_agrees(gaps: list[float], drift: float, data: st.DataObject) -> None:
    """Scipy integrates the rectangle by other means; unequal looks, both bounds, any drift."""
    information = np.cumsum(gaps)
    bounds = st.lists(st.floats(0.3, 4.0), min_size=len(gaps), max_size=len(gaps))
    upper, lower = np.array(data.draw(bounds)), -np.array(data.draw(bounds))
    crossing = crossing_probabilities(information, upper, lower, drift=drift)
    stays = by_multivariate_normal(information, upper, lower, drift)
    assert 1 - crossing.total == pytest.approx(stays, abs=2e-5)


@pytest.mark.parametrize(("first", "second"), [(0.3, 1.0), (0.5, 0.5001), (0.001, 1.0)])
def test_two_looks_by_hand(first: float, second: float) -> None:
    """K = 2 is one integral of a product, also for looks near each other or far apart."""
    drift = 1.7
    crossing = crossing_probabilities([first, second], [2.5, 2.0], [-1.0, -0.5], drift=drift)
    law = stats.norm(drift * math.sqrt(first), 1)
    assert crossing.upper[0] == pytest.approx(law.sf(2.5), abs=1e-12)
    assert crossing.lower[0] == pytest.approx(law.cdf(-1.0), abs=1e-12)
    z = np.linspace(-1.0, 2.5, 20_001)
    score = z * math.sqrt(first) + drift * (second - first)
    above = law.pdf(z) * stats.norm.sf(
        (2.0 * math.sqrt(second) - score) / math.sqrt(second - first)
    )
    below = law.pdf(z) * stats.norm.cdf(
        (-0.5 * math.sqrt(second) - score) / math.sqrt(second - first)
    )
    step = z[1] - z[0]
    simpson = np.ones(z.size)
    simpson[1:-1:2], simpson[2:-1:2] = 4, 2
    assert crossing.upper[1] == pytest.approx(float(above @ simpson) * step / 3, abs=1e-9)
    assert crossing.lower[1] == pytest.approx(float(below @ simpson) * step / 3, abs=1e-9)


@pytest.mark.parametrize("drift", [0.0, 2.5])
def test_looks_without_bounds_change_nothing(drift: float) -> None:
    """A look at which nothing can stop is not a look, however many of them and however near."""
    few = crossing_probabilities([0.4, 1.0], [2.2, 2.1], [-1.0, 0.0], drift=drift)
    times = np.sort(np.concatenate((np.linspace(0.013, 0.99, 171), [0.4, 0.40001, 1.0])))
    upper, lower = np.full(times.size, math.inf), np.full(times.size, -math.inf)
    for time, bounds in ((0.4, (2.2, -1.0)), (1.0, (2.1, 0.0))):
        upper[times == time], lower[times == time] = bounds
    many = crossing_probabilities(times, upper, lower, drift=drift)
    assert many.upper[np.isfinite(upper)] == pytest.approx(few.upper, abs=1e-9)
    assert many.lower[np.isfinite(lower)] == pytest.approx(few.lower, abs=1e-9)


def test_simulated_walks_cross_as_often() -> None:
    """400,000 normal walks, uneven looks, drift 1: each probability within 4 standard errors."""
    random = np.random.default_rng(11)
    information = np.array([0.1, 0.25, 0.6, 1.0])
    upper, lower = np.array([2.8, 2.2, 2.0, 1.9]), np.array([-1.5, -1.0, 0.0, 0.5])
    gaps = np.diff(information, prepend=0.0)
    scores = np.cumsum(random.normal(gaps, np.sqrt(gaps), size=(400_000, 4)), axis=1)
    z = scores / np.sqrt(information)
    stops = (z >= upper) | (z <= lower)
    first = np.where(stops.any(axis=1), stops.argmax(axis=1), -1)
    crossing = crossing_probabilities(information, upper, lower, drift=1.0)
    for look in range(4):
        here = first == look
        for share, exact in (
            ((here & (z[:, look] >= upper[look])).mean(), crossing.upper[look]),
            ((here & (z[:, look] <= lower[look])).mean(), crossing.lower[look]),
        ):
            assert share == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 400_000))
    mean = np.where(first < 0, 1.0, information[first]).mean()
    assert mean == pytest.approx(expected_information(information, crossing), abs=0.002)


def test_the_scale_of_information_is_free() -> None:
    """Requests or fractions: with drift per root of information nothing changes."""
    bounds = np.array([2.5, 2.2, 2.0])
    shares = crossing_probabilities([0.2, 0.5, 1.0], bounds, -bounds, drift=3.0)
    requests = crossing_probabilities(
        [200, 500, 1_000], bounds, -bounds, drift=3.0 / math.sqrt(1_000)
    )
    assert requests.upper == pytest.approx(shares.upper, abs=1e-12)
    expected = expected_information([0.2, 0.5, 1.0], shares)
    assert expected_information([200, 500, 1_000], requests) == pytest.approx(1_000 * expected)
    assert 0.2 < expected < 1.0


def test_the_drift_gives_the_power_asked_for() -> None:
    """One look: z of .975 plus z of .9; several: the crossing probability is the power."""
    one = drift_for_power([1.0], [1.959964], power=0.9)
    assert one == pytest.approx(1.959964 + 1.281552, abs=1e-5)
    drift = drift_for_power([10, 35, 50], [2.6, 2.4, 2.1], [-1, 0, 1], power=0.8)
    found = crossing_probabilities([10, 35, 50], [2.6, 2.4, 2.1], [-1, 0, 1], drift=drift)
    assert found.upper.sum() == pytest.approx(0.8, abs=1e-8)


def test_a_test_that_always_stops_has_nothing_left() -> None:
    """Bounds that leave no room at the first look: later looks see nobody."""
    crossing = crossing_probabilities([1.0, 2.0], [0.0, 1.0], [0.0, -1.0])
    assert crossing.total == pytest.approx(1.0, abs=1e-15)
    assert crossing.upper[1] == crossing.lower[1] == 0.0


@pytest.mark.parametrize(
    ("information", "upper", "message"),
    [
        ([0.0, 1.0], [2.0, 2.0], "must rise from above 0"),
        ([1.0, 1.0], [2.0, 2.0], "must rise from above 0"),
        ([], [], "must rise from above 0"),
        ([1.0, 2.0], [2.0], "have 2, 1 and 2 entries"),
        ([1.0, 1.0 + 1e-12, 2.0], [2.0, 2.0, 2.0], "too near each other"),
    ],
)
def test_bad_looks_are_refused(information: list[float], upper: list[float], message: str) -> None:
    """The message says what was given and what to merge or give instead."""
    with pytest.raises(InvalidInput, match=message):
        crossing_probabilities(information, upper)


def test_a_power_below_the_error_is_refused() -> None:
    """Without drift the bound is crossed with .025 already."""
    with pytest.raises(InvalidInput, match=r"must exceed 0\.025"):
        drift_for_power([1.0], [1.959964], power=0.01)
