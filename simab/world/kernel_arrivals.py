"""The arrivals of a segment inside compiled code, drawn a block of requests at a time.

What does not depend on the endpoint's state is drawn here, many requests after one another, so that
the processor works on several Philox blocks at once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.draws import Purpose
from simab.world.blueprint import TICKS_PER_NS
from simab.world.kernel_arrays import BLOCK, NEVER, VARIANT_ROUTING
from simab.world.kernel_draws import OPTIONS, draw_from_table, high_product, philox

__all__ = ["draw_block"]

_ARRIVAL = np.uint64(Purpose.ARRIVAL)
_SERVICE = np.uint64(Purpose.SERVICE)
_OUTCOME = np.uint64(Purpose.OUTCOME)
_ASSIGNMENT = np.uint64(Purpose.ASSIGNMENT)
_FIRST_ATTEMPT = np.uint64(0)
_STICKY = VARIANT_ROUTING["sticky_hash"]
_TICK_BITS = np.int64(TICKS_PER_NS.bit_length() - 1)


@njit(**OPTIONS)
def draw_block(fixed, streams, segment):
    """Draw the segment's next BLOCK requests and put the cursor before the first."""
    words, stream = streams.words[segment], fixed.streams[segment]
    key_0, key_1 = fixed.seeds[0], fixed.seeds[1]
    clients, gaps = np.uint64(fixed.segments[segment, 0]), fixed.segments[segment, 1]
    labelled, pairs = fixed.segments[segment, 2] != 0, max(fixed.segments[segment, 3], 1)
    first, clock = streams.numbers[segment], streams.clocks[segment]
    for place in range(BLOCK):
        gap, words[place, 0], words[place, 1], _ = philox(
            np.uint64(first + place), _ARRIVAL, stream, _FIRST_ATTEMPT, key_0, key_1
        )
        clock += draw_from_table(fixed.tables, gaps, gap)
        streams.arrived_ns[segment, place] = clock >> _TICK_BITS
    for place in range(BLOCK):
        words[place, 2], words[place, 3], words[place, 4], words[place, 5] = philox(
            np.uint64(first + place), _SERVICE, stream, _FIRST_ATTEMPT, key_0, key_1
        )
    if fixed.scalars[3] == _STICKY:
        for place in range(BLOCK):
            client = high_product(words[place, 0], clients)
            words[place, 2] = philox(client, _ASSIGNMENT, stream, _FIRST_ATTEMPT, key_0, key_1)[0]
    streams.clocks[segment] = clock
    streams.numbers[segment] = first + BLOCK
    streams.cursors[segment] = 0
    if not labelled:
        streams.delays_ns[segment, :] = NEVER
        return
    for place in range(BLOCK):
        content = np.uint64(first + place) if pairs == 1 else np.uint64((first + place) // pairs)
        words[place, 6], words[place, 7], delay, never = philox(
            content, _OUTCOME, stream, _FIRST_ATTEMPT, key_0, key_1
        )
        delay_ns = draw_from_table(fixed.tables, 0, delay)
        hidden = fixed.happens[0] and never <= fixed.limits[0]
        streams.delays_ns[segment, place] = np.int64(NEVER) if hidden else delay_ns
