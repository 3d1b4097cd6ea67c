"""Series of samples, and who holds them: what an evaluation asks for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["NAME", "Family", "Labels", "Series", "Source"]

NAME = "__name__"
Labels: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one set of labels, in order of time; `factor` times `values` is what they say.

    At each instant of `gone_ms`, in order, the series is known to be gone: until its next sample an
    instant vector does not have it.
    """

    labels: Labels
    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    factor: float = 1.0
    gone_ms: tuple[int, ...] = ()

    def places(self, after_ms: int, until_ms: int) -> tuple[int, int]:
        """Where the samples later than one instant and up to another begin, and where they end."""
        first, last = np.searchsorted(self.times_ms, (after_ms, until_ms), side="right").tolist()
        return first, last

    def samples(self, first: int, last: int) -> tuple[list[int], list[float]]:
        """Times and values from one place up to, not including, another."""
        found = self.values[first:last]
        values: list[float] = (found if self.factor == 1 else found * self.factor).tolist()
        return self.times_ms[first:last].tolist(), values

    def newest(self, after_ms: int, until_ms: int) -> float | None:
        """The newest sample later than one instant and up to another; None where it is gone."""
        place = int(np.searchsorted(self.times_ms, until_ms, side="right")) - 1
        gone = bisect_right(self.gone_ms, until_ms)
        since_ms = max(after_ms, self.gone_ms[gone - 1]) if gone else after_ms
        if place < 0 or self.times_ms[place] <= since_ms:
            return None
        return float(self.values[place]) * self.factor


@dataclass(frozen=True, slots=True)
class Family:
    """All series of a name, and which labels they have."""

    labels: tuple[str, ...]
    series: Sequence[Series]


class Source(Protocol):
    """Who holds samples."""

    @property
    def now_ms(self) -> int:
        """The present, in milliseconds since 1970."""

    @property
    def names(self) -> Sequence[str]:
        """The names of all families, whether they have series yet or not."""

    def family(self, name: str, look_at_time: Callable[[], None]) -> Family:
        """A family by its name; it looks at the time now and then, which may raise."""
