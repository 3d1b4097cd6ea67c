"""Ticks inside compiled code: the kernel stops at the first that has the labels waited for."""

from __future__ import annotations

from numba import njit

from simab.world.compiled.draws import INSIDE
from simab.world.compiled.label_watch import BUCKET, INTERVAL_NS, TICK_NS
from simab.world.run_counts import LabelColumn, RewardColumn

__all__ = ["first_tick_ns", "stop_ns"]

_ANSWERS, _REWARDS = int(LabelColumn.SQUARED_ERROR), int(RewardColumn.COUNT)


@njit(inline="always")
def first_tick_ns(watch, until_ns):
    """Up to where no tick has to be looked at."""
    return min(watch.clock[TICK_NS], until_ns) if watch.lacking.shape[0] else until_ns


@njit(**INSIDE)
def stop_ns(constants, watch, counts, arrived_ns, until_ns):
    """Look at the ticks up to an arrival: the first with all labels, else the next one after it.

    At most `until_ns`. What arrives at a tick or after it is booked later, and cannot be labelled
    before.
    """
    if not watch.lacking.shape[0]:
        return until_ns
    while watch.clock[TICK_NS] <= min(arrived_ns, until_ns):
        _count(constants, watch, counts)
        if not _lacks(watch):
            return watch.clock[TICK_NS]
        watch.clock[TICK_NS] += watch.clock[INTERVAL_NS]
    return min(watch.clock[TICK_NS], until_ns)


@njit(**INSIDE)
def _count(constants, watch, counts):
    """Take off what lacks the labels that arrived before the tick."""
    end = watch.clock[TICK_NS] // constants.label_resolution_ns
    for bucket in range(watch.clock[BUCKET], end):
        for variant in range(watch.members.shape[1]):
            labelled = counts.rewards[bucket, variant, _REWARDS] if counts.rewards.shape[0] else 0
            for column in range(_ANSWERS):
                labelled += counts.labels[bucket, variant, column]
            for condition in range(watch.lacking.shape[0]):
                watch.lacking[condition] -= watch.members[condition, variant] * labelled
    watch.clock[BUCKET] = end


@njit(**INSIDE)
def _lacks(watch):
    """Whether any condition lacks labels."""
    for condition in range(watch.lacking.shape[0]):  # noqa: SIM110  # Numba is quicker with it
        if watch.lacking[condition] > 0:
            return True
    return False
