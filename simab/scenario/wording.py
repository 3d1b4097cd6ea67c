"""Numbers in words, rounded for reading: durations, shares, counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = [
    "counted",
    "duration_parts",
    "duration_text",
    "name_text",
    "number_text",
    "percent_text",
    "rate_text",
    "series",
]

_YEAR_S: Final = 365.25 * 86_400
_SINGLE: Final = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))
# Below how many seconds, the larger unit and its seconds, the smaller and its seconds.
_PAIRS: Final = (
    (3_599.5, "min", 60, "s", 1),
    (48 * 3_600 - 30, "h", 3_600, "min", 60),
    (2 * _YEAR_S, "d", 86_400, "h", 3_600),
)


def name_text(name: str) -> str:
    """A name as it reads within a sentence, in quotes: any word may be the name of a policy."""
    return f"“{name}”"


def number_text(value: float) -> str:
    """Three figures, or all of a larger whole number: 0.0123, 4.57, 18,778."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def counted(value: float, noun: str) -> str:
    """A number with its noun, in the singular where the number as written is 1."""
    number = number_text(value)
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def percent_text(share: float) -> str:
    """A share as a percentage of at most three figures; never 0 % or 100 % for what is not."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.3g} %"


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


def rate_text(per_second: float) -> str:
    """Requests a second, or a minute or an hour where fewer come."""
    for factor, unit in ((1.0, "second"), (60.0, "minute")):
        if per_second * factor >= 1:
            return f"{counted(per_second * factor, 'request')} a {unit}"
    return f"{counted(per_second * 3_600, 'request')} an hour"


def series(words: Sequence[str], word: str = "and") -> str:
    """One, two and three; another word than "and" where it is given."""
    return f" {word} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
