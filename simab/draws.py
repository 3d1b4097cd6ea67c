"""Counter-based random numbers: every draw is a pure function of who asks and what for.

A block of four 64-bit words is Threefry4x64-20 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random
numbers: as easy as 1, 2, 3") with

    key     = (seed, replication, 0, 0)
    counter = (entity, purpose, stream, attempt)

so that no draw depends on the order of other draws. All policies of a study meet the same clients
and the same potential outcomes, and no engine, chunk or worker can change a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from operator import index
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput

__all__ = [
    "COPY_ATTEMPT",
    "LANES",
    "LOG_2",
    "LOG_TERMS",
    "PARITY",
    "ROOT_HALF",
    "ROTATIONS",
    "Draws",
    "Purpose",
    "exponential_of",
    "own_word",
    "own_words",
    "salt_of",
    "stream_of",
    "threefry_block",
    "unit_of",
]

LANES: Final = 4
_WORD: Final = (1 << 64) - 1
PARITY: Final = 0x1BD11BDAA9FC1A22
"""What the words of a Threefry key and a fifth one add up to by exclusive or."""
ROTATIONS: Final = ((14, 16), (52, 57), (23, 40), (5, 37), (25, 33), (46, 12), (58, 22), (32, 32))
"""By how many bits the two mixed words of a Threefry4x64 round are rotated; every eight rounds."""
_ROUNDS: Final = 20
_ROUNDS_A_KEY: Final = 4
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
    CLIENT of a segment's n-th request: client, target, whether its answer is carried over, whether
    the client leaves if it is bad.
    MODULATION of a segment's n-th random state: how long it lasts, which one follows; of block 0
    also which one is the first, (free).
    TRACE of the n-th request of a segment's trace: whether it is kept, where in its window it lies,
    (free), (free).
    SESSION of a segment's n-th session: how many requests, client, variant under a hash of the
    session, (free).
    SESSION_GAP of a segment's n-th session, "attempt" m: its gaps 4m to 4m + 3.
    LABEL of a request's content: whether its label is wrong, or wrong at first; whether it is
    delivered twice, how long after the first; how long until it is corrected.
    DESIGN of a sweep's n-th point: its place in the order of a field's values, where it lies within
    that place, (free), (free).
    PROPENSITY of a client: how likely its answers are successes, as far as all variants share it;
    the same of what each variant has of its own; the factor of its rewards, both alike.
    """

    ARRIVAL = 1
    SERVICE = 2
    OUTCOME = 3
    ASSIGNMENT = 4
    CLIENT = 5
    DESIGN = 6
    MODULATION = 7
    TRACE = 8
    SESSION = 9
    SESSION_GAP = 10
    LABEL = 11
    PROPENSITY = 12


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


def own_words(words: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """The same of many words."""
    found: Any = words.copy()
    return np.asarray(own_word(found, salt), dtype=np.uint64)


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
        """Words of `count` consecutive entities from `first`, shape (count, 4), dtype uint64."""
        entities = np.arange(count, dtype=np.uint64) + np.uint64(first)
        return self.blocks_of(purpose, stream, entities, attempt=attempt)

    def blocks_of(
        self, purpose: Purpose, stream: int, entities: NDArray[np.uint64], *, attempt: int = 0
    ) -> NDArray[np.uint64]:
        """The same of any entities, in their order."""
        return np.stack(
            threefry_block((entities, int(purpose), stream, attempt), self._key), axis=1
        )

    def block(
        self, purpose: Purpose, stream: int, entity: int, *, attempt: int = 0
    ) -> tuple[int, int, int, int]:
        """The four words of one entity, as Python integers."""
        return threefry_block((entity, int(purpose), stream, attempt), self._key)

    @property
    def _key(self) -> tuple[int, int, int, int]:
        return self.seed, self.replication, 0, 0


def threefry_block(
    counter: tuple[Any, Any, Any, Any], key: tuple[int, int, int, int]
) -> tuple[Any, Any, Any, Any]:
    """One Threefry4x64-20 block: Salmon et al. 2011, section 4.1.

    A word of the counter is a whole number below 2**64 or an array of dtype uint64, for as many
    blocks at once; the four words of the answer are alike.
    """
    keys = (*key, PARITY ^ key[0] ^ key[1] ^ key[2] ^ key[3])
    word_0, word_1, word_2, word_3 = (
        word + part & _WORD for word, part in zip(counter, key, strict=True)
    )
    for turn in range(_ROUNDS):
        left, right = ROTATIONS[turn % len(ROTATIONS)]
        word_0 = word_0 + word_1 & _WORD
        word_1 = (word_1 << left & _WORD | word_1 >> 64 - left) ^ word_0
        word_2 = word_2 + word_3 & _WORD
        word_3 = (word_3 << right & _WORD | word_3 >> 64 - right) ^ word_2
        word_1, word_3 = word_3, word_1
        if turn % _ROUNDS_A_KEY == _ROUNDS_A_KEY - 1:
            number = turn // _ROUNDS_A_KEY + 1
            word_0, word_1, word_2, word_3 = (
                word + keys[(number + place) % len(keys)] + number * (place == LANES - 1) & _WORD
                for place, word in enumerate((word_0, word_1, word_2, word_3))
            )
    return word_0, word_1, word_2, word_3
