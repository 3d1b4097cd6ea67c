"""What the timeline does to requests, as records for the compiled kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.world.conditions import Effect

__all__ = ["effect_records", "strength_records"]

_EFFECT: Final = np.dtype(
    [
        ("first_knot", np.int64),  # of its strength
        ("last_knot", np.int64),  # which ends it
        ("latency_times", np.float64),
        ("error_rate", np.float64),
        ("answers", np.int64),  # or SAME_ANSWERS
        ("instance", np.int64),  # or ALL_INSTANCES
        ("salt", np.uint64),
    ]
)
_STRENGTH: Final = np.dtype([("at_ns", np.int64), ("level", np.float64), ("slope", np.float64)])


def effect_records(by_place: Sequence[Sequence[Effect]]) -> NDArray[np.void]:
    """A record for each effect, in order of segments and variants."""
    effects = [each for own in by_place for each in own]
    records = np.zeros(len(effects), dtype=_EFFECT)
    knots = np.cumsum([0, *(len(each.strength.knots) for each in effects)], dtype=np.int64)
    records["first_knot"], records["last_knot"] = knots[:-1], knots[1:] - 1
    for name, values in (
        ("latency_times", [each.latency_times for each in effects]),
        ("error_rate", [each.error_rate for each in effects]),
        ("answers", [each.outcomes for each in effects]),
        ("instance", [each.instance for each in effects]),
        ("salt", [each.salt for each in effects]),
    ):
        records[name] = values
    return records


def strength_records(by_place: Sequence[Sequence[Effect]]) -> NDArray[np.void]:
    """The knots of all their strengths, one after the other."""
    strengths = [each.strength for own in by_place for each in own]
    knots = [knot for each in strengths for knot in each.knots]
    records = np.zeros(len(knots), dtype=_STRENGTH)
    records["at_ns"] = [knot.at_ns for knot in knots]
    records["level"] = [knot.start for knot in knots]
    records["slope"] = [slope for each in strengths for slope in each.slopes]
    return records
