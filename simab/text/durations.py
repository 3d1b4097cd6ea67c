"""Durations as a sentence has them, in their two largest units: 48 s, 1 h 48 min."""

from __future__ import annotations

import math
from typing import Final

from simab.text.numbers import number_text

__all__ = ["duration_parts", "duration_text"]

_YEAR_S: Final = 365.25 * 86_400
_SINGLE: Final = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))
# Below how many seconds, the larger unit and its seconds, the smaller and its seconds.
_PAIRS: Final = (
    (3_599.5, "min", 60, "s", 1),
    (48 * 3_600 - 30, "h", 3_600, "min", 60),
    (2 * _YEAR_S, "d", 86_400, "h", 3_600),
)


def duration_text(duration_s: float) -> str:
    """A duration in its two largest units: 3.2 ms, 48 s, 1 h 48 min, 5 d 5 h, 12 years."""
    if math.isinf(duration_s):
        return "for ever"
    return " ".join(f"{amount} {unit}" for amount, unit in duration_parts(duration_s))


def duration_parts(duration_s: float) -> list[tuple[str, str]]:
    """Amounts and units of a duration from 0 on: the one rounding of durations that simab has.

    Below ten seconds it has three figures, else two units. A longer duration is never written as a
    shorter one, so that a value stays within its interval as written.
    """
    if duration_s < 1e-6:
        return [("0", "s")]
    if duration_s < 9.95:
        rounded_s = float(f"{duration_s:.3g}")
        unit, size_s = next((each for each in _SINGLE if rounded_s >= each[1]), _SINGLE[-1])
        return [(number_text(float(f"{rounded_s / size_s:.3g}")), unit)]
    if duration_s >= 2 * _YEAR_S:
        return [(number_text(float(f"{duration_s / _YEAR_S:.3g}")), "years")]
    _, large, large_s, small, small_s = next(pair for pair in _PAIRS if duration_s < pair[0])
    count, rest = divmod(round(duration_s / small_s), large_s // small_s)
    parts = [(f"{count:,}", large)] if count else []
    return [*parts, (str(rest), small)] if rest or not count else parts
