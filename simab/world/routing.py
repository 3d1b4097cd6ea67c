"""Where a request goes: first the variant, then an instance of it.

`Routing` is what the control plane last put in force; both data planes read it and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.draws import exponential_of, unit_of
from simab.profiles.outcomes import word_thresholds
from simab.stats.fixed_arrays import fixed
from simab.theory.routing_shares import weight_shares
from simab.world.blueprint import NO_VARIANT

__all__ = [
    "TURN_UNIT",
    "Routing",
    "pick_by_rendezvous",
    "pick_by_word",
    "pick_least_outstanding",
    "pick_linearly",
    "pick_uniform",
]

TURN_UNIT: Final = 1 << 32
_LEAST: Final = 2.0**-1022  # so that a score can be divided by it


@dataclass(frozen=True, slots=True, eq=False)
class Routing:
    """The split in force.

    `asked` are the shares of the variants of positive weight, as policies see them. What the router
    makes of them it goes by: `choices` are the variants of positive share, `shares`, cut into the
    range of a word by `thresholds`. `turns` are the shares as whole numbers that sum to TURN_UNIT,
    for routing in turn, and `relative` in parts of the largest, for rendezvous hashes.
    `instances[v]` are the instances of variant v that take requests (empty: not deployed).
    Clients whom the variant `pinned` has answered stay with it for `cookie_ns`; requests that go by
    weight to another variant than `mirror` are copied to it where a word is below `copied_below`.
    With `counts_users` assignments are counted by user, or by session where these are drawn, each
    once in a `counting_epoch`.
    """

    asked: Mapping[int, Fraction]
    choices: tuple[int, ...]
    shares: tuple[Fraction, ...]
    thresholds: NDArray[np.uint64]
    turns: tuple[int, ...]
    relative: NDArray[np.float64]
    instances: tuple[tuple[int, ...], ...]
    pinned: int = NO_VARIANT
    cookie_ns: int = 0
    mirror: int = NO_VARIANT
    copied_below: int = 0
    counts_users: bool = False
    counting_epoch: int = 0

    @classmethod
    def of(
        cls,
        weights: Mapping[int, float | Fraction],
        instances: Sequence[tuple[int, ...]],
        applied: Mapping[int, Fraction] | None = None,
    ) -> Routing:
        """The split of the deployed variants' weights, of which one at least is positive.

        `applied` are the shares that the router makes of them, where they are others.
        """
        asked = _positive(weight_shares(weights))
        goes_by = asked if applied is None else _positive(applied)
        shares = tuple(goes_by.values())
        turns = [int(share * TURN_UNIT) for share in shares]
        turns[0] += TURN_UNIT - sum(turns)
        largest = max(shares)
        return cls(
            asked=asked,
            choices=tuple(goes_by),
            shares=shares,
            thresholds=word_thresholds(shares),
            turns=tuple(turns),
            relative=fixed(np.array([max(float(share / largest), _LEAST) for share in shares])),
            instances=tuple(instances),
        )

    def assigns_like(self, other: Routing) -> bool:
        """Whether the same is asked of the router; what it makes of it is another matter."""
        return self.asked == other.asked and (self.pinned, self.cookie_ns) == (
            other.pinned,
            other.cookie_ns,
        )


def _positive(shares: Mapping[int, Fraction]) -> dict[int, Fraction]:
    return {variant: share for variant, share in shares.items() if share > 0}


def pick_by_word(routing: Routing, word: int) -> int:
    """The variant of an independent draw with probability weight / sum of weights."""
    part = np.searchsorted(routing.thresholds, np.uint64(word), side="right")
    return routing.choices[int(part)]


def pick_by_rendezvous(routing: Routing, words: Sequence[int]) -> int:
    """The variant of the least exponential variate over weight: weighted rendezvous hashing.

    `words` has one for each choice. The least of independent exponential variates of rates w is
    that of v with probability w_v / sum of w, and a change of one weight moves clients to or from
    its variant alone (Schindelhauer and Schomaker 2005, "Weighted distributed hash tables").
    """
    scores = [
        exponential_of(word) / weight
        for word, weight in zip(words, routing.relative.tolist(), strict=True)
    ]
    return routing.choices[scores.index(min(scores))]


def pick_linearly(routing: Routing, words: Sequence[int]) -> int:
    """The variant of the largest uniform variate times weight, as some routers weight a hash.

    It does not give the shares that the weights ask for: of two variants the one of share w <= 1/2
    gets w / (2 (1 - w)).
    """
    scores = [
        unit_of(word) * weight
        for word, weight in zip(words, routing.relative.tolist(), strict=True)
    ]
    return routing.choices[scores.index(max(scores))]


def pick_uniform(instances: Sequence[int], word: int) -> int:
    """One of the instances, all equally likely."""
    return instances[word * len(instances) >> 64]


def pick_least_outstanding(instances: Sequence[int], outstanding: Sequence[int], word: int) -> int:
    """An instance with the fewest requests in it; the word decides among equals."""
    fewest = min(outstanding)
    equal = [
        instance for instance, held in zip(instances, outstanding, strict=True) if held == fewest
    ]
    return pick_uniform(equal, word)
