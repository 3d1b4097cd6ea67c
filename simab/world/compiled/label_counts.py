"""Labels are counted inside compiled code, as simab.world.run_counts says."""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.outcomes import NONE, SCORE_BITS, SCORE_ONE
from simab.world.compiled.draws import NOT_FROM_PYTHON
from simab.world.run_counts import SQUARES_CUT, LabelColumn, RewardColumn

__all__ = ["bucket_of", "count_label", "count_reward"]

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
_SCORE_ONE = np.int64(SCORE_ONE)


@njit(inline="always")
def bucket_of(constants, label_ns):
    """The bucket in which a label arrives."""
    return np.uint64(
        _quotient(label_ns, constants.label_resolution_ns, constants.label_buckets_per_ns)
    )


@njit(inline="always")
def _quotient(time_ns, length_ns, per_ns):
    """time_ns // length_ns: a guess in floating point is off by one at most, and put right."""
    guess = np.int64(np.float64(time_ns) * per_ns)
    rest_ns = time_ns - guess * length_ns
    return guess + np.int64(rest_ns >= length_ns) - np.int64(rest_ns < 0)


@njit(**NOT_FROM_PYTHON)
def count_reward(rewards, bucket, variant, units):
    """RunCounts._book_reward."""
    square = units * units
    rewards[bucket, variant, _COL_REWARDS] += 1
    rewards[bucket, variant, _COL_REWARD_SUM] += units
    rewards[bucket, variant, _COL_SQUARES_HIGH] += square >> _SQUARES_CUT
    rewards[bucket, variant, _COL_SQUARES_LOW] += square & _SQUARES_REST


@njit(inline="always")
def count_label(run_counts, bucket, variant, label, score, correct, score_bin, sign):
    """RunCounts.count_label of what is no reward, before the horizon."""
    if label == NONE:
        run_counts.labels[bucket, variant, _COL_SUCCESS if correct else _COL_FAILURE] += sign
        return
    run_counts.labels[bucket, variant, _CONFUSION[np.uint64(2 * label + correct)]] += sign
    distance = score - label * _SCORE_ONE
    error = (distance * distance) >> np.int64(SCORE_BITS)
    run_counts.labels[bucket, variant, _COL_SQUARED_ERROR] += sign * error
    run_counts.scores[bucket, variant, np.uint64(label), np.uint64(score_bin)] += sign
