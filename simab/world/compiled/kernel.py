"""The compiled data plane's kernel: who serves each request, and when.

Between two control events a request's start and finish are known when it arrives, for queues are
first come, first served and the instance is fixed on arrival. So the loop takes one arrival after
the other and counts its whole future. world/reference says what has to come out, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import COPY_ATTEMPT, Purpose
from simab.world.blueprint import NO_VARIANT
from simab.world.compiled.arrays import (
    BLOCK,
    ERROR,
    INSTANCE,
    LATENCY,
    TARGET,
    UNLIMITED,
    VARIANT,
    VARIANT_ROUTING,
)
from simab.world.compiled.arrivals import draw_block
from simab.world.compiled.booking import (
    book_assigned,
    book_client,
    book_copy,
    book_rejected,
    book_served,
    fails,
    learn,
)
from simab.world.compiled.draws import (
    OPTIONS,
    draw_from_table,
    exponential_of,
    high_product,
    own_word,
    part_of,
    philox,
    unit_of,
)
from simab.world.compiled.instances import (
    earliest_free,
    forget_started,
    least_outstanding,
    occupy,
    remember_waiting,
)
from simab.world.compiled.kernel_identity import source_digest
from simab.world.compiled.log import client_of_all, log_arrival, log_end, log_start
from simab.world.compiled.ticks import first_tick_ns, stop_ns
from simab.world.records import COPY
from simab.world.routing import TURN_UNIT
from simab.world.run_counts import Status, Total

__all__ = ["DONE", "LOG_FULL", "QUEUE_FULL", "ROWS_A_REQUEST", "advance"]

DONE = 0
LOG_FULL = 1
QUEUE_FULL = 2
ROWS_A_REQUEST = 2  # its own record, and that of its copy

# Numba takes module constants as they are; members of enumerations it does not.
_IN_TURN = VARIANT_ROUTING["smooth_weighted_round_robin"]
_CONSISTENT = VARIANT_ROUTING["consistent_hash"]
_LINEAR = VARIANT_ROUTING["linear_rendezvous"]
_KEEP_ALIVE = VARIANT_ROUTING["keep_alive"]
_TURN_UNIT = np.int64(TURN_UNIT)
_ARRIVED, _COPIES = int(Total.ARRIVED), int(Total.COPIES)
_ANSWERED, _FAILED = int(Total.ANSWERED), int(Total.FAILED)
_REJECTED, _INVALID = int(Total.REJECTED), int(Total.INVALID)
_SERVICE, _COPY_ATTEMPT = np.uint64(Purpose.SERVICE), np.uint64(COPY_ATTEMPT)
_STATUS_REJECTED, _STATUS_INVALID = int(Status.REJECTED), int(Status.INVALID_TARGET)
_OK, _STATUS_FAILED = int(Status.OK), int(Status.FAILED)
_NOT_SERVED = np.int64(-1)
_NAMED, _BY_COOKIE, _BY_WEIGHT = np.int64(0), np.int64(1), np.int64(2)
# Indices are unsigned: for a signed one Numba asks at every use whether it counts from the end.
_ONE = np.uint64(1)


def _advance(until_ns, constants, routing, streams, instances, counts, watch, log, position):
    """Take every arrival before `until_ns` to its end, or before the tick that `watch` waits for.

    `counts` are the arrays of RunCounts, `log` has a row a request (no rows: no log) and
    `position[0]` is the next free one. Returns DONE, or LOG_FULL or QUEUE_FULL when the caller has
    to make room and call again; nothing is lost in between.
    """
    requests, totals = counts.requests, counts.totals
    horizon_ns, period_ns = constants.horizon_ns, constants.period_ns
    window, window_start_ns, last_ns = np.uint64(0), np.int64(0), first_tick_ns(watch, until_ns)
    while True:
        reason = _lacking(instances, log, position)
        if reason != DONE:
            return reason
        segment = _next_segment(constants, streams)
        place = np.uint64(streams.marks[segment].cursor)
        arrived_ns = streams.arrived_ns[segment, place]
        if arrived_ns >= last_ns:
            last_ns = stop_ns(constants, watch, counts, arrived_ns, until_ns)
        if arrived_ns >= last_ns:
            return DONE
        streams.marks[segment].cursor = place + _ONE
        if arrived_ns - window_start_ns >= period_ns:
            window = np.uint64(arrived_ns // period_ns)
            window_start_ns = np.int64(window) * period_ns
        totals[_ARRIVED] += 1
        record = position[0]
        position[0] = record + 1
        variant, way = _assigned(constants, routing, streams, requests, segment, place, window)
        log_arrival(log, record, streams, segment, place)
        if way != _NAMED and routing.mirror != NO_VARIANT and routing.mirror != np.int64(variant):
            _copy(constants, routing, streams, instances, counts, log, position, segment, place)
        if routing.slot_starts[variant] == routing.slot_starts[variant + _ONE]:
            _turn_away(counts, log, record, window, arrived_ns)
            continue
        word = streams.words[segment, INSTANCE, place]
        slot = np.uint64(_slot_of(constants, routing, instances, variant, arrived_ns, word))
        word = streams.words[segment, LATENCY, place]
        started_ns, finished_ns = _serve(constants, instances, variant, slot, arrived_ns, word)
        log_start(log, record, variant, instances.numbers[slot], started_ns, horizon_ns)
        if started_ns == _NOT_SERVED:
            _reject(routing, counts, log, record, window, variant, arrived_ns)
            book_client(constants, streams, counts, segment, place, variant)
            continue
        if way != _NAMED and routing.cookies.shape[0] and np.int64(variant) == routing.pinned:
            _give_cookie(constants, routing, streams, segment, place, finished_ns)
        if finished_ns >= horizon_ns:
            continue
        ended = _window_of(finished_ns, window, window_start_ns, period_ns)
        failed = fails(constants, variant, streams.words[segment, ERROR, place])
        book_served(routing, counts, ended, variant, (arrived_ns, started_ns, finished_ns), failed)
        totals[_FAILED if failed else _ANSWERED] += 1
        book_client(constants, streams, counts, segment, place, variant)
        log_end(log, record, _STATUS_FAILED if failed else _OK, finished_ns)
        if not failed:
            learn(constants, streams, counts, log, record, segment, place, variant, finished_ns)


@njit(**OPTIONS)
def _lacking(instances, log, position):
    """What has no room for one request more: the log, a ring of waiting requests, or nothing."""
    if log.shape[0] and position[0] > log.shape[0] - ROWS_A_REQUEST:
        return LOG_FULL
    return QUEUE_FULL if instances.longest[0] == instances.waiting.shape[1] else DONE


@njit(inline="always")
def _window_of(finished_ns, window, window_start_ns, period_ns):
    """The window in which a request finishes, mostly that in which it arrived."""
    within = finished_ns - window_start_ns < period_ns
    return window if within else np.uint64(finished_ns // period_ns)


@njit(**OPTIONS)
def _turn_away(counts, log, record, window, arrived_ns):
    """A request that named a variant that is not on the endpoint: RunCounts.book_invalid."""
    counts.invalid[window] += 1
    counts.totals[_INVALID] += 1
    log_end(log, record, _STATUS_INVALID, arrived_ns)


@njit(inline="always")
def _reject(routing, counts, log, record, window, variant, arrived_ns):
    """A request that found the queue full: RunCounts.book_rejected."""
    book_rejected(routing, counts.requests, window, variant)
    counts.totals[_REJECTED] += 1
    log_end(log, record, _STATUS_REJECTED, arrived_ns)


@njit(inline="always")
def _assigned(constants, routing, streams, requests, segment, place, window):
    """The variant of a request and in which way it came by it, booked if the weights sent it."""
    variant, way = _variant_of(constants, routing, streams, segment, place)
    if way == _BY_WEIGHT:
        book_assigned(constants, routing, streams, requests, segment, place, window, variant)
    return variant, way


@njit(inline="always")
def _variant_of(constants, routing, streams, segment, place):
    """The variant that a request names or the one that routing gives it, and in which way."""
    plan = constants.segments[segment]
    if plan.paired:
        number = _number(streams, segment, place)
        return np.uint64(constants.paired[plan.first_paired + number % plan.paired]), _NAMED
    word = streams.words[segment, TARGET, place]
    part = part_of(constants.target_thresholds, plan.first_target, plan.last_target, word)
    target = constants.targets[np.uint64(plan.first_target + part)]
    if target != NO_VARIANT:
        return np.uint64(target), _NAMED
    if routing.cookies.shape[0] and _has_cookie(constants, routing, streams, segment, place):
        return np.uint64(routing.pinned), _BY_COOKIE
    if constants.variant_routing == _IN_TURN:
        return np.uint64(_next_in_turn(routing)), _BY_WEIGHT
    word = streams.words[segment, VARIANT, place]
    if constants.variant_routing > _IN_TURN:
        return _by_other_rule(constants, routing, streams, segment, place, word)
    return _by_word(routing.choices, routing.thresholds, word), _BY_WEIGHT


@njit(inline="always")
def _by_word(choices, thresholds, word):
    """simab.world.routing.pick_by_word."""
    choice = np.uint64(part_of(thresholds, 0, len(choices) - 1, word))
    return np.uint64(choices[choice])


# What follows is not part of the loop, so that other rules cost nothing. It takes the few arrays
# that it needs: all of a named tuple would be copied in each call.


@njit(inline="always")
def _by_other_rule(constants, routing, streams, segment, place, word):
    """Where one word of the request or the client does not decide alone."""
    rule, choices = constants.variant_routing, routing.choices
    if rule == _CONSISTENT:
        return _by_rendezvous(constants.variants, choices, routing.relative, word), _BY_WEIGHT
    if rule == _LINEAR:
        return _linearly(constants.variants, choices, routing.relative, word), _BY_WEIGHT
    client = np.uint64(client_of_all(constants, streams, segment, place))
    arrived_ns = streams.arrived_ns[segment, place]
    until_ns = arrived_ns + constants.affinity_ns
    variant = _kept(routing.kept, routing.kept_until_ns, client, arrived_ns)
    if rule == _KEEP_ALIVE:
        holds = variant >= 0 and _has_instances(routing.slot_starts, np.uint64(variant))
    else:
        holds = _is_choice(choices, variant)
    if not holds:
        drawn = _by_word(choices, routing.thresholds, word)
        _keep(routing.kept, routing.kept_until_ns, client, np.int64(drawn), until_ns)
        return drawn, _BY_WEIGHT
    if rule == _KEEP_ALIVE:
        routing.kept_until_ns[client] = until_ns
    return np.uint64(variant), _BY_COOKIE


@njit(**OPTIONS)
def _kept(kept, kept_until_ns, client, arrived_ns):
    """The variant that was drawn for a client before, while that lasts; else NO_VARIANT."""
    return kept[client] if arrived_ns < kept_until_ns[client] else np.int64(NO_VARIANT)


@njit(**OPTIONS)
def _keep(kept, kept_until_ns, client, variant, until_ns):
    """From now on, the variant of a client."""
    kept[client] = variant
    kept_until_ns[client] = until_ns


@njit(inline="always")
def _has_instances(slot_starts, variant):
    return slot_starts[variant] != slot_starts[variant + _ONE]


@njit(**OPTIONS)
def _is_choice(choices, variant):
    found = False
    for choice in choices:
        found |= choice == variant
    return found


@njit(**OPTIONS)
def _by_rendezvous(variants, choices, relative, word):
    """simab.world.routing.pick_by_rendezvous."""
    chosen, least = np.uint64(0), 0.0
    for number in range(len(choices)):
        choice = np.uint64(choices[number])
        score = exponential_of(own_word(word, variants[choice].salt)) / relative[number]
        if number == 0 or score < least:
            chosen, least = choice, score
    return chosen


@njit(**OPTIONS)
def _linearly(variants, choices, relative, word):
    """simab.world.routing.pick_linearly."""
    chosen, largest = np.uint64(0), 0.0
    for number in range(len(choices)):
        choice = np.uint64(choices[number])
        score = unit_of(own_word(word, variants[choice].salt)) * relative[number]
        if number == 0 or score > largest:
            chosen, largest = choice, score
    return chosen


@njit(inline="always")
def _number(streams, segment, place):
    """The number of a request within its segment."""
    return streams.marks[segment].drawn - np.int64(BLOCK) + np.int64(place)


@njit(inline="always")
def _has_cookie(constants, routing, streams, segment, place):
    """Whether the client has been answered by the pinned variant, not too long ago."""
    client = client_of_all(constants, streams, segment, place)
    since_ns, arrived_ns = routing.cookies[client], streams.arrived_ns[segment, place]
    return since_ns <= arrived_ns and arrived_ns < since_ns + routing.cookie_ns


@njit(**OPTIONS)
def _give_cookie(constants, routing, streams, segment, place, finished_ns):
    """With the reply, unless the client has had one since it asked: the earliest of several."""
    client = client_of_all(constants, streams, segment, place)
    since_ns, arrived_ns = routing.cookies[client], streams.arrived_ns[segment, place]
    if since_ns + routing.cookie_ns <= arrived_ns:
        routing.cookies[client] = finished_ns
    elif since_ns > arrived_ns:
        routing.cookies[client] = min(since_ns, finished_ns)


@njit(**OPTIONS)
def _copy(constants, routing, streams, instances, counts, log, position, segment, place):
    """Perhaps a mirrored copy of a request: served and booked like one, without a label."""
    number, stream = np.uint64(_number(streams, segment, place)), constants.segments[segment].stream
    sampled, word_instance, word_latency, word_error = philox(
        number, _SERVICE, stream, _COPY_ATTEMPT, constants.seed, constants.replication
    )
    if sampled > routing.copied_up_to:
        return
    requests, totals = counts.requests, counts.totals
    arrived_ns, horizon_ns = streams.arrived_ns[segment, place], constants.horizon_ns
    period_ns, variant = constants.period_ns, np.uint64(routing.mirror)
    totals[_COPIES] += 1
    record = position[0]
    position[0] = record + 1
    log_arrival(log, record, streams, segment, place)
    if log.shape[0]:
        log[record].attempt = COPY
    slot = np.uint64(_slot_of(constants, routing, instances, variant, arrived_ns, word_instance))
    started_ns, finished_ns = _serve(constants, instances, variant, slot, arrived_ns, word_latency)
    log_start(log, record, variant, instances.numbers[slot], started_ns, horizon_ns)
    if started_ns == _NOT_SERVED:
        ended = np.uint64(arrived_ns // period_ns)
        book_rejected(routing, requests, ended, variant)
        book_copy(requests, ended, variant, False)
        log_end(log, record, _STATUS_REJECTED, arrived_ns)
    elif finished_ns < horizon_ns:
        ended = np.uint64(finished_ns // period_ns)
        failed = fails(constants, variant, word_error)
        book_served(routing, counts, ended, variant, (arrived_ns, started_ns, finished_ns), failed)
        book_copy(requests, ended, variant, not failed)
        log_end(log, record, _STATUS_FAILED if failed else _OK, finished_ns)


@njit(inline="always")
def _slot_of(constants, routing, instances, variant, arrived_ns, word):
    """The slot of the instance that takes a request."""
    first, last = routing.slot_starts[variant], routing.slot_starts[variant + _ONE]
    if constants.variants[variant].least_outstanding:
        workers = constants.variants[variant].workers
        return least_outstanding(routing.slots, first, last, instances, workers, arrived_ns, word)
    return routing.slots[np.uint64(first) + high_product(word, np.uint64(last - first))]


@njit(inline="always")
def _serve(constants, instances, variant, slot, arrived_ns, word):
    """Give a request to the worker that is free first: start and finish, or _NOT_SERVED twice."""
    plan = constants.variants[variant]
    workers, queue_limit = plan.workers, plan.queue_limit
    worker, free_ns = earliest_free(instances.free_ns, slot, workers)
    if queue_limit != UNLIMITED and free_ns > arrived_ns:
        forget_started(instances, slot, arrived_ns)
        if instances.counts[slot] >= queue_limit:
            return _NOT_SERVED, _NOT_SERVED
    # Cut off at the horizon: sums of years of waiting would not fit into 64 bits.
    started_ns = max(min(free_ns, constants.horizon_ns), arrived_ns)
    if (queue_limit != UNLIMITED or plan.least_outstanding) and free_ns > arrived_ns:
        remember_waiting(instances, slot, started_ns)
    service_ns = draw_from_table(constants.tables, plan.latency_table, word)
    finished_ns = started_ns + max(service_ns, np.int64(1))
    occupy(instances.free_ns, slot, workers, worker, finished_ns)
    return started_ns, finished_ns


@njit(inline="always")
def _next_segment(constants, streams):
    """The segment whose request comes next; of several at one instant, the first."""
    chosen = np.uint64(0)
    earliest_ns = np.int64(0)
    for number in range(len(streams.marks)):
        segment = np.uint64(number)
        if streams.marks[segment].cursor == BLOCK:
            draw_block(constants, streams, segment)
        ahead_ns = streams.arrived_ns[segment, np.uint64(streams.marks[segment].cursor)]
        if number == 0 or ahead_ns < earliest_ns:
            chosen, earliest_ns = segment, ahead_ns
    return chosen


@njit(inline="always")
def _next_in_turn(routing):
    """Smooth weighted round robin: all gain their share, the largest serves and pays."""
    chosen = 0
    for choice in range(len(routing.choices)):
        routing.taken[choice] += routing.turns[choice]
        if routing.taken[choice] > routing.taken[chosen]:
            chosen = choice
    routing.taken[chosen] -= _TURN_UNIT
    return routing.choices[chosen]


_advance.__qualname__ = f"advance_{source_digest()}"  # the name under which Numba keeps it on disk
try:
    advance = njit(cache=True, nogil=True, **OPTIONS)(_advance)
except RuntimeError:  # nowhere to keep it: neither here nor in the user's folder may be written
    advance = njit(nogil=True, **OPTIONS)(_advance)
