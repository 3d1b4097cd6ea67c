"""How much of the labels of answers would have arrived by their age: what a weight divides by.

Of answers that are counted in buckets of time, in whole units of 2**-20 of an answer, so that sums
are the same on every machine.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.quantile_table import QuantileTable
from simab.world.label_plan import NO_WINDOW, LabelPlan

__all__ = ["Maturity", "arrived_share"]

_ONE: Final = 1 << 20


class Maturity:
    """The part of the positives among answers that has arrived, by variant and the answers' age."""

    def __init__(self, plan: LabelPlan, resolution_ns: int, buckets: int) -> None:
        edges_ns = np.arange(buckets + 1, dtype=np.float64) * resolution_ns
        self._shares = [
            np.rint(
                np.diff(arrived_share(law, edges_ns, plan.window_ns)) / resolution_ns * _ONE
            ).astype(np.int64)
            for law in plan.laws
        ]

    def matured(self, variant: int, answered: NDArray[np.int64]) -> int:
        """To how many whole requests the answers of all buckets so far amount, to the nearest."""
        shares = self._shares[variant][: len(answered)]
        return (int(np.dot(answered, shares[::-1])) + _ONE // 2) // _ONE


def arrived_share(
    law: QuantileTable, ages_ns: NDArray[np.float64], window_ns: int = NO_WINDOW
) -> NDArray[np.float64]:
    """The integral of the delay's distribution from age 0 to each age, in ns.

    Over a span of ages its difference is the share that has arrived, on average, times the span.
    What comes after the window never does.
    """
    times, survival = law.survival_points()
    known = 1.0 - survival
    steps = np.diff(times) * (known[:-1] + known[1:]) / 2.0
    before = np.concatenate([[0.0], np.cumsum(steps)])
    inside = ages_ns if window_ns == NO_WINDOW else np.minimum(ages_ns, float(window_ns))
    place = np.searchsorted(times, inside, side="right") - 1
    following = np.minimum(place + 1, len(times) - 1)
    past, width = inside - times[place], times[following] - times[place]
    part = np.divide(past, width, out=np.zeros_like(past), where=width > 0)
    share = known[place] + part * (known[following] - known[place])
    found = before[place] + past * (known[place] + share) / 2.0
    if window_ns != NO_WINDOW:
        found = found + (ages_ns - inside) * (1.0 - law.survival(window_ns))
    return np.asarray(found, dtype=np.float64)
