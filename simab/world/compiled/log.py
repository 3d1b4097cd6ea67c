"""The request log inside compiled code, as simab.world.records says; without rows none is kept."""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.outcomes import NONE
from simab.world.blueprint import NO_VARIANT
from simab.world.compiled.arrays import CLIENT
from simab.world.records import UNKNOWN
from simab.world.run_counts import Status

__all__ = ["client_of", "client_of_all", "log_arrival", "log_end", "log_start"]

_IN_FLIGHT = int(Status.IN_FLIGHT)


@njit(inline="always")
def client_of(streams, segment, place):
    """Who asks, by number within the segment."""
    return np.int64(streams.words[segment, CLIENT, place])


@njit(inline="always")
def client_of_all(constants, streams, segment, place):
    """Who asks, by number in order of segments and clients."""
    before = constants.segments[segment].clients_before
    return before + client_of(streams, segment, place)


@njit(inline="always")
def log_arrival(log, record, streams, segment, place):
    """Begin a record, if records are kept: all that is unknown is -1."""
    if log.shape[0] == 0:
        return
    row = log[record]
    row.segment = segment
    row.client = client_of(streams, segment, place)
    row.variant = NO_VARIANT
    row.instance = UNKNOWN
    row.arrived_ns = streams.arrived_ns[segment, place]
    row.started_ns = UNKNOWN
    row.finished_ns = UNKNOWN
    row.status = _IN_FLIGHT
    row.attempt = 0
    row.label = NONE
    row.score = NONE
    row.correct = NONE
    row.label_ns = UNKNOWN


@njit(inline="always")
def log_start(log, record, variant, instance, started_ns, horizon_ns):
    """Where a request went, and when it started if it did so before the horizon."""
    if log.shape[0] == 0:
        return
    log[record].variant = variant
    log[record].instance = instance
    log[record].started_ns = started_ns if started_ns < horizon_ns else UNKNOWN


@njit(inline="always")
def log_end(log, record, status, finished_ns):
    """The reply."""
    if log.shape[0] == 0:
        return
    log[record].finished_ns = finished_ns
    log[record].status = status
