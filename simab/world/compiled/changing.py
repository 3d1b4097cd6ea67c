"""What the timeline does to a request, inside compiled code: simab.world.conditions.

Not inlined: where nothing of the timeline hits a variant, none of it is asked for.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.profiles.strength import CHANCE_BITS
from simab.world.compiled.draws import INSIDE, own_word
from simab.world.conditions import ALL_INSTANCES, LONGEST_SERVICE_NS, SAME_ANSWERS

__all__ = ["answers_met", "fails", "service_under"]

_LONGEST = np.float64(LONGEST_SERVICE_NS)
_CERTAIN = np.float64(1 << CHANCE_BITS)
_DROPPED_BITS = np.uint64(64 - CHANCE_BITS)


@njit(**INSIDE)
def service_under(constants, segment, variant, instance, started_ns, service_ns):
    """How long a worker is busy with what it begins then and would otherwise take `service_ns`."""
    first, last = _bounds(constants, segment, variant)
    times = 1.0
    for number in range(first, last):
        effect = constants.effects[number]
        if effect.instance == ALL_INSTANCES or effect.instance == instance:
            strength = _strength(constants.strengths, effect, started_ns)
            times *= 1.0 + (effect.latency_times - 1.0) * strength
    if times == 1.0:
        return service_ns
    return max(np.int64(min(np.float64(service_ns) * times, _LONGEST)), np.int64(1))


@njit(**INSIDE)
def fails(constants, segment, variant, instance, started_ns, word):
    """Whether a request fails for what it met when a worker began with it."""
    first, last = _bounds(constants, segment, variant)
    for number in range(first, last):
        effect = constants.effects[number]
        if effect.instance == ALL_INSTANCES or effect.instance == instance:
            strength = _strength(constants.strengths, effect, started_ns)
            if _happens(own_word(word, effect.salt), effect.error_rate * strength):
                return True
    return False


@njit(**INSIDE)
def answers_met(constants, segment, variant, instance, started_ns, word):
    """By which answers its own is drawn, or SAME_ANSWERS; `word` is that of the row."""
    first, last = _bounds(constants, segment, variant)
    for number in range(first, last):
        effect = constants.effects[number]
        if effect.answers == SAME_ANSWERS:
            continue
        if effect.instance == ALL_INSTANCES or effect.instance == instance:
            strength = _strength(constants.strengths, effect, started_ns)
            if _happens(own_word(word, effect.salt), strength):
                return effect.answers
    return np.int64(SAME_ANSWERS)


@njit(inline="always")
def _bounds(constants, segment, variant):
    """The effects that a segment's requests meet at a variant: first, and the one after."""
    place = segment * np.uint64(len(constants.variants)) + variant
    return constants.effect_starts[place], constants.effect_starts[place + np.uint64(1)]


@njit(inline="always")
def _strength(strengths, effect, at_ns):
    """Strength.at: the last knot at or before the instant says it."""
    low, count = effect.first_knot, effect.last_knot - effect.first_knot
    if at_ns >= strengths[effect.last_knot].at_ns:
        return 0.0
    while count > 1:
        half = count >> 1
        if strengths[low + half].at_ns <= at_ns:
            low += half
        count -= half
    knot = strengths[low]
    return knot.level + knot.slope * np.float64(at_ns - knot.at_ns)


@njit(inline="always")
def _happens(word, probability):
    """simab.profiles.strength.happens."""
    return np.int64(word >> _DROPPED_BITS) < np.int64(probability * _CERTAIN)
