"""When requests of a segment arrive, given how much operational time lies between them."""

from __future__ import annotations

from simab.draws import Draws, Purpose, exponential_of
from simab.profiles.rate_curve import Knot, RateCurve, product
from simab.scenario.arrivals import Modulation
from simab.world.blueprint import SegmentPlan

__all__ = ["curve_of"]

_WORD_BITS = 64


def curve_of(segment: SegmentPlan, draws: Draws, horizon_ns: int) -> RateCurve | None:
    """What a segment's rate is multiplied by over a run; None where always by 1."""
    if segment.modulation is None:
        return segment.curve
    states = _states(segment.modulation, segment.stream, draws, horizon_ns)
    if segment.curve is None:
        return RateCurve(states)
    return RateCurve(product(segment.curve.knots, states))


def _states(modulation: Modulation, stream: int, draws: Draws, horizon_ns: int) -> tuple[Knot, ...]:
    """The multiples of the states that a replication goes through."""
    states = modulation.states
    first = draws.block(Purpose.MODULATION, stream, 0)[2]
    here = _of_shares([state.lasts for state in states], first)
    knots, at_ns, number = [], 0, 0
    while at_ns < horizon_ns:
        state = states[here]
        knots.append(Knot(at_ns, state.times, state.times))
        lasts, follows, *_ = draws.block(Purpose.MODULATION, stream, number)
        at_ns += max(int(state.lasts * exponential_of(lasts)), 1)
        others = [other for other in range(len(states)) if other != here]
        here = others[follows * len(others) >> _WORD_BITS]
        number += 1
    return (*knots, Knot(horizon_ns, 0.0, 0.0))


def _of_shares(parts: list[int], word: int) -> int:
    """Which part of a whole a word falls into, in proportion to their sizes."""
    place = word * sum(parts) >> _WORD_BITS
    for number, part in enumerate(parts):
        if place < part:
            return number
        place -= part
    raise AssertionError("a word lies within the whole")
