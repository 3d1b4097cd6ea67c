"""Which rule a split is consistent with: levels, power and names, by simulation and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.intervals import mean_p_value
from simab.stats.sample_ratio import one_share_power, share_test_power
from simab.stats.split_fit import (
    TIME_BINS,
    PhaseCells,
    fits_shares,
    keeps_clients,
    mixes_at_first,
    mixes_throughout,
    seen_shift,
    time_bin_of,
    whole_p_value,
)

OLD, ASKED = np.array([0.5, 0.5]), np.array([0.25, 0.75])


def sound(time, known):
    return np.full(time.size, 0.25)


def stale(time, known):
    """A quarter of the requests meet a router that never took the new weights."""
    return np.full(time.size, 0.75 * 0.25 + 0.25 * 0.5)


def lagging(time, known):
    """The first tenth goes by the old weights, then half of it for as long."""
    return np.select([time < 0.1, time < 0.2], [0.5, 0.375], 0.25)


def keeping(time, known):
    """Known clients leave the old split little by little."""
    return np.where(known == 1, 0.5 - 0.2 * time, 0.25)


def drawn(law, generator, total=4000, known_share=0.7):
    """Cells of so many requests whose first variant has the probability that a law gives."""
    place = np.arange(total)
    known = (generator.random(total) < known_share).astype(int)
    variant = (generator.random(total) >= law(place / total, known)).astype(int)
    counts = np.zeros((TIME_BINS, 2, 2), dtype=np.int64)
    np.add.at(counts, (time_bin_of(place, total), known, variant), 1)
    return PhaseCells(counts, ASKED, OLD)


FITS = {
    "sound": fits_shares,
    "stale": lambda cells: mixes_throughout(cells).p_value,
    "lagging": lambda cells: mixes_at_first(cells).p_value,
    "keeping": lambda cells: keeps_clients(cells).p_value,
}


def test_bins_halve_towards_the_start():
    """Of 64: one, one, 2, 4, 8, 16 and 32."""
    assert np.bincount(time_bin_of(np.arange(64), 64)).tolist() == [1, 1, 2, 4, 8, 16, 32]


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize("total", [60, 500, 4000])
def test_a_sound_split_is_called_off_at_most_as_often_as_said(total, alpha):
    generator = np.random.default_rng(total)
    runs = 600
    off = sum(fits_shares(drawn(sound, generator, total)) < alpha for _ in range(runs))
    assert stats.binomtest(off, runs, alpha, alternative="greater").pvalue > 1e-4


@pytest.mark.parametrize(
    ("law", "name"), [(stale, "stale"), (lagging, "lagging"), (keeping, "keeping")]
)
def test_each_flaw_is_seen_and_fits_its_own_name(law, name):
    generator = np.random.default_rng(7)
    seen = named = 0
    for _ in range(60):
        cells = drawn(law, generator)
        seen += fits_shares(cells) < 0.001
        named += FITS[name](cells) >= 0.001
    assert seen >= 50
    assert named >= 58


@pytest.mark.parametrize(
    ("law", "others"),
    [
        (stale, ["lagging", "keeping"]),
        (lagging, ["stale"]),
        (keeping, ["stale", "lagging"]),
    ],
)
def test_a_large_flaw_does_not_fit_the_other_names(law, others):
    generator = np.random.default_rng(8)
    for other in others:
        fits = sum(FITS[other](drawn(law, generator, 20_000)) >= 0.001 for _ in range(30))
        assert fits <= 3, other


def test_the_old_part_of_a_mixture_is_found():
    """A quarter of the old split: the mean of many fits, within four standard errors."""
    generator = np.random.default_rng(9)
    parts = [mixes_throughout(drawn(stale, generator)).old_part for _ in range(200)]
    error = np.std(parts, ddof=1) / math.sqrt(len(parts))
    assert abs(np.mean(parts) - 0.25) < 4 * error


@pytest.mark.parametrize("hits", [0, 9, 200, 250, 300])
def test_the_whole_split_of_two_is_tested_exactly(hits):
    """Twice the smaller tail of SciPy's binomial law, at most 1."""
    law = stats.binom(1000, 0.25)
    expected = min(1, 2 * min(law.cdf(hits), law.sf(hits - 1)))
    assert whole_p_value(np.array([hits, 1000 - hits]), ASKED) == pytest.approx(expected, rel=1e-6)


def test_many_variants_are_tested_by_chi_square_or_exactly():
    shares = np.array([0.2] * 5)
    counts = np.array([30, 20, 25, 28, 22])
    assert whole_p_value(counts, shares) == pytest.approx(stats.chisquare(counts).pvalue)
    few = np.array([4, 0, 1, 0, 0])
    assert whole_p_value(few, shares) == pytest.approx(
        stats.chisquare(few).pvalue, abs=0.05
    )  # exact: close to it, and not the same
    rare = np.array([0.0005, 0.0005, 0.399, 0.3, 0.3])
    assert whole_p_value(np.array([1, 0, 400, 300, 299]), rare) > 0.1


@pytest.mark.parametrize(
    ("total", "share", "known"),
    [(250, 0.001, 0.5), (1000, 0.01, 0.02), (5000, 0.001, 0.3), (1000, 0.1, 0.5), (144, 0.2, 0.2)],
)
def test_rare_shares_are_not_called_off_by_a_single_hit(total, share, known):
    """At .001: of 2,000 sound phases more than nine would be one chance in 20,000."""
    generator = np.random.default_rng(5)
    shares, off = np.array([share, 1 - share]), 0
    place = np.arange(total)
    for _ in range(2000):
        counts = np.zeros((TIME_BINS, 2, 2), dtype=np.int64)
        group = (generator.random(total) < known).astype(int)
        variant = (generator.random(total) >= share).astype(int)
        np.add.at(counts, (time_bin_of(place, total), group, variant), 1)
        off += fits_shares(PhaseCells(counts, shares)) < 0.001
    assert off <= 9


def test_a_count_where_none_may_be_is_off():
    counts = np.zeros((TIME_BINS, 2, 2), dtype=np.int64)
    counts[-1, 0] = [1, 3]
    assert fits_shares(PhaseCells(counts, np.array([0.0, 1.0]))) == 0.0


def test_nothing_mixes_where_nothing_moved():
    counts = np.ones((TIME_BINS, 2, 2), dtype=np.int64)
    cells = PhaseCells(counts, OLD, OLD)
    assert mixes_throughout(cells).p_value == mixes_at_first(cells).p_value == 0.0


def test_kept_clients_are_judged_by_the_new_ones_alone():
    counts = np.zeros((TIME_BINS, 2, 2), dtype=np.int64)
    counts[:, 1] = [100, 0]
    counts[:, 0] = [5, 15]
    assert keeps_clients(PhaseCells(counts, ASKED, OLD)).p_value > 0.5
    counts[:, 0] = [15, 5]
    assert keeps_clients(PhaseCells(counts, ASKED, OLD)).p_value < 0.001


def test_cells_of_another_shape_are_refused():
    with pytest.raises(InvalidInput, match="bins of"):
        PhaseCells(np.zeros((2, 2), dtype=np.int64), ASKED)


def test_a_linear_rendezvous_hash_is_seen_among_1000_clients():
    """5.56 % where 10 % was meant has power .96 at .001; so the shift seen at 90 % is smaller."""
    assert one_share_power(1000, 0.1 / 1.8, 0.1) == pytest.approx(0.96, abs=0.01)
    assert one_share_power(1000, 0.40, 0.41) < 0.005
    assert 0 < seen_shift(1000, 0.1, 0.0, alpha=0.001) < 0.1 - 0.1 / 1.8


@pytest.mark.parametrize(
    ("total", "share", "towards"), [(500, 0.5, 0.0), (2000, 0.1, 0.0), (2000, 0.1, 1.0)]
)
def test_the_shift_that_is_seen_has_the_power_that_is_said(total, share, towards):
    """In its direction, by simulation of the exact test."""
    shift = seen_shift(total, share, towards, alpha=0.01)
    actual = share + (shift if towards > share else -shift)
    hits = np.random.default_rng(11).binomial(total, actual, 2000)
    shares = np.array([share, 1 - share])
    seen = [whole_p_value(np.array([each, total - each]), shares) <= 0.01 for each in hits]
    assert abs(np.mean(seen) - 0.9) < 4 * math.sqrt(0.09 / 2000) + 0.01


@pytest.mark.parametrize(("total", "actual", "planned"), [(40, 0.3, 0.5), (1000, 0.06, 0.1)])
def test_the_power_of_one_share_is_a_sum_over_all_counts(total, actual, planned):
    """Each count's probability where it lies in a tail of the planned law of at most alpha / 2."""
    counts, law = np.arange(total + 1), stats.binom(total, planned)
    rejects = (law.cdf(counts) <= 0.005) | (law.sf(counts - 1) <= 0.005)
    expected = stats.binom(total, actual).pmf(counts)[rejects].sum()
    assert one_share_power(total, actual, planned, alpha=0.01) == pytest.approx(expected)


def test_the_usual_formula_holds_for_large_counts():
    """The noncentral chi-square, at a share that hardly changes the variance."""
    usual = share_test_power(100_000, [0.505, 0.495], [0.5, 0.5], alpha=0.01)
    assert one_share_power(100_000, 0.505, 0.5, alpha=0.01) == pytest.approx(usual, abs=0.003)


def test_no_shift_is_seen_among_few():
    assert math.isnan(seen_shift(3, 0.5, 0.0, alpha=0.001))
    assert math.isnan(seen_shift(0, 0.5, 0.0, alpha=0.001))
    assert math.isnan(seen_shift(100, 0.5, 0.5, alpha=0.001))


def test_the_p_value_of_a_mean_is_scipys():
    values = np.random.default_rng(1).normal(0.3, 1, 20)
    assert mean_p_value(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-9)
    assert math.isnan(mean_p_value([2.0, 2.0]))
