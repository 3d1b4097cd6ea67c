"""Counter-based random numbers: every draw is a pure function of who asks and what for.

A block of four 64-bit words is Philox4x64-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random
numbers: as easy as 1, 2, 3") with

    key     = (seed, replication)
    counter = (entity, purpose, stream, attempt)

so that no draw depends on the order of other draws. All policies of a study meet the same clients
and the same potential outcomes, and no engine, chunk or worker can change a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from operator import index
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput

__all__ = [
    "COPY_ATTEMPT",
    "LANES",
    "LOG_2",
    "LOG_TERMS",
    "ROOT_HALF",
    "Draws",
    "Purpose",
    "exponential_of",
    "own_word",
    "philox_block",
    "salt_of",
    "stream_of",
    "unit_of",
]

LANES: Final = 4
_WORD: Final = (1 << 64) - 1
_MULTIPLIER_0: Final = 0xD2E7470EE14C6C93
_MULTIPLIER_1: Final = 0xCA5A826395121157
_WEYL_0: Final = 0x9E3779B97F4A7C15
_WEYL_1: Final = 0xBB67AE8584CAA73B
_ROUNDS: Final = 10
_UNIT_BITS: Final = 53
LOG_2: Final = 0.6931471805599453
ROOT_HALF: Final = 0.7071067811865476
LOG_TERMS: Final = tuple(2.0 / (2 * power + 1) for power in range(12))
"""Coefficients of 2 artanh(s) / s in s**2. Up to |s| = .172 the next one adds less than 1e-19."""


COPY_ATTEMPT: Final = 1 << 63
"""Stands for a mirrored copy of a request, where attempts are counted."""


class Purpose(IntEnum):
    """What a block of four words is for, word by word.

    ARRIVAL of four requests of a segment, 4n to 4n + 3: their gaps.
    SERVICE of a request's attempt: variant, instance, latency, error; of its mirrored copy
    (COPY_ATTEMPT): whether there is one, instance, latency, error.
    OUTCOME of a request's content: row or label, score, label delay, whether never labelled.
    ASSIGNMENT of a client: variant under a hash, (free), (free), (free).
    CLIENT of a segment's n-th request: client, target, (free), (free).
    DESIGN of a sweep's n-th point: its place in the order of a field's values, where it lies within
    that place, (free), (free).
    """

    ARRIVAL = 1
    SERVICE = 2
    OUTCOME = 3
    ASSIGNMENT = 4
    CLIENT = 5
    DESIGN = 6


def stream_of(name: str) -> int:
    """The stream of a traffic segment: a fixed 64-bit hash of its name.

    By name and not by position, so that adding a segment leaves the draws of the others alone.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def salt_of(name: str) -> int:
    """What separates the words of one variant from those of another: a 64-bit hash of its name."""
    return int.from_bytes(
        blake2b(name.encode(), digest_size=8, person=b"variant").digest(), "little"
    )


def own_word(word: int, salt: int) -> int:
    """A word of one variant's own, from a word that all variants share.

    What is a property of the request (its row, its label) is read off the shared word; what each
    model does on its own (a success, a score) off this one, or two models that are sent the same
    request would always err together. The finaliser of SplitMix64 (Steele, Lea, Flood 2014), which
    maps words to words one to one.
    """
    word ^= salt
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    word = (word ^ word >> 27) * 0x94D049BB133111EB & _WORD
    return word ^ word >> 31


def unit_of(word: int) -> float:
    """The place of a word between 0 and 1, ends excluded: an odd multiple of 2**-53, exact."""
    return ((word >> 12) * 2 + 1) / 2.0**_UNIT_BITS


def exponential_of(word: int) -> float:
    """-ln(unit_of(word)): a word as an exponential variate of mean 1, within 5e-16 of its value.

    By sums, products and quotients alone, each of which IEEE 754 rounds in one way: the logarithm
    of a C library differs in its last bit from one machine to the next. ln u = ln f + k ln 2 with f
    between the root of 1/2 and the root of 2, and ln f = 2 artanh((f - 1) / (f + 1)) as a series.
    """
    odd = (word >> 12) * 2 + 1
    bits = odd.bit_length()
    fraction, octave = odd / 2.0**bits, bits - _UNIT_BITS
    if fraction < ROOT_HALF:
        fraction, octave = fraction * 2.0, octave - 1
    ratio = (fraction - 1.0) / (fraction + 1.0)
    square, series = ratio * ratio, 0.0
    for term in reversed(LOG_TERMS):
        series = series * square + term
    return -(ratio * series + octave * LOG_2)


@dataclass(frozen=True, slots=True)
class Draws:
    """All random numbers of one replication.

    Raises:
        InvalidInput: seed or replication outside 0 to 2**64 - 1.
    """

    seed: int
    replication: int

    def __post_init__(self) -> None:
        for field in ("seed", "replication"):
            value = getattr(self, field)
            if not hasattr(value, "__index__") or not 0 <= index(value) <= _WORD:
                raise InvalidInput(
                    f"{field} = {value!r}: a {field} is a whole number from 0 to 2**64 - 1"
                )
            object.__setattr__(self, field, index(value))

    def blocks(
        self, purpose: Purpose, stream: int, first: int, count: int, *, attempt: int = 0
    ) -> NDArray[np.uint64]:
        """Words of `count` consecutive entities from `first`, shape (count, 4), dtype uint64.

        NumPy's Philox steps its counter before each block, hence the step back here.
        """
        counter = first | purpose << 64 | stream << 128 | attempt << 192
        before = (counter - 1) % (1 << 256)
        generator = np.random.Philox(
            counter=np.array([before >> 64 * word & _WORD for word in range(4)], dtype=np.uint64),
            key=np.array([self.seed, self.replication], dtype=np.uint64),
        )
        words: NDArray[np.uint64] = generator.random_raw(LANES * count)
        return words.reshape(count, LANES)

    def block(
        self, purpose: Purpose, stream: int, entity: int, *, attempt: int = 0
    ) -> tuple[int, int, int, int]:
        """The four words of one entity, as Python integers."""
        return philox_block((entity, int(purpose), stream, attempt), (self.seed, self.replication))


def philox_block(
    counter: tuple[int, int, int, int], key: tuple[int, int]
) -> tuple[int, int, int, int]:
    """One Philox4x64-10 block in plain integers: Salmon et al. 2011, section 3.3."""
    word_0, word_1, word_2, word_3 = counter
    key_0, key_1 = key
    for _ in range(_ROUNDS):
        product_0 = _MULTIPLIER_0 * word_0
        product_1 = _MULTIPLIER_1 * word_2
        word_0, word_1, word_2, word_3 = (
            product_1 >> 64 ^ word_1 ^ key_0,
            product_1 & _WORD,
            product_0 >> 64 ^ word_3 ^ key_1,
            product_0 & _WORD,
        )
        key_0 = key_0 + _WEYL_0 & _WORD
        key_1 = key_1 + _WEYL_1 & _WORD
    return word_0, word_1, word_2, word_3
