"""The arrivals of a segment inside compiled code, drawn a block of requests at a time.

What does not depend on the endpoint's state is drawn here, many requests after one another, so that
the processor works on several Philox blocks at once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import LANES, Purpose
from simab.world.blueprint import TICKS_PER_NS
from simab.world.compiled.arrays import (
    BLOCK,
    CLIENT,
    DELAY,
    ERROR,
    INSTANCE,
    LATENCY,
    NEVER,
    NEVER_LABELLED,
    ROW,
    SCORE,
    TARGET,
    VARIANT,
    VARIANT_ROUTING,
)
from simab.world.compiled.draws import (
    OPTIONS,
    draw_from_table,
    high_product,
    philox,
    philox_in_halves,
)

__all__ = ["draw_block"]

_ARRIVAL = np.uint64(Purpose.ARRIVAL)
_SERVICE = np.uint64(Purpose.SERVICE)
_OUTCOME = np.uint64(Purpose.OUTCOME)
_CLIENT = np.uint64(Purpose.CLIENT)
_ASSIGNMENT = np.uint64(Purpose.ASSIGNMENT)
_FIRST = np.uint64(0)  # attempt
_ONE = np.uint64(1)
_HASHING = (
    VARIANT_ROUTING["sticky_hash"],
    VARIANT_ROUTING["consistent_hash"],
    VARIANT_ROUTING["linear_rendezvous"],
)
_TICK_BITS = np.int64(TICKS_PER_NS.bit_length() - 1)


@njit(**OPTIONS)
def draw_block(constants, streams, segment):
    """Draw the segment's next BLOCK requests and put the cursor before the first."""
    first = streams.marks[segment].drawn
    _draw_arrivals(constants, streams, segment, first)
    _draw_services(constants, streams, segment, first)
    if streams.marks[segment].clients_wanted or constants.segments[segment].clients_asked_for:
        _draw_clients(constants, streams, segment, first)
    if constants.segments[segment].labelled:
        _draw_outcomes(constants, streams, segment, first)
    else:
        streams.delays_ns[segment, :] = NEVER
    streams.marks[segment].drawn = first + BLOCK
    streams.marks[segment].cursor = 0


@njit(inline="always")
def _draw_arrivals(constants, streams, segment, first):
    """When they arrive: a block of words holds the gaps of four."""
    words, stream = streams.words[segment], constants.segments[segment].stream
    key_0, key_1 = constants.seed, constants.replication
    for group in range(BLOCK // LANES):
        here = np.uint64(group)  # the rows serve for the four lanes, until services are drawn
        words[VARIANT, here], words[INSTANCE, here], words[LATENCY, here], words[ERROR, here] = (
            philox_in_halves(
                np.uint64(first // LANES + group), _ARRIVAL, stream, _FIRST, key_0, key_1
            )
        )
    gaps, clock = constants.segments[segment].gap_table, streams.marks[segment].clock_ticks
    arrived_ns = streams.arrived_ns[segment]
    for place in range(BLOCK):
        lane, group = VARIANT + np.uint64(place % LANES), np.uint64(place // LANES)
        clock += draw_from_table(constants.tables, gaps, words[lane, group])
        arrived_ns[np.uint64(place)] = clock >> _TICK_BITS
    streams.marks[segment].clock_ticks = clock


@njit(inline="always")
def _draw_clients(constants, streams, segment, first):
    """Who they come from and what they name; plain runs do without."""
    words, stream = streams.words[segment], constants.segments[segment].stream
    key_0, key_1 = constants.seed, constants.replication
    for place in range(BLOCK):
        here = np.uint64(place)
        words[CLIENT, here], words[TARGET, here], _, _ = philox_in_halves(
            np.uint64(first + place), _CLIENT, stream, _FIRST, key_0, key_1
        )
    if constants.segments[segment].unequal:
        _find_clients(constants, words, segment)
    else:
        clients = np.uint64(constants.segments[segment].clients)
        for place in range(BLOCK):
            here = np.uint64(place)
            words[CLIENT, here] = high_product(words[CLIENT, here], clients)
    if constants.variant_routing in _HASHING:
        for place in range(BLOCK):
            here = np.uint64(place)
            words[VARIANT, here], _, _, _ = philox(
                words[CLIENT, here], _ASSIGNMENT, stream, _FIRST, key_0, key_1
            )


@njit(**OPTIONS)
def _find_clients(constants, words, segment):
    """Words as clients: from where the guide says, on to the first threshold above the word."""
    plan = constants.segments[segment]
    first, last = np.uint64(plan.first_client), np.uint64(plan.last_client)
    for place in range(BLOCK):
        here = np.uint64(place)
        word = words[CLIENT, here]
        part = np.uint64(plan.first_guide) + (word >> plan.guide_shift)
        client = first + np.uint64(constants.client_guides[part])
        while client < last and constants.client_thresholds[client] <= word:
            client += _ONE
        words[CLIENT, here] = client - first


@njit(inline="always")
def _draw_services(constants, streams, segment, first):
    """What happens to them at the endpoint."""
    words, stream = streams.words[segment], constants.segments[segment].stream
    key_0, key_1 = constants.seed, constants.replication
    for place in range(BLOCK):
        here = np.uint64(place)
        words[VARIANT, here], words[INSTANCE, here], words[LATENCY, here], words[ERROR, here] = (
            philox_in_halves(np.uint64(first + place), _SERVICE, stream, _FIRST, key_0, key_1)
        )


@njit(inline="always")
def _draw_outcomes(constants, streams, segment, first):
    """What they carry, and when their labels come."""
    words, delays_ns = streams.words[segment], streams.delays_ns[segment]
    stream, key_0, key_1 = constants.segments[segment].stream, constants.seed, constants.replication
    pairs = constants.segments[segment].paired
    contents = words[NEVER_LABELLED]  # as long as nothing else is there
    for place in range(BLOCK):
        contents[np.uint64(place)] = np.uint64(first + place)
    if pairs:  # apart, for a division in the loop costs more than all else in it
        for place in range(BLOCK):
            contents[np.uint64(place)] = np.uint64((first + place) // pairs)
    for place in range(BLOCK):
        here = np.uint64(place)
        words[ROW, here], words[SCORE, here], words[DELAY, here], words[NEVER_LABELLED, here] = (
            philox_in_halves(contents[here], _OUTCOME, stream, _FIRST, key_0, key_1)
        )
    for place in range(BLOCK):
        here = np.uint64(place)
        hidden = (
            constants.some_never_labelled
            and words[NEVER_LABELLED, here] <= constants.never_labelled_up_to
        )
        delay_ns = draw_from_table(constants.tables, 0, words[DELAY, here])
        delays_ns[here] = np.int64(NEVER) if hidden else delay_ns
