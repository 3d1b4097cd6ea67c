"""Numbers and durations as a page sets them: unit behind a thin space, minus sign, comma groups.

What is not known is said in words.
"""

from __future__ import annotations

import math
from typing import Final

from simab.text.durations import duration_parts

__all__ = [
    "MINUS",
    "NOT_KNOWN",
    "NO_BREAK",
    "THIN",
    "count",
    "decimal",
    "duration",
    "duration_range",
    "metric_value",
    "p_value",
    "percent",
    "percentage",
    "plain_spaces",
    "signed",
    "times",
    "whole_percent",
]

THIN: Final = "\u202f"  # narrow no-break space: parts a number from its unit
NO_BREAK: Final = "\u00a0"
MINUS: Final = "−"
NOT_KNOWN: Final = "not known"
_MOST_DECIMALS: Final = 4  # of a percentage: what is nearer to 0 or 100 is said to be so


def plain_spaces(text: str) -> str:
    """The text with spaces that every editor and terminal shows."""
    return text.replace(THIN, " ").replace(NO_BREAK, " ")


def decimal(value: float, decimals: int) -> str:
    """A number with that many decimals, digits grouped by commas."""
    if not math.isfinite(value):
        return NOT_KNOWN
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"{MINUS}{text}" if negative else text


def signed(value: float, decimals: int) -> str:
    """The same with a plus sign where it is above 0 as written."""
    text = decimal(value, decimals)
    plain = any(digit in "123456789" for digit in text)
    return f"+{text}" if value > 0 and plain and math.isfinite(value) else text


def count(value: float) -> str:
    """A whole number: 12,345."""
    return decimal(value, 0)


def percent(share: float, decimals: int = 0) -> str:
    """A share as a percentage that says 0 or 100 only where it is exactly that."""
    if not math.isfinite(share):
        return NOT_KNOWN
    return f"{percentage(share, decimals)}{THIN}%"


def percentage(share: float, decimals: int) -> str:
    """The number before the % sign, with more decimals where it would wrongly say 0 or 100.

    No more than four: nothing here is known more finely than one in a million.
    """
    if not math.isfinite(share):
        return NOT_KNOWN
    if share in (0, 1):
        return f"{100 * share:.0f}"
    while 0 < share < 1 and round(100 * share, decimals) in (0, 100):
        if decimals >= _MOST_DECIMALS:
            return "under 0.0001" if share < 0.5 else "over 99.9999"
        decimals += 1
    return decimal(round(100 * share, 9), decimals)  # 0.575 is 57.5, not 57.4999


def whole_percent(share: float) -> str:
    """A share for a narrow place: no decimals, `<1 %` and `>99 %` at the ends."""
    if 0 < share < 0.005:
        return f"<1{THIN}%"
    if 0.995 <= share < 1:
        return f">99{THIN}%"
    return percent(share)


def times(value: float) -> str:
    """A ratio: 2.3 times."""
    return f"{decimal(value, 1)} times" if math.isfinite(value) else "not defined"


def p_value(value: float) -> str:
    """A p-value to two digits, and no more than that it is very small."""
    if not math.isfinite(value):
        return NOT_KNOWN
    return "p < 0.0001" if value < 1e-4 else f"p = {value:.2g}"


def metric_value(value: float) -> str:
    """A metric such as F1, to three decimals, or more where it is smaller than that."""
    if not math.isfinite(value) or value == 0 or abs(value) >= 0.01:
        return decimal(value, 3)
    return decimal(value, min(8, 1 - math.floor(math.log10(abs(value)))))


def duration(seconds: float) -> str:
    """A length of time as everywhere in simab: 5 h 12 min, 48 s, 250 ms."""
    if not math.isfinite(seconds):
        return NOT_KNOWN
    if seconds < 0:
        text = duration(-seconds)
        return text if text == duration(0.0) else f"{MINUS}{text}"
    parts = duration_parts(seconds)
    return NO_BREAK.join(f"{amount}{THIN}{unit}" for amount, unit in parts)


def duration_range(low: float, high: float) -> str:
    """Two lengths of time, each written as it is alone, so that a value between them looks so."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return NOT_KNOWN
    first, last = duration(low), duration(high)
    unit = f"{THIN}{last.split(THIN)[-1]}"
    if NO_BREAK not in first + last and first.endswith(unit):
        first = first.removesuffix(unit)  # 9 to 12 s
    return f"{first} to {last}"
