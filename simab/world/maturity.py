"""How much of the labels of answers would have arrived by their age: what a weight divides by.

Of answers that are counted in buckets of time, in whole units of 2**-20 of an answer, so that sums
are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.quantile_table import QuantileTable
from simab.world.label_plan import NO_WINDOW, LabelPlan, OutagePlan

__all__ = ["Maturity", "arrived_share", "delivered_edges"]

_ONE: Final = 1 << 20
_MOST_KEPT: Final = 64
"""Laws in memory: of each variant, and of each place of a batch within a bucket of time."""


class Maturity:
    """The part of the positives among answers that has arrived, by variant and the answers' age.

    Positives that wait for a batch, or for the end of an outage, have not arrived before that.
    """

    def __init__(self, plan: LabelPlan, resolution_ns: int, buckets: int) -> None:
        self._plan, self._resolution_ns, self._buckets = plan, resolution_ns, buckets
        self._shares: dict[tuple[int, int], NDArray[np.int64]] = {}

    def matured(self, variant: int, answered: NDArray[np.int64]) -> int:
        """To how many whole requests the answers of all buckets so far amount, to the nearest."""
        now_ns = len(answered) * self._resolution_ns
        total = sum(
            sign * self._due(variant, answered, min(due_ns, now_ns))
            for due_ns, sign in delivered_edges(self._plan, now_ns)
            if due_ns > 0
        )
        return (total + _ONE // 2) // _ONE

    def _due(self, variant: int, answered: NDArray[np.int64], until_ns: int) -> int:
        """Parts of the answers whose positives' delays are over at an instant."""
        whole, rest_ns = divmod(until_ns, self._resolution_ns)
        parts = answered[: whole + (rest_ns > 0)]
        return int(np.dot(parts, self._shares_at(variant, rest_ns)[: len(parts)][::-1]))

    def _shares_at(self, variant: int, rest_ns: int) -> NDArray[np.int64]:
        """The parts by buckets of age, the youngest being of the last `rest_ns` of its bucket."""
        key = variant, rest_ns
        if key not in self._shares:
            if len(self._shares) >= _MOST_KEPT:
                self._shares.clear()
            edges_ns = np.arange(self._buckets + 1, dtype=np.float64) * self._resolution_ns
            if rest_ns:
                edges_ns = np.concatenate([[0.0], edges_ns + rest_ns])
            passed = arrived_share(self._plan.laws[variant], edges_ns, self._plan.window_ns)
            shares = np.rint(np.diff(passed) / self._resolution_ns * _ONE)
            self._shares[key] = shares.astype(np.int64)
        return self._shares[key]


def delivered_edges(plan: LabelPlan, now_ns: int) -> Iterator[tuple[int, int]]:
    """Which labels have been delivered before an instant, by when they were due.

    Those due up to an instant of sign 1, without those due up to one of sign -1.
    """
    for since_ns, until_ns in _spans(plan.outages, now_ns):
        if not plan.batch_every_ns:
            yield until_ns, 1
            yield since_ns, -1
            continue
        # Batches from the first of the span to the last before its end, each with what is due
        # after the one before it.
        first, last = (
            -(-(each - plan.batch_at_ns) // plan.batch_every_ns) - 1
            for each in (since_ns, until_ns)
        )
        if last >= max(first + 1, 0):
            yield plan.batch_at_ns + last * plan.batch_every_ns, 1
            if first >= 0:
                yield plan.batch_at_ns + first * plan.batch_every_ns, -1


def _spans(outages: Sequence[OutagePlan], now_ns: int) -> list[tuple[int, int]]:
    """When labels come that have been delivered by now: not what an outage keeps or has lost."""
    spans, since_ns = [], 0
    for place, outage in enumerate(outages):
        if outage.since_ns >= now_ns:
            break
        if outage.loses or now_ns <= _over_ns(outages[place:]):
            spans.append((since_ns, outage.since_ns))
            since_ns = max(since_ns, outage.until_ns)
    spans.append((since_ns, now_ns))
    return [(since, until) for since, until in spans if since < until]


def _over_ns(outages: Sequence[OutagePlan]) -> float:
    """When labels come that fall into the first of some outages; those at its end may wait on."""
    at_ns = outages[0].since_ns
    for outage in outages:
        if outage.since_ns <= at_ns < outage.until_ns:
            if outage.loses:
                return inf
            at_ns = outage.until_ns
    return at_ns


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
