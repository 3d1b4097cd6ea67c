"""The variant of a request inside compiled code, as simab.world.routing says.

`choose_ahead` for the rules that a word of the request or its client decides; `choose_on_arrival`
for those that depend on what happened before.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.world.blueprint import NO_VARIANT
from simab.world.compiled.arrays import VARIANT_ROUTING
from simab.world.compiled.draws import INSIDE, exponential_of, own_word, part_of, unit_of
from simab.world.compiled.log import client_of_all
from simab.world.compiled.streams import (
    BLOCK,
    BY_COOKIE,
    BY_WEIGHT,
    NAMED,
    ON_ARRIVAL,
    TARGET,
    VARIANT,
)
from simab.world.routing import TURN_UNIT

__all__ = ["choose_ahead", "choose_on_arrival", "give_cookie", "number_of"]

# Numba takes module constants as they are; members of dictionaries it does not.
_IN_TURN = VARIANT_ROUTING["smooth_weighted_round_robin"]
_CONSISTENT = VARIANT_ROUTING["consistent_hash"]
_LINEAR = VARIANT_ROUTING["linear_rendezvous"]
_SESSION_COOKIE = VARIANT_ROUTING["session_cookie"]
_KEEP_ALIVE = VARIANT_ROUTING["keep_alive"]
_TURN_UNIT = np.int64(TURN_UNIT)
# Indices are unsigned: for a signed one Numba asks at every use whether it counts from the end.
_ONE = np.uint64(1)


@njit(**INSIDE)
def choose_ahead(constants, routing, streams, segment, first):
    """Variants and ways of a block's requests from place `first` on."""
    rule, plan = constants.variant_routing, constants.segments[segment]
    variants, ways = streams[segment].variants, streams[segment].ways
    if routing.cookies.shape[0] or rule in (_IN_TURN, _SESSION_COOKIE, _KEEP_ALIVE):
        for place in range(first, BLOCK):
            variants[np.uint64(place)], ways[np.uint64(place)] = 0, ON_ARRIVAL
    else:
        words = streams[segment].words[VARIANT]
        if rule in (_CONSISTENT, _LINEAR):
            for place in range(first, BLOCK):
                here = np.uint64(place)
                variants[here] = np.int64(_by_hash(constants, routing, words[here]))
        else:
            _by_words(routing.choices, routing.thresholds, words, variants, first)
        for place in range(first, BLOCK):
            ways[np.uint64(place)] = BY_WEIGHT
    one_target = plan.first_target == plan.last_target
    if plan.paired or not one_target or constants.targets[plan.first_target] != NO_VARIANT:
        _by_name(constants, streams, segment, first)


@njit(inline="always")
def choose_on_arrival(constants, routing, streams, segment, place):
    """The variant of a request and in which way it came by it, all before it being served."""
    if routing.cookies.shape[0] and _has_cookie(constants, routing, streams, segment, place):
        return np.uint64(routing.pinned), BY_COOKIE
    if constants.variant_routing == _IN_TURN:
        return _next_in_turn(routing.choices, routing.turns, routing.taken), BY_WEIGHT
    word = streams[segment].words[VARIANT, place]
    if constants.variant_routing in (_CONSISTENT, _LINEAR):
        return _by_hash(constants, routing, word), BY_WEIGHT
    if constants.variant_routing in (_SESSION_COOKIE, _KEEP_ALIVE):
        return _as_before(constants, routing, streams, segment, place, word)
    return _by_word(routing.choices, routing.thresholds, word), BY_WEIGHT


@njit(inline="always")
def number_of(streams, segment, place):
    """The number of a request within its segment."""
    return streams[segment].drawn - np.int64(BLOCK) + np.int64(place)


@njit(**INSIDE)
def _by_words(choices, thresholds, words, variants, first):
    """simab.world.routing.pick_by_word, threshold by threshold: so a processor takes several."""
    for place in range(first, BLOCK):
        variants[np.uint64(place)] = 0
    for number in range(len(choices) - 1):
        threshold = thresholds[np.uint64(number)]
        for place in range(first, BLOCK):
            here = np.uint64(place)
            variants[here] += np.int64(threshold <= words[here])
    for place in range(first, BLOCK):
        here = np.uint64(place)
        variants[here] = choices[np.uint64(variants[here])]


@njit(inline="always")
def _by_hash(constants, routing, word):
    """By a hash of the client with each variant."""
    if constants.variant_routing == _CONSISTENT:
        return _by_rendezvous(constants.variants, routing.choices, routing.relative, word)
    return _linearly(constants.variants, routing.choices, routing.relative, word)


@njit(**INSIDE)
def _by_name(constants, streams, segment, first):
    """The requests that name their variant: all of a paired segment, or by their word."""
    plan = constants.segments[segment]
    variants, ways = streams[segment].variants, streams[segment].ways
    for place in range(first, BLOCK):
        here = np.uint64(place)
        if plan.paired:
            number = number_of(streams, segment, here)
            target = constants.paired[np.uint64(plan.first_paired + number % plan.paired)]
        else:
            word = streams[segment].words[TARGET, here]
            part = part_of(constants.target_thresholds, plan.first_target, plan.last_target, word)
            target = constants.targets[np.uint64(plan.first_target + part)]
        if target != NO_VARIANT:
            variants[here], ways[here] = target, NAMED


@njit(inline="always")
def _by_word(choices, thresholds, word):
    """simab.world.routing.pick_by_word."""
    choice = np.uint64(part_of(thresholds, 0, len(choices) - 1, word))
    return np.uint64(choices[choice])


@njit(**INSIDE)
def _by_rendezvous(variants, choices, relative, word):
    """simab.world.routing.pick_by_rendezvous."""
    chosen, least = np.uint64(0), 0.0
    for number in range(len(choices)):
        choice = np.uint64(choices[number])
        score = exponential_of(own_word(word, variants[choice].salt)) / relative[number]
        if number == 0 or score < least:
            chosen, least = choice, score
    return chosen


@njit(**INSIDE)
def _linearly(variants, choices, relative, word):
    """simab.world.routing.pick_linearly."""
    chosen, largest = np.uint64(0), 0.0
    for number in range(len(choices)):
        choice = np.uint64(choices[number])
        score = unit_of(own_word(word, variants[choice].salt)) * relative[number]
        if number == 0 or score > largest:
            chosen, largest = choice, score
    return chosen


@njit(**INSIDE)
def _next_in_turn(choices, turns, taken):
    """Smooth weighted round robin: all gain their share, the largest serves and pays."""
    chosen = 0
    for choice in range(len(choices)):
        taken[choice] += turns[choice]
        if taken[choice] > taken[chosen]:
            chosen = choice
    taken[chosen] -= _TURN_UNIT
    return np.uint64(choices[chosen])


@njit(inline="always")
def _as_before(constants, routing, streams, segment, place, word):
    """The variant that was drawn for the client before, while that lasts; else a drawn one."""
    client = np.uint64(client_of_all(constants, streams, segment, place))
    arrived_ns = streams[segment].arrived_ns[place]
    until_ns = arrived_ns + constants.affinity_ns
    variant = _kept(routing.kept, routing.kept_until_ns, client, arrived_ns)
    if constants.variant_routing == _KEEP_ALIVE:
        holds = variant >= 0 and _has_instances(routing.slot_starts, np.uint64(variant))
    else:
        holds = _is_choice(routing.choices, variant)
    if not holds:
        drawn = _by_word(routing.choices, routing.thresholds, word)
        _keep(routing.kept, routing.kept_until_ns, client, np.int64(drawn), until_ns)
        return drawn, BY_WEIGHT
    if constants.variant_routing == _KEEP_ALIVE:
        routing.kept_until_ns[client] = until_ns
    return np.uint64(variant), BY_COOKIE


@njit(**INSIDE)
def _kept(kept, kept_until_ns, client, arrived_ns):
    """The variant that was drawn for a client before, while that lasts; else NO_VARIANT."""
    return kept[client] if arrived_ns < kept_until_ns[client] else np.int64(NO_VARIANT)


@njit(**INSIDE)
def _keep(kept, kept_until_ns, client, variant, until_ns):
    """From now on, the variant of a client."""
    kept[client] = variant
    kept_until_ns[client] = until_ns


@njit(inline="always")
def _has_instances(slot_starts, variant):
    return slot_starts[variant] != slot_starts[variant + _ONE]


@njit(**INSIDE)
def _is_choice(choices, variant):
    found = False
    for choice in choices:
        found |= choice == variant
    return found


@njit(inline="always")
def _has_cookie(constants, routing, streams, segment, place):
    """Whether the client has been answered by the pinned variant, not too long ago."""
    client = client_of_all(constants, streams, segment, place)
    since_ns, arrived_ns = routing.cookies[client], streams[segment].arrived_ns[place]
    return since_ns <= arrived_ns and arrived_ns < since_ns + routing.cookie_ns


@njit(**INSIDE)
def give_cookie(constants, routing, streams, segment, place, finished_ns):
    """With the reply, unless the client has had one since it asked: the earliest of several."""
    client = client_of_all(constants, streams, segment, place)
    since_ns, arrived_ns = routing.cookies[client], streams[segment].arrived_ns[place]
    if since_ns + routing.cookie_ns <= arrived_ns:
        routing.cookies[client] = finished_ns
    elif since_ns > arrived_ns:
        routing.cookies[client] = min(since_ns, finished_ns)
