"""Instances inside compiled code: when a worker is free, and how many requests are held."""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.world.compiled.draws import INSIDE, high_product

__all__ = ["earliest_free", "forget_started", "least_outstanding", "occupy", "remember_waiting"]

_SCANNED = 8  # up to so many workers are looked at one by one; more are kept as a heap


@njit(forceinline=True, **INSIDE)
def earliest_free(free_ns, slot, workers):
    """The worker that is free first, and since when or from when."""
    earliest_ns, chosen = free_ns[slot, 0], np.uint64(0)
    if workers <= _SCANNED:
        for number in range(1, workers):
            worker = np.uint64(number)
            sooner = free_ns[slot, worker] < earliest_ns
            chosen = worker if sooner else chosen
            earliest_ns = free_ns[slot, worker] if sooner else earliest_ns
    return chosen, earliest_ns


@njit(forceinline=True, **INSIDE)
def occupy(free_ns, slot, workers, worker, finished_ns):
    """The worker that was free first takes a request until `finished_ns`."""
    if workers <= _SCANNED:
        free_ns[slot, worker] = finished_ns
        return
    place = np.int64(0)
    while True:
        child = 2 * place + 1
        if child >= workers:
            break
        if child + 1 < workers and free_ns[slot, child + 1] < free_ns[slot, child]:
            child += 1
        if free_ns[slot, child] >= finished_ns:
            break
        free_ns[slot, place] = free_ns[slot, child]
        place = child
    free_ns[slot, place] = finished_ns


@njit(**INSIDE)
def least_outstanding(slots, first, last, instances, workers, now_ns, word):
    """Slot of an instance with the fewest requests in it; the word decides among equals."""
    fewest, equal = np.int64(1) << np.int64(62), np.int64(0)
    for place in range(first, last):
        held = _outstanding(instances, slots[place], workers, now_ns)
        if held < fewest:
            fewest, equal = held, np.int64(1)
        elif held == fewest:
            equal += 1
    chosen = np.int64(high_product(word, np.uint64(equal)))
    for place in range(first, last):
        if _outstanding(instances, slots[place], workers, now_ns) == fewest:
            if chosen == 0:
                return slots[place]
            chosen -= 1
    return slots[first]


@njit(forceinline=True, **INSIDE)
def _outstanding(instances, slot, workers, now_ns):
    """Requests that an instance holds: waiting, and at workers that are not free yet."""
    forget_started(instances, slot, now_ns)
    held = instances.counts[slot]
    for worker in range(workers):
        held += np.int64(instances.free_ns[slot, worker] > now_ns)
    return held


@njit(forceinline=True, **INSIDE)
def forget_started(instances, slot, now_ns):
    """Drop from the ring of waiting requests those that have started by now."""
    mask = instances.waiting.shape[1] - 1
    head, count = instances.heads[slot], instances.counts[slot]
    while count and instances.waiting[slot, head] <= now_ns:
        head = (head + 1) & mask
        count -= 1
    instances.heads[slot] = head
    instances.counts[slot] = count


@njit(forceinline=True, **INSIDE)
def remember_waiting(instances, slot, started_ns):
    """Add a request that will start later; starts of one instance never fall."""
    mask = instances.waiting.shape[1] - 1
    instances.waiting[slot, (instances.heads[slot] + instances.counts[slot]) & mask] = started_ns
    instances.counts[slot] += 1
    if instances.counts[slot] > instances.longest[0]:
        instances.longest[0] = instances.counts[slot]
