"""Errors of means of dependent series: hand-worked values, and coverage where theory is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.dependent_means import (
    batch_means_error,
    effective_sample_size,
    independent_error,
    mser5_cut,
    spectral_constants,
    spectral_error,
)


def ones(values):
    return np.ones(len(values))


def autoregressive(random, count, memory):
    """A stationary AR(1) series of variance 1; its mean of n varies as (1 + r) / (1 - r) / n."""
    noise = random.normal(size=count) * math.sqrt(1 - memory**2)
    series = np.empty(count)
    series[0] = random.normal()
    for at in range(1, count):
        series[at] = memory * series[at - 1] + noise[at]
    return series


def test_batch_means_of_single_values_are_the_textbook_formula():
    values = np.arange(12.0) ** 1.5
    means = values.reshape(4, 3).mean(axis=1)
    found = batch_means_error(values, ones(values), batches=4)
    assert found.mean == pytest.approx(values.mean())
    assert found.standard_error == pytest.approx(means.std(ddof=1) / 2)
    assert found.degrees_of_freedom == 3


def test_windows_with_unequal_counts_are_a_ratio_estimate():
    # Mean 3 of 6 values; residuals -1 and 1; variance 2 / 1 * 2 / 6^2.
    found = batch_means_error([5, 13], [2, 4], batches=2)
    assert found.mean == 3
    assert found.standard_error == pytest.approx(math.sqrt(4 / 36))


def test_the_constants_of_the_spectrum_are_those_of_heidelberger_and_welch():
    factor, degrees = spectral_constants()
    assert factor == pytest.approx(0.882, abs=1e-3)
    assert degrees == 7


def test_the_half_width_is_that_of_students_t():
    found = independent_error(0.0, 4.0, 16)
    assert found.half_width(0.95) == pytest.approx(2.13145 * 0.5, rel=1e-5)  # t of 15 degrees


@pytest.mark.parametrize("error", [batch_means_error, spectral_error])
def test_the_error_of_an_autoregressive_series_is_that_of_theory(error):
    random, memory, count = np.random.default_rng(12), 0.8, 4000
    theory = math.sqrt((1 + memory) / (1 - memory) / count)
    found = [
        error(series, ones(series)).standard_error ** 2
        for series in (autoregressive(random, count, memory) for _ in range(60))
    ]
    # 19 or 7 degrees of freedom: the mean of 60 has a relative error of at most .07.
    assert math.sqrt(np.mean(found)) == pytest.approx(theory, rel=0.15)


def test_the_effective_size_of_an_autoregressive_series_is_that_of_theory():
    memory, count = 0.8, 4000
    error = math.sqrt((1 + memory) / (1 - memory) / count)
    assert effective_sample_size(1.0, error) == pytest.approx(count / 9)


def test_mser_cuts_what_has_not_settled_and_nothing_else():
    random = np.random.default_rng(3)
    level = random.normal(size=1000)
    start = np.where(np.arange(1000) < 100, 10.0, 0.0)
    assert mser5_cut(level + start) == 100
    assert mser5_cut(level) < 500


def test_mser_by_hand():
    # Batches 9, 1, 1, 1 of 5: without the first nothing varies.
    assert mser5_cut(np.repeat([9.0, 1.0, 1.0, 1.0], 5)) == 5
    assert mser5_cut(np.r_[np.nan, np.repeat([9.0, 1.0, 1.0, 1.0], 5)]) == 6


def test_what_is_too_short_has_no_error_and_a_reason():
    for found in (batch_means_error([1, 2], [1, 1]), spectral_error(np.ones(100), np.ones(100))):
        assert math.isnan(found.standard_error)
        assert math.isnan(found.half_width())
        assert "stretches" in found.reason


def test_unequal_lengths_are_refused():
    with pytest.raises(InvalidInput, match="sums and counts"):
        batch_means_error([1, 2, 3], [1, 1])


def waits_at_load_nine_tenths(random, count):
    """M/M/4 waits by Kiefer and Wolfowitz, 90/s and 40 ms, without the first 2,000."""
    gaps = random.exponential(1 / 90, count + 2000).tolist()
    services = random.exponential(0.04, count + 2000).tolist()
    free, waits = [0.0] * 4, []
    for gap, service in zip(gaps, services, strict=True):
        free = [max(each - gap, 0.0) for each in free]
        free.sort()
        waits.append(free[0])
        free[0] += service
    return np.array(waits[2000:])


@pytest.mark.long
def test_naive_intervals_of_waits_cover_7_percent_and_batch_means_86():
    """Mean wait 0.07877533 s (Erlang C); coverage as measured for 1,000 runs of another program."""
    random, runs, truth = np.random.default_rng(90), 300, 0.07877533
    covered = dict.fromkeys(("naive", "batches", "spectral"), 0)
    for _ in range(runs):
        waits = waits_at_load_nine_tenths(random, 20_000)
        found = {
            "naive": independent_error(waits.mean(), waits.var(ddof=1), waits.size),
            "batches": batch_means_error(waits, ones(waits)),
            "spectral": spectral_error(waits, ones(waits)),
        }
        for name, each in found.items():
            covered[name] += abs(each.mean - truth) <= each.half_width()
    # Five standard errors of 300 runs around each.
    assert covered["naive"] / runs == pytest.approx(0.072, abs=0.075)
    assert covered["batches"] / runs == pytest.approx(0.858, abs=0.10)
    assert covered["spectral"] > covered["naive"] + runs / 2
