"""Larger samples after a look: published cut-offs, the level by integration and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simab.errors import InvalidInput
from simab.stats.conditional_power import conditional_power, current_trend
from simab.stats.sample_size_reestimation import (
    SampleSizes,
    blinded_sample_size,
    least_promising_power,
    promising_zone,
    weighted_z,
)

BOUND = stats.norm.isf(0.025)


@pytest.mark.parametrize(("largest", "published"), [(1.5, 0.41), (2.0, 0.36)])
def test_cut_offs_are_those_of_mehta_and_pocock(largest: float, published: float) -> None:
    """Table I: half seen, one-sided .025, power .8."""
    assert least_promising_power(SampleSizes(0.5, 1.0, largest)) == pytest.approx(
        published, abs=0.005
    )


def test_cut_offs_are_the_same_in_any_unit() -> None:
    assert least_promising_power(SampleSizes(221, 442, 884)) == pytest.approx(
        least_promising_power(SampleSizes(0.5, 1, 2))
    )


def test_the_zones() -> None:
    """Conditional power rises with z: none of the size is changed at either end."""
    found = [promising_zone(z, SampleSizes(0.5, 1.0, 2.0)) for z in (-1.0, 0.5, 1.3, 1.6, 2.5)]
    assert [each.zone for each in found] == [
        "unfavorable",
        "unfavorable",
        "promising",
        "promising",
        "favorable",
    ]
    assert [each.size for each in found[:2]] == [1.0, 1.0]
    assert found[2].size == 2.0
    assert 1.0 < found[3].size < 2.0
    assert found[4].size == 1.0
    assert found[3].conditional_power == pytest.approx(
        conditional_power(1.6, 0.5, BOUND, current_trend(1.6, 0.5))
    )


def test_an_enlarged_sample_has_the_power_asked_for_at_the_current_trend() -> None:
    """P(weighted z >= bound | look) with the rest's z around the trend, by hand."""
    z = 1.65
    size = promising_zone(z, SampleSizes(0.5, 1.0, 9.0)).size
    mean = z / math.sqrt(0.5) * math.sqrt(size - 0.5)
    needed = (BOUND - math.sqrt(0.5) * z) / math.sqrt(0.5)
    assert stats.norm.sf(needed - mean) == pytest.approx(0.8, abs=1e-9)


def usual_level(least_power: float | None, largest: float) -> float:
    """P(usual z of all data >= bound) without an effect, by integration over z at half the data."""
    if least_power is None:
        least_power = least_promising_power(SampleSizes(0.5, 1.0, largest))

    def error(z: float) -> float:
        size = promising_zone(z, SampleSizes(0.5, 1.0, largest), least_power=least_power).size
        needed = (BOUND * math.sqrt(size) - z * math.sqrt(0.5)) / math.sqrt(size - 0.5)
        return stats.norm.pdf(z) * stats.norm.sf(needed)

    z = np.linspace(-7, 7, 2_801)
    return float(integrate.trapezoid([error(each) for each in z], z))


def test_the_usual_statistic_keeps_alpha_only_from_the_cut_off_on() -> None:
    """Of Mehta and Pocock 2011: within the promising zone the bound that is due is a lower one."""
    assert usual_level(None, 2.0) < 0.025
    assert usual_level(0.0, 9.0) > 0.0265


def play(drift: float, largest: float, least_power: float, runs: int) -> tuple[float, float, float]:
    """Rejections by the usual and the weighted z, and the mean size, of runs that look at half."""
    rng = np.random.default_rng(110)
    first, rest = rng.normal(size=(2, runs))
    first += drift * math.sqrt(0.5)
    size = np.array(
        [
            promising_zone(z, SampleSizes(0.5, 1.0, largest), least_power=least_power).size
            for z in first
        ]
    )
    rest += drift * np.sqrt(size - 0.5)
    usual = (math.sqrt(0.5) * first + np.sqrt(size - 0.5) * rest) / np.sqrt(size)
    weighted = [weighted_z(a, b, 0.5) for a, b in zip(first, rest, strict=True)]
    return (usual >= BOUND).mean(), (np.array(weighted) >= BOUND).mean(), size.mean()


def test_the_weighted_statistic_keeps_alpha_for_any_zone() -> None:
    """100,000 runs without an effect, where sizes up to nine times the planned one are allowed."""
    usual, weighted, _ = play(0.0, 9.0, 0.0, 100_000)
    error = 3.9 * math.sqrt(0.025 * 0.975 / 100_000)
    assert weighted == pytest.approx(0.025, abs=error)
    assert usual == pytest.approx(usual_level(0.0, 9.0), abs=error)


def test_an_effect_below_the_planned_one_is_found_more_often() -> None:
    """At four fifths of the planned drift: more power than the fixed test's, by a larger sample."""
    drift = 0.8 * (BOUND + stats.norm.isf(0.2))
    fixed = stats.norm.sf(BOUND - drift)
    _, weighted, size = play(drift, 2.0, 0.36, 20_000)
    assert weighted > fixed + 0.04
    assert 1.0 < size < 1.3


def test_blinded_sizes_follow_the_variance_seen() -> None:
    """A third more variance takes a third more users; level of the usual test by simulation."""
    assert blinded_sample_size(3_000, 2.0, 2.0 * 4 / 3) == pytest.approx(4_000)
    rng, wrong, runs = np.random.default_rng(111), 0, 4_000
    for _ in range(runs):
        a, b = rng.exponential(size=(2, 60))
        pilot = np.concatenate((a[:30], b[:30]))
        size = min(int(blinded_sample_size(60, 0.6, pilot.var(ddof=1))), 600)
        more = rng.exponential(size=(2, max(size, 60) - 60))
        a, b = np.r_[a, more[0]], np.r_[b, more[1]]
        wrong += (
            stats.norm.sf((b.mean() - a.mean()) / math.sqrt((a.var() + b.var()) / a.size)) < 0.05
        )
    assert wrong / runs == pytest.approx(0.05, abs=3.9 * math.sqrt(0.05 * 0.95 / runs))


def test_malformed_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must rise from above 0"):
        promising_zone(1.0, SampleSizes(1.0, 0.5, 2.0))
    with pytest.raises(InvalidInput, match="fraction"):
        weighted_z(1.0, 1.0, 0.0)
    with pytest.raises(InvalidInput, match="least_power = 36"):
        promising_zone(1.0, SampleSizes(0.5, 1.0, 2.0), least_power=36)
    with pytest.raises(InvalidInput, match="seen_variance = 0"):
        blinded_sample_size(100, 1.0, 0.0)
