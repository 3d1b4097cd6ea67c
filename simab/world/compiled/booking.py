"""The third loop of the kernel: windows and labels are counted, as simab.world.run_counts says.

A request is booked when its times are known, which may be long before they come: in the window in
which it finishes, its label in the bucket in which that arrives.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.outcomes import NONE
from simab.stats.request_totals import LATENCY_BUCKETS
from simab.world.compiled.arrays import VARIANT_ROUTING
from simab.world.compiled.choosing import number_of
from simab.world.compiled.draws import INSIDE, bit_length
from simab.world.compiled.label_counts import bucket_of, count_label, count_reward
from simab.world.compiled.label_course import learn_by_course
from simab.world.compiled.log import client_of_all, log_copy, log_label, log_request
from simab.world.compiled.streams import BY_WEIGHT, NEVER, STAYS_AWAY
from simab.world.run_counts import (
    CARRY_NS,
    CLIENT_BITS,
    RequestColumn,
    Status,
    Total,
)

__all__ = ["book", "book_all", "book_copy"]

_OK, _FAILED = int(Status.OK), int(Status.FAILED)
_IN_FLIGHT = int(Status.IN_FLIGHT)
_REJECTED, _INVALID = int(Status.REJECTED), int(Status.INVALID_TARGET)
_TOTAL_ARRIVED, _TOTAL_COPIES = int(Total.ARRIVED), int(Total.COPIES)
_TOTAL_ANSWERED, _TOTAL_FAILED = int(Total.ANSWERED), int(Total.FAILED)
_TOTAL_REJECTED, _TOTAL_INVALID = int(Total.REJECTED), int(Total.INVALID)
_LABELS_ARRIVED, _LABELS_NEVER = int(Total.LABELS_ARRIVED), int(Total.LABELS_NEVER)
_LABELS_OUTSTANDING = int(Total.LABELS_OUTSTANDING)
_COL_INVOCATIONS, _COL_ANSWERED = int(RequestColumn.INVOCATIONS), int(RequestColumn.ANSWERED)
_COL_FAILED, _COL_REJECTED = int(RequestColumn.FAILED), int(RequestColumn.REJECTED)
_COL_LATENCY, _COL_WAIT = int(RequestColumn.LATENCY_SUM_NS), int(RequestColumn.WAIT_SUM_NS)
_COL_PER_INSTANCE = int(RequestColumn.INVOCATIONS_PER_INSTANCE)
_COL_LATENCY_CARRIES = int(RequestColumn.LATENCY_CARRIES)
_COL_WAIT_CARRIES = int(RequestColumn.WAIT_CARRIES)
_COL_COPIES = int(RequestColumn.COPIES)
_COL_COPIES_ANSWERED = int(RequestColumn.COPIES_ANSWERED)
_COL_ASSIGNED = int(RequestColumn.ASSIGNED)
_COL_USERS_ASSIGNED = int(RequestColumn.USERS_ASSIGNED)
_CLIENT_BITS, _CLIENT_REST = np.uint64(CLIENT_BITS), np.uint64((1 << CLIENT_BITS) - 1)
_CARRY_NS = np.int64(CARRY_NS)
_SESSION_HASH = VARIANT_ROUTING["session_hash"]
_NO_SESSION = np.int64(-1)
_SUBDIVISION_BITS = np.int64(6)
_UNIT_BITS = np.int64(10)
_LAST_BUCKET = np.int64(LATENCY_BUCKETS - 1)


@njit(**INSIDE)
def book_all(constants, routing, streams, instances, counts, log):
    """Book every request that has been served."""
    for number in range(len(streams)):
        book(constants, routing, streams, instances, counts, log, np.uint64(number))


@njit(**INSIDE)
def book(constants, routing, streams, instances, counts, log, segment):
    """Book a segment's requests that have been served and not been booked yet."""
    first, last = streams[segment].booked, streams[segment].cursor
    if log.shape[0]:
        for place in range(first, last):
            if streams[segment].ways[np.uint64(place)] != STAYS_AWAY:
                log_request(log, constants, streams, instances.numbers, segment, np.uint64(place))
    _book_assigned(constants, routing, streams, counts.requests, segment, first, last)
    _book_ends(constants, routing, streams, counts, segment, first, last)
    if len(constants.label_course):
        learn_by_course(constants, streams, counts, log, segment, first, last)
    else:
        for place in range(first, last):
            if streams[segment].statuses[np.uint64(place)] == _OK:
                _learn(constants, streams, counts, log, segment, np.uint64(place))
    counts.totals[_TOTAL_ARRIVED] += last - first - streams[segment].stayed_away
    streams[segment].booked, streams[segment].stayed_away = last, 0
    if constants.segments[segment].called and last > first:
        _keep_reply(streams, segment, np.uint64(last - 1))


@njit(**INSIDE)
def _keep_reply(streams, segment, place):
    """How a request that was made from outside ended: its block may be drawn anew at once."""
    reply = streams[segment].reply
    reply[0], reply[1] = streams[segment].variants[place], streams[segment].slots[place]
    reply[2] = streams[segment].statuses[place]
    reply[3], reply[4] = streams[segment].started_ns[place], streams[segment].finished_ns[place]


@njit(inline="always")
def _book_assigned(constants, routing, streams, requests, segment, first, last):
    """RunCounts.book_assigned of those that the weights sent."""
    period_ns = constants.period_ns
    window, window_start_ns = np.uint64(0), np.int64(0)
    for number in range(first, last):
        place = np.uint64(number)
        if streams[segment].ways[place] != BY_WEIGHT:
            continue
        arrived_ns = streams[segment].arrived_ns[place]
        if arrived_ns - window_start_ns >= period_ns:
            window = np.uint64(arrived_ns // period_ns)
            window_start_ns = np.int64(window) * period_ns
        variant = np.uint64(streams[segment].variants[place])
        requests[window, variant, _COL_ASSIGNED] += 1
        if routing.users.shape[0]:
            new = _is_first(routing, _drawn_as(constants, streams, segment, place))
            requests[window, variant, _COL_USERS_ASSIGNED] += new


@njit(inline="always")
def _book_ends(constants, routing, streams, counts, segment, first, last):
    """How they ended, in the window in which they did."""
    period_ns, totals = constants.period_ns, counts.totals
    window, place_of_window, window_start_ns = np.uint64(0), np.uint64(0), -period_ns
    answered = np.int64(0)
    for number in range(first, last):
        place = np.uint64(number)
        status = streams[segment].statuses[place]
        if status == _IN_FLIGHT:
            continue
        finished_ns = streams[segment].finished_ns[place]
        if finished_ns - window_start_ns >= period_ns or finished_ns < window_start_ns:
            window = np.uint64(finished_ns // period_ns)
            window_start_ns = np.int64(window) * period_ns
            place_of_window = _place_of(counts, window)
        variant = np.uint64(streams[segment].variants[place])
        if status in (_OK, _FAILED):
            failed = status == _FAILED
            times_ns = (
                streams[segment].arrived_ns[place],
                streams[segment].started_ns[place],
                finished_ns,
            )
            _book_served(routing, counts, window, place_of_window, variant, times_ns, failed)
            answered += np.int64(not failed)
            totals[_TOTAL_FAILED] += np.int64(failed)
        elif status == _REJECTED:
            _book_rejected(routing, counts.requests, window, variant)
            totals[_TOTAL_REJECTED] += 1
        else:
            counts.invalid[window] += 1
            totals[_TOTAL_INVALID] += 1
            continue
        _book_client(constants, streams, counts, segment, place, variant)
    totals[_TOTAL_ANSWERED] += answered


@njit(inline="always")
def _drawn_as(constants, streams, segment, place):
    """Who is drawn with a request: its client, or its session; or NO_SESSION."""
    if constants.variant_routing != _SESSION_HASH:
        return np.int64(client_of_all(constants, streams, segment, place))
    if not constants.segments[segment].sessions_given:
        return _NO_SESSION
    given = constants.segments[segment].first_given + number_of(streams, segment, place)
    return constants.given_sessions[np.uint64(given)]


@njit(**INSIDE)
def _is_first(routing, drawn):
    """1 if who is drawn has not been assigned in this epoch, and from now on has; else 0."""
    if drawn == _NO_SESSION:
        return np.int64(1)
    who = np.uint64(drawn)
    bit, word = np.uint64(1) << (who & _CLIENT_REST), who >> _CLIENT_BITS
    seen = routing.users[word]
    routing.users[word] = seen | bit
    return np.int64((seen & bit) == np.uint64(0))


@njit(inline="always")
def _book_client(constants, streams, run_counts, segment, place, variant):
    """RunCounts.book_client."""
    if constants.variants[variant].watched:
        _meet(constants, streams, run_counts, segment, place)


@njit(**INSIDE)
def _meet(constants, streams, run_counts, segment, place):
    """Note who asks: the bit of the client."""
    client = np.uint64(client_of_all(constants, streams, segment, place))
    bit, word = np.uint64(1) << (client & _CLIENT_REST), client >> _CLIENT_BITS
    run_counts.clients[word] |= bit


@njit(inline="always")
def _book_rejected(routing, requests, window, variant):
    """RunCounts.book_rejected."""
    requests[window, variant, _COL_INVOCATIONS] += 1
    requests[window, variant, _COL_REJECTED] += 1
    requests[window, variant, _COL_PER_INSTANCE] += routing.instance_shares[variant]


@njit(inline="always")
def book_copy(constants, routing, streams, counts, log, segment, place, copy):
    """RunCounts.book_copy, after the booking of what the copy shares with a request.

    A copy is its record, variant, instance, (arrival, start, finish) and status.
    """
    _, variant, _, times_ns, status = copy
    arrived_ns, _, finished_ns = times_ns
    counts.totals[_TOTAL_COPIES] += 1
    log_copy(log, constants, streams, segment, place, copy)
    if status == _REJECTED:
        window = np.uint64(arrived_ns // constants.period_ns)
        _book_rejected(routing, counts.requests, window, variant)
        counts.requests[window, variant, _COL_COPIES] += 1
    elif status in (_OK, _FAILED):
        window = np.uint64(finished_ns // constants.period_ns)
        place_of_window = _place_of(counts, window)
        failed = status == _FAILED
        _book_served(routing, counts, window, place_of_window, variant, times_ns, failed)
        counts.requests[window, variant, _COL_COPIES] += 1
        counts.requests[window, variant, _COL_COPIES_ANSWERED] += np.int64(status == _OK)


@njit(inline="always")
def _book_served(routing, run_counts, window, place_of_window, variant, times_ns, failed):
    """RunCounts.book_served."""
    requests = run_counts.requests
    arrived_ns, started_ns, finished_ns = times_ns
    latency_ns = finished_ns - arrived_ns
    requests[window, variant, _COL_INVOCATIONS] += 1
    requests[window, variant, _COL_FAILED if failed else _COL_ANSWERED] += 1
    _add_time(requests, window, variant, _COL_LATENCY, _COL_LATENCY_CARRIES, latency_ns)
    _add_time(requests, window, variant, _COL_WAIT, _COL_WAIT_CARRIES, started_ns - arrived_ns)
    requests[window, variant, _COL_PER_INSTANCE] += routing.instance_shares[variant]
    run_counts.latencies[place_of_window, variant, np.uint64(_latency_bucket(latency_ns))] += 1


@njit(inline="always")
def _place_of(run_counts, window):
    """Where a window's latencies are counted, as LatencyCounts.count has it; there is room."""
    if run_counts.latency_places[window] < 0:
        run_counts.latency_room[0] -= 1
        place = run_counts.latencies.shape[0] - 1 - run_counts.latency_room[0]
        run_counts.latency_places[window] = place
    return np.uint64(run_counts.latency_places[window])


@njit(inline="always")
def _add_time(requests, window, variant, column, carries, time_ns):
    """RunCounts._add_time."""
    requests[window, variant, column] += time_ns
    if requests[window, variant, column] >= _CARRY_NS:
        requests[window, variant, column] -= _CARRY_NS
        requests[window, variant, carries] += 1


@njit(inline="always")
def _learn(constants, streams, run_counts, log, segment, place):
    """Book the label of an answered request now, for the time at which it will arrive."""
    variant = np.uint64(streams[segment].variants[place])
    finished_ns = streams[segment].finished_ns[place]
    delay_ns = streams[segment].delays_ns[place]
    if delay_ns == NEVER:
        run_counts.totals[_LABELS_NEVER] += 1
        return
    label_ns = finished_ns + delay_ns
    if label_ns >= constants.horizon_ns:
        run_counts.totals[_LABELS_OUTSTANDING] += 1
        log_label(log, streams, segment, place, label_ns, (NONE, NONE, NONE))
        return
    run_counts.totals[_LABELS_ARRIVED] += 1
    label, score = streams[segment].labels[place], streams[segment].scores[place]
    correct = streams[segment].corrects[place]
    bucket = bucket_of(constants, label_ns)
    if correct == NONE:
        count_reward(run_counts.rewards, bucket, variant, score)
    else:
        score_bin = streams[segment].score_bins[place]
        count_label(run_counts, bucket, variant, label, score, correct, score_bin, 1)
    log_label(log, streams, segment, place, label_ns, (label, score, correct))


@njit(inline="always")
def _latency_bucket(latency_ns):
    """simab.stats.request_totals.latency_bucket."""
    units = latency_ns >> _UNIT_BITS
    shift = max(bit_length(units) - _SUBDIVISION_BITS - 1, np.int64(0))
    return min((shift << _SUBDIVISION_BITS) + (units >> shift), _LAST_BUCKET)
