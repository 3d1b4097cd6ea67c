"""The interval of a mean of costs: hand-worked ends, borders, the mark, and what it covers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.cost_intervals import cost_mean, hall_interval, unseen_share, zero_mean_p_value

Draw = Callable[[np.random.Generator, int], np.ndarray]


def test_a_symmetric_sample_has_students_interval() -> None:
    """Skewness 0 leaves nothing to correct: scipy.stats.t, whatever the range beyond it."""
    values = np.arange(60.0)
    low, high = stats.t.interval(0.95, 59, loc=29.5, scale=stats.sem(values))
    found = cost_mean(values).interval
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_hand_worked_correction_for_skewness() -> None:
    """Hall 1992: the upper end solves g(-t) with a = skewness / sqrt(n); the lower is Student's.

    g(x) = x + a x^2 / 3 + a^2 x^3 / 27 + a / 6 at the root gives back Student's quantile.
    """
    values = np.array([0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 11, 20, 42.0])
    found = cost_mean(values).interval
    error = values.std(ddof=1) / math.sqrt(15)
    a = stats.skew(values) / math.sqrt(15)
    t = stats.t.ppf(0.975, 14)
    x = (values.mean() - found.high) / error
    assert x + a * x**2 / 3 + a**2 * x**3 / 27 + a / 6 == pytest.approx(-t)
    assert found.low == pytest.approx(values.mean() - t * error)
    assert found.high > values.mean() + t * error


def test_halls_interval_alone_has_students_quantiles_at_both_transformed_ends() -> None:
    """Hall 1992, equation 3: g of either end, in standard errors, is t or -t."""
    values = np.array([0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 11, 20, 42.0])
    found = hall_interval(values)
    error = values.std(ddof=1) / math.sqrt(15)
    a = stats.skew(values) / math.sqrt(15)
    t = stats.t.ppf(0.975, 14)
    for end, quantile in ((found.low, t), (found.high, -t)):
        x = (values.mean() - end) / error
        assert x + a * x**2 / 3 + a**2 * x**3 / 27 + a / 6 == pytest.approx(quantile)
    even = np.arange(60.0)
    assert hall_interval(even).low == pytest.approx(cost_mean(even).interval.low)


def test_a_range_of_one_value_leaves_nothing_to_be_unsure_of() -> None:
    """No run can differ: no width at any number of runs, and no mark."""
    for count in (1, 2, 400):
        found = cost_mean(np.zeros(count), 0.0, 0.0)
        assert (found.interval.low, found.interval.high) == (0.0, 0.0)
        assert not found.approximate


@pytest.mark.parametrize(("count", "share"), [(1, 0.975), (2, 1 - math.sqrt(0.025)), (100, 0.0362)])
def test_what_was_not_seen_may_yet_be(count: int, share: float) -> None:
    """1 - .025^(1/n): the Clopper-Pearson bound of none of n, about 3.7 / n."""
    assert unseen_share(count) == pytest.approx(share, abs=5e-5)
    assert unseen_share(count) == pytest.approx(stats.beta.ppf(0.975, 1, count))


def test_runs_that_are_alike_have_an_interval_with_a_width() -> None:
    """All 0 of at most 60: up to 60 times the unseen share; all 60: down by as much."""
    nothing, everything = (cost_mean(np.full(50, value), 0, 60) for value in (0.0, 60.0))
    assert (nothing.interval.low, everything.interval.high) == (0.0, 60.0)
    assert nothing.interval.high == pytest.approx(60 * (1 - 0.025**0.02))
    assert everything.interval.low == pytest.approx(60 - nothing.interval.high)
    assert not nothing.approximate
    assert nothing.reason is not None
    assert nothing.reason.startswith("50 runs are alike")


def test_a_few_other_runs_are_bounded_by_their_share_and_what_is_possible() -> None:
    """2 of 100 runs cost 7 of at most 10: 10 times Clopper and Pearson's upper bound."""
    found = cost_mean([7.0, 7.0] + [0.0] * 98, 0, 10)
    most = stats.binomtest(2, 100).proportion_ci(method="exact").high
    assert found.interval.low == 0.0
    assert found.interval.high == pytest.approx(10 * most)


def test_a_range_without_end_bounds_nothing() -> None:
    """How much a run that was not seen may cost is not known: no interval, and the reason."""
    found = cost_mean([2.0] * 80, 0)
    assert (found.estimate, math.isnan(found.interval.low)) == (2.0, True)
    assert found.reason is not None
    assert found.reason.endswith("is not known")


@given(st.lists(st.integers(0, 40).map(float), min_size=2, max_size=80))
def test_no_end_is_outside_what_is_possible(values: list[float]) -> None:
    """Between 0 and 40, around the mean; turned round for the costs that are saved."""
    found, turned = cost_mean(values, 0, 40), cost_mean([-each for each in values], -40, 0)
    assert -1e-9 <= found.interval.low <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.interval.high <= 40 + 1e-9
    mirrored = (-turned.interval.high, -turned.interval.low)
    assert mirrored == pytest.approx((found.interval.low, found.interval.high), abs=1e-9)


def test_a_mean_that_unseen_runs_could_carry_away_is_marked() -> None:
    """250 runs near 4,100 of 43,000 possible: one run in 250 at 40,000 would add 145, unseen.

    The same runs are not marked where no run can cost more than 4,200.
    """
    values = 4100 + 50 * np.cos(np.arange(250.0))
    assert cost_mean(values, 0, 43_000).approximate
    assert not cost_mean(values, 4000, 4200).approximate
    reason = cost_mean(values, 0, 43_000).reason
    assert reason is not None
    assert "1.5 % of runs may be unlike any of these 250" in reason


@pytest.mark.parametrize(
    ("count", "skewed", "marked"),
    [(49, False, True), (50, False, False), (100, True, True), (400, True, False)],
)
def test_without_a_range_the_mark_hangs_on_runs_and_skewness(
    count: int, skewed: bool, marked: bool
) -> None:
    """Under 50 runs always, under 400 where skewed: exponential quantiles stand for the law."""
    levels = (np.arange(count) + 0.5) / count
    values = stats.expon.ppf(levels) if skewed else levels
    assert cost_mean(values).approximate is marked


def test_the_p_value_agrees_with_the_interval() -> None:
    """It is 5 % where the interval just touches 0: both take the outer of Student and Hall."""
    values = np.random.default_rng(3).gamma(1.0, size=80)
    interval = cost_mean(values).interval
    for end in (interval.low, interval.high):
        assert zero_mean_p_value(values - end) == pytest.approx(0.05, abs=1e-9)


def test_few_differing_pairs_are_no_evidence() -> None:
    """Nine say nothing; ten at least 2 / 2^10, what the sign test could reach, however equal."""
    assert zero_mean_p_value([5.0] * 9 + [0.0] * 50) == 1.0
    assert zero_mean_p_value([5.0] * 10) == 2 / 2**10
    assert zero_mean_p_value([1e6 + each for each in range(10)]) == 2 / 2**10


def test_what_is_outside_its_own_range_is_refused() -> None:
    """The range is a promise: a value beyond it is an error with its place."""
    with pytest.raises(InvalidInput, match=r"values\[1\] = 7.0: must lie in the range from 0 to 5"):
        cost_mean([1.0, 7.0], 0, 5)
    with pytest.raises(InvalidInput, match=r"values\[0\] = nan"):
        cost_mean([math.nan])


def gamma(draw: np.random.Generator, count: int) -> np.ndarray:
    """A coefficient of variation of 3."""
    return draw.gamma(1 / 9, 9, count)


def exponential(draw: np.random.Generator, count: int) -> np.ndarray:
    return draw.exponential(size=count)


def lognormal(draw: np.random.Generator, count: int) -> np.ndarray:
    """A coefficient of variation of 2."""
    return draw.lognormal(-math.log(5) / 2, math.sqrt(math.log(5)), count)


def rare(draw: np.random.Generator, count: int) -> np.ndarray:
    """A share that is not 0 in 1 % of runs."""
    return np.where(draw.random(count) < 0.01, 2 * draw.random(count), 0.0)


def hardly_ever_wrong(draw: np.random.Generator, count: int) -> np.ndarray:
    """Right at a cost near 4,100 of 43,000; one run in 250 costs 40,000."""
    return np.where(draw.random(count) < 0.004, 40_000.0, 4100 + 50 * draw.normal(size=count))


def covered(
    law: Draw, mean: float, high: float, count: int, samples: int
) -> tuple[float, float, int]:
    """Coverage of intervals without the mark, of all that are shown, and how many lack the mark."""
    draw = np.random.default_rng(count)
    plain, shown = [], []
    for _ in range(samples):
        found = cost_mean(law(draw, count), 0.0, high)
        hit = mean in found.interval
        shown.append(hit)
        if not found.approximate:
            plain.append(hit)
    return float(np.mean(plain)) if plain else math.nan, float(np.mean(shown)), len(plain)


LAWS = [
    (exponential, 1.0, math.inf),
    (lognormal, 1.0, math.inf),
    (gamma, 1.0, math.inf),
    (rare, 0.01, 2.0),
    (hardly_ever_wrong, 4100 + 0.004 * 35_900, 43_100.0),
]


@pytest.mark.parametrize(
    ("law", "mean", "high"), LAWS, ids=lambda each: getattr(each, "__name__", "")
)
@pytest.mark.parametrize("count", [20, 400])
def test_an_interval_without_the_mark_covers(
    law: Draw, mean: float, high: float, count: int
) -> None:
    """At least 93 %, less 4 standard errors of what was played; t covers .08 to .94 of them."""
    share, _, plain = covered(law, mean, high, count, 300)
    if plain:
        assert share >= 0.93 - 4 * math.sqrt(0.93 * 0.07 / plain)


@pytest.mark.long
@pytest.mark.parametrize(
    ("law", "mean", "high"), LAWS, ids=lambda each: getattr(each, "__name__", "")
)
@pytest.mark.parametrize("count", [20, 100, 400, 1600])
def test_the_level_is_held_by_what_has_no_mark(
    law: Draw, mean: float, high: float, count: int
) -> None:
    """At least 93 % of 2,000 samples, less 3 standard errors."""
    share, _, plain = covered(law, mean, high, count, 2000)
    if plain:
        assert share >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / plain)


def test_the_mark_is_on_what_does_not_cover() -> None:
    """Wrong once in 250 runs: most samples of 20 miss the mean, and have the mark."""
    _, shown, plain = covered(hardly_ever_wrong, 4100 + 0.004 * 35_900, 43_100.0, 20, 300)
    assert shown < 0.5
    assert plain < 0.2 * 300
