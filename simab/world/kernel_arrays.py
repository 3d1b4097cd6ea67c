"""A blueprint, a split and the state of a run as plain arrays, grouped for the compiled kernel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.profiles.quantile_table import QuantileTable
from simab.world.blueprint import Blueprint, VariantPlan
from simab.world.books import INSTANCE_SHARE_ONE
from simab.world.routing import Routing

__all__ = [
    "BLOCK",
    "CLIENT",
    "CLIENTS_WANTED",
    "CLIENT_BITS",
    "CLOCK",
    "CURSOR",
    "DELAY",
    "ERROR",
    "HIDDEN",
    "INSTANCE",
    "LATENCY",
    "NEVER",
    "NO_COOKIE",
    "NO_TABLE",
    "NUMBER",
    "ROW",
    "SCORE",
    "TARGET",
    "UNLIMITED",
    "VARIANT",
    "VARIANT_ROUTING",
    "Fixed",
    "FreeTimes",
    "Split",
    "Streams",
    "fixed_of",
    "split_of",
    "streams_of",
]

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]

BLOCK: Final = 64
"""Requests of a segment that are drawn together: independent blocks keep a processor busy."""
CLOCK, NUMBER, CURSOR, CLIENTS_WANTED = (np.uint64(number) for number in range(4))
"""Columns of `Streams.marks`."""
WORDS: Final = 10
CLIENT, TARGET, VARIANT, INSTANCE, LATENCY, ERROR, ROW, SCORE, DELAY, HIDDEN = (
    np.uint64(number) for number in range(WORDS)
)
"""Words of a request, in the order of `Streams.words`."""
NEVER: Final = -1
UNLIMITED: Final = -1
NO_TABLE: Final = -1
NO_COOKIE: Final = -(1 << 62)  # as if it had run out long ago
CLIENT_BITS: Final = 6  # of a client's number, which say its bit within a word of `Split.users`
VARIANT_ROUTING: Final = {
    "weighted_random": 0,
    "sticky_hash": 1,
    "smooth_weighted_round_robin": 2,
}


class Fixed(NamedTuple):
    """What does not change during a run. Row v of a per-variant array is variant v.

    `tables` holds every quantile table as a row. `scalars`: horizon, metric period, label
    resolution (ns), routing kind; `per_ns`: label buckets per ns. `salts` tell the variants' own
    words apart. `limits`: the words up to which a
    request is never labelled, and per variant fails; `happens` whether any word does.
    `variants`: workers, queue limit, least outstanding, latency table, table of negative (or of
    rewards) and of positive scores, threshold. `segments`: clients, gap table, labelled, number of
    paired targets, whether routing asks for the words of clients, clients of the segments before.
    `score_bins`: the bin of each cell of scores. Ragged lists are one flat array with `starts`.
    """

    tables: Integers
    scalars: Integers
    per_ns: NDArray[np.float64]
    seeds: Words
    streams: Words
    salts: Words
    limits: Words
    happens: NDArray[np.bool_]
    variants: Integers
    segments: Integers
    target_starts: Integers
    target_thresholds: Words
    targets: Integers
    paired_starts: Integers
    paired: Integers
    row_starts: Integers
    row_thresholds: Words
    rows: Integers
    score_bins: NDArray[np.uint8]


class Split(NamedTuple):
    """A routing in force: the choices with their thresholds and turns, the slots per variant.

    `cookies` says since when each client has one, in order of segments and clients; NO_COOKIE: it
    has none (no entries: nobody gets any). `users` has a bit for each client who has been assigned
    in this epoch (no entries: users are not counted). `rules`: the variant whose reply gives a
    cookie, its age in ns, the variant that gets copies, and the word up to which there is a copy,
    as signed bits.
    """

    thresholds: Words
    choices: Integers
    turns: Integers
    taken: Integers
    slot_starts: Integers
    slots: Integers
    instance_shares: Integers
    cookies: Integers
    users: Words
    rules: Integers


class Streams(NamedTuple):
    """The next arrivals of each segment, drawn a block at a time.

    `marks` by segment: CLOCK (ticks) and NUMBER of the last request drawn, CURSOR, the place of the
    next one to play within the block, and whether CLIENTS_WANTED. Per segment and place:
    `arrived_ns`, and `delays_ns` until the label (NEVER: it never comes). `words` has shape
    (segments, WORDS, BLOCK); those of clients and targets are drawn only where routing asks, or
    they are wanted.
    """

    marks: Integers
    arrived_ns: Integers
    delays_ns: Integers
    words: Words


class FreeTimes(NamedTuple):
    """Instances by slot: the times at which workers are free, and who still waits.

    The times of up to 8 workers are in no order, those of more are a heap.
    `waiting[slot]` is a ring of start times, from `heads[slot]` on, `counts[slot]` long; it is
    kept only where a queue limit or least-outstanding routing needs it. `longest[0]` is the
    largest count that ever was; `numbers[slot]` is the instance's number within its variant.
    """

    numbers: Integers
    free_ns: Integers
    waiting: Integers
    heads: Integers
    counts: Integers
    longest: Integers


def fixed_of(blueprint: Blueprint, draws: Draws) -> Fixed:
    """Pack a blueprint and a replication's keys."""
    seeds = np.array([draws.seed, draws.replication], dtype=np.uint64)
    return _packed(blueprint)._replace(seeds=seeds)


@lru_cache(maxsize=2)
def _packed(blueprint: Blueprint) -> Fixed:
    """Pack what all replications share, once."""
    tables = _Tables(blueprint.label_delay)
    variants = [_variant_row(variant, tables) for variant in blueprint.variants]
    clients_before = accumulate((each.clients for each in blueprint.segments[:-1]), initial=0)
    sticky = blueprint.scenario.endpoint.variant_routing == "sticky_hash"
    segments = [
        (
            segment.clients,
            tables.row_of(segment.gaps),
            int(segment.labelled),
            len(segment.paired),
            int(sticky or len(segment.targets) > 1),
            before,
        )
        for segment, before in zip(blueprint.segments, clients_before, strict=True)
    ]
    outcomes = [variant.outcomes for variant in blueprint.variants]
    below = [blueprint.never_labelled_below, *(each.error_below for each in blueprint.variants)]
    return Fixed(
        tables=tables.stacked(),
        scalars=_scalars(blueprint),
        per_ns=np.array([1.0 / blueprint.label_resolution_ns]),
        seeds=np.zeros(2, dtype=np.uint64),
        streams=np.array([segment.stream for segment in blueprint.segments], dtype=np.uint64),
        salts=np.array([variant.salt for variant in blueprint.variants], dtype=np.uint64),
        limits=np.array([max(word - 1, 0) for word in below], dtype=np.uint64),
        happens=np.array([word > 0 for word in below]),
        variants=np.array(variants, dtype=np.int64),
        segments=np.array(segments, dtype=np.int64),
        target_starts=_starts([segment.targets for segment in blueprint.segments]),
        target_thresholds=_flat_words(
            [segment.target_thresholds for segment in blueprint.segments]
        ),
        targets=_flat([segment.targets for segment in blueprint.segments]),
        paired_starts=_starts([segment.paired for segment in blueprint.segments]),
        paired=_flat([segment.paired for segment in blueprint.segments]),
        row_starts=_starts([each.labels for each in outcomes]),
        row_thresholds=_flat_words([each.thresholds for each in outcomes]),
        rows=np.column_stack(
            [
                _flat([each.labels for each in outcomes]),
                _flat([each.scores for each in outcomes]),
                _flat([each.correct for each in outcomes]),
            ]
        ),
        score_bins=blueprint.score_bins,
    )


def _variant_row(variant: VariantPlan, tables: _Tables) -> tuple[int, ...]:
    scores = variant.outcomes.score_tables
    if variant.outcomes.reward_table is not None:
        scores = (variant.outcomes.reward_table, variant.outcomes.reward_table)
    return (
        variant.workers,
        UNLIMITED if variant.queue_limit is None else variant.queue_limit,
        int(variant.least_outstanding),
        tables.row_of(variant.latency),
        NO_TABLE if scores is None else tables.row_of(scores[0]),
        NO_TABLE if scores is None else tables.row_of(scores[1]),
        variant.outcomes.threshold,
    )


def _scalars(blueprint: Blueprint) -> Integers:
    kind = VARIANT_ROUTING[blueprint.scenario.endpoint.variant_routing]
    values = (blueprint.horizon_ns, blueprint.period_ns, blueprint.label_resolution_ns, kind)
    return np.array(values, dtype=np.int64)


class _Tables:
    """Rows of quantile tables; the label delay's is row 0, and equal tables share a row.

    Sharing is for speed: what two variants have in common stays in the processor's cache.
    """

    def __init__(self, label_delay: QuantileTable) -> None:
        self._rows = {label_delay.edges.tobytes(): 0}
        self._edges = [label_delay.edges]

    def row_of(self, table: QuantileTable) -> int:
        """The row that holds a table."""
        row = self._rows.setdefault(table.edges.tobytes(), len(self._edges))
        if row == len(self._edges):
            self._edges.append(table.edges)
        return row

    def stacked(self) -> Integers:
        """All rows."""
        return np.stack(self._edges)


def split_of(
    routing: Routing, slots: Sequence[Sequence[int]], cookies: Integers, users: Words
) -> Split:
    """Pack a routing; `slots[v]` are the slots of variant v's instances that take requests."""
    last_copied = np.uint64(max(routing.copied_below - 1, 0)).astype(np.int64)
    return Split(
        thresholds=np.append(routing.thresholds, np.uint64(0)),
        choices=np.array(routing.choices, dtype=np.int64),
        turns=np.array(routing.turns, dtype=np.int64),
        taken=np.zeros(len(routing.turns), dtype=np.int64),
        slot_starts=_starts(slots),
        slots=_flat(slots),
        instance_shares=np.array(
            [INSTANCE_SHARE_ONE // max(len(each), 1) for each in slots], dtype=np.int64
        ),
        cookies=cookies,
        users=users,
        rules=np.array([routing.pinned, routing.cookie_ns, routing.mirror, last_copied]),
    )


def streams_of(blueprint: Blueprint, *, clients_wanted: bool) -> Streams:
    """Clocks at zero and empty blocks, before the first arrival of each segment."""
    count = len(blueprint.segments)
    marks = np.zeros((count, 4), dtype=np.int64)
    marks[:, CURSOR], marks[:, CLIENTS_WANTED] = BLOCK, clients_wanted
    return Streams(
        marks=marks,
        arrived_ns=np.zeros((count, BLOCK), dtype=np.int64),
        delays_ns=np.zeros((count, BLOCK), dtype=np.int64),
        words=np.zeros((count, WORDS, BLOCK), dtype=np.uint64),
    )


def _starts(ragged: Sequence[Sequence[int] | Integers]) -> Integers:
    return np.cumsum([0, *(len(each) for each in ragged)], dtype=np.int64)


def _flat(ragged: Sequence[Sequence[int] | Integers]) -> Integers:
    parts = [np.asarray(each, dtype=np.int64) for each in ragged]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _flat_words(ragged: Sequence[Words]) -> Words:
    """One threshold for each entry of the list that it cuts; the last of each is a filler."""
    return np.concatenate([np.append(each, np.uint64(0)) for each in ragged])
