"""The compiled data plane's kernel: every request from arrival to label, in one loop.

Between two control events a request's start and finish are known when it arrives, for queues are
first come, first served and the instance is fixed on arrival. So the loop takes one arrival after
the other and books its whole future. world/reference.py says what has to come out, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import Purpose
from simab.profiles.outcomes import NONE, SCORE_BITS, SCORE_ONE
from simab.stats.label_totals import SCORE_BINS
from simab.stats.request_totals import LATENCY_BUCKETS
from simab.world.blueprint import NO_VARIANT, TICKS_PER_NS
from simab.world.books import LabelColumn, RequestColumn, Status, Total
from simab.world.kernel_arrays import NO_TABLE, UNLIMITED, VARIANT_ROUTING
from simab.world.kernel_draws import bit_length, draw_from_table, high_product, part_of, philox
from simab.world.records import UNKNOWN
from simab.world.routing import TURN_UNIT

__all__ = ["DONE", "LOG_FULL", "QUEUE_FULL", "advance"]

DONE = 0
LOG_FULL = 1
QUEUE_FULL = 2

# Numba takes module constants as they are; enumerations it does not.
_ARRIVAL = np.uint64(Purpose.ARRIVAL)
_SERVICE = np.uint64(Purpose.SERVICE)
_OUTCOME = np.uint64(Purpose.OUTCOME)
_ASSIGNMENT = np.uint64(Purpose.ASSIGNMENT)
_FIRST_ATTEMPT = np.uint64(0)
_STICKY = VARIANT_ROUTING["sticky_hash"]
_IN_TURN = VARIANT_ROUTING["smooth_weighted_round_robin"]
_TURN_UNIT = np.int64(TURN_UNIT)
_TICK_BITS = np.int64(TICKS_PER_NS.bit_length() - 1)
_ARRIVED, _ANSWERED, _FAILED = int(Total.ARRIVED), int(Total.ANSWERED), int(Total.FAILED)
_REJECTED, _INVALID = int(Total.REJECTED), int(Total.INVALID)
_LABELS_ARRIVED = int(Total.LABELS_ARRIVED)
_LABELS_OUTSTANDING, _LABELS_NEVER = int(Total.LABELS_OUTSTANDING), int(Total.LABELS_NEVER)
_COL_INVOCATIONS, _COL_ANSWERED = int(RequestColumn.INVOCATIONS), int(RequestColumn.ANSWERED)
_COL_FAILED, _COL_REJECTED = int(RequestColumn.FAILED), int(RequestColumn.REJECTED)
_COL_LATENCY, _COL_WAIT = int(RequestColumn.LATENCY_SUM_NS), int(RequestColumn.WAIT_SUM_NS)
_COL_PER_INSTANCE = int(RequestColumn.INVOCATIONS_PER_INSTANCE)
_COL_TRUE_POSITIVE, _COL_FALSE_POSITIVE = (
    int(LabelColumn.TRUE_POSITIVE),
    int(LabelColumn.FALSE_POSITIVE),
)
_COL_FALSE_NEGATIVE, _COL_TRUE_NEGATIVE = (
    int(LabelColumn.FALSE_NEGATIVE),
    int(LabelColumn.TRUE_NEGATIVE),
)
_COL_SUCCESS, _COL_FAILURE = int(LabelColumn.SUCCESS), int(LabelColumn.FAILURE)
_COL_SQUARED_ERROR = int(LabelColumn.SQUARED_ERROR)
_OK, _STATUS_FAILED = int(Status.OK), int(Status.FAILED)
_STATUS_REJECTED, _STATUS_INVALID = int(Status.REJECTED), int(Status.INVALID_TARGET)
_IN_FLIGHT = int(Status.IN_FLIGHT)
_SCORE_BIN_SHIFT = np.int64(SCORE_BITS - (SCORE_BINS.bit_length() - 1))
_SUBDIVISION_BITS = np.int64(6)
_UNIT_BITS = np.int64(10)


@njit(cache=True, nogil=True)
def advance(until_ns, fixed, split, streams, instances, books, log, position):
    """Take every arrival before `until_ns` to its end.

    `books` are the arrays of Books in order, `log` has a row a request (no rows: no log) and
    `position[0]` is the next free one. Returns DONE, or LOG_FULL or QUEUE_FULL when the caller has
    to make room and call again; nothing is lost in between.
    """
    requests, latencies, labels, scores, invalid, totals = books
    horizon_ns, period_ns = fixed.scalars[0], fixed.scalars[1]
    resolution_ns, routing_kind = fixed.scalars[2], fixed.scalars[3]
    key_0, key_1 = fixed.seeds[0], fixed.seeds[1]
    segments = len(fixed.streams)
    for segment in range(segments):
        if streams.numbers[segment] < 0:
            _next_arrival(fixed, streams, segment, key_0, key_1)
    window, window_start_ns = np.int64(0), np.int64(0)
    while True:
        if log.shape[0] and position[0] == log.shape[0]:
            return LOG_FULL
        if instances.longest[0] == instances.waiting.shape[1]:
            return QUEUE_FULL
        segment = 0
        for other in range(1, segments):
            if streams.clocks[other] >> _TICK_BITS < streams.clocks[segment] >> _TICK_BITS:
                segment = other
        arrived_ns = streams.clocks[segment] >> _TICK_BITS
        if arrived_ns >= until_ns:
            return DONE
        number, stream = streams.numbers[segment], fixed.streams[segment]
        client_word, target_word = streams.words[segment, 0], streams.words[segment, 1]
        client = np.int64(high_product(client_word, np.uint64(fixed.segments[segment, 0])))
        _next_arrival(fixed, streams, segment, key_0, key_1)
        if arrived_ns - window_start_ns >= period_ns:
            window = arrived_ns // period_ns
            window_start_ns = window * period_ns
        totals[_ARRIVED] += 1

        pairs, content = fixed.segments[segment, 3], number
        if pairs:
            target = fixed.paired[fixed.paired_starts[segment] + number % pairs]
            content = number // pairs
        else:
            first, last = fixed.target_starts[segment], fixed.target_starts[segment + 1]
            target = fixed.targets[
                first + part_of(fixed.target_thresholds, first, last - 1, target_word)
            ]
        word_variant, word_instance, word_latency, word_error = philox(
            np.uint64(number), _SERVICE, stream, _FIRST_ATTEMPT, key_0, key_1
        )
        variant = target
        if target == NO_VARIANT:
            if routing_kind == _IN_TURN:
                variant = _next_in_turn(split)
            else:
                if routing_kind == _STICKY:
                    word_variant = philox(
                        np.uint64(client), _ASSIGNMENT, stream, _FIRST_ATTEMPT, key_0, key_1
                    )[0]
                choices = len(split.choices)
                variant = split.choices[part_of(split.thresholds, 0, choices - 1, word_variant)]
        first, last = split.slot_starts[variant], split.slot_starts[variant + 1]
        if log.shape[0]:
            _log_arrival(log, position, segment, client, arrived_ns)
        if first == last:
            invalid[window] += 1
            totals[_INVALID] += 1
            if log.shape[0]:
                _log_end(log, position, _STATUS_INVALID, arrived_ns)
                position[0] += 1
            continue

        workers, queue_limit = fixed.variants[variant, 0], fixed.variants[variant, 1]
        least_outstanding = fixed.variants[variant, 2]
        if least_outstanding:
            place = _least_outstanding(
                split.slots, first, last, instances, workers, arrived_ns, word_instance
            )
        else:
            place = first + np.int64(high_product(word_instance, np.uint64(last - first)))
        slot = split.slots[place]
        if log.shape[0]:
            log[position[0], 2] = variant
            log[position[0], 3] = instances.numbers[slot]
        free_ns = instances.heaps[slot, 0]
        waits = free_ns > arrived_ns
        row = requests[window, variant]
        if waits and queue_limit != UNLIMITED:
            _forget_started(instances, slot, arrived_ns)
            if instances.counts[slot] >= queue_limit:
                row[_COL_INVOCATIONS] += 1
                row[_COL_REJECTED] += 1
                row[_COL_PER_INSTANCE] += split.instance_shares[variant]
                totals[_REJECTED] += 1
                if log.shape[0]:
                    _log_end(log, position, _STATUS_REJECTED, arrived_ns)
                    position[0] += 1
                continue
        started_ns = free_ns if waits else arrived_ns
        if waits and (least_outstanding or queue_limit != UNLIMITED):
            _remember_waiting(instances, slot, started_ns)
        service_ns = draw_from_table(fixed.tables, fixed.variants[variant, 3], word_latency)
        finished_ns = started_ns + max(service_ns, np.int64(1))
        _replace_earliest(instances.heaps, slot, workers, finished_ns)
        if log.shape[0] and started_ns < horizon_ns:
            log[position[0], 5] = started_ns
        if finished_ns >= horizon_ns:
            position[0] += 1
            continue

        failed = fixed.happens[variant + 1] and word_error <= fixed.limits[variant + 1]
        ended = window
        if finished_ns - window_start_ns >= period_ns:
            ended = finished_ns // period_ns
            row = requests[ended, variant]
        latency_ns = finished_ns - arrived_ns
        row[_COL_INVOCATIONS] += 1
        row[_COL_LATENCY] += latency_ns
        row[_COL_WAIT] += started_ns - arrived_ns
        row[_COL_PER_INSTANCE] += split.instance_shares[variant]
        latencies[ended, variant, _latency_bucket(latency_ns)] += 1
        if failed:
            row[_COL_FAILED] += 1
            totals[_FAILED] += 1
            if log.shape[0]:
                _log_end(log, position, _STATUS_FAILED, finished_ns)
                position[0] += 1
            continue
        row[_COL_ANSWERED] += 1
        totals[_ANSWERED] += 1
        if log.shape[0]:
            _log_end(log, position, _OK, finished_ns)

        if not fixed.segments[segment, 2]:
            totals[_LABELS_NEVER] += 1
            position[0] += 1
            continue
        word_row, word_score, word_delay, word_never = philox(
            np.uint64(content), _OUTCOME, stream, _FIRST_ATTEMPT, key_0, key_1
        )
        if fixed.happens[0] and word_never <= fixed.limits[0]:
            totals[_LABELS_NEVER] += 1
            position[0] += 1
            continue
        label_ns = finished_ns + draw_from_table(fixed.tables, 0, word_delay)
        if log.shape[0]:
            log[position[0], 12] = label_ns
        if label_ns >= horizon_ns:
            totals[_LABELS_OUTSTANDING] += 1
            position[0] += 1
            continue
        totals[_LABELS_ARRIVED] += 1
        label, score, correct = _outcome(fixed, variant, word_row, word_score)
        bucket = label_ns // resolution_ns
        _book_label(labels, scores, bucket, variant, label, score, correct)
        if log.shape[0]:
            log[position[0], 9] = label
            log[position[0], 10] = score
            log[position[0], 11] = correct
        position[0] += 1


@njit(inline="always")
def _next_arrival(fixed, streams, segment, key_0, key_1):
    """Draw the gap to a segment's next request, and its client and target words."""
    number = streams.numbers[segment] + 1
    gap, client, target, _ = philox(
        np.uint64(number), _ARRIVAL, fixed.streams[segment], _FIRST_ATTEMPT, key_0, key_1
    )
    streams.numbers[segment] = number
    streams.clocks[segment] += draw_from_table(fixed.tables, fixed.segments[segment, 1], gap)
    streams.words[segment, 0] = client
    streams.words[segment, 1] = target


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


@njit
def _least_outstanding(slots, first, last, instances, workers, now_ns, word):
    """Place of an instance with the fewest requests in it; the word decides among equals."""
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
                return place
            chosen -= 1
    return first


@njit(inline="always")
def _outstanding(instances, slot, workers, now_ns):
    """Requests that an instance holds: waiting, and at workers that are not free yet."""
    _forget_started(instances, slot, now_ns)
    held = instances.counts[slot]
    for worker in range(workers):
        if instances.heaps[slot, worker] > now_ns:
            held += 1
    return held


@njit(inline="always")
def _forget_started(instances, slot, now_ns):
    """Drop from the ring of waiting requests those that have started by now."""
    mask = instances.waiting.shape[1] - 1
    head, count = instances.heads[slot], instances.counts[slot]
    while count and instances.waiting[slot, head] <= now_ns:
        head = (head + 1) & mask
        count -= 1
    instances.heads[slot] = head
    instances.counts[slot] = count


@njit(inline="always")
def _remember_waiting(instances, slot, started_ns):
    """Add a request that will start later; starts of one instance never fall."""
    mask = instances.waiting.shape[1] - 1
    instances.waiting[slot, (instances.heads[slot] + instances.counts[slot]) & mask] = started_ns
    instances.counts[slot] += 1
    if instances.counts[slot] > instances.longest[0]:
        instances.longest[0] = instances.counts[slot]


@njit(inline="always")
def _replace_earliest(heaps, slot, workers, finished_ns):
    """The worker that is free first takes a request: sift its new free time down the heap."""
    place = 0
    while True:
        child = 2 * place + 1
        if child >= workers:
            break
        if child + 1 < workers and heaps[slot, child + 1] < heaps[slot, child]:
            child += 1
        if heaps[slot, child] >= finished_ns:
            break
        heaps[slot, place] = heaps[slot, child]
        place = child
    heaps[slot, place] = finished_ns


@njit(inline="always")
def _latency_bucket(latency_ns):
    """simab.stats.request_totals.latency_bucket."""
    units = latency_ns >> _UNIT_BITS
    shift = max(bit_length(units) - _SUBDIVISION_BITS - 1, np.int64(0))
    return min((shift << _SUBDIVISION_BITS) + (units >> shift), np.int64(LATENCY_BUCKETS - 1))


@njit(inline="always")
def _outcome(fixed, variant, word_row, word_score):
    """OutcomeSampler.draw: label, score, correct."""
    first, last = fixed.row_starts[variant], fixed.row_starts[variant + 1]
    row = first + part_of(fixed.row_thresholds, first, last - 1, word_row)
    label, score, correct = fixed.rows[row, 0], fixed.rows[row, 1], fixed.rows[row, 2]
    if fixed.variants[variant, 4] != NO_TABLE:
        score = draw_from_table(fixed.tables, fixed.variants[variant, 4 + label], word_score)
        correct = np.int64((score >= fixed.variants[variant, 6]) == (label == 1))
    return label, score, correct


@njit(inline="always")
def _book_label(labels, scores, bucket, variant, label, score, correct):
    """Books.book_label, for a label before the horizon."""
    row = labels[bucket, variant]
    if label == NONE:
        row[_COL_SUCCESS if correct else _COL_FAILURE] += 1
        return
    if label:
        row[_COL_TRUE_POSITIVE if correct else _COL_FALSE_NEGATIVE] += 1
    else:
        row[_COL_TRUE_NEGATIVE if correct else _COL_FALSE_POSITIVE] += 1
    distance = score - label * np.int64(SCORE_ONE)
    row[_COL_SQUARED_ERROR] += (distance * distance) >> np.int64(SCORE_BITS)
    score_bin = min(score >> _SCORE_BIN_SHIFT, np.int64(SCORE_BINS - 1))
    scores[bucket, variant, label, score_bin] += 1


@njit(inline="always")
def _log_arrival(log, position, segment, client, arrived_ns):
    """Begin a record: all that is unknown is -1."""
    row = log[position[0]]
    row[0] = segment
    row[1] = client
    row[2] = NO_VARIANT
    row[3] = UNKNOWN
    row[4] = arrived_ns
    row[5] = UNKNOWN
    row[6] = UNKNOWN
    row[7] = _IN_FLIGHT
    row[8] = 0
    row[9] = NONE
    row[10] = NONE
    row[11] = NONE
    row[12] = UNKNOWN


@njit(inline="always")
def _log_end(log, position, status, finished_ns):
    """The reply."""
    log[position[0], 6] = finished_ns
    log[position[0], 7] = status
