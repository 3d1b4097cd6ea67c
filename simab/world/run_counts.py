"""The counts of a run: whole-number counts per variant and window, filled as requests finish.

A request is booked in the window in which it finishes, its assignment to a variant in that in
which it arrives, a label in the bucket in which it arrives;
what would fall after the horizon is counted as outstanding instead. Both data planes fill the same
arrays, so that comparing them compares the runs.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import partial
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.outcomes import NONE, SCORE_BITS, SCORE_ONE, RequestOutcome, score_cell
from simab.stats.classification import ConfusionCounts
from simab.stats.label_totals import NO_REWARDS, SCORE_BINS, LabelTotals, RewardTotals, known_scores
from simab.stats.request_totals import RequestTotals, latency_bucket
from simab.world.blueprint import Blueprint
from simab.world.latency_counts import LatencyCounts

__all__ = [
    "ARRAYS",
    "CARRY_NS",
    "CLIENT_BITS",
    "INSTANCE_SHARE_ONE",
    "SQUARES_CUT",
    "LabelColumn",
    "RequestColumn",
    "RewardColumn",
    "RunCounts",
    "Status",
    "Total",
    "time_sum_ns",
]

INSTANCE_SHARE_ONE: Final = 1 << 20
CLIENT_BITS: Final = 6
"""Bits of a client's number that say its place within a word of 64 clients."""
CARRY_NS: Final = 1 << 62
_FEW_WINDOWS: Final = 64
"""Fewer are summed in Python's whole numbers, which is quicker."""
SQUARES_CUT: Final = 32
"""Bits of a squared reward that the lower of its two sums takes."""


class Status(IntEnum):
    """How a request ended; the codes are those of HTTP."""

    IN_FLIGHT = 0
    OK = 200
    INVALID_TARGET = 400
    FAILED = 500
    REJECTED = 503


class RequestColumn(IntEnum):
    """Columns of `RunCounts.requests`."""

    INVOCATIONS = 0
    ANSWERED = 1
    FAILED = 2
    REJECTED = 3
    LATENCY_SUM_NS = 4
    WAIT_SUM_NS = 5
    INVOCATIONS_PER_INSTANCE = 6  # in units of 1 / INSTANCE_SHARE_ONE
    LATENCY_CARRIES = 7  # times that LATENCY_SUM_NS passed CARRY_NS and started again
    WAIT_CARRIES = 8
    COPIES = 9  # of the INVOCATIONS, those that no user waited for
    COPIES_ANSWERED = 10  # of the ANSWERED
    ASSIGNED = 11  # sent here by the weights, in the window of arrival, however they end
    USERS_ASSIGNED = 12  # of the ASSIGNED, the first of each client or session that routing keeps


class LabelColumn(IntEnum):
    """Columns of `RunCounts.labels`."""

    TRUE_POSITIVE = 0
    FALSE_POSITIVE = 1
    FALSE_NEGATIVE = 2
    TRUE_NEGATIVE = 3
    SUCCESS = 4
    FAILURE = 5
    SQUARED_ERROR = 6


class RewardColumn(IntEnum):
    """Columns of `RunCounts.rewards`; rewards in units of the variant's scale."""

    COUNT = 0
    SUM = 1
    SQUARES_HIGH = 2  # squares of units, cut into two halves that can be summed in 64 bits
    SQUARES_LOW = 3


class Total(IntEnum):
    """Entries of `RunCounts.totals`, over the whole run."""

    ARRIVED = 0
    ANSWERED = 1
    FAILED = 2
    REJECTED = 3
    INVALID = 4
    LABELS_ARRIVED = 5
    LABELS_OUTSTANDING = 6
    LABELS_NEVER = 7
    COPIES = 8  # mirrored, not among the arrived; only the windows hold how they ended


@dataclass(frozen=True, slots=True, eq=False)
class RunCounts:
    """Accumulators of one run.

    `requests` has shape (windows, variants, 13), `labels` (buckets, variants, 7), `scores`
    (buckets, variants, 2, SCORE_BINS) or no buckets where no variant has scores, `invalid`
    (windows,), `totals` (9,), `rewards` (buckets, variants, 4) or no buckets where no variant earns
    rewards. `clients` has a bit for each client, in order of segments and clients, which says
    whether one of the blueprint's variants `watched` took a request of it that ended; no words
    where none is watched.
    """

    blueprint: Blueprint
    requests: NDArray[np.int64]
    latency_counts: LatencyCounts
    labels: NDArray[np.int64]
    scores: NDArray[np.int32]
    invalid: NDArray[np.int64]
    totals: NDArray[np.int64]
    rewards: NDArray[np.int64]
    clients: NDArray[np.uint64]

    @property
    def arrays(self) -> Any:
        """The arrays by name in a named tuple, which compiled code takes."""
        latencies = self.latency_counts
        arrays = [getattr(self, name) for name in _OWN_ARRAYS]
        return _Arrays._make([*arrays, latencies.opened, latencies.places, latencies.room])

    @property
    def latencies(self) -> NDArray[np.int32]:
        """All histograms, shape (windows, variants, LATENCY_BUCKETS): large where they are many."""
        return self.latency_counts.all()

    def shown(self, lock: Callable[[NDArray[Any]], NDArray[Any]]) -> RunCounts:
        """The same counts as they go on, in arrays that `lock` makes read-only."""
        own: dict[str, Any] = {name: lock(getattr(self, name)) for name in _OWN_ARRAYS}
        return replace(self, **own, latency_counts=self.latency_counts.shown(lock))

    @classmethod
    def open(cls, blueprint: Blueprint) -> RunCounts:
        """Empty counts for one run."""
        windows = ceil(blueprint.horizon_ns / blueprint.period_ns)
        buckets = ceil(blueprint.horizon_ns / blueprint.label_resolution_ns)
        variants = len(blueprint.variants)
        outcomes = blueprint.conditions.samplers
        scored = any(each.has_labels for each in outcomes)
        earning = any(each.reward_scale for each in outcomes)
        return cls(
            blueprint=blueprint,
            requests=np.zeros((windows, variants, len(RequestColumn)), dtype=np.int64),
            latency_counts=LatencyCounts.open(windows, variants, len(blueprint.segments)),
            labels=np.zeros((buckets, variants, len(LabelColumn)), dtype=np.int64),
            scores=np.zeros((buckets if scored else 0, variants, 2, SCORE_BINS), dtype=np.int32),
            invalid=np.zeros(windows, dtype=np.int64),
            totals=np.zeros(len(Total), dtype=np.int64),
            rewards=np.zeros((buckets if earning else 0, variants, len(RewardColumn)), np.int64),
            clients=np.zeros(_words_of_clients(blueprint), dtype=np.uint64),
        )

    def book_invalid(self, arrived_ns: int) -> None:
        """A request that named a variant that is not on the endpoint."""
        self.invalid[arrived_ns // self.blueprint.period_ns] += 1
        self.totals[Total.INVALID] += 1

    def book_assigned(self, variant: int, arrived_ns: int, *, new_user: bool) -> None:
        """A request that the weights sent to a variant, whatever becomes of it there."""
        row = self.requests[arrived_ns // self.blueprint.period_ns, variant]
        row[RequestColumn.ASSIGNED] += 1
        row[RequestColumn.USERS_ASSIGNED] += new_user

    def book_rejected(self, variant: int, arrived_ns: int, instances: int) -> None:
        """A request or a copy that found the queue full."""
        row = self.requests[arrived_ns // self.blueprint.period_ns, variant]
        row[RequestColumn.INVOCATIONS] += 1
        row[RequestColumn.REJECTED] += 1
        row[RequestColumn.INVOCATIONS_PER_INSTANCE] += INSTANCE_SHARE_ONE // instances

    def book_served(
        self, variant: int, times_ns: tuple[int, int, int], failed: bool, instances: int
    ) -> None:
        """A request or a copy that was served; arrival, start and finish before the horizon."""
        arrived_ns, started_ns, finished_ns = times_ns
        window = finished_ns // self.blueprint.period_ns
        row = self.requests[window, variant]
        row[RequestColumn.INVOCATIONS] += 1
        row[RequestColumn.FAILED if failed else RequestColumn.ANSWERED] += 1
        _add_time(row, RequestColumn.LATENCY_SUM_NS, finished_ns - arrived_ns)
        _add_time(row, RequestColumn.WAIT_SUM_NS, started_ns - arrived_ns)
        row[RequestColumn.INVOCATIONS_PER_INSTANCE] += INSTANCE_SHARE_ONE // instances
        self.latency_counts.count(window, variant, latency_bucket(finished_ns - arrived_ns))

    def book_copy(self, variant: int, ended_ns: int, status: Status) -> None:
        """Of what has been booked, a copy that ended so."""
        row = self.requests[ended_ns // self.blueprint.period_ns, variant]
        row[RequestColumn.COPIES] += 1
        row[RequestColumn.COPIES_ANSWERED] += status is Status.OK

    def book_end(self, status: Status) -> None:
        """How a request ended that was no copy."""
        self.totals[_TOTAL_OF[status]] += 1

    def book_client(self, variant: int, segment: int, client: int) -> None:
        """Whose request ended at a variant, answered or not, if that variant is watched."""
        if variant in self.blueprint.watched:
            number = self.blueprint.clients_before[segment] + client
            self.clients[number >> CLIENT_BITS] |= np.uint64(1 << number % (1 << CLIENT_BITS))

    def book_label(self, variant: int, label_ns: int, outcome: RequestOutcome) -> None:
        """A label that arrives at `label_ns`, or after the horizon."""
        self.book_label_end(label_ns)
        self.count_label(variant, label_ns, outcome)

    def book_label_end(self, label_ns: int | None) -> None:
        """When the label of an answered request arrives: perhaps after the horizon, or never."""
        if label_ns is None:
            self.totals[Total.LABELS_NEVER] += 1
        elif label_ns >= self.blueprint.horizon_ns:
            self.totals[Total.LABELS_OUTSTANDING] += 1
        else:
            self.totals[Total.LABELS_ARRIVED] += 1

    def count_label(
        self, variant: int, label_ns: int, outcome: RequestOutcome, count: int = 1
    ) -> None:
        """Count what is known at `label_ns`, or take it back, if that is before the horizon."""
        if label_ns >= self.blueprint.horizon_ns:
            return
        bucket = label_ns // self.blueprint.label_resolution_ns
        row = self.labels[bucket, variant]
        if outcome.correct == NONE:
            self._book_reward(bucket, variant, outcome.score)
            return
        if outcome.label == NONE:
            row[LabelColumn.SUCCESS if outcome.correct else LabelColumn.FAILURE] += count
            return
        if outcome.label:
            hit, miss = LabelColumn.TRUE_POSITIVE, LabelColumn.FALSE_NEGATIVE
        else:
            hit, miss = LabelColumn.TRUE_NEGATIVE, LabelColumn.FALSE_POSITIVE
        row[hit if outcome.correct else miss] += count
        distance = outcome.score - outcome.label * SCORE_ONE
        row[LabelColumn.SQUARED_ERROR] += count * (distance * distance >> SCORE_BITS)
        score_bin = self.blueprint.score_bins[score_cell(outcome.score)]
        self.scores[bucket, variant, outcome.label, score_bin] += count

    def _book_reward(self, bucket: int, variant: int, units: int) -> None:
        row = self.rewards[bucket, variant]
        row[RewardColumn.COUNT] += 1
        row[RewardColumn.SUM] += units
        row[RewardColumn.SQUARES_HIGH] += units * units >> SQUARES_CUT
        row[RewardColumn.SQUARES_LOW] += units * units & (1 << SQUARES_CUT) - 1

    def clients_met(self) -> int:
        """How many clients met one of the variants that are watched."""
        return int(np.bitwise_count(self.clients).sum(dtype=np.int64))

    def user_requests(self) -> NDArray[np.int64]:
        """Requests of users by window and variant, shape (windows, variants): copies left out."""
        invocations = self.requests[:, :, RequestColumn.INVOCATIONS]
        return invocations - self.requests[:, :, RequestColumn.COPIES]

    def request_totals(self, variant: int, first: int, last: int) -> RequestTotals:
        """Totals of the windows from `first` up to, not including, `last`."""
        rows = self.requests[first:last, variant]
        if len(rows) == 1:  # as most looks ask for: a sum would cost more than the row
            sums = rows[0].tolist()
            carried = sums[RequestColumn.LATENCY_CARRIES]
            latency_sum_ns = sums[RequestColumn.LATENCY_SUM_NS] + carried * CARRY_NS
        else:
            sums = rows.sum(axis=0).tolist()
            latency_sum_ns = time_sum_ns(rows, RequestColumn.LATENCY_SUM_NS)
        invocations, answered, failed, rejected, *_ = sums  # in the order of RequestColumn
        latencies = self.latency_counts
        read = latencies.rows if latencies.whole else latencies.sum
        return RequestTotals(
            invocations,
            answered,
            failed,
            rejected,
            latency_sum_ns,
            partial(read, variant, first, last),
        )

    def label_columns(self, variant: int, first: int, last: int) -> list[int]:
        """What the label buckets from `first` up to, not including, `last` add to each column.

        As the run's rule counts: where it weighs answers by their age, failures are what of all
        answers has matured, less the successes.
        """
        sums: list[int] = self.labels[first:last, variant].sum(axis=0).tolist()
        if self.blueprint.maturity is None:
            return sums
        before: list[int] = self.labels[:first, variant].sum(axis=0).tolist()
        until = [earlier + own for earlier, own in zip(before, sums, strict=True)]
        ends = self.matured(variant, last, until), self.matured(variant, first, before)
        return [after - earlier for after, earlier in zip(*ends, strict=True)]

    def matured(self, variant: int, until: int, sums: list[int]) -> list[int]:
        """Columns of labels summed up to a bucket, as the run's rule counts them.

        Answers that are to be weighed by their age stand among the failures.
        """
        maturity = self.blueprint.maturity
        if maturity is None:
            return sums
        found, answered = list(sums), self.labels[:until, variant, LabelColumn.FAILURE]
        weighed = maturity.matured(variant, answered) - found[LabelColumn.SUCCESS]
        found[LabelColumn.FAILURE] = max(weighed, 0)
        return found

    def label_totals(self, variant: int, first: int, last: int) -> LabelTotals:
        """Totals of the label buckets from `first` up to, not including, `last`."""
        scores = self.scores[first:last, variant].sum(axis=0, dtype=np.int64)
        return self.totals_of_labels(
            variant,
            self.label_columns(variant, first, last),
            self.rewards[first:last, variant].sum(axis=0).tolist() if len(self.rewards) else None,
            known_scores(scores),
        )

    def totals_of_labels(
        self,
        variant: int,
        sums: list[int],
        rewards: list[int] | None,
        read_scores: Callable[[], NDArray[np.int64]],
    ) -> LabelTotals:
        """A variant's columns of labels and rewards, summed over some buckets, as totals.

        None where no variant earns rewards; scores have shape (2, SCORE_BINS).
        """
        *cells, successes, failures, squared_error_sum = sums  # in the order of LabelColumn
        return LabelTotals(  # by place, and without checks: a tick makes two
            ConfusionCounts._make(cells),
            successes,
            failures,
            squared_error_sum,
            read_scores,
            NO_REWARDS if rewards is None else self._reward_totals(variant, rewards),
        )

    def _reward_totals(self, variant: int, sums: list[int]) -> RewardTotals:
        count, total, high, low = sums
        scale = self.blueprint.conditions.own(variant).reward_scale
        if not count or scale is None:
            return NO_REWARDS
        deviations = count * ((high << SQUARES_CUT) + low) - total * total  # in whole numbers
        return RewardTotals(
            count, scale.value(total / count), scale.squared(deviations / count), scale.value(0)
        )


def _words_of_clients(blueprint: Blueprint) -> int:
    return (blueprint.clients_before[-1] >> CLIENT_BITS) + 1 if blueprint.watched else 0


_OWN_ARRAYS: Final = tuple(
    each.name for each in fields(RunCounts) if each.name not in ("blueprint", "latency_counts")
)
ARRAYS: Final = (*_OWN_ARRAYS, "latencies")
"""The names of the arrays of `RunCounts`: two runs are equal when these are."""
_Arrays: Any = namedtuple(  # type: ignore[misc]
    "_Arrays", [*_OWN_ARRAYS, "latencies", "latency_places", "latency_room"]
)


def _add_time(row: NDArray[np.int64], column: RequestColumn, time_ns: int) -> None:
    """Add to a sum that may outgrow 64 bits: in an overloaded queue every wait is long."""
    row[column] += time_ns
    if row[column] >= CARRY_NS:
        row[column] -= CARRY_NS
        row[_CARRIES[column]] += 1


_TOTAL_OF: Final = {
    Status.OK: Total.ANSWERED,
    Status.FAILED: Total.FAILED,
    Status.REJECTED: Total.REJECTED,
}
_CARRIES: Final = {
    RequestColumn.LATENCY_SUM_NS: RequestColumn.LATENCY_CARRIES,
    RequestColumn.WAIT_SUM_NS: RequestColumn.WAIT_CARRIES,
}


def time_sum_ns(rows: NDArray[np.int64], column: RequestColumn) -> int:
    """The exact sum of a time column over some windows, shape of rows (windows, 13)."""
    low, carries = rows[:, column], int(rows[:, _CARRIES[column]].sum())
    if len(rows) < _FEW_WINDOWS:  # as a look at the newest windows has them
        return int(sum(low.tolist())) + carries * CARRY_NS
    # two halves, since a sum of windows may outgrow 64 bits where no window does
    return (int((low >> 31).sum()) << 31) + int((low & (1 << 31) - 1).sum()) + carries * CARRY_NS
