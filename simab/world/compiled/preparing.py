"""The first loop of the kernel: what no queue decides of the requests of a block."""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.by_size import FACTOR_ONE
from simab.world.compiled.choosing import choose_ahead, choose_on_arrival, number_of
from simab.world.compiled.draws import INSIDE, draw_from_table, high_product
from simab.world.compiled.outcomes import draw_outcome, draw_outcomes
from simab.world.compiled.streams import (
    BLOCK,
    ERROR,
    INSTANCE,
    LATENCY,
    LEAST_BUSY,
    NOWHERE,
    ON_ARRIVAL,
)
from simab.world.run_counts import Status

__all__ = ["prepare", "prepare_again", "service_of", "settle", "sized", "slot_of", "status_of"]

_OK, _FAILED = int(Status.OK), int(Status.FAILED)
_FACTOR_ONE, _FACTOR_ONE_FLOAT = np.int64(FACTOR_ONE), float(FACTOR_ONE)
_ONE = np.uint64(1)


@njit(**INSIDE)
def prepare_again(constants, routing, streams):
    """What a change of the routing alters for the requests that are drawn and not yet served."""
    for number in range(len(streams)):
        segment = np.uint64(number)
        if streams[segment].routing != routing.number:
            prepare(constants, routing, streams, segment, streams[segment].cursor)


@njit(**INSIDE)
def prepare(constants, routing, streams, segment, first):
    """Variant, slot, service and status of a block's requests from place `first` on."""
    choose_ahead(constants, routing, streams, segment, first)
    words, variants = streams[segment].words, streams[segment].variants
    slots, services_ns = streams[segment].slots, streams[segment].services_ns
    statuses = streams[segment].statuses
    for place in range(first, BLOCK):
        here = np.uint64(place)
        slots[here] = slot_of(constants, routing, np.uint64(variants[here]), words[INSTANCE, here])
    for place in range(first, BLOCK):
        here = np.uint64(place)
        services_ns[here] = service_of(constants, np.uint64(variants[here]), words[LATENCY, here])
    if constants.segments[segment].sizes_given:
        _size_services(constants, streams, segment, first)
    for place in range(first, BLOCK):
        here = np.uint64(place)
        statuses[here] = status_of(constants, np.uint64(variants[here]), words[ERROR, here])
    if constants.segments[segment].labelled:
        draw_outcomes(constants, streams, segment, first)
    streams[segment].routing = routing.number


@njit(**INSIDE)
def settle(constants, routing, streams, segment, first, before_ns):
    """The same of the requests from place `first` on that arrive before an instant and whose
    variant depends on what happened before; of one at a time where it depends on replies.
    """
    words, ways = streams[segment].words, streams[segment].ways
    place = np.uint64(first)
    while place < BLOCK and streams[segment].arrived_ns[place] < before_ns:
        if ways[place] == ON_ARRIVAL:
            variant, way = choose_on_arrival(constants, routing, streams, segment, place)
            streams[segment].variants[place], ways[place] = np.int64(variant), way
            slot = slot_of(constants, routing, variant, words[INSTANCE, place])
            streams[segment].slots[place] = slot
            service_ns = service_of(constants, variant, words[LATENCY, place])
            if constants.segments[segment].sizes_given:
                number = number_of(streams, segment, place)
                service_ns = sized(constants, segment, variant, number, service_ns)
            streams[segment].services_ns[place] = service_ns
            streams[segment].statuses[place] = status_of(constants, variant, words[ERROR, place])
            if constants.segments[segment].labelled:
                draw_outcome(constants, streams, segment, place)
        if routing.cookies.shape[0] or constants.segments[segment].leaves:
            return
        place += _ONE


@njit(inline="always")
def slot_of(constants, routing, variant, word):
    """The slot of the instance that takes a request: or NOWHERE, or LEAST_BUSY."""
    first, last = routing.slot_starts[variant], routing.slot_starts[variant + _ONE]
    if first == last:
        return np.int64(NOWHERE)
    if constants.variants[variant].least_outstanding:
        return np.int64(LEAST_BUSY)
    return routing.slots[np.uint64(first) + high_product(word, np.uint64(last - first))]


@njit(inline="always")
def service_of(constants, variant, word):
    """How long a worker is busy with a request."""
    service_ns = draw_from_table(constants.tables, constants.variants[variant].latency_table, word)
    return max(service_ns, np.int64(1))


@njit(**INSIDE)
def _size_services(constants, streams, segment, first):
    """The services of a block's requests by their sizes, from place `first` on."""
    variants, services_ns = streams[segment].variants, streams[segment].services_ns
    for place in range(first, BLOCK):
        here = np.uint64(place)
        number = number_of(streams, segment, here)
        services_ns[here] = sized(
            constants, segment, np.uint64(variants[here]), number, services_ns[here]
        )


@njit(**INSIDE)
def sized(constants, segment, variant, number, drawn):
    """How long a worker is busy with a request of these sizes (SizePlan.service_ns)."""
    if not constants.variants[variant].by_size or number >= constants.segments[segment].given:
        return drawn
    place = np.uint64(constants.segments[segment].first_given + number)
    work_ns = constants.variants[variant].base_ns
    for column in range(constants.per_unit_ns.shape[1]):
        here = np.uint64(column)
        size = np.int64(constants.given_sizes[place, here])
        work_ns += size * constants.per_unit_ns[variant, here]
    if drawn != _FACTOR_ONE:
        work_ns = np.int64(np.float64(work_ns) * (np.float64(drawn) / _FACTOR_ONE_FLOAT))
    return max(work_ns, np.int64(1))


@njit(inline="always")
def status_of(constants, variant, word):
    """How a request ends if it is served before the horizon."""
    plan = constants.variants[variant]
    return _FAILED if plan.may_fail and word <= plan.fails_up_to else _OK
