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
    DELAY,
    ERROR,
    HIDDEN,
    INSTANCE,
    LATENCY,
    NEVER,
    ROW,
    SCORE,
    TARGET,
    VARIANT,
    VARIANT_ROUTING,
)
from simab.world.kernel_draws import OPTIONS, draw_from_table, high_product, philox

__all__ = ["draw_block"]

_ARRIVAL = np.uint64(Purpose.ARRIVAL)
_SERVICE = np.uint64(Purpose.SERVICE)
_OUTCOME = np.uint64(Purpose.OUTCOME)
_CLIENT = np.uint64(Purpose.CLIENT)
_ASSIGNMENT = np.uint64(Purpose.ASSIGNMENT)
_FIRST_ATTEMPT = np.uint64(0)
_STICKY = VARIANT_ROUTING["sticky_hash"]
_TICK_BITS = np.int64(TICKS_PER_NS.bit_length() - 1)


@njit(**OPTIONS)
def draw_block(fixed, streams, segment):
    """Draw the segment's next BLOCK requests and put the cursor before the first."""
    first = streams.numbers[segment]
    _draw_arrivals(fixed, streams, segment, first)
    _draw_services(fixed, streams, segment, first)
    if streams.clients_wanted[0] or fixed.segments[segment, 4]:
        _draw_clients(fixed, streams, segment, first)
    if fixed.segments[segment, 2]:
        _draw_outcomes(fixed, streams, segment, first)
    else:
        streams.delays_ns[segment, :] = NEVER
    streams.numbers[segment] = first + BLOCK
    streams.cursors[segment] = 0


@njit(inline="always")
def _draw_arrivals(fixed, streams, segment, first):
    """When they arrive: a block of words holds the gaps of four."""
    gaps, clock = fixed.segments[segment, 1], streams.clocks[segment]
    arrived_ns = streams.arrived_ns[segment]
    for group in range(BLOCK // LANES):
        words = _block(fixed, segment, np.uint64(first // LANES + group), _ARRIVAL)
        for lane in range(LANES):
            clock += draw_from_table(fixed.tables, gaps, words[lane])
            arrived_ns[np.uint64(group * LANES + lane)] = clock >> _TICK_BITS
    streams.clocks[segment] = clock


@njit(inline="always")
def _draw_clients(fixed, streams, segment, first):
    """Who they come from and what they name; nobody asks in the plainest of runs."""
    words = streams.words[segment]
    for place in range(BLOCK):
        here = np.uint64(place)
        words[CLIENT, here], words[TARGET, here], _, _ = _block(
            fixed, segment, np.uint64(first + place), _CLIENT
        )
    if fixed.scalars[3] == _STICKY:
        clients = np.uint64(fixed.segments[segment, 0])
        for place in range(BLOCK):
            here = np.uint64(place)
            client = high_product(words[CLIENT, here], clients)
            words[VARIANT, here], _, _, _ = _block(fixed, segment, client, _ASSIGNMENT)


@njit(inline="always")
def _draw_services(fixed, streams, segment, first):
    """What happens to them at the endpoint."""
    words = streams.words[segment]
    for place in range(BLOCK):
        here = np.uint64(place)
        words[VARIANT, here], words[INSTANCE, here], words[LATENCY, here], words[ERROR, here] = (
            _block(fixed, segment, np.uint64(first + place), _SERVICE)
        )


@njit(inline="always")
def _draw_outcomes(fixed, streams, segment, first):
    """What they carry, and when their labels come."""
    words, delays_ns = streams.words[segment], streams.delays_ns[segment]
    pairs = fixed.segments[segment, 3]
    if pairs:
        for place in range(BLOCK):
            _draw_outcome(fixed, segment, words, place, (first + place) // pairs)
    else:  # apart, for a division in the loop costs more than all else in it
        for place in range(BLOCK):
            _draw_outcome(fixed, segment, words, place, first + place)
    for place in range(BLOCK):
        here = np.uint64(place)
        hidden = fixed.happens[0] and words[HIDDEN, here] <= fixed.limits[0]
        delay_ns = draw_from_table(fixed.tables, 0, words[DELAY, here])
        delays_ns[here] = np.int64(NEVER) if hidden else delay_ns


@njit(inline="always")
def _draw_outcome(fixed, segment, words, place, content):
    here = np.uint64(place)
    words[ROW, here], words[SCORE, here], words[DELAY, here], words[HIDDEN, here] = _block(
        fixed, segment, np.uint64(content), _OUTCOME
    )


@njit(inline="always")
def _block(fixed, segment, entity, purpose):
    """The four words of an entity of the segment, for its first attempt."""
    stream, seeds = fixed.streams[segment], fixed.seeds
    return philox(entity, purpose, stream, _FIRST_ATTEMPT, seeds[0], seeds[1])
