"""Each family of durations against SciPy's distribution of the same parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import stats

from simab.draws import Draws, Purpose
from simab.profiles.durations import (
    Constant,
    Exponential,
    Gamma,
    Hyperexponential,
    Lognormal,
    Mixture,
    Quantiles,
    Samples,
    Weibull,
)

MEAN_NS = 4e7
SIZE = 1e-6  # of each Kolmogorov-Smirnov test
DRAWN = 20_000
TAIL = 2.0**-40


def lognormal_of(cv: float) -> stats.rv_continuous:
    spread = math.sqrt(math.log1p(cv**2))
    return stats.lognorm(s=spread, scale=MEAN_NS * math.exp(-(spread**2) / 2))


class HyperexponentialOracle:
    """Two phases with balanced means, by the formulas of Tijms (2003), appendix B."""

    def __init__(self, cv: float) -> None:
        fast = (1 + math.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
        self.parts = [(fast, MEAN_NS / (2 * fast)), (1 - fast, MEAN_NS / (2 * (1 - fast)))]
        self.cv = cv

    def sf(self, time_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        return sum(share * np.exp(-time_ns / mean) for share, mean in self.parts)

    def cdf(self, time_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1.0 - self.sf(time_ns)

    def mean(self) -> float:
        return sum(share * mean for share, mean in self.parts)

    def var(self) -> float:
        return sum(2 * share * mean**2 for share, mean in self.parts) - self.mean() ** 2


class MixtureOracle:
    """A tenth of the durations are exponential of 4 ms, the others gamma of 44 ms and cv 0.5."""

    parts = ((0.1, stats.expon(scale=4e6)), (0.9, stats.gamma(a=4, scale=44e6 / 4)))

    def sf(self, time_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        return sum(share * part.sf(time_ns) for share, part in self.parts)

    def cdf(self, time_ns: NDArray[np.float64]) -> NDArray[np.float64]:
        return sum(share * part.cdf(time_ns) for share, part in self.parts)

    def mean(self) -> float:
        return sum(share * part.mean() for share, part in self.parts)

    def var(self) -> float:
        second = sum(share * (part.var() + part.mean() ** 2) for share, part in self.parts)
        return second - self.mean() ** 2


def weibull_of(shape: float) -> stats.rv_continuous:
    """Of a mean of 40 ms."""
    return stats.weibull_min(shape, scale=MEAN_NS / math.gamma(1 + 1 / shape))


TWO_PARTS = [
    {"share": "10%", "duration": {"kind": "exponential", "mean": "4ms"}},
    {"share": "90%", "duration": {"kind": "gamma", "mean": "44ms", "cv": 0.5}},
]
FAMILIES = {
    "exponential": (Exponential(mean="40ms"), stats.expon(scale=MEAN_NS)),
    "lognormal by median and p99": (
        Lognormal(median="40ms", p99="200ms"),
        stats.lognorm(s=math.log(5) / stats.norm.ppf(0.99), scale=MEAN_NS),
    ),
    "lognormal cv 0.1": (Lognormal(mean="40ms", cv=0.1), lognormal_of(0.1)),
    "lognormal cv 3": (Lognormal(mean="40ms", cv=3), lognormal_of(3)),
    "gamma cv 0.01": (Gamma(mean="40ms", cv=0.01), stats.gamma(a=1e4, scale=MEAN_NS / 1e4)),
    "gamma cv 0.5": (Gamma(mean="40ms", cv=0.5), stats.gamma(a=4, scale=MEAN_NS / 4)),
    "gamma cv 2": (Gamma(mean="40ms", cv=2), stats.gamma(a=0.25, scale=MEAN_NS * 4)),
    "hyperexponential cv 1.1": (Hyperexponential(mean="40ms", cv=1.1), HyperexponentialOracle(1.1)),
    "weibull of shape 2": (
        Weibull(mean="40ms", cv=float(weibull_of(2).std() / MEAN_NS)),
        weibull_of(2),
    ),
    "weibull of shape 0.5": (Weibull(mean="40ms", cv=math.sqrt(5)), weibull_of(0.5)),
    "weibull by median and p99": (
        Weibull(median="40ms", p99=f"{round(MEAN_NS * math.log2(100))}ns"),
        stats.expon(scale=MEAN_NS / math.log(2)),
    ),
    "mixture": (Mixture(parts=TWO_PARTS), MixtureOracle()),
    "hyperexponential cv 3": (Hyperexponential(mean="40ms", cv=3), HyperexponentialOracle(3)),
}
families = pytest.mark.parametrize(("profile", "oracle"), FAMILIES.values(), ids=FAMILIES)


@families
def test_quantiles_are_those_of_the_distribution(profile, oracle) -> None:
    """From p1 to all but one in 10**9: the survival at a quantile is right to 0.05 %."""
    table = profile.table()
    survival = np.concatenate([np.linspace(0.99, 0.001, 2000), np.logspace(-3, -9, 200)])
    reached = oracle.sf(np.array([table.quantile(1.0 - share) for share in survival]))
    np.testing.assert_allclose(reached, survival, rtol=5e-4)


@families
def test_the_slowest_request_in_ten_to_the_twelve(profile, oracle) -> None:
    """The largest draw is exceeded with probability 2**-40, within 1e-4 of it."""
    assert float(oracle.sf(np.float64(profile.table().edges[-1]))) == pytest.approx(TAIL, rel=1e-4)


@families
def test_the_lowest_requests_share_one_line(profile, oracle) -> None:
    """Below p0.2, in the first cell, draws lie between 0 and the true p0.2.

    The line has the cell's mean, not its shape: a lognormal draws no value near 0 there.
    """
    table, edge = profile.table(), 1 / 512
    first = [table.quantile(share) for share in np.linspace(0, edge, 50)]
    upper = float(table.edges[1])
    if upper > 1000:  # else whole nanoseconds are too coarse to tell
        assert float(oracle.cdf(np.float64(upper))) == pytest.approx(edge, rel=1e-3)
    assert 0 <= min(first) <= max(first) <= upper * (1 + 1e-12)


@families
def test_the_mean_is_exact_to_a_part_in_a_hundred_thousand(profile, oracle) -> None:
    """The tabulated mean against the closed form: 1e-5 relative; 5e-6 is the largest seen."""
    assert profile.table().mean == pytest.approx(oracle.mean(), rel=1e-5)


@families
def test_the_spread_is_exact_to_two_parts_in_ten_thousand(profile, oracle) -> None:
    """The tabulated squared cv against the closed form: 2e-4 relative."""
    squared_cv = oracle.var() / oracle.mean() ** 2
    computed = profile.table().squared_coefficient_of_variation
    assert computed == pytest.approx(squared_cv, rel=2e-4)


def test_a_cut_tail_costs_an_extreme_lognormal_one_per_cent_of_its_variance() -> None:
    """At cv 20, the widest allowed, what lies beyond one in 10**12 holds 1 % of the variance.

    With z the normal 1 - 2**-40 point and s the log spread, the second moment beyond it is
    P(Z > z - 2 s) of the whole.
    """
    table = Lognormal(mean="40ms", cv=20).table()
    assert table.mean == pytest.approx(MEAN_NS, rel=1e-5)
    spread = math.sqrt(math.log1p(400))
    beyond = stats.norm.sf(stats.norm.isf(TAIL) - 2 * spread)
    kept_at_the_point = math.exp(2 * spread * stats.norm.isf(TAIL) - 2 * spread**2) * TAIL
    lost = (beyond - kept_at_the_point) * 401 / 400
    squared_cv = table.squared_coefficient_of_variation
    assert 1 - squared_cv / 400 == pytest.approx(lost, rel=0.05)
    assert 0.005 < lost < 0.02


@families
def test_draws_follow_the_distribution(profile, oracle) -> None:
    """Kolmogorov-Smirnov on 20,000 draws, size 1e-6."""
    table = profile.table()
    words = Draws(seed=5, replication=0).blocks(Purpose.SERVICE, 1, 0, DRAWN)[:, 2].tolist()
    assert stats.kstest([table.draw(word) for word in words], oracle.cdf).pvalue > SIZE


def test_a_mean_two_per_cent_off_would_be_seen() -> None:
    """The same Kolmogorov-Smirnov test at 200,000 draws rejects a mean 2 % too long."""
    table = Exponential(mean="40.8ms").table()
    words = Draws(seed=5, replication=0).blocks(Purpose.SERVICE, 1, 0, 200_000)[:, 2].tolist()
    drawn = [table.draw(word) for word in words]
    assert stats.kstest(drawn, stats.expon(scale=MEAN_NS).cdf).pvalue < SIZE


@pytest.mark.parametrize("value", ["0s", "1ns", "40ms", "366d"])
def test_a_constant_is_constant(value: str) -> None:
    """Every word draws the value."""
    profile = Constant(value=value)
    table = profile.table()
    assert {table.draw(word) for word in (0, 1, 2**24, 2**63, 2**64 - 1)} == {profile.value}
    assert table.squared_coefficient_of_variation == pytest.approx(0.0, abs=1e-12)


def test_quantiles_are_joined_by_straight_lines() -> None:
    """p0, p50 and p100 given: p25 and p75 lie half-way; nothing is below p0 or above p100."""
    table = Quantiles(quantiles={"p0": "10ms", "p50": "30ms", "p100": "110ms"}).table()
    assert table.quantile(0.25) == pytest.approx(20e6, abs=1)
    assert table.quantile(0.5) == pytest.approx(30e6, abs=1)
    assert table.quantile(0.75) == pytest.approx(70e6, abs=1)
    assert table.draw(2**64 - 1) == pytest.approx(10e6, abs=1)
    assert table.draw(0) == pytest.approx(110e6, abs=1)
    assert table.mean == pytest.approx((20e6 + 70e6) / 2, rel=1e-9)


def test_quantiles_without_ends_begin_at_0_and_end_in_an_exponential_tail() -> None:
    """p50 and p90 of an exponential alone give all above p50 back, and a line from 0 below it."""
    oracle = stats.expon(scale=MEAN_NS)
    given = {f"p{share:g}": f"{round(oracle.ppf(share / 100))}ns" for share in (50, 90)}
    table = Quantiles(quantiles=given).table()
    assert table.quantile(0.25) == pytest.approx(oracle.median() / 2, abs=1)
    assert table.quantile(0.9) == pytest.approx(oracle.ppf(0.9), rel=3e-4)  # a kink, in a cell
    for survival in (1e-2, 1e-4, 1e-9):
        assert table.quantile(1.0 - survival) == pytest.approx(oracle.isf(survival), rel=1e-6)


def test_one_quantile_alone_has_its_tail_from_0() -> None:
    """p99.9 at 4 s with nothing else: below it a line, beyond it the exponential through both."""
    table = Quantiles(quantiles={"p99.9": "4s"}).table()
    assert table.quantile(0.5) == pytest.approx(4e9 * 0.5 / 0.999, rel=1e-9)
    assert table.quantile(1 - 1e-6) == pytest.approx(8e9, rel=1e-6)


def test_a_mixture_jumps_where_a_part_is_constant() -> None:
    """A fifth takes 10 ms, the others are uniform from 0 to 20 ms: by hand."""
    table = Mixture(
        parts=[
            {"share": 0.2, "duration": {"kind": "constant", "value": "10ms"}},
            {"share": 0.8, "duration": {"kind": "samples", "values": ["0s", "20ms"]}},
        ]
    ).table()
    for share, expected_ms in ((0.2, 5), (0.41, 10), (0.5, 10), (0.59, 10), (0.8, 15)):
        assert table.quantile(share) == pytest.approx(expected_ms * 1e6, abs=2)


def test_the_order_in_which_quantiles_are_written_does_not_matter() -> None:
    """A mapping has no order: p100 first gives the same table."""
    one = Quantiles(quantiles={"p100": "110ms", "p0": "10ms", "p9": "15ms", "p50": "30ms"})
    other = Quantiles(quantiles={"p0": "10ms", "p9": "15ms", "p50": "30ms", "p100": "110ms"})
    np.testing.assert_array_equal(one.table().edges, other.table().edges)


def test_samples_are_drawn_from_their_own_distribution() -> None:
    """Kolmogorov-Smirnov of 20,000 draws against the line through the sorted samples, size 1e-6."""
    values = np.sort(np.random.default_rng(3).lognormal(17, 1, 300).astype(np.int64))
    shuffled = np.random.default_rng(4).permutation(values)
    table = Samples(values=tuple(f"{value}ns" for value in shuffled)).table()
    words = Draws(seed=5, replication=0).blocks(Purpose.SERVICE, 1, 0, DRAWN)[:, 2].tolist()
    drawn = [table.draw(word) for word in words]
    shares = np.linspace(0, 1, values.size)
    assert stats.kstest(drawn, lambda x: np.interp(x, values, shares)).pvalue > SIZE
    assert values[0] <= min(drawn)
    assert max(drawn) <= values[-1]


@pytest.mark.parametrize(
    ("family", "fields", "message"),
    [
        (Lognormal, {}, "exactly one pair"),
        (Lognormal, {"median": "1ms"}, "exactly one pair"),
        (Lognormal, {"median": "1ms", "p99": "2ms", "cv": 1}, "exactly one pair"),
        (Lognormal, {"median": "2ms", "p99": "1ms"}, "p99 is below the median"),
        (Exponential, {"mean": "0s"}, "greater than 0"),
        (Gamma, {"mean": "1ms", "cv": 0}, "greater than or equal to 0.01"),
        (Hyperexponential, {"mean": "1ms", "cv": 1}, "greater than 1"),
        (Quantiles, {"quantiles": {"p0": "1ms"}}, "need p0 and p100, or a percentile between"),
        (Quantiles, {"quantiles": {"p5": "1ms", "p5.0": "2ms"}}, "given twice"),
        (Weibull, {"mean": "1ms"}, "exactly one pair"),
        (Weibull, {"median": "1ms", "p99": "1ms"}, "p99 is not above the median"),
        (Mixture, {"parts": TWO_PARTS[:1]}, "at least 2"),
        (Mixture, {"parts": [TWO_PARTS[0]] * 2}, "add up to 0.2"),
        (Quantiles, {"quantiles": {"p0": "2ms", "p100": "1ms"}}, "fall as the percentile rises"),
        (Quantiles, {"quantiles": {"p0": "1ms", "p101": "2ms"}}, "is not a percentile"),
        (Samples, {"values": ["1ms"]}, "at least 2"),
    ],
)
def test_what_no_distribution_fits_is_refused(family, fields, message) -> None:
    """Each with the rule that it breaks."""
    with pytest.raises(ValidationError, match=message):
        family(**fields)
