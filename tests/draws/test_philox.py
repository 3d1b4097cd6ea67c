"""Philox4x64-10 against its authors' known answers and against NumPy's implementation."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.draws import LANES, Draws, Purpose, philox_block, stream_of

WORD = (1 << 64) - 1
words = st.integers(0, WORD)
# Random123's file kat_vectors, lines philox4x64 10: counter, key, answer.
KNOWN_ANSWERS = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
    ),
    (
        (WORD, WORD, WORD, WORD),
        (WORD, WORD),
        (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
    ),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
        (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_a_block_gives_the_authors_known_answer(
    counter: tuple[int, int, int, int], key: tuple[int, int], answer: tuple[int, ...]
) -> None:
    """A block is Philox4x64-10, by the known answers of Salmon et al.'s Random123."""
    assert philox_block(counter, key) == answer


@given(counter=st.tuples(words, words, words, words), key=st.tuples(words, words))
def test_a_block_is_numpys_philox_one_step_on(
    counter: tuple[int, int, int, int], key: tuple[int, int]
) -> None:
    """Any counter and key give NumPy's words, whose Philox steps its counter before a block."""
    whole = sum(word << 64 * place for place, word in enumerate(counter))
    before = (whole - 1) % (1 << 256)
    generator = np.random.Philox(
        counter=np.array([before >> 64 * word & WORD for word in range(4)], dtype=np.uint64),
        key=np.array(key, dtype=np.uint64),
    )
    assert philox_block(counter, key) == tuple(generator.random_raw(LANES).tolist())


@given(
    draws=st.builds(Draws, words, words),
    purpose=st.sampled_from(Purpose),
    stream=st.integers(0, 2**32 - 1),
    first=st.integers(0, 2**40) | st.just(2**64 - 9),
    attempt=st.integers(0, 10),
)
def test_many_blocks_at_once_are_the_single_blocks(
    draws: Draws, purpose: Purpose, stream: int, first: int, attempt: int
) -> None:
    """`blocks` from NumPy's generator and `block` in plain integers are one function."""
    count = 5
    many = draws.blocks(purpose, stream, first, count, attempt=attempt)
    single = [
        draws.block(purpose, stream, first + offset, attempt=attempt) for offset in range(count)
    ]
    assert many.dtype == np.uint64
    assert [tuple(row) for row in many.tolist()] == single


def test_a_stream_is_the_crc_32_of_its_name() -> None:
    """A stream is a hash that no Python version changes: CRC-32, whose check value is published."""
    digest = hashlib.blake2b(b"users", digest_size=8).digest()
    assert stream_of("users") == int.from_bytes(digest, "little")
    assert stream_of("plumless") != stream_of("buckeroo")  # equal as CRC-32
