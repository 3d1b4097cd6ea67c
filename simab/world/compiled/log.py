"""The request log inside compiled code, as simab.world.records says; without rows none is kept."""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.outcomes import NONE
from simab.world.blueprint import NO_VARIANT
from simab.world.compiled.draws import INSIDE
from simab.world.compiled.streams import CLIENT, NOWHERE
from simab.world.records import COPY, UNKNOWN
from simab.world.run_counts import Status

__all__ = ["client_of", "client_of_all", "log_copy", "log_label", "log_request"]

_IN_FLIGHT = int(Status.IN_FLIGHT)


@njit(inline="always")
def client_of(streams, segment, place):
    """Who asks, by number within the segment."""
    return np.int64(streams[segment].words[CLIENT, place])


@njit(inline="always")
def client_of_all(constants, streams, segment, place):
    """Who asks, by number in order of segments and clients."""
    before = constants.segments[segment].clients_before
    return before + client_of(streams, segment, place)


@njit(**INSIDE)
def log_request(log, constants, streams, numbers, segment, place):
    """The record of a request that is served, but for its label."""
    slot, variant = streams[segment].slots[place], streams[segment].variants[place]
    instance = np.int64(UNKNOWN)
    if slot == NOWHERE:
        variant = np.int64(NO_VARIANT)
    else:
        instance = numbers[np.uint64(slot)]
    times_ns = streams[segment].started_ns[place], streams[segment].finished_ns[place]
    status = streams[segment].statuses[place]
    record = streams[segment].records[place]
    _write(log[record], constants, streams, segment, place, variant, instance, times_ns, status)


@njit(inline="always")
def log_copy(log, constants, streams, segment, place, copy):
    """The record of a mirrored copy of a request, which gives no label."""
    if log.shape[0]:
        record, variant, instance, times_ns, status = copy
        _, started_ns, finished_ns = times_ns
        ends_ns = started_ns, finished_ns
        _write(log[record], constants, streams, segment, place, variant, instance, ends_ns, status)
        log[record].attempt = COPY


@njit(inline="always")
def log_label(log, streams, segment, place, label_ns, outcome):
    """When the label of a request arrives, and what it says if that is before the horizon."""
    if log.shape[0] == 0:
        return
    row = log[streams[segment].records[place]]
    row.label_ns = label_ns
    row.label, row.score, row.correct = outcome


@njit(**INSIDE)
def _write(row, constants, streams, segment, place, variant, instance, times_ns, status):
    """A record without a label; what is unknown at the horizon is -1."""
    started_ns, finished_ns = times_ns
    row.segment = segment
    row.client = client_of(streams, segment, place)
    row.variant = variant
    row.instance = instance
    row.arrived_ns = streams[segment].arrived_ns[place]
    row.started_ns = started_ns if started_ns < constants.horizon_ns else UNKNOWN
    row.finished_ns = UNKNOWN if status == _IN_FLIGHT else finished_ns
    row.status = status
    row.attempt = 0
    row.label = NONE
    row.score = NONE
    row.correct = NONE
    row.label_ns = UNKNOWN
