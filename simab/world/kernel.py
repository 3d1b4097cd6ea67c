"""The compiled data plane's kernel: every request from arrival to label, in one loop.

Between two control events a request's start and finish are known when it arrives, for queues are
first come, first served and the instance is fixed on arrival. So the loop takes one arrival after
the other and books its whole future. world/reference.py says what has to come out, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import COPY_ATTEMPT, Purpose
from simab.profiles.outcomes import NONE, SCORE_BITS, SCORE_CELL_BITS, SCORE_CELLS, SCORE_ONE
from simab.stats.request_totals import LATENCY_BUCKETS
from simab.world.blueprint import NO_VARIANT
from simab.world.books import CARRY_NS, LabelColumn, RequestColumn, Status, Total
from simab.world.kernel_arrays import (
    BLOCK,
    CLIENT,
    ERROR,
    INSTANCE,
    LATENCY,
    NEVER,
    NO_TABLE,
    ROW,
    SCORE,
    TARGET,
    UNLIMITED,
    VARIANT,
    VARIANT_ROUTING,
)
from simab.world.kernel_arrivals import draw_block
from simab.world.kernel_draws import (
    OPTIONS,
    bit_length,
    draw_from_table,
    high_product,
    own_word,
    part_of,
    philox,
)
from simab.world.kernel_instances import (
    earliest_free,
    forget_started,
    least_outstanding,
    occupy,
    remember_waiting,
)
from simab.world.kernel_sources import source_digest
from simab.world.records import COPY, UNKNOWN
from simab.world.routing import TURN_UNIT

__all__ = ["DONE", "LOG_FULL", "QUEUE_FULL", "ROWS_A_REQUEST", "advance"]

DONE = 0
LOG_FULL = 1
QUEUE_FULL = 2
ROWS_A_REQUEST = 2  # its own record, and that of its copy

# Numba takes module constants as they are; members of enumerations it does not.
_IN_TURN = VARIANT_ROUTING["smooth_weighted_round_robin"]
_TURN_UNIT = np.int64(TURN_UNIT)
_ARRIVED, _ANSWERED, _FAILED = int(Total.ARRIVED), int(Total.ANSWERED), int(Total.FAILED)
_REJECTED, _INVALID = int(Total.REJECTED), int(Total.INVALID)
_LABELS_ARRIVED, _LABELS_NEVER = int(Total.LABELS_ARRIVED), int(Total.LABELS_NEVER)
_LABELS_OUTSTANDING, _COPIES = int(Total.LABELS_OUTSTANDING), int(Total.COPIES)
_SERVICE, _COPY_ATTEMPT = np.uint64(Purpose.SERVICE), np.uint64(COPY_ATTEMPT)
_COL_INVOCATIONS, _COL_ANSWERED = int(RequestColumn.INVOCATIONS), int(RequestColumn.ANSWERED)
_COL_FAILED, _COL_REJECTED = int(RequestColumn.FAILED), int(RequestColumn.REJECTED)
_COL_LATENCY, _COL_WAIT = int(RequestColumn.LATENCY_SUM_NS), int(RequestColumn.WAIT_SUM_NS)
_COL_PER_INSTANCE = int(RequestColumn.INVOCATIONS_PER_INSTANCE)
_COL_LATENCY_CARRIES = int(RequestColumn.LATENCY_CARRIES)
_COL_WAIT_CARRIES = int(RequestColumn.WAIT_CARRIES)
_COL_COPIES_ANSWERED = int(RequestColumn.COPIES_ANSWERED)
_CARRY_NS = np.int64(CARRY_NS)
_COL_SUCCESS, _COL_FAILURE = int(LabelColumn.SUCCESS), int(LabelColumn.FAILURE)
_COL_SQUARED_ERROR = int(LabelColumn.SQUARED_ERROR)
# Column of a label by 2 * label + correct.
_CONFUSION = np.array(
    [
        LabelColumn.FALSE_POSITIVE,
        LabelColumn.TRUE_NEGATIVE,
        LabelColumn.FALSE_NEGATIVE,
        LabelColumn.TRUE_POSITIVE,
    ],
    dtype=np.uint64,
)
_OK, _STATUS_FAILED = int(Status.OK), int(Status.FAILED)
_STATUS_REJECTED, _STATUS_INVALID = int(Status.REJECTED), int(Status.INVALID_TARGET)
_IN_FLIGHT = int(Status.IN_FLIGHT)
_SUBDIVISION_BITS = np.int64(6)
_UNIT_BITS = np.int64(10)
_LAST_BUCKET = np.int64(LATENCY_BUCKETS - 1)
_SCORE_ONE = np.int64(SCORE_ONE)
_SCORE_CELL_BITS = np.int64(SCORE_CELL_BITS)
_LAST_SCORE_CELL = np.int64(SCORE_CELLS - 1)
_NOT_SERVED = np.int64(-1)
# Indices are unsigned: for a signed one Numba asks at every use whether it counts from the end.
_ONE = np.uint64(1)


def _advance(until_ns, fixed, split, streams, instances, books, log, position):
    """Take every arrival before `until_ns` to its end.

    `books` are the arrays of Books in order, `log` has a row a request (no rows: no log) and
    `position[0]` is the next free one. Returns DONE, or LOG_FULL or QUEUE_FULL when the caller has
    to make room and call again; nothing is lost in between.
    """
    requests, latencies, _, _, invalid, totals = books
    horizon_ns, period_ns = fixed.scalars[0], fixed.scalars[1]
    window, window_start_ns = np.int64(0), np.int64(0)
    while True:
        if log.shape[0] and position[0] > log.shape[0] - ROWS_A_REQUEST:
            return LOG_FULL
        if instances.longest[0] == instances.waiting.shape[1]:
            return QUEUE_FULL
        segment = _next_segment(fixed, streams)
        place = np.uint64(streams.cursors[segment])
        arrived_ns = streams.arrived_ns[segment, place]
        if arrived_ns >= until_ns:
            return DONE
        streams.cursors[segment] += 1
        if arrived_ns - window_start_ns >= period_ns:
            window = arrived_ns // period_ns
            window_start_ns = window * period_ns
        totals[_ARRIVED] += 1
        record = position[0]
        position[0] = record + 1
        variant, by_weight = _variant_of(fixed, split, streams, segment, place)
        _log_arrival(log, record, fixed, streams, segment, place)
        if by_weight and split.rules[2] != NO_VARIANT and split.rules[2] != np.int64(variant):
            _copy(fixed, split, streams, instances, books, log, position, segment, place)
        if split.slot_starts[variant] == split.slot_starts[variant + _ONE]:
            invalid[np.uint64(window)] += 1
            totals[_INVALID] += 1
            _log_end(log, record, _STATUS_INVALID, arrived_ns)
            continue
        word = streams.words[segment, INSTANCE, place]
        slot = np.uint64(_slot_of(fixed, split, instances, variant, arrived_ns, word))
        share = split.instance_shares[variant]
        word = streams.words[segment, LATENCY, place]
        started_ns, finished_ns = _serve(fixed, instances, variant, slot, arrived_ns, word)
        _log_start(log, record, variant, instances.numbers[slot], started_ns, horizon_ns)
        if started_ns == _NOT_SERVED:
            _book_rejected(requests, np.uint64(window), variant, share)
            totals[_REJECTED] += 1
            _log_end(log, record, _STATUS_REJECTED, arrived_ns)
            continue
        if by_weight and split.cookies.shape[0] and np.int64(variant) == split.rules[0]:
            _give_cookie(fixed, split, streams, segment, place, finished_ns)
        if finished_ns >= horizon_ns:
            continue
        ended = np.uint64(window)
        if finished_ns - window_start_ns >= period_ns:
            ended = np.uint64(finished_ns // period_ns)
        failed = _fails(fixed, variant, streams.words[segment, ERROR, place])
        times_ns = arrived_ns, started_ns, finished_ns
        _book_served(requests, latencies, ended, variant, times_ns, failed, share)
        totals[_FAILED if failed else _ANSWERED] += 1
        _log_end(log, record, _STATUS_FAILED if failed else _OK, finished_ns)
        if not failed:
            _learn(fixed, streams, books, log, record, segment, place, variant, finished_ns)


@njit(inline="always")
def _variant_of(fixed, split, streams, segment, place):
    """The variant that a request names, or else the one that routing gives it; and which it is."""
    pairs = fixed.segments[segment, 3]
    if pairs:
        number = _number(streams, segment, place)
        return np.uint64(fixed.paired[fixed.paired_starts[segment] + number % pairs]), False
    first, last = fixed.target_starts[segment], fixed.target_starts[segment + _ONE]
    word = streams.words[segment, TARGET, place]
    part = part_of(fixed.target_thresholds, first, last - 1, word)
    target = fixed.targets[np.uint64(first + part)]
    if target != NO_VARIANT:
        return np.uint64(target), False
    if split.cookies.shape[0] and _has_cookie(fixed, split, streams, segment, place):
        return np.uint64(split.rules[0]), True
    if fixed.scalars[3] == _IN_TURN:
        return np.uint64(_next_in_turn(split)), True
    last_choice = len(split.choices) - 1
    word = streams.words[segment, VARIANT, place]
    choice = np.uint64(part_of(split.thresholds, 0, last_choice, word))
    return np.uint64(split.choices[choice]), True


@njit(inline="always")
def _number(streams, segment, place):
    """The number of a request within its segment."""
    return streams.numbers[segment] - np.int64(BLOCK) + np.int64(place)


@njit(inline="always")
def _client(fixed, streams, segment, place):
    """Who asks, by number within the segment."""
    word = streams.words[segment, CLIENT, place]
    return np.int64(high_product(word, np.uint64(fixed.segments[segment, 0])))


@njit(inline="always")
def _has_cookie(fixed, split, streams, segment, place):
    """Whether the client has been answered by the pinned variant, not too long ago."""
    client = fixed.segments[segment, 5] + _client(fixed, streams, segment, place)
    since_ns, arrived_ns = split.cookies[client], streams.arrived_ns[segment, place]
    return since_ns <= arrived_ns and arrived_ns < since_ns + split.rules[1]


@njit(**OPTIONS)
def _give_cookie(fixed, split, streams, segment, place, finished_ns):
    """With the reply, unless the client has had one since it asked: the earliest of several."""
    client = fixed.segments[segment, 5] + _client(fixed, streams, segment, place)
    since_ns, arrived_ns = split.cookies[client], streams.arrived_ns[segment, place]
    if since_ns + split.rules[1] <= arrived_ns:
        split.cookies[client] = finished_ns
    elif since_ns > arrived_ns:
        split.cookies[client] = min(since_ns, finished_ns)


@njit(**OPTIONS)
def _copy(fixed, split, streams, instances, books, log, position, segment, place):
    """Perhaps a mirrored copy of a request: served and booked like one, without a label."""
    number, stream = np.uint64(_number(streams, segment, place)), fixed.streams[segment]
    sampled, word_instance, word_latency, word_error = philox(
        number, _SERVICE, stream, _COPY_ATTEMPT, fixed.seeds[0], fixed.seeds[1]
    )
    if sampled > np.uint64(split.rules[3]):
        return
    requests, latencies, _, _, _, totals = books
    arrived_ns, horizon_ns = streams.arrived_ns[segment, place], fixed.scalars[0]
    period_ns = fixed.scalars[1]
    variant = np.uint64(split.rules[2])
    totals[_COPIES] += 1
    record = position[0]
    position[0] = record + 1
    _log_arrival(log, record, fixed, streams, segment, place)
    if log.shape[0]:
        log[record, 8] = COPY
    slot = np.uint64(_slot_of(fixed, split, instances, variant, arrived_ns, word_instance))
    share = split.instance_shares[variant]
    started_ns, finished_ns = _serve(fixed, instances, variant, slot, arrived_ns, word_latency)
    _log_start(log, record, variant, instances.numbers[slot], started_ns, horizon_ns)
    if started_ns == _NOT_SERVED:
        _book_rejected(requests, np.uint64(arrived_ns // period_ns), variant, share)
        _log_end(log, record, _STATUS_REJECTED, arrived_ns)
    elif finished_ns < horizon_ns:
        ended = np.uint64(finished_ns // period_ns)
        failed = _fails(fixed, variant, word_error)
        times_ns = arrived_ns, started_ns, finished_ns
        _book_served(requests, latencies, ended, variant, times_ns, failed, share)
        if not failed:
            requests[ended, variant, _COL_COPIES_ANSWERED] += 1
        _log_end(log, record, _STATUS_FAILED if failed else _OK, finished_ns)


@njit(inline="always")
def _fails(fixed, variant, word):
    """Whether a served request is answered with an error."""
    return fixed.happens[variant + _ONE] and word <= fixed.limits[variant + _ONE]


@njit(inline="always")
def _slot_of(fixed, split, instances, variant, arrived_ns, word):
    """The slot of the instance that takes a request."""
    first, last = split.slot_starts[variant], split.slot_starts[variant + _ONE]
    if fixed.variants[variant, 2]:
        workers = fixed.variants[variant, 0]
        return least_outstanding(split.slots, first, last, instances, workers, arrived_ns, word)
    return split.slots[np.uint64(first) + high_product(word, np.uint64(last - first))]


@njit(inline="always")
def _serve(fixed, instances, variant, slot, arrived_ns, word):
    """Give a request to the worker that is free first: start and finish, or _NOT_SERVED twice."""
    workers, queue_limit = fixed.variants[variant, 0], fixed.variants[variant, 1]
    worker, free_ns = earliest_free(instances.free_ns, slot, workers)
    if queue_limit != UNLIMITED and free_ns > arrived_ns:
        forget_started(instances, slot, arrived_ns)
        if instances.counts[slot] >= queue_limit:
            return _NOT_SERVED, _NOT_SERVED
    # Cut off at the horizon: sums of years of waiting would not fit into 64 bits.
    started_ns = max(min(free_ns, fixed.scalars[0]), arrived_ns)
    if (queue_limit != UNLIMITED or fixed.variants[variant, 2]) and free_ns > arrived_ns:
        remember_waiting(instances, slot, started_ns)
    service_ns = draw_from_table(fixed.tables, fixed.variants[variant, 3], word)
    finished_ns = started_ns + max(service_ns, np.int64(1))
    occupy(instances.free_ns, slot, workers, worker, finished_ns)
    return started_ns, finished_ns


@njit(inline="always")
def _book_rejected(requests, window, variant, instance_share):
    """Books.book_rejected."""
    requests[window, variant, _COL_INVOCATIONS] += 1
    requests[window, variant, _COL_REJECTED] += 1
    requests[window, variant, _COL_PER_INSTANCE] += instance_share


@njit(inline="always")
def _book_served(requests, latencies, window, variant, times_ns, failed, instance_share):
    """Books.book_served."""
    arrived_ns, started_ns, finished_ns = times_ns
    requests[window, variant, _COL_INVOCATIONS] += 1
    requests[window, variant, _COL_FAILED if failed else _COL_ANSWERED] += 1
    _add_time(
        requests, window, variant, _COL_LATENCY, _COL_LATENCY_CARRIES, finished_ns - arrived_ns
    )
    _add_time(requests, window, variant, _COL_WAIT, _COL_WAIT_CARRIES, started_ns - arrived_ns)
    requests[window, variant, _COL_PER_INSTANCE] += instance_share
    latencies[window, variant, np.uint64(_latency_bucket(finished_ns - arrived_ns))] += 1


@njit(inline="always")
def _add_time(requests, window, variant, column, carries, time_ns):
    """Books._add_time."""
    requests[window, variant, column] += time_ns
    if requests[window, variant, column] >= _CARRY_NS:
        requests[window, variant, column] -= _CARRY_NS
        requests[window, variant, carries] += 1


@njit(inline="always")
def _learn(fixed, streams, books, log, record, segment, place, variant, finished_ns):
    """Book the label of an answered request now, for the time at which it will arrive."""
    _, _, labels, scores, _, totals = books
    logging = log.shape[0] > 0
    delay_ns = streams.delays_ns[segment, place]
    if delay_ns == NEVER:
        totals[_LABELS_NEVER] += 1
        return
    label_ns = finished_ns + delay_ns
    if logging:
        log[record, 12] = label_ns
    if label_ns >= fixed.scalars[0]:
        totals[_LABELS_OUTSTANDING] += 1
        return
    totals[_LABELS_ARRIVED] += 1
    word_row, word_score = streams.words[segment, ROW, place], streams.words[segment, SCORE, place]
    label, score, correct = _outcome(fixed, variant, word_row, word_score)
    bucket = np.uint64(_quotient(label_ns, fixed.scalars[2], fixed.per_ns[0]))
    _book_label(fixed, labels, scores, bucket, variant, label, score, correct)
    if logging:
        log[record, 9] = label
        log[record, 10] = score
        log[record, 11] = correct


@njit(inline="always")
def _quotient(time_ns, length_ns, per_ns):
    """time_ns // length_ns: a guess in floating point is off by one at most, and put right."""
    guess = np.int64(np.float64(time_ns) * per_ns)
    rest_ns = time_ns - guess * length_ns
    return guess + np.int64(rest_ns >= length_ns) - np.int64(rest_ns < 0)


@njit(inline="always")
def _next_segment(fixed, streams):
    """The segment whose request comes next; of several at one instant, the first."""
    chosen = np.uint64(0)
    earliest_ns = np.int64(0)
    for number in range(len(streams.cursors)):
        segment = np.uint64(number)
        if streams.cursors[segment] == BLOCK:
            draw_block(fixed, streams, segment)
        ahead_ns = streams.arrived_ns[segment, np.uint64(streams.cursors[segment])]
        if number == 0 or ahead_ns < earliest_ns:
            chosen, earliest_ns = segment, ahead_ns
    return chosen


@njit(inline="always")
def _next_in_turn(split):
    """Smooth weighted round robin: all gain their share, the largest serves and pays."""
    chosen = 0
    for choice in range(len(split.choices)):
        split.taken[choice] += split.turns[choice]
        if split.taken[choice] > split.taken[chosen]:
            chosen = choice
    split.taken[chosen] -= _TURN_UNIT
    return split.choices[chosen]


@njit(inline="always")
def _latency_bucket(latency_ns):
    """simab.stats.request_totals.latency_bucket."""
    units = latency_ns >> _UNIT_BITS
    shift = max(bit_length(units) - _SUBDIVISION_BITS - 1, np.int64(0))
    return min((shift << _SUBDIVISION_BITS) + (units >> shift), _LAST_BUCKET)


@njit(inline="always")
def _outcome(fixed, variant, word_row, word_score):
    """OutcomeSampler.draw: label, score, correct."""
    first, last = fixed.row_starts[variant], fixed.row_starts[variant + _ONE]
    if fixed.rows[np.uint64(first), 0] == NONE:
        word_row = own_word(word_row, fixed.salts[variant])
    row = np.uint64(first + part_of(fixed.row_thresholds, first, last - 1, word_row))
    label, score, correct = fixed.rows[row, 0], fixed.rows[row, 1], fixed.rows[row, 2]
    if fixed.variants[variant, 4] != NO_TABLE:
        table = fixed.variants[variant, np.uint64(4 + label)]
        score = draw_from_table(fixed.tables, table, own_word(word_score, fixed.salts[variant]))
        predicted = np.int64(score >= fixed.variants[variant, 6])
        correct = np.int64(1) - (predicted ^ label)
    return label, score, correct


@njit(inline="always")
def _book_label(fixed, labels, scores, bucket, variant, label, score, correct):
    """Books.book_label, for a label before the horizon."""
    if label == NONE:
        labels[bucket, variant, _COL_SUCCESS if correct else _COL_FAILURE] += 1
        return
    labels[bucket, variant, _CONFUSION[np.uint64(2 * label + correct)]] += 1
    distance = score - label * _SCORE_ONE
    labels[bucket, variant, _COL_SQUARED_ERROR] += (distance * distance) >> np.int64(SCORE_BITS)
    score_bin = np.uint64(fixed.score_bins[_score_cell(score)])
    scores[bucket, variant, np.uint64(label), score_bin] += 1


@njit(inline="always")
def _score_cell(score):
    """simab.profiles.outcomes.score_cell."""
    from_end = min(score, _SCORE_ONE - score)
    shift = max(bit_length(from_end) - _SCORE_CELL_BITS - 1, np.int64(0))
    cell = (shift << _SCORE_CELL_BITS) + (from_end >> shift)
    return np.uint64(cell if score == from_end else _LAST_SCORE_CELL - cell)


@njit(inline="always")
def _log_arrival(log, record, fixed, streams, segment, place):
    """Begin a record, if records are kept: all that is unknown is -1."""
    if log.shape[0] == 0:
        return
    log[record, 0] = segment
    log[record, 1] = _client(fixed, streams, segment, place)
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
def _log_start(log, record, variant, instance, started_ns, horizon_ns):
    """Where a request went, and when it started if it did so before the horizon."""
    if log.shape[0] == 0:
        return
    log[record, 2] = variant
    log[record, 3] = instance
    log[record, 5] = started_ns if started_ns < horizon_ns else UNKNOWN


@njit(inline="always")
def _log_end(log, record, status, finished_ns):
    """The reply."""
    if log.shape[0] == 0:
        return
    log[record, 6] = finished_ns
    log[record, 7] = status


_advance.__qualname__ = f"advance_{source_digest()}"  # the name under which Numba keeps it on disk
try:
    advance = njit(cache=True, nogil=True, **OPTIONS)(_advance)
except RuntimeError:  # nowhere to keep it: neither here nor in the user's folder may be written
    advance = njit(nogil=True, **OPTIONS)(_advance)
