"""The arrivals of a segment inside compiled code, drawn a block of requests at a time.

What does not depend on the endpoint's state is drawn here, many requests after one another, so that
the processor works on several blocks of words at once.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from simab.draws import LANES, Purpose
from simab.profiles.rate_curve import TICKS_PER_NS
from simab.world.compiled.arrays import VARIANT_ROUTING
from simab.world.compiled.draws import (
    INSIDE,
    draw_from_table,
    high_product,
    threefry,
)
from simab.world.compiled.given import NOT_GIVEN
from simab.world.compiled.streams import (
    BLOCK,
    CLIENT,
    DELAY,
    NEVER,
    NEVER_LABELLED,
    NOT_CALLED_NS,
    ROW,
    TARGET,
    VARIANT,
)

__all__ = ["draw_block"]

_ARRIVAL = np.uint64(Purpose.ARRIVAL)
_SERVICE = np.uint64(Purpose.SERVICE)
_OUTCOME = np.uint64(Purpose.OUTCOME)
_CLIENT = np.uint64(Purpose.CLIENT)
_ASSIGNMENT = np.uint64(Purpose.ASSIGNMENT)
_PLACES, _GROUPS = np.int64(BLOCK), np.int64(BLOCK // LANES)
_FIRST = np.uint64(0)  # attempt
_ONE = np.uint64(1)
_HASHING = (
    VARIANT_ROUTING["sticky_hash"],
    VARIANT_ROUTING["consistent_hash"],
    VARIANT_ROUTING["linear_rendezvous"],
)
_TICK_BITS = np.int64(TICKS_PER_NS.bit_length() - 1)


@njit(**INSIDE)
def draw_block(constants, streams, segment):
    """Draw the segment's next BLOCK requests, of which none is served or booked."""
    first = streams[segment].drawn
    _draw_arrivals(constants, streams, segment, first)
    if streams[segment].clients_wanted or constants.segments[segment].clients_asked_for:
        _draw_clients(constants, streams, segment, first)
    _draw(constants, streams, segment, VARIANT, _SERVICE, first, _PLACES)
    if constants.variant_routing in _HASHING:
        _draw_assignments(constants, streams, segment)
    elif constants.segments[segment].sessions_given:
        words = streams[segment].words[VARIANT]
        _take_given_words(constants, words, constants.given_words, segment, first)
    if constants.segments[segment].labelled:
        _draw_outcomes(constants, streams, segment, first)
    else:
        streams[segment].delays_ns[:] = NEVER
    streams[segment].drawn = first + BLOCK
    streams[segment].cursor = streams[segment].booked = 0


@njit(inline="always")
def _draw(constants, streams, segment, row, purpose, first, count):
    """The words of `count` entities from `first` on, into four rows from `row` on."""
    entities = streams[segment].entities
    for place in range(count):
        entities[np.uint64(place)] = np.uint64(first + place)
    _draw_of(constants, streams, segment, row, purpose, count)


@njit(inline="always")
def _draw_of(constants, streams, segment, row, purpose, count):
    """The words of the first entities that are listed, into four rows from `row` on."""
    _fill(
        streams[segment].words,
        row,
        streams[segment].entities,
        purpose,
        constants.segments[segment].stream,
        constants.seed,
        constants.replication,
        count,
    )


@njit(**INSIDE)
def _fill(words, row, entities, purpose, stream, key_0, key_1, count):
    """One loop for all purposes, for it is the costliest of all to compile."""
    first, second, third, fourth = (
        words[row],
        words[row + _ONE],
        words[row + np.uint64(2)],
        words[row + np.uint64(3)],
    )
    for place in range(count):
        here = np.uint64(place)
        first[here], second[here], third[here], fourth[here] = threefry(
            entities[here], purpose, stream, _FIRST, key_0, key_1
        )


@njit(inline="always")
def _draw_arrivals(constants, streams, segment, first):
    """When they arrive: a block of words holds the gaps of four."""
    # The rows serve for the four lanes, until services are drawn.
    _draw(constants, streams, segment, VARIANT, _ARRIVAL, first // LANES, _GROUPS)
    if constants.segments[segment].called:
        streams[segment].arrived_ns[:] = NOT_CALLED_NS
        return
    if constants.segments[segment].given != NOT_GIVEN:
        _take_given(constants, streams, segment, first)
        return
    words = streams[segment].words
    gaps, clock = constants.segments[segment].gap_table, streams[segment].clock_ticks
    arrived_ns = streams[segment].arrived_ns
    if constants.segments[segment].knots:
        _draw_along_curve(constants, streams, segment)
        return
    for place in range(BLOCK):
        lane, group = VARIANT + np.uint64(place % LANES), np.uint64(place // LANES)
        clock += draw_from_table(constants.tables, gaps, words[lane, group])
        arrived_ns[np.uint64(place)] = clock >> _TICK_BITS
    streams[segment].clock_ticks = clock


@njit(**INSIDE)
def _take_given(constants, streams, segment, first):
    """The same where the arrivals are given; there are none after the last."""
    arrived_ns = streams[segment].arrived_ns
    before, given = constants.segments[segment].first_given, constants.segments[segment].given
    for place in range(BLOCK):
        number = first + place
        arrived_ns[np.uint64(place)] = (
            constants.given_ns[np.uint64(before + number)] if number < given else NOT_CALLED_NS
        )


@njit(**INSIDE)
def _draw_along_curve(constants, streams, segment):
    """The same where the rate changes: a gap is one of operational time (RateCurve.time_ns)."""
    words, gaps = streams[segment].words, constants.segments[segment].gap_table
    first, knots = constants.segments[segment].first_knot, constants.segments[segment].knots
    curve = constants.curves[first : first + knots]
    clock, knot = streams[segment].clock_ticks, streams[segment].knot
    for place in range(BLOCK):
        lane, group = VARIANT + np.uint64(place % LANES), np.uint64(place // LANES)
        clock += draw_from_table(constants.tables, gaps, words[lane, group])
        while knot < knots - 1 and curve[knot + 1].ticks <= clock:
            knot += 1
        streams[segment].arrived_ns[np.uint64(place)] = _time_ns(curve, knots, knot, clock)
    streams[segment].clock_ticks, streams[segment].knot = clock, knot


@njit(inline="always")
def _time_ns(curve, knots, knot, clock):
    """When so much operational time has passed."""
    if knot == knots - 1:
        return NOT_CALLED_NS
    inside, level = np.float64(clock - curve[knot].ticks), curve[knot].level
    root = math.sqrt(max(level * level + 2.0 * curve[knot].slope * inside, 0.0))
    passed = np.int64(2.0 * inside / (level + root)) if level + root > 0.0 else np.int64(0)
    return min(curve[knot].at_ns + passed, curve[knot + 1].at_ns)


@njit(inline="always")
def _draw_clients(constants, streams, segment, first):
    """Who they come from and what they name; plain runs do without.

    The other two rows that this fills are drawn anew for the services.
    """
    _draw(constants, streams, segment, CLIENT, _CLIENT, first, _PLACES)
    words = streams[segment].words
    if constants.segments[segment].targets_given:
        _take_given_words(constants, words[TARGET], constants.given_targets, segment, first)
    if constants.segments[segment].clients_given:
        _take_given_words(constants, words[CLIENT], constants.given_clients, segment, first)
    elif constants.segments[segment].unequal:
        _find_clients(constants, words, segment)
    else:
        clients = np.uint64(constants.segments[segment].clients)
        for place in range(BLOCK):
            here = np.uint64(place)
            words[CLIENT, here] = high_product(words[CLIENT, here], clients)


@njit(**INSIDE)
def _take_given_words(constants, words, given, segment, first):
    """What is given of a block's requests; those after the last, which never come, have none."""
    before = constants.segments[segment].first_given
    there = min(np.int64(BLOCK), constants.segments[segment].given - first)
    for place in range(there):
        words[np.uint64(place)] = np.uint64(given[np.uint64(before + first + place)])
    for place in range(max(there, np.int64(0)), BLOCK):
        words[np.uint64(place)] = np.uint64(0)


@njit(**INSIDE)
def _draw_assignments(constants, streams, segment):
    """The words of the clients that ask, in place of those of their requests."""
    words, entities = streams[segment].words, streams[segment].entities
    for place in range(BLOCK):
        entities[np.uint64(place)] = words[CLIENT, np.uint64(place)]
    _draw_of(constants, streams, segment, ROW, _ASSIGNMENT, _PLACES)  # outcomes come later
    for place in range(BLOCK):
        words[VARIANT, np.uint64(place)] = words[ROW, np.uint64(place)]


@njit(inline="always")
def _draw_outcomes(constants, streams, segment, first):
    """What they carry, and when their labels come."""
    words, delays_ns = streams[segment].words, streams[segment].delays_ns
    pairs = constants.segments[segment].paired
    if pairs:
        entities = streams[segment].entities
        for place in range(BLOCK):
            entities[np.uint64(place)] = np.uint64((first + place) // pairs)
        _draw_of(constants, streams, segment, ROW, _OUTCOME, _PLACES)
    else:
        _draw(constants, streams, segment, ROW, _OUTCOME, first, _PLACES)
    for place in range(BLOCK):
        here = np.uint64(place)
        hidden = (
            constants.some_never_labelled
            and words[NEVER_LABELLED, here] <= constants.never_labelled_up_to
        )
        delay_ns = draw_from_table(constants.tables, 0, words[DELAY, here])
        delays_ns[here] = np.int64(NEVER) if hidden else delay_ns


@njit(**INSIDE)
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
