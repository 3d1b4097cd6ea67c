"""A blueprint, a split and the state of a run as plain arrays, grouped for the compiled kernel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.profiles.outcomes import OutcomeSampler
from simab.profiles.rate_curve import RateCurve
from simab.world.arrival_times import curve_of
from simab.world.blueprint import Blueprint
from simab.world.compiled.client_state import ClientState
from simab.world.compiled.effect_arrays import effect_records, strength_records
from simab.world.compiled.given import given_arrays, per_unit_ns
from simab.world.compiled.label_arrays import label_arrays_of
from simab.world.compiled.table_rows import TableRows
from simab.world.given_arrivals import same_each_time
from simab.world.records import RECORD_COLUMNS
from simab.world.routing import Routing
from simab.world.run_counts import INSTANCE_SHARE_ONE

__all__ = [
    "LOG_ROW",
    "NO_TABLE",
    "UNLIMITED",
    "VARIANT_ROUTING",
    "InstanceState",
    "RoutingArrays",
    "RunConstants",
    "constants_of",
    "routing_arrays_of",
]

Words = NDArray[np.uint64]
Records = NDArray[np.void]
Integers = NDArray[np.int64]

UNLIMITED: Final = -1
NO_TABLE: Final = -1
VARIANT_ROUTING: Final = {
    "weighted_random": 0,
    "sticky_hash": 1,
    "smooth_weighted_round_robin": 2,
    "consistent_hash": 3,
    "linear_rendezvous": 4,
    "session_cookie": 5,
    "keep_alive": 6,
    "session_hash": 7,
}
"""The first two and the last go by a word alone: the request's, the client's, the session's."""


_VARIANT: Final = np.dtype(
    [
        ("workers", np.int64),
        ("queue_limit", np.int64),  # or UNLIMITED
        ("least_outstanding", np.int64),
        ("latency_table", np.int64),
        ("fails_up_to", np.uint64),  # the last word of a failure, where there is one:
        ("may_fail", np.int64),
        ("salt", np.uint64),  # tells the variant's own words apart
        ("watched", np.int64),
        ("changes", np.int64),  # whether anything of the timeline hits its requests
        ("by_size", np.int64),  # then the latency table is that of a factor
        ("base_ns", np.int64),
    ]
)
_ANSWERS: Final = np.dtype(
    [
        ("negatives_table", np.int64),  # of their scores, or of rewards; or NO_TABLE
        ("positives_table", np.int64),
        ("threshold", np.int64),
        ("lowest", np.int64),  # of rewards, in units
        ("first_row", np.int64),
        ("last_row", np.int64),
    ]
)
_SEGMENT: Final = np.dtype(
    [
        ("stream", np.uint64),
        ("clients", np.int64),
        ("clients_before", np.int64),  # of the segments before this one
        ("unequal", np.int64),  # whether clients are found by the following
        ("first_client", np.int64),  # place of the first one's threshold
        ("last_client", np.int64),
        ("first_guide", np.int64),
        ("guide_shift", np.uint64),
        ("clients_asked_for", np.int64),  # whether routing or targets read their words
        ("gap_table", np.int64),
        ("labelled", np.int64),
        ("clients_differ", np.int64),  # in what comes of their answers
        ("first_target", np.int64),
        ("last_target", np.int64),
        ("first_paired", np.int64),
        ("paired", np.int64),
        ("called", np.int64),  # whether its requests are made from outside
        ("remembers", np.int64),  # whether its clients do one of the following
        ("carries_over", np.int64),  # whether they know whom they met before
        ("carried_up_to", np.uint64),  # then the last word of an answer that is carried over
        ("leaves", np.int64),  # whether they may leave after a bad answer
        ("leaves_up_to", np.uint64),  # then the last word of a client who does
        ("first_knot", np.int64),  # of the rate's curve
        ("knots", np.int64),  # none: the rate stays as it is
        ("given", np.int64),  # how many arrivals, where they are given, else NOT_GIVEN
        ("first_given", np.int64),
        ("clients_given", np.int64),
        ("targets_given", np.int64),
        ("sizes_given", np.int64),
        ("sessions_given", np.int64),  # where routing goes by them
    ]
)
_KNOT: Final = np.dtype(
    [("ticks", np.int64), ("at_ns", np.int64), ("level", np.float64), ("slope", np.float64)]
)
_ROW: Final = np.dtype([("label", np.int64), ("score", np.int64), ("correct", np.int64)])
LOG_ROW: Final = np.dtype([(name, np.int64) for name in RECORD_COLUMNS])


class RunConstants(NamedTuple):
    """What does not change during a run; entry v of a per-variant array is variant v.

    `never_labelled_up_to` is the last word of a request that is never labelled, where
    `some_never_labelled`. `tables` holds every quantile table as a row, the label delay's first.
    `label_course`, `label_rules` and `label_outages` are those of LabelArrays.
    Lists of variants and segments stand in flat arrays, each list from its first to its last place.
    `answers_of` and `effect_starts` are by segment and variant, shape (segments x variants,), the
    latter with an end.
    `succeeds_below` and where its lists start, shape (segments x variants x answers,), are those
    of ClientPropensities; so are `factors` and `factor_starts`, shape (segments x variants,), which
    has no entries where rewards are not multiplied.
    Sizes have shape (given arrivals, columns), what a unit of each takes (variants, columns).
    """

    horizon_ns: int
    period_ns: int
    label_resolution_ns: int
    label_buckets_per_ns: float
    variant_routing: int
    affinity_ns: int
    seed: np.uint64
    replication: np.uint64
    some_never_labelled: bool
    never_labelled_up_to: np.uint64
    tables: Integers
    variants: Records
    segments: Records
    answers: Records
    answers_of: Integers
    effects: Records
    effect_starts: Integers
    strengths: Records
    curves: Records
    given_ns: Integers
    given_clients: Integers
    given_targets: Words
    given_sizes: NDArray[np.int32]
    given_sessions: Integers
    given_words: Words
    per_unit_ns: Integers
    target_thresholds: Words
    targets: Integers
    paired: Integers
    client_thresholds: Words
    client_guides: Integers
    row_thresholds: Words
    rows: Records
    succeeds_below: Words
    succeeds_starts: Integers
    factors: Integers
    factor_starts: Integers
    label_course: Records
    label_rules: Records
    label_outages: Records
    score_bins: NDArray[np.uint8]


class RoutingArrays(NamedTuple):
    """A routing in force: the choices with their thresholds and turns, the slots per variant.

    `number` counts the routings that have been in force.
    `pinned` is the variant whose reply gives a cookie, `cookie_ns` its age; `mirror` gets a copy of
    a request whose word is at most `copied_up_to`. Of each client, in order of segments and
    clients, `cookies` says since when it has one (NO_COOKIE: it has none; no entries: none gets
    any), `users` has a bit if it has been assigned in this epoch (no entries: not counted; where
    routing goes by sessions, a bit for each of these), and `kept` is the variant that was drawn for
    it, until `kept_until_ns` (no entries: none is kept), and `met` the one to which its latest
    request went, or NO_VARIANT (no entries: not asked); from `left_ns` on it sends nothing any
    more.
    """

    number: int
    pinned: int
    cookie_ns: int
    mirror: int
    copied_up_to: np.uint64
    thresholds: Words
    choices: Integers
    turns: Integers
    taken: Integers
    relative: NDArray[np.float64]
    slot_starts: Integers
    slots: Integers
    instance_shares: Integers
    cookies: Integers
    users: Words
    kept: Integers
    kept_until_ns: Integers
    met: Integers
    left_ns: Integers


class InstanceState(NamedTuple):
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


def constants_of(blueprint: Blueprint, draws: Draws) -> RunConstants:
    """Pack a blueprint and a replication's keys."""
    packed = _packed(blueprint)._replace(
        seed=np.uint64(draws.seed), replication=np.uint64(draws.replication)
    )
    if not all(map(same_each_time, blueprint.segments)):
        segments = packed.segments.copy()
        given = given_arrays(blueprint, draws, segments)
        packed = packed._replace(segments=segments, **given._asdict())
    if blueprint.propensities:
        clients = blueprint.clients_of(draws)
        packed = packed._replace(
            succeeds_below=clients.thresholds,
            succeeds_starts=clients.starts.ravel().copy(),
            factors=clients.factors,
            factor_starts=clients.factor_starts.ravel().copy(),
        )
    if all(segment.modulation is None for segment in blueprint.segments):
        return packed
    curves = [curve_of(segment, draws, blueprint.horizon_ns) for segment in blueprint.segments]
    segments = packed.segments.copy()
    return packed._replace(segments=segments, curves=_curves(curves, segments))


@lru_cache(maxsize=8)
def _packed(blueprint: Blueprint) -> RunConstants:
    """Pack what all replications share, once."""
    tables = TableRows(blueprint.label_delay)
    samplers, conditions = blueprint.conditions.samplers, blueprint.conditions
    effects = [each for row in conditions.effects for each in row]
    guides = [_guide(segment.client_thresholds) for segment in blueprint.segments]
    segments = _segments(blueprint, tables, guides)
    draws = Draws(0, 0) if all(map(same_each_time, blueprint.segments)) else None
    labels = label_arrays_of(blueprint.labels, tables.row_of)
    return RunConstants(
        horizon_ns=blueprint.horizon_ns,
        period_ns=blueprint.period_ns,
        label_resolution_ns=blueprint.label_resolution_ns,
        label_buckets_per_ns=1.0 / blueprint.label_resolution_ns,
        variant_routing=VARIANT_ROUTING[blueprint.scenario.endpoint.variant_routing],
        affinity_ns=blueprint.scenario.endpoint.affinity or 0,
        seed=np.uint64(0),
        replication=np.uint64(0),
        some_never_labelled=blueprint.never_labelled_below > 0,
        never_labelled_up_to=_last_below(blueprint.never_labelled_below),
        variants=_variants(blueprint, tables),
        segments=segments,
        answers=_answers(samplers, tables),
        answers_of=_flat(conditions.outcomes_of),
        effects=effect_records(effects),
        effect_starts=_starts(effects),
        strengths=strength_records(effects),
        curves=_curves([segment.curve for segment in blueprint.segments], segments),
        **given_arrays(blueprint, draws, segments)._asdict(),
        per_unit_ns=per_unit_ns(blueprint),
        target_thresholds=_flat_words([each.target_thresholds for each in blueprint.segments]),
        targets=_flat([segment.targets for segment in blueprint.segments]),
        paired=_flat([segment.paired for segment in blueprint.segments]),
        client_thresholds=_flat_words([each.client_thresholds for each in blueprint.segments]),
        client_guides=_flat(guides),
        row_thresholds=_flat_words([each.thresholds for each in samplers]),
        rows=_rows(samplers),
        succeeds_below=np.zeros(0, dtype=np.uint64),  # of each replication's own clients
        succeeds_starts=np.zeros(0, dtype=np.int64),
        factors=np.zeros(0, dtype=np.int64),
        factor_starts=np.zeros(0, dtype=np.int64),
        label_course=labels.course,
        label_rules=labels.rules,
        label_outages=labels.outages,
        score_bins=blueprint.score_bins.copy(),  # compiled code takes writable arrays
        tables=tables.stacked(),
    )


def _variants(blueprint: Blueprint, tables: TableRows) -> Records:
    records = np.zeros(len(blueprint.variants), dtype=_VARIANT)
    by_segment = blueprint.conditions.effects
    for number, (record, variant) in enumerate(zip(records, blueprint.variants, strict=True)):
        record["workers"] = variant.workers
        record["queue_limit"] = UNLIMITED if variant.queue_limit is None else variant.queue_limit
        record["least_outstanding"] = variant.least_outstanding
        record["latency_table"] = tables.row_of(variant.latency)
        record["may_fail"] = variant.error_below > 0
        record["fails_up_to"] = _last_below(variant.error_below)
        record["salt"] = variant.salt
        record["changes"] = any(own[number] for own in by_segment)
        if variant.by_size is not None:
            record["by_size"], record["base_ns"] = True, variant.by_size.base_ns
    records["watched"][list(blueprint.watched)] = 1
    return records


def _answers(samplers: Sequence[OutcomeSampler], tables: TableRows) -> Records:
    records = np.zeros(len(samplers), dtype=_ANSWERS)
    starts = _starts([each.labels for each in samplers])
    for record, sampler, (first, last) in zip(records, samplers, pairwise(starts), strict=True):
        scores = sampler.score_tables
        if sampler.reward_table is not None:
            scores = (sampler.reward_table, sampler.reward_table)
        record["negatives_table"] = NO_TABLE if scores is None else tables.row_of(scores[0])
        record["positives_table"] = NO_TABLE if scores is None else tables.row_of(scores[1])
        record["threshold"] = sampler.threshold
        record["lowest"] = 0 if sampler.reward_scale is None else sampler.reward_scale.lowest
        record["first_row"], record["last_row"] = first, last - 1
    return records


def _segments(blueprint: Blueprint, tables: TableRows, guides: Sequence[Integers]) -> Records:
    records = np.zeros(len(blueprint.segments), dtype=_SEGMENT)
    by_client = blueprint.scenario.endpoint.assigns_clients
    records["clients"] = [each.clients for each in blueprint.segments]
    records["clients_before"] = blueprint.clients_before[:-1]
    targets = _starts([each.targets for each in blueprint.segments])
    records["first_target"], records["last_target"] = targets[:-1], targets[1:] - 1
    records["first_paired"] = _starts([each.paired for each in blueprint.segments])[:-1]
    cut = _starts([np.append(each.client_thresholds, np.uint64(0)) for each in blueprint.segments])
    records["first_client"], records["last_client"] = cut[:-1], cut[1:] - 1
    records["first_guide"] = _starts(guides)[:-1]
    records["clients_differ"][[plan.segment for plan in blueprint.propensities]] = 1
    for record, segment in zip(records, blueprint.segments, strict=True):
        record["unequal"] = len(segment.client_thresholds) > 0
        record["guide_shift"] = 64 - len(segment.client_thresholds).bit_length()
        record["stream"] = segment.stream
        record["clients_asked_for"] = (
            by_client or len(segment.targets) > 1 or record["clients_differ"] or segment.remembers
        )
        record["remembers"] = segment.remembers
        record["carries_over"] = segment.carried_below > 0
        record["carried_up_to"] = _last_below(segment.carried_below)
        record["leaves"] = segment.leaves_below > 0
        record["leaves_up_to"] = _last_below(segment.leaves_below)
        record["gap_table"] = tables.row_of(segment.gaps)
        record["labelled"] = segment.labelled
        record["paired"] = len(segment.paired)
        record["called"] = segment.called
    return records


def _curves(curves: Sequence[RateCurve | None], segments: Records) -> Records:
    """The knots of all curves, and in the records of segments where each has its own."""
    counts = [0 if curve is None else len(curve.knots) for curve in curves]
    segments["knots"], segments["first_knot"] = counts, np.cumsum([0, *counts[:-1]])
    records = np.zeros(sum(counts), dtype=_KNOT)
    for curve, first in zip(curves, segments["first_knot"].tolist(), strict=True):
        if curve is not None:
            own = records[first : first + len(curve.knots)]
            own["ticks"], own["at_ns"] = curve.ticks, [knot.at_ns for knot in curve.knots]
            own["level"], own["slope"] = curve.levels, curve.slopes
    return records


def _guide(thresholds: Words) -> Integers:
    """How many thresholds are at or below the first word of each of 2**k equal parts of the range.

    There are as many parts as clients at least, so that few thresholds are left to look at.
    """
    if not len(thresholds):
        return np.zeros(0, dtype=np.int64)
    bits = len(thresholds).bit_length()
    firsts = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
    return np.searchsorted(thresholds, firsts, side="right").astype(np.int64)


def _rows(samplers: Sequence[OutcomeSampler]) -> Records:
    records = np.zeros(sum(len(each.labels) for each in samplers), dtype=_ROW)
    records["label"] = _flat([each.labels for each in samplers])
    records["score"] = _flat([each.scores for each in samplers])
    records["correct"] = _flat([each.correct for each in samplers])
    return records


def _last_below(bound: int) -> np.uint64:
    """The last word below a bound that may be 2**64; 0 where there is none."""
    return np.uint64(max(bound - 1, 0))


def routing_arrays_of(
    number: int, routing: Routing, slots: Sequence[Sequence[int]], clients: ClientState
) -> RoutingArrays:
    """Pack a routing; `slots[v]` are the slots of variant v's instances that take requests."""
    return RoutingArrays(
        number=number,
        pinned=routing.pinned,
        cookie_ns=routing.cookie_ns,
        mirror=routing.mirror,
        copied_up_to=_last_below(routing.copied_below),
        thresholds=np.append(routing.thresholds, np.uint64(0)),
        choices=np.array(routing.choices, dtype=np.int64),
        turns=np.array(routing.turns, dtype=np.int64),
        taken=np.zeros(len(routing.turns), dtype=np.int64),
        slot_starts=_starts(slots),
        slots=_flat(slots),
        instance_shares=np.array(
            [INSTANCE_SHARE_ONE // max(len(each), 1) for each in slots], dtype=np.int64
        ),
        relative=routing.relative.copy(),  # compiled code takes writable arrays
        **clients._asdict(),
    )


def _starts(ragged: Sequence[Sequence[Any] | Integers]) -> Integers:
    return np.cumsum([0, *(len(each) for each in ragged)], dtype=np.int64)


def _flat(ragged: Sequence[Sequence[int] | Integers]) -> Integers:
    parts = [np.asarray(each, dtype=np.int64) for each in ragged]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _flat_words(ragged: Sequence[Words]) -> Words:
    """One threshold for each entry of the list that it cuts; the last of each is a filler."""
    return np.concatenate([np.append(each, np.uint64(0)) for each in ragged])
