"""Threefry4x64-20 against its authors' known answers and against the cipher it is made from."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.draws import Draws, Purpose, stream_of, threefry_block

WORD = (1 << 64) - 1
words = st.integers(0, WORD)
# Random123's file kat_vectors, lines threefry4x64 20: counter, key, answer.
KNOWN_ANSWERS = [
    (
        (0, 0, 0, 0),
        (0, 0, 0, 0),
        (0x09218EBDE6C85537, 0x55941F5266D86105, 0x4BD25E16282434DC, 0xEE29EC846BD2E40B),
    ),
    (
        (WORD, WORD, WORD, WORD),
        (WORD, WORD, WORD, WORD),
        (0x29C24097942BBA1B, 0x0371BBFB0F6F4E11, 0x3C231FFA33F83A1C, 0xCD29113FDE32D168),
    ),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C, 0xBE5466CF34E90C6C, 0xC0AC29B7C97C50DD),
        (0xA7E8FDE591651BD9, 0xBAAFD0C30138319B, 0x84A5C1A729E685B9, 0x901D406CCEBC1BA4),
    ),
]
Four = tuple[int, int, int, int]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_a_block_gives_the_authors_known_answer(counter: Four, key: Four, answer: Four) -> None:
    """A block is Threefry4x64-20, by the known answers of Salmon et al.'s Random123."""
    assert threefry_block(counter, key) == answer


def threefish(counter: Four, key: Four) -> Four:
    """Threefish-256 of 20 rounds without a tweak, as the Skein paper (2010, section 3.3) has it.

    There words change places after each round; Threefry has it in Skein's rotations of 256 bits.
    """
    rotations = ((14, 16), (52, 57), (23, 40), (5, 37), (25, 33), (46, 12), (58, 22), (32, 32))
    parity = 0x1BD11BDAA9FC1A22
    for part in key:
        parity ^= part
    extended, state = (*key, parity), list(counter)
    for turn in range(21):
        if turn % 4 == 0:
            number = turn // 4
            state = [(word + extended[(number + i) % 5]) % 2**64 for i, word in enumerate(state)]
            state[3] = (state[3] + number) % 2**64
        if turn < 20:
            mixed = []
            for pair, bits in enumerate(rotations[turn % 8]):
                left, right = state[2 * pair : 2 * pair + 2]
                total = (left + right) % 2**64
                rotated = (right * 2**bits + right // 2 ** (64 - bits)) % 2**64
                mixed += [total, rotated ^ total]
            state = [mixed[place] for place in (0, 3, 2, 1)]
    return state[0], state[1], state[2], state[3]


@given(counter=st.tuples(words, words, words, words), key=st.tuples(words, words, words, words))
def test_a_block_is_the_papers_cipher(counter: Four, key: Four) -> None:
    """Any counter and key give what another way to write the cipher gives."""
    assert threefry_block(counter, key) == threefish(counter, key)


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
    """Words from arrays and words from plain integers are the same."""
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
