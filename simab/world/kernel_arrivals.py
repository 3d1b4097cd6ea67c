"""The arrivals of a segment inside compiled code, drawn a block of requests at a time.

What does not depend on the endpoint's state is drawn here, many requests after one another, so that
the processor works on several Philox blocks at once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import LANES, Purpose
from simab.world.blueprint import TICKS_PER_NS
from simab.world.kernel_arrays import (
    BLOCK,
    CLIENT,
    CLIENTS_WANTED,
    CLOCK,
    CURSOR,
    DELAY,
    ERROR,
    HIDDEN,
    INSTANCE,
    LATENCY,
    NEVER,
    NUMBER,
    ROW,
    SCORE,
    TARGET,
    VARIANT,
    VARIANT_ROUTING,
)
from simab.world.kernel_draws import (
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
_STICKY = VARIANT_ROUTING["sticky_hash"]
_TICK_BITS = np.int64(TICKS_PER_NS.bit_length() - 1)


@njit(**OPTIONS)
def draw_block(fixed, streams, segment):
    """Draw the segment's next BLOCK requests and put the cursor before the first."""
    first = streams.marks[segment, NUMBER]
    _draw_arrivals(fixed, streams, segment, first)
    _draw_services(fixed, streams, segment, first)
    if streams.marks[segment, CLIENTS_WANTED] or fixed.segments[segment, 4]:
        _draw_clients(fixed, streams, segment, first)
    if fixed.segments[segment, 2]:
        _draw_outcomes(fixed, streams, segment, first)
    else:
        streams.delays_ns[segment, :] = NEVER
    streams.marks[segment, NUMBER] = first + BLOCK
    streams.marks[segment, CURSOR] = 0


@njit(inline="always")
def _draw_arrivals(fixed, streams, segment, first):
    """When they arrive: a block of words holds the gaps of four."""
    words, stream = streams.words[segment], fixed.streams[segment]
    key_0, key_1 = fixed.seeds[0], fixed.seeds[1]
    for group in range(BLOCK // LANES):
        here = np.uint64(group)  # the rows serve for the four lanes, until services are drawn
        words[VARIANT, here], words[INSTANCE, here], words[LATENCY, here], words[ERROR, here] = (
            philox_in_halves(
                np.uint64(first // LANES + group), _ARRIVAL, stream, _FIRST, key_0, key_1
            )
        )
    gaps, clock = fixed.segments[segment, 1], streams.marks[segment, CLOCK]
    arrived_ns = streams.arrived_ns[segment]
    for place in range(BLOCK):
        lane, group = VARIANT + np.uint64(place % LANES), np.uint64(place // LANES)
        clock += draw_from_table(fixed.tables, gaps, words[lane, group])
        arrived_ns[np.uint64(place)] = clock >> _TICK_BITS
    streams.marks[segment, CLOCK] = clock


@njit(inline="always")
def _draw_clients(fixed, streams, segment, first):
    """Who they come from and what they name; nobody asks in the plainest of runs."""
    words, stream = streams.words[segment], fixed.streams[segment]
    key_0, key_1 = fixed.seeds[0], fixed.seeds[1]
    for place in range(BLOCK):
        here = np.uint64(place)
        words[CLIENT, here], words[TARGET, here], _, _ = philox_in_halves(
            np.uint64(first + place), _CLIENT, stream, _FIRST, key_0, key_1
        )
    if fixed.scalars[3] == _STICKY:
        clients = np.uint64(fixed.segments[segment, 0])
        for place in range(BLOCK):
            here = np.uint64(place)
            client = high_product(words[CLIENT, here], clients)
            words[VARIANT, here], _, _, _ = philox(
                client, _ASSIGNMENT, stream, _FIRST, key_0, key_1
            )


@njit(inline="always")
def _draw_services(fixed, streams, segment, first):
    """What happens to them at the endpoint."""
    words, stream = streams.words[segment], fixed.streams[segment]
    key_0, key_1 = fixed.seeds[0], fixed.seeds[1]
    for place in range(BLOCK):
        here = np.uint64(place)
        words[VARIANT, here], words[INSTANCE, here], words[LATENCY, here], words[ERROR, here] = (
            philox_in_halves(np.uint64(first + place), _SERVICE, stream, _FIRST, key_0, key_1)
        )


@njit(inline="always")
def _draw_outcomes(fixed, streams, segment, first):
    """What they carry, and when their labels come."""
    words, delays_ns = streams.words[segment], streams.delays_ns[segment]
    stream, key_0, key_1 = fixed.streams[segment], fixed.seeds[0], fixed.seeds[1]
    pairs = fixed.segments[segment, 3]
    contents = words[HIDDEN]  # as long as nothing else is there
    for place in range(BLOCK):
        contents[np.uint64(place)] = np.uint64(first + place)
    if pairs:  # apart, for a division in the loop costs more than all else in it
        for place in range(BLOCK):
            contents[np.uint64(place)] = np.uint64((first + place) // pairs)
    for place in range(BLOCK):
        here = np.uint64(place)
        words[ROW, here], words[SCORE, here], words[DELAY, here], words[HIDDEN, here] = (
            philox_in_halves(contents[here], _OUTCOME, stream, _FIRST, key_0, key_1)
        )
    for place in range(BLOCK):
        here = np.uint64(place)
        hidden = fixed.happens[0] and words[HIDDEN, here] <= fixed.limits[0]
        delay_ns = draw_from_table(fixed.tables, 0, words[DELAY, here])
        delays_ns[here] = np.int64(NEVER) if hidden else delay_ns
