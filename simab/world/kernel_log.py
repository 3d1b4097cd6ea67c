"""The request log inside compiled code, as simab.world.records says; without rows none is kept."""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.outcomes import NONE
from simab.world.blueprint import NO_VARIANT
from simab.world.books import Status
from simab.world.kernel_arrays import CLIENT
from simab.world.kernel_draws import high_product
from simab.world.records import UNKNOWN

__all__ = ["client_of", "log_arrival", "log_end", "log_start"]

_IN_FLIGHT = int(Status.IN_FLIGHT)


@njit(inline="always")
def client_of(fixed, streams, segment, place):
    """Who asks, by number within the segment."""
    word = streams.words[segment, CLIENT, place]
    return np.int64(high_product(word, np.uint64(fixed.segments[segment, 0])))


@njit(inline="always")
def log_arrival(log, record, fixed, streams, segment, place):
    """Begin a record, if records are kept: all that is unknown is -1."""
    if log.shape[0] == 0:
        return
    log[record, 0] = segment
    log[record, 1] = client_of(fixed, streams, segment, place)
    log[record, 2] = NO_VARIANT
    log[record, 3] = UNKNOWN
    log[record, 4] = streams.arrived_ns[segment, place]
    log[record, 5] = UNKNOWN
    log[record, 6] = UNKNOWN
    log[record, 7] = _IN_FLIGHT
    log[record, 8] = 0
    log[record, 9] = NONE
    log[record, 10] = NONE
    log[record, 11] = NONE
    log[record, 12] = UNKNOWN


@njit(inline="always")
def log_start(log, record, variant, instance, started_ns, horizon_ns):
    """Where a request went, and when it started if it did so before the horizon."""
    if log.shape[0] == 0:
        return
    log[record, 2] = variant
    log[record, 3] = instance
    log[record, 5] = started_ns if started_ns < horizon_ns else UNKNOWN


@njit(inline="always")
def log_end(log, record, status, finished_ns):
    """The reply."""
    if log.shape[0] == 0:
        return
    log[record, 6] = finished_ns
    log[record, 7] = status
