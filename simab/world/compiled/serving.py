"""The second loop of the kernel: which worker serves each request, and when.

Between two control events a request's start and finish are known when it arrives, for queues are
first come, first served and the instance is fixed on arrival. So the loop takes one arrival after
the other and settles its whole future.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import COPY_ATTEMPT, Purpose
from simab.world.blueprint import NO_VARIANT
from simab.world.compiled.arrays import UNLIMITED
from simab.world.compiled.booking import book_copy
from simab.world.compiled.changing import answers_met, fails, service_under
from simab.world.compiled.choosing import give_cookie, number_of
from simab.world.compiled.draws import INSIDE, words_of
from simab.world.compiled.instances import (
    earliest_free,
    forget_started,
    least_outstanding,
    occupy,
    remember_waiting,
)
from simab.world.compiled.outcomes import draw_answer
from simab.world.compiled.preparing import service_of, settle, sized, slot_of, status_of
from simab.world.compiled.remembering import remember, stays_away
from simab.world.compiled.streams import (
    BLOCK,
    ERROR,
    INSTANCE,
    LEAST_BUSY,
    NAMED,
    NOWHERE,
    ON_ARRIVAL,
    ROW,
)
from simab.world.conditions import SAME_ANSWERS
from simab.world.run_counts import Status

__all__ = ["DONE", "LOG_FULL", "QUEUE_FULL", "ROWS_A_REQUEST", "WINDOWS_FULL", "serve"]

DONE = 0
LOG_FULL = 1
QUEUE_FULL = 2
WINDOWS_FULL = 3
ROWS_A_REQUEST = 2  # its own record, and that of its copy

_SERVICE, _COPY_ATTEMPT = np.uint64(Purpose.SERVICE), np.uint64(COPY_ATTEMPT)
_IN_FLIGHT, _INVALID = int(Status.IN_FLIGHT), int(Status.INVALID_TARGET)
_REJECTED, _FAILED = int(Status.REJECTED), int(Status.FAILED)
_NOT_SERVED = np.int64(-1)
_ONE = np.uint64(1)


@njit(inline="always")
def serve(constants, routing, streams, instances, counts, log, position, segment, before_ns):
    """Serve a segment's requests that arrive before an instant, as far as they are drawn.

    Returns DONE, or LOG_FULL or QUEUE_FULL when there is no room for one request more.
    """
    reason, remembers = DONE, constants.segments[segment].remembers
    place = np.uint64(streams[segment].cursor)
    while place < BLOCK and streams[segment].arrived_ns[place] < before_ns:
        reason = _lacking(instances, log, position)
        if reason != DONE:
            break
        if remembers and stays_away(constants, routing, streams, segment, place):
            place += _ONE
            continue
        if streams[segment].ways[place] == ON_ARRIVAL:
            settle(constants, routing, streams, segment, place, before_ns)
        _serve_one(constants, routing, streams, instances, counts, log, position, segment, place)
        if remembers:
            remember(constants, routing, streams, segment, place)
        place += _ONE
    streams[segment].cursor = place
    return reason


@njit(inline="always")
def _lacking(instances, log, position):
    """What has no room for one request more: the log, a ring of waiting requests, or nothing."""
    if log.shape[0] and position[0] > log.shape[0] - ROWS_A_REQUEST:
        return LOG_FULL
    return QUEUE_FULL if instances.longest[0] == instances.waiting.shape[1] else DONE


@njit(inline="always")
def _serve_one(constants, routing, streams, instances, counts, log, position, segment, place):
    """Settle where a request goes, when it starts and finishes, and how it ends."""
    streams[segment].records[place] = position[0]
    position[0] += 1
    variant, named = (
        np.uint64(streams[segment].variants[place]),
        streams[segment].ways[place] == NAMED,
    )
    if not named and routing.mirror != NO_VARIANT and routing.mirror != np.int64(variant):
        _copy(constants, routing, streams, instances, counts, log, position, segment, place)
    arrived_ns, slot = streams[segment].arrived_ns[place], streams[segment].slots[place]
    if slot == NOWHERE:
        streams[segment].statuses[place] = _INVALID
        streams[segment].started_ns[place] = _NOT_SERVED
        streams[segment].finished_ns[place] = arrived_ns
        return
    if slot == LEAST_BUSY:
        word = streams[segment].words[INSTANCE, place]
        slot = _least_busy(constants, routing, instances, variant, arrived_ns, word)
        streams[segment].slots[place] = slot
    if constants.variants[variant].changes:
        started_ns, finished_ns = _serve_changed(constants, streams, instances, segment, place)
    else:
        service_ns = streams[segment].services_ns[place]
        started_ns, finished_ns = _occupy(
            constants, instances, variant, np.uint64(slot), arrived_ns, service_ns
        )
    streams[segment].started_ns[place] = started_ns
    streams[segment].finished_ns[place] = finished_ns
    if started_ns == _NOT_SERVED:
        streams[segment].statuses[place] = _REJECTED
        streams[segment].finished_ns[place] = arrived_ns
        return
    if not named and routing.cookies.shape[0] and np.int64(variant) == routing.pinned:
        give_cookie(constants, routing, streams, segment, place, finished_ns)
    if finished_ns >= constants.horizon_ns:
        streams[segment].statuses[place] = _IN_FLIGHT


@njit(**INSIDE)
def _serve_changed(constants, streams, instances, segment, place):
    """_occupy, where the timeline hits the variant: by what holds when a worker begins with the
    request it also settles how it ends and what it is answered.

    In a function of its own, so that the loop keeps its registers where nothing changes.
    """
    variant = np.uint64(streams[segment].variants[place])
    slot = np.uint64(streams[segment].slots[place])
    arrived_ns, words = streams[segment].arrived_ns[place], streams[segment].words
    service_ns = streams[segment].services_ns[place]
    started_ns, finished_ns = _occupy_changed(
        constants, instances, segment, variant, slot, arrived_ns, service_ns
    )
    if started_ns == _NOT_SERVED:
        return _NOT_SERVED, _NOT_SERVED
    instance = instances.numbers[slot]
    if fails(constants, segment, variant, instance, started_ns, words[ERROR, place]):
        streams[segment].statuses[place] = _FAILED
    if constants.segments[segment].labelled:
        row = words[ROW, place]
        answers = answers_met(constants, segment, variant, instance, started_ns, row)
        if answers != SAME_ANSWERS:
            draw_answer(constants, streams, segment, place, variant, np.uint64(answers))
    return started_ns, finished_ns


@njit(inline="always")
def _least_busy(constants, routing, instances, variant, arrived_ns, word):
    """The slot of the variant's instance with the fewest requests."""
    first, last = routing.slot_starts[variant], routing.slot_starts[variant + _ONE]
    workers = constants.variants[variant].workers
    return least_outstanding(routing.slots, first, last, instances, workers, arrived_ns, word)


@njit(inline="always")
def _occupy(constants, instances, variant, slot, arrived_ns, service_ns):
    """Give a request to the worker that is free first: start and finish, or _NOT_SERVED twice."""
    worker, started_ns = _begin(constants, instances, variant, slot, arrived_ns)
    if started_ns == _NOT_SERVED:
        return _NOT_SERVED, _NOT_SERVED
    finished_ns = started_ns + service_ns
    occupy(instances.free_ns, slot, constants.variants[variant].workers, worker, finished_ns)
    return started_ns, finished_ns


@njit(inline="always")
def _occupy_changed(constants, instances, segment, variant, slot, arrived_ns, service_ns):
    """_occupy, where what is in force at the start may change the service."""
    worker, started_ns = _begin(constants, instances, variant, slot, arrived_ns)
    if started_ns == _NOT_SERVED:
        return _NOT_SERVED, _NOT_SERVED
    instance = instances.numbers[slot]
    service_ns = service_under(constants, segment, variant, instance, started_ns, service_ns)
    finished_ns = started_ns + service_ns
    occupy(instances.free_ns, slot, constants.variants[variant].workers, worker, finished_ns)
    return started_ns, finished_ns


@njit(inline="always")
def _begin(constants, instances, variant, slot, arrived_ns):
    """The worker that is free first, and when it begins; _NOT_SERVED where the queue is full."""
    plan = constants.variants[variant]
    workers, queue_limit = plan.workers, plan.queue_limit
    worker, free_ns = earliest_free(instances.free_ns, slot, workers)
    if queue_limit != UNLIMITED and free_ns > arrived_ns:
        forget_started(instances, slot, arrived_ns)
        if instances.counts[slot] >= queue_limit:
            return worker, _NOT_SERVED
    # Cut off at the horizon: sums of years of waiting would not fit into 64 bits.
    started_ns = max(min(free_ns, constants.horizon_ns), arrived_ns)
    if (queue_limit != UNLIMITED or plan.least_outstanding) and free_ns > arrived_ns:
        remember_waiting(instances, slot, started_ns)
    return worker, started_ns


@njit(**INSIDE)
def _copy(constants, routing, streams, instances, counts, log, position, segment, place):
    """Perhaps a mirrored copy of a request: served and booked like one, without a label."""
    number = np.uint64(number_of(streams, segment, place))
    stream = constants.segments[segment].stream
    sampled, word_instance, word_latency, word_error = words_of(
        number, _SERVICE, stream, _COPY_ATTEMPT, constants.seed, constants.replication
    )
    if sampled > routing.copied_up_to:
        return
    arrived_ns, variant = streams[segment].arrived_ns[place], np.uint64(routing.mirror)
    record = position[0]
    position[0] = record + 1
    slot = slot_of(constants, routing, variant, word_instance)
    if slot == LEAST_BUSY:
        slot = _least_busy(constants, routing, instances, variant, arrived_ns, word_instance)
    service_ns = service_of(constants, variant, word_latency)
    if constants.segments[segment].sizes_given:
        service_ns = sized(constants, segment, variant, np.int64(number), service_ns)
    started_ns, finished_ns = _occupy_changed(
        constants, instances, segment, variant, np.uint64(slot), arrived_ns, service_ns
    )
    status = status_of(constants, variant, word_error)
    if started_ns == _NOT_SERVED:
        status, finished_ns = _REJECTED, arrived_ns
    elif finished_ns >= constants.horizon_ns:
        status = _IN_FLIGHT
    elif constants.variants[variant].changes:
        instance = instances.numbers[np.uint64(slot)]
        if fails(constants, segment, variant, instance, started_ns, word_error):
            status = _FAILED
    times_ns = arrived_ns, started_ns, finished_ns
    copy = record, variant, instances.numbers[np.uint64(slot)], times_ns, status
    book_copy(constants, routing, streams, counts, log, segment, place, copy)
