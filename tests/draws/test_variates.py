"""Words as uniform and exponential variates: plain arithmetic against the C library's logarithm."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.draws import Draws, Purpose, exponential_of, unit_of

WORD = (1 << 64) - 1
# Where the mantissa or the octave changes: around powers of two and the root of one half.
EDGES = sorted(
    {
        word + step & WORD
        for word in (0, *(1 << bit for bit in range(64)), math.isqrt(1 << 127))
        for step in (-1, 0, 1, 1 << 12, -(1 << 12))
    }
)
words = st.sampled_from(EDGES) | st.integers(0, WORD)


@given(word=words)
def test_a_uniform_variate_is_an_odd_multiple_of_two_to_the_minus_53(word: int) -> None:
    """Exactly the middle of the 2**-52 wide part in which word / 2**64 lies: never 0 or 1."""
    assert Fraction(unit_of(word)) == Fraction((word >> 12) * 2 + 1, 1 << 53)
    assert 0 < unit_of(word) < 1


@given(word=words)
def test_an_exponential_variate_is_minus_the_logarithm(word: int) -> None:
    """Within 1e-15 of math.log, of whose value the last bit may be another too."""
    assert math.isclose(exponential_of(word), -math.log(unit_of(word)), rel_tol=1e-15)


def test_the_edges_are_minus_the_logarithm() -> None:
    """Also at both ends, next to 1 where the logarithm vanishes, and at every octave."""
    for word in EDGES:
        assert math.isclose(exponential_of(word), -math.log(unit_of(word)), rel_tol=1e-15), word


def test_exponential_variates_are_distributed_so() -> None:
    """Kolmogorov's test of 20,000 words, size 1e-6."""
    words_drawn = Draws(1, 0).blocks(Purpose.ASSIGNMENT, 1, 0, 5_000).ravel().tolist()
    assert stats.kstest([exponential_of(word) for word in words_drawn], "expon").pvalue > 1e-6
