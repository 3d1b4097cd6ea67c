"""Empirical Bernstein sequences: the paper's formulas value by value, and coverage at all looks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.bounded_means import BoundedMean, difference_of_bounded_means
from simab.stats.capped_means import capped_lognormal


def after_each(values, **settings):
    found = BoundedMean(**settings)
    for value in values:
        found = found.after(1, value, value * value)
    return found


def of_the_paper(x, alpha, target=None):
    """Theorem 2 of Waudby-Smith and Ramdas 2023 with their choice of bets."""
    t = np.arange(1, x.size + 1)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    mean_before = np.r_[0.5, mean[:-1]]
    variance_before = np.r_[0.25, variance[:-1]]
    spread = t * np.log(1 + t) if target is None else target
    bet = np.minimum(np.sqrt(2 * np.log(2 / alpha) / (variance_before * spread)), 0.5)
    v = 4 * (x - mean_before) ** 2
    psi = (-np.log(1 - bet) - bet) / 4
    middle, margin = (bet @ x) / bet.sum(), (np.log(2 / alpha) + v @ psi) / bet.sum()
    return middle - margin, middle + margin


@pytest.mark.parametrize("target", [None, 300.0])
def test_value_by_value_it_is_the_sequence_of_the_paper(target: float | None) -> None:
    x = np.random.default_rng(80).beta(2, 5, 400)
    low, high = of_the_paper(x, 0.05, target)
    found = after_each(x, target_count=target).interval
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-10)


def test_another_range_is_the_same_in_its_units() -> None:
    x = np.random.default_rng(81).beta(2, 5, 200)
    unit, other = after_each(x).interval, after_each(50 * x - 10, low=-10, high=40).interval
    assert other.low == pytest.approx(50 * unit.low - 10)
    assert other.high == pytest.approx(50 * unit.high - 10)


def test_batches_say_nearly_as_much_as_their_values() -> None:
    """Of 2,000 values in 20 batches the interval is within a tenth as narrow."""
    x = np.random.default_rng(82).beta(2, 5, 2_000)
    batched = BoundedMean()
    for batch in x.reshape(20, 100):
        batched = batched.after(100, batch.sum(), batch @ batch)
    assert batched.count == 2_000
    assert batched.interval.width == pytest.approx(after_each(x).interval.width, rel=0.1)
    assert x.mean() in batched.interval


def failures(rng, draw, truth, runs, batches, size):
    """Share of runs whose interval misses the truth after any of the batches."""
    missed = 0
    for _ in range(runs):
        found = BoundedMean(level=0.9)
        for batch in draw(rng, (batches, size)):
            found = found.after(size, float(batch.sum()), float(batch @ batch))
            if truth not in found.interval:
                missed += 1
                break
    return missed / runs


CAPPED = capped_lognormal(-4.0, 2.0, 1.0).mean
LAWS = {
    "rare": (lambda rng, shape: (rng.random(shape) < 0.02).astype(float), 0.02),
    "skewed": (lambda rng, shape: np.minimum(rng.lognormal(-4, 2, shape), 1), CAPPED),
    "U-shaped": (lambda rng, shape: rng.beta(0.2, 0.2, shape), 0.5),
}


@pytest.mark.long
@pytest.mark.parametrize("size", [1, 25])
@pytest.mark.parametrize("name", LAWS)
def test_it_covers_at_all_looks_together(name: str, size: int) -> None:
    """600 runs of 300 looks of level .9, one value a look or 25 of them."""
    draw, truth = LAWS[name]
    missed = failures(np.random.default_rng(84), draw, truth, 600, 300, size)
    assert missed <= 0.1 + 3.9 * math.sqrt(0.1 * 0.9 / 600)


def test_a_difference_holds_together() -> None:
    rng = np.random.default_rng(85)
    a, b = rng.beta(2, 8, 3_000), rng.beta(3, 7, 3_000)
    first, second = after_each(a, level=0.975), after_each(b, level=0.975)
    found = difference_of_bounded_means(first, second)
    assert found.level == pytest.approx(0.95)
    assert found.low == pytest.approx(second.interval.low - first.interval.high)
    assert found.low > 0.0
    assert 0.1 in found


def test_before_any_value_it_may_be_anywhere() -> None:
    empty = BoundedMean(low=2.0, high=5.0)
    assert (empty.interval.low, empty.interval.high, empty.interval.reason) == (
        2.0,
        5.0,
        "no values",
    )
    assert empty.after(0, 0.0, 0.0) is empty
    assert difference_of_bounded_means(empty, empty).reason == "no values"


@pytest.mark.parametrize(
    ("count", "total", "squares"), [(1, 1.5, 2.25), (2, -0.1, 0.1), (2, 1.0, 0.4), (2, 1.0, 1.2)]
)
def test_values_outside_the_range_are_refused(count: int, total: float, squares: float) -> None:
    with pytest.raises(InvalidInput, match="must lie within it"):
        BoundedMean().after(count, total, squares)


def test_malformed_settings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="finite and rise"):
        BoundedMean(high=math.inf)
    with pytest.raises(InvalidInput, match="level"):
        BoundedMean(level=95)
    with pytest.raises(InvalidInput, match="target_count"):
        BoundedMean(target_count=0)
    with pytest.raises(InvalidInput, match="sum to less than 1"):
        difference_of_bounded_means(BoundedMean(level=0.5), BoundedMean(level=0.5))
