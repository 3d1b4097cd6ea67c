"""The table of quantiles: its draws are integers that fall with the word, exactly as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.errors import InvalidInput
from simab.profiles import QuantileTable
from simab.profiles.durations import Constant, Exponential, Gamma, Lognormal, Quantiles
from simab.profiles.quantile_table import CELLS_PER_OCTAVE, OCTAVES

WORDS = 1 << 64
words = st.integers(0, WORDS - 1) | st.integers(0, 64).map(lambda bits: WORDS - 1 >> bits)
TABLES = {
    "exponential": Exponential(mean="40ms").table(),
    "lognormal": Lognormal(mean="40ms", cv=3).table(),
    "gamma": Gamma(mean="40ms", cv=2).table(),
    "quantiles": Quantiles(quantiles={"p0": "5ms", "p50": "20ms", "p100": "400ms"}).table(),
}
tables = st.sampled_from(sorted(TABLES)).map(TABLES.__getitem__)


@given(tables, words, words)
def test_a_larger_word_never_draws_a_longer_time(
    table: QuantileTable, one: int, other: int
) -> None:
    """The word is a survival probability, so draws fall as it rises."""
    assert table.draw(min(one, other)) >= table.draw(max(one, other))


@given(tables, words)
def test_a_draw_is_the_quantile_at_its_word(table: QuantileTable, word: int) -> None:
    """Integer and float arithmetic agree: at most 1 ns, and a part in 10**9, apart."""
    expected = table.quantile(1.0 - word / WORDS) if word >= WORDS >> 52 else None
    drawn = table.draw(word)
    assert type(drawn) is int
    assert table.edges[0] <= drawn <= table.edges[-1]
    if expected is not None:
        # 1 - word / 2**64 is itself only good to 2**-53 of the whole: steep tails feel it
        slack = 2.0**-52 * WORDS / word * float(table.edges[-1])
        assert abs(drawn - expected) <= 1.0 + 1e-9 * expected + slack


@pytest.mark.parametrize("name", TABLES)
def test_edges_are_drawn_exactly(name: str) -> None:
    """The word of a cell's upper survival limit draws the cell's first edge, to 1 ns and 2**-15.

    In the deepest octave a word has 16 bits left to say where in the cell it is.
    """
    table = TABLES[name]
    for octave in (0, 1, 7, OCTAVES - 1):
        for step in (0, 1, 100, CELLS_PER_OCTAVE - 1):
            cell = octave * CELLS_PER_OCTAVE + step
            word = (WORDS >> octave) - (step << 64 - octave - 9)
            low, high = int(table.edges[cell]), int(table.edges[cell + 1])
            if word < WORDS:
                assert low - 1 <= table.draw(word) <= low, cell
            assert low <= table.draw(word - 1) <= low + 1 + (high - low) * 2**-15, cell


@pytest.mark.parametrize("name", ["exponential", "lognormal", "gamma"])
def test_the_tail_is_one_point_of_mass_two_to_the_minus_forty(name: str) -> None:
    """All words below 2**24 draw the last edge; the next words, an octave of them, do not."""
    table = TABLES[name]
    assert table.draw(0) == table.draw((1 << 24) - 1) == int(table.edges[-1])
    assert table.draw((1 << 25) - 1) < int(table.edges[-1])


@pytest.mark.parametrize("name", TABLES)
def test_the_mean_and_the_variance_are_those_of_the_draws(name: str) -> None:
    """Equally spaced words within each octave average to the stated moments, within 1e-4."""
    table, first, second = TABLES[name], 0.0, 0.0
    each = 2048
    for octave in range(OCTAVES):
        top = WORDS >> octave
        spaced = [top - 1 - (2 * place + 1) * top // (4 * each) for place in range(each)]
        drawn = np.array([table.draw(word) for word in spaced], dtype=np.float64)
        first += drawn.mean() * 2.0 ** -(octave + 1)
        second += (drawn**2).mean() * 2.0 ** -(octave + 1)
    assert first == pytest.approx(table.mean, rel=1e-4)
    assert second / first**2 - 1 == pytest.approx(table.squared_coefficient_of_variation, rel=1e-4)


def test_the_pieces_are_the_whole_distribution() -> None:
    """Masses sum to 1; each piece is a cell, and the last is the point of the tail."""
    low, high, mass = TABLES["exponential"].pieces()
    assert mass.sum() == pytest.approx(1.0, abs=1e-15)
    assert low[-1] == high[-1]
    assert np.all(low[1:] == high[:-1])
    assert mass[-1] == 2.0**-OCTAVES


@pytest.mark.parametrize(
    "quantile",
    [
        lambda survival: -np.ones_like(survival),
        lambda survival: np.full_like(survival, np.inf),
        lambda survival: np.full_like(survival, np.nan),
        lambda survival: np.full_like(survival, 2.0**63),
    ],
)
def test_a_distribution_that_cannot_be_simulated_is_refused(quantile: object) -> None:
    """Negative, infinite, undefined or beyond 2**62."""
    with pytest.raises(InvalidInput, match="negative or too large"):
        QuantileTable.build(quantile)  # type: ignore[arg-type]


def test_a_table_cannot_be_changed() -> None:
    """Blueprints are shared between replications: writing to the edges fails."""
    with pytest.raises(ValueError, match="read-only"):
        TABLES["gamma"].edges[0] = 1


@pytest.mark.parametrize("limit_s", [0.0, 0.3, 1.0, 4.0, 1e9])
def test_the_mean_shortfall_is_the_integral_of_the_distribution_function(limit_s: float) -> None:
    """Of an exponential of mean 1: t - 1 + exp(-t); of a constant of 1: t - 1, or nothing."""
    second = 10**9
    limit = round(limit_s * second)
    exponential = Exponential(mean="1s").table()
    expected = limit_s - 1.0 + np.exp(-limit_s)
    assert exponential.mean_shortfall(limit) / second == pytest.approx(expected, rel=1e-5, abs=1e-5)
    constant = QuantileTable.build(lambda survival: np.full_like(survival, second))
    assert constant.mean_shortfall(limit) == pytest.approx(max(limit - second, 0), rel=1e-12)


@given(tables, st.floats(0.0, 1.0))
def test_survival_is_the_inverse_of_the_quantile(table: QuantileTable, probability: float) -> None:
    """As many draws are longer than the quantile as it says, to what one nanosecond makes."""
    value_ns = int(table.quantile(probability))
    assert table.survival(value_ns + 1) - 1e-9 <= 1.0 - probability
    assert 1.0 - probability <= table.survival(value_ns - 1) + 1e-9


def test_survival_of_a_constant_falls_at_once() -> None:
    """All draws are longer than less, none is longer than itself."""
    table = Constant(value="100ms").table()
    assert [table.survival(each) for each in (99_999_999, 100_000_000)] == [1.0, 0.0]
