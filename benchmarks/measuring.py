"""CPU time of a call, and of two calls in turn, per request."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Pairs", "cpu_us_each", "in_turn", "paired"]

Key = TypeVar("Key")
Contender = Callable[[int], int]
"""Plays about so many requests and returns how many it played."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Microseconds of CPU a request of two contenders, measured in turn."""

    first_us: tuple[float, ...]
    second_us: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """First over second, pair by pair."""
        return tuple(a / b for a, b in zip(self.first_us, self.second_us, strict=True))


def cpu_us_each(play: Callable[[], int]) -> float:
    """Microseconds of CPU time of this process per request that `play` says it played."""
    gc.collect()  # so that nobody pays for the garbage of the one before
    before_s = time.process_time()
    played = play()
    return (time.process_time() - before_s) / played * 1e6


def paired(first: Contender, second: Contender, counts: tuple[int, int], *, repeats: int) -> Pairs:
    """Both in turn, the order swapped every time, after a short go that compiles and imports."""
    results = in_turn(
        {0: lambda: first(counts[0]), 1: lambda: second(counts[1])},
        warm_up={0: lambda: first(1_000), 1: lambda: second(1_000)},
        repeats=repeats,
    )
    return Pairs(results[0], results[1])


def in_turn(
    plays: dict[Key, Callable[[], int]],
    *,
    warm_up: dict[Key, Callable[[], int]],
    repeats: int,
) -> dict[Key, tuple[float, ...]]:
    """Microseconds a request of several contenders, one after the other, there and back again."""
    for play in warm_up.values():
        play()
    costs: dict[Key, list[float]] = {key: [] for key in plays}
    for repeat in range(repeats):
        for key in plays if repeat % 2 == 0 else reversed(plays):
            costs[key].append(cpu_us_each(plays[key]))
    return {key: tuple(values) for key, values in costs.items()}
