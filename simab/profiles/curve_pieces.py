"""Curves of straight pieces: through points, or of pieces that follow each other, cut to a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

from simab.profiles.rate_curve import Knot

__all__ = ["Between", "of_pieces", "through"]

Between: TypeAlias = Literal["linear", "constant"]
"""From one point to the next in a straight line, or as it is until the next."""


def of_pieces(pieces: Iterable[tuple[int, int, float, float]], horizon_ns: int) -> tuple[Knot, ...]:
    """Pieces that follow each other, each its start and end and the values there."""
    knots, last_ns = [], 0
    for since_ns, until_ns, start, end in pieces:
        last_ns = until_ns
        if until_ns > since_ns:
            knots.append(Knot(since_ns, start, end))
    return _clipped((*knots, Knot(last_ns, 0.0, 0.0)), horizon_ns)


def through(
    points: Sequence[tuple[int, float]], between: Between, horizon_ns: int
) -> tuple[Knot, ...]:
    """The multiple from 0 to the horizon, through points in order of time."""
    first, last = points[0], points[-1]
    whole = [(min(first[0], 0) - 1, first[1]), *points, (max(last[0], horizon_ns) + 1, last[1])]
    knots = [
        Knot(at_ns, factor, following if between == "linear" else factor)
        for (at_ns, factor), (after_ns, following) in pairwise(whole)
        if after_ns > at_ns
    ]
    return _clipped((*knots, Knot(whole[-1][0], last[1], last[1])), horizon_ns)


def _clipped(knots: Sequence[Knot], horizon_ns: int) -> tuple[Knot, ...]:
    """What of a curve lies between 0 and the horizon."""
    found = []
    for knot, after in pairwise(knots):
        since, until = max(knot.at_ns, 0), min(after.at_ns, horizon_ns)
        if since < until:
            length, rise = after.at_ns - knot.at_ns, knot.end - knot.start
            start, end = (
                knot.start + rise * ((at_ns - knot.at_ns) / length) if rise else knot.start
                for at_ns in (since, until)
            )
            found.append(Knot(since, start, end))
    return (*found, Knot(horizon_ns, 0.0, 0.0))
