"""Booking inside compiled code: windows and labels, as simab.world.run_counts says.

A request is booked when its times are known, which may be long before they come: in the window in
which it finishes, its label in the bucket in which that arrives.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.outcomes import NONE, SCORE_BITS, SCORE_CELL_BITS, SCORE_CELLS, SCORE_ONE
from simab.stats.request_totals import LATENCY_BUCKETS
from simab.world.compiled.arrays import NEVER, NO_TABLE, ROW, SCORE
from simab.world.compiled.draws import OPTIONS, bit_length, draw_from_table, own_word, part_of
from simab.world.compiled.log import client_of_all
from simab.world.run_counts import (
    CARRY_NS,
    CLIENT_BITS,
    SQUARES_CUT,
    LabelColumn,
    RequestColumn,
    RewardColumn,
    Total,
)

__all__ = [
    "book_assigned",
    "book_client",
    "book_copy",
    "book_rejected",
    "book_served",
    "fails",
    "learn",
]

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
_COL_SUCCESS, _COL_FAILURE = int(LabelColumn.SUCCESS), int(LabelColumn.FAILURE)
_COL_SQUARED_ERROR = int(LabelColumn.SQUARED_ERROR)
_COL_REWARDS, _COL_REWARD_SUM = int(RewardColumn.COUNT), int(RewardColumn.SUM)
_COL_SQUARES_HIGH = int(RewardColumn.SQUARES_HIGH)
_COL_SQUARES_LOW = int(RewardColumn.SQUARES_LOW)
_SQUARES_CUT = np.int64(SQUARES_CUT)
_SQUARES_REST = np.int64((1 << SQUARES_CUT) - 1)
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
_SUBDIVISION_BITS = np.int64(6)
_UNIT_BITS = np.int64(10)
_LAST_BUCKET = np.int64(LATENCY_BUCKETS - 1)
_SCORE_ONE = np.int64(SCORE_ONE)
_SCORE_CELL_BITS = np.int64(SCORE_CELL_BITS)
_LAST_SCORE_CELL = np.int64(SCORE_CELLS - 1)


@njit(inline="always")
def book_assigned(constants, routing, streams, requests, segment, place, window, variant):
    """RunCounts.book_assigned."""
    requests[window, variant, _COL_ASSIGNED] += 1
    if routing.users.shape[0]:
        new = _first_of_client(constants, routing, streams, segment, place)
        requests[window, variant, _COL_USERS_ASSIGNED] += new


@njit(**OPTIONS)
def _first_of_client(constants, routing, streams, segment, place):
    """1 if the client has not been assigned in this epoch, and from now on it has; else 0."""
    client = np.uint64(client_of_all(constants, streams, segment, place))
    bit, word = np.uint64(1) << (client & _CLIENT_REST), client >> _CLIENT_BITS
    seen = routing.users[word]
    routing.users[word] = seen | bit
    return np.int64((seen & bit) == np.uint64(0))


@njit(inline="always")
def book_client(constants, streams, run_counts, segment, place, variant):
    """RunCounts.book_client."""
    if constants.variants[variant].watched:
        _meet(constants, streams, run_counts, segment, place)


@njit(**OPTIONS)
def _meet(constants, streams, run_counts, segment, place):
    """Note who asks: the bit of the client."""
    client = np.uint64(client_of_all(constants, streams, segment, place))
    bit, word = np.uint64(1) << (client & _CLIENT_REST), client >> _CLIENT_BITS
    run_counts.clients[word] |= bit


@njit(inline="always")
def book_rejected(routing, requests, window, variant):
    """RunCounts.book_rejected."""
    requests[window, variant, _COL_INVOCATIONS] += 1
    requests[window, variant, _COL_REJECTED] += 1
    requests[window, variant, _COL_PER_INSTANCE] += routing.instance_shares[variant]


@njit(inline="always")
def book_copy(requests, window, variant, answered):
    """RunCounts.book_copy."""
    requests[window, variant, _COL_COPIES] += 1
    requests[window, variant, _COL_COPIES_ANSWERED] += np.int64(answered)


@njit(inline="always")
def fails(constants, variant, word):
    """Whether a served request is answered with an error."""
    return constants.variants[variant].may_fail and word <= constants.variants[variant].fails_up_to


@njit(inline="always")
def book_served(routing, run_counts, window, variant, times_ns, failed):
    """RunCounts.book_served."""
    requests = run_counts.requests
    arrived_ns, started_ns, finished_ns = times_ns
    latency_ns = finished_ns - arrived_ns
    requests[window, variant, _COL_INVOCATIONS] += 1
    requests[window, variant, _COL_FAILED if failed else _COL_ANSWERED] += 1
    _add_time(requests, window, variant, _COL_LATENCY, _COL_LATENCY_CARRIES, latency_ns)
    _add_time(requests, window, variant, _COL_WAIT, _COL_WAIT_CARRIES, started_ns - arrived_ns)
    requests[window, variant, _COL_PER_INSTANCE] += routing.instance_shares[variant]
    run_counts.latencies[window, variant, np.uint64(_latency_bucket(latency_ns))] += 1


@njit(inline="always")
def _add_time(requests, window, variant, column, carries, time_ns):
    """RunCounts._add_time."""
    requests[window, variant, column] += time_ns
    if requests[window, variant, column] >= _CARRY_NS:
        requests[window, variant, column] -= _CARRY_NS
        requests[window, variant, carries] += 1


@njit(inline="always")
def learn(constants, streams, run_counts, log, record, segment, place, variant, finished_ns):
    """Book the label of an answered request now, for the time at which it will arrive."""
    totals, logging = run_counts.totals, log.shape[0] > 0
    delay_ns = streams.delays_ns[segment, place]
    if delay_ns == NEVER:
        totals[_LABELS_NEVER] += 1
        return
    label_ns = finished_ns + delay_ns
    if logging:
        log[record].label_ns = label_ns
    if label_ns >= constants.horizon_ns:
        totals[_LABELS_OUTSTANDING] += 1
        return
    totals[_LABELS_ARRIVED] += 1
    word_row, word_score = streams.words[segment, ROW, place], streams.words[segment, SCORE, place]
    label, score, correct = _outcome(constants, variant, word_row, word_score)
    bucket = np.uint64(
        _quotient(label_ns, constants.label_resolution_ns, constants.label_buckets_per_ns)
    )
    if correct == NONE:
        _book_reward(run_counts.rewards, bucket, variant, score)
    else:
        _book_label(constants, run_counts, bucket, variant, label, score, correct)
    if logging:
        log[record].label = label
        log[record].score = score
        log[record].correct = correct


@njit(inline="always")
def _quotient(time_ns, length_ns, per_ns):
    """time_ns // length_ns: a guess in floating point is off by one at most, and put right."""
    guess = np.int64(np.float64(time_ns) * per_ns)
    rest_ns = time_ns - guess * length_ns
    return guess + np.int64(rest_ns >= length_ns) - np.int64(rest_ns < 0)


@njit(inline="always")
def _latency_bucket(latency_ns):
    """simab.stats.request_totals.latency_bucket."""
    units = latency_ns >> _UNIT_BITS
    shift = max(bit_length(units) - _SUBDIVISION_BITS - 1, np.int64(0))
    return min((shift << _SUBDIVISION_BITS) + (units >> shift), _LAST_BUCKET)


@njit(inline="always")
def _outcome(constants, variant, word_row, word_score):
    """OutcomeSampler.draw: label, score, correct."""
    plan = constants.variants[variant]
    if constants.rows[np.uint64(plan.first_row)].label == NONE:
        word_row = own_word(word_row, plan.salt)
    part = part_of(constants.row_thresholds, plan.first_row, plan.last_row, word_row)
    row = constants.rows[np.uint64(plan.first_row + part)]
    label, score, correct = row.label, row.score, row.correct
    if plan.negatives_table != NO_TABLE:
        if label == NONE:
            return label, _reward(constants, variant, score, word_score), correct
        table = plan.positives_table if label else plan.negatives_table
        score = draw_from_table(constants.tables, table, own_word(word_score, plan.salt))
        predicted = np.int64(score >= plan.threshold)
        correct = np.int64(1) - (predicted ^ label)
    return label, score, correct


@njit
def _reward(constants, variant, units, word):
    """The reward of a row, or one that is drawn. Not inlined: most runs have none."""
    if units != NONE:
        return units
    own = own_word(word, constants.variants[variant].salt)
    return draw_from_table(constants.tables, constants.variants[variant].negatives_table, own)


@njit
def _book_reward(rewards, bucket, variant, units):
    """RunCounts._book_reward."""
    square = units * units
    rewards[bucket, variant, _COL_REWARDS] += 1
    rewards[bucket, variant, _COL_REWARD_SUM] += units
    rewards[bucket, variant, _COL_SQUARES_HIGH] += square >> _SQUARES_CUT
    rewards[bucket, variant, _COL_SQUARES_LOW] += square & _SQUARES_REST


@njit(inline="always")
def _book_label(constants, run_counts, bucket, variant, label, score, correct):
    """RunCounts.book_label, for a label before the horizon."""
    if label == NONE:
        run_counts.labels[bucket, variant, _COL_SUCCESS if correct else _COL_FAILURE] += 1
        return
    run_counts.labels[bucket, variant, _CONFUSION[np.uint64(2 * label + correct)]] += 1
    distance = score - label * _SCORE_ONE
    run_counts.labels[bucket, variant, _COL_SQUARED_ERROR] += (distance * distance) >> np.int64(
        SCORE_BITS
    )
    score_bin = np.uint64(constants.score_bins[_score_cell(score)])
    run_counts.scores[bucket, variant, np.uint64(label), score_bin] += 1


@njit(inline="always")
def _score_cell(score):
    """simab.profiles.outcomes.score_cell."""
    from_end = min(score, _SCORE_ONE - score)
    shift = max(bit_length(from_end) - _SCORE_CELL_BITS - 1, np.int64(0))
    cell = (shift << _SCORE_CELL_BITS) + (from_end >> shift)
    return np.uint64(cell if score == from_end else _LAST_SCORE_CELL - cell)
