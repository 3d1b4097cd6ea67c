"""What the draws promise to the simulator: uniform, apart, and the same whatever the order."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.draws import Draws, Purpose
from simab.errors import InvalidInput
from simab.stats.goodness_of_fit import chi_square_shares

SIZE = 1e-6  # of each statistical test here, for any one seed; the seed is fixed
BLOCKS = 40_000


@given(
    first=st.integers(0, 10_000),
    cuts=st.lists(st.integers(0, 200), max_size=5),
    purpose=st.sampled_from(Purpose),
)
def test_chunks_do_not_matter(first: int, cuts: list[int], purpose: Purpose) -> None:
    """Entities drawn in any chunks have the words that they have when drawn at once."""
    draws = Draws(seed=7, replication=3)
    ends = [*sorted(cuts), 200]
    starts = [0, *ends[:-1]]
    pieces = [
        draws.blocks(purpose, 11, first + start, end - start)
        for start, end in zip(starts, ends, strict=True)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), draws.blocks(purpose, 11, first, 200))


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("shift", [56, 24, 0])
def test_words_are_uniform(purpose: Purpose, shift: int) -> None:
    """The upper, a middle and the lowest byte of each lane fill 256 cells evenly, size 1e-6."""
    words = Draws(seed=1, replication=0).blocks(purpose, 5, 0, BLOCKS)
    for lane in range(4):
        cells = (words[:, lane] >> np.uint64(shift) & np.uint64(255)).astype(np.int64)
        test = chi_square_shares(np.bincount(cells, minlength=256), np.full(256, 1 / 256))
        assert test.p_value > SIZE, (purpose, lane)


def test_lanes_are_independent() -> None:
    """Each pair of lanes fills 16 x 16 cells evenly: chi-square with 255 degrees, size 1e-6."""
    words = Draws(seed=1, replication=0).blocks(Purpose.SERVICE, 5, 0, BLOCKS)
    cells = (words >> np.uint64(60)).astype(np.int64)
    for one, other in combinations(range(4), 2):
        counts = np.bincount(cells[:, one] * 16 + cells[:, other], minlength=256)
        assert chi_square_shares(counts, np.full(256, 1 / 256)).p_value > SIZE, (one, other)


def test_neighbouring_keys_and_counters_are_independent() -> None:
    """Next replication, seed, stream, purpose, attempt: 16 x 16 cells with the first, size 1e-6."""
    base = Draws(1, 0).blocks(Purpose.SERVICE, 5, 0, BLOCKS)
    neighbours = {
        "replication": Draws(1, 1).blocks(Purpose.SERVICE, 5, 0, BLOCKS),
        "seed": Draws(2, 0).blocks(Purpose.SERVICE, 5, 0, BLOCKS),
        "stream": Draws(1, 0).blocks(Purpose.SERVICE, 6, 0, BLOCKS),
        "purpose": Draws(1, 0).blocks(Purpose.OUTCOME, 5, 0, BLOCKS),
        "attempt": Draws(1, 0).blocks(Purpose.SERVICE, 5, 0, BLOCKS, attempt=1),
        "entity": Draws(1, 0).blocks(Purpose.SERVICE, 5, 1, BLOCKS),
    }
    for name, other in neighbours.items():
        cells = (base[:, 0] >> np.uint64(60)) * np.uint64(16) + (other[:, 0] >> np.uint64(60))
        counts = np.bincount(cells.astype(np.int64), minlength=256)
        assert chi_square_shares(counts, np.full(256, 1 / 256)).p_value > SIZE, name


@pytest.mark.parametrize(("seed", "replication"), [(-1, 0), (0, -1), (2**64, 0), (0, 2**64)])
def test_a_key_that_is_no_word_is_refused(seed: int, replication: int) -> None:
    """Seed and replication are words of the key: 0 to 2**64 - 1."""
    with pytest.raises(InvalidInput, match=r"a whole number from 0 to 2\*\*64 - 1"):
        Draws(seed, replication)
