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
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput

__all__ = ["LANES", "Draws", "Purpose", "philox_block", "stream_of"]

LANES: Final = 4
_WORD: Final = (1 << 64) - 1
_MULTIPLIER_0: Final = 0xD2E7470EE14C6C93
_MULTIPLIER_1: Final = 0xCA5A826395121157
_WEYL_0: Final = 0x9E3779B97F4A7C15
_WEYL_1: Final = 0xBB67AE8584CAA73B
_ROUNDS: Final = 10


class Purpose(IntEnum):
    """What a block of four words is for, word by word.

    ARRIVAL of a segment's n-th request: gap, client, target, (free).
    SERVICE of a request's attempt: variant, instance, latency, error.
    OUTCOME of a request's content: row or label, score, label delay, whether never labelled.
    ASSIGNMENT of a client: variant, (free), (free), (free).
    """

    ARRIVAL = 1
    SERVICE = 2
    OUTCOME = 3
    ASSIGNMENT = 4


def stream_of(name: str) -> int:
    """The stream of a traffic segment: a fixed 32-bit hash of its name.

    By name and not by position, so that adding a segment leaves the draws of the others alone.
    """
    return crc32(name.encode())


@dataclass(frozen=True, slots=True)
class Draws:
    """All random numbers of one replication.

    Raises:
        InvalidInput: seed or replication outside 0 to 2**64 - 1.
    """

    seed: int
    replication: int

    def __post_init__(self) -> None:
        for field, value in (("seed", self.seed), ("replication", self.replication)):
            if not 0 <= value <= _WORD:
                raise InvalidInput(
                    f"{field} = {value}: a {field} is a whole number from 0 to 2**64 - 1"
                )

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
