"""Durations, rates and shares: text at the border, integers and plain floats inside.

Inside simab time is a whole number of nanoseconds (int64). People write "62s", "40ms", "2/s", "5%".
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from simab.errors import InvalidInput

__all__ = [
    "DURATION_PATTERN",
    "NANOSECONDS_PER_SECOND",
    "RATE_PATTERN",
    "format_duration",
    "format_rate",
    "parse_difference",
    "parse_duration",
    "parse_effect",
    "parse_rate",
    "parse_share",
    "seconds",
]

NANOSECONDS_PER_SECOND: Final = 1_000_000_000
LONGEST_DURATION_NS: Final = 366 * 86_400 * NANOSECONDS_PER_SECOND

_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": NANOSECONDS_PER_SECOND,
    "min": 60 * NANOSECONDS_PER_SECOND,
    "m": 60 * NANOSECONDS_PER_SECOND,
    "h": 3_600 * NANOSECONDS_PER_SECOND,
    "d": 86_400 * NANOSECONDS_PER_SECOND,
    "w": 7 * 86_400 * NANOSECONDS_PER_SECOND,
}
_PER_SECONDS: Final = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
_PART: Final = rf"{_NUMBER} ?(?:{'|'.join(_UNITS_NS)})"
DURATION_PATTERN: Final = rf"^{_PART}(?: ?{_PART})*$"
RATE_PATTERN: Final = rf"^{_NUMBER} ?/ ?(s|min|h|d)$"
_SHARE_PATTERN: Final = rf"^{_NUMBER} ?%$"
_EFFECT_PATTERN: Final = rf"^[+-]?{_NUMBER} ?%$"


def parse_duration(text: object) -> int:
    """Nanoseconds of a duration such as "62s", "1.5 h", "250us", "10m", "1h30m" or "2w".

    `m` is minutes, as Go and Prometheus write it, and so is `min`; milliseconds are `ms`. Parts
    add up, in any order.

    Raises:
        InvalidInput: no unit, an unknown unit, a negative value, a part of a nanosecond,
            or more than 366 days.
    """
    if not isinstance(text, str) or not re.fullmatch(DURATION_PATTERN, text):
        raise InvalidInput(
            "a duration is a number with a unit; write for example 250ms, 62s, 10min, 6h or 2d"
        )
    parts = re.findall(rf"({_NUMBER}) ?({'|'.join(_UNITS_NS)})", text)
    exact = sum(Decimal(number) * _UNITS_NS[unit] for number, unit in parts)
    if exact != int(exact):
        raise InvalidInput("a duration is a whole number of nanoseconds; write fewer decimals")
    if exact > LONGEST_DURATION_NS:
        raise InvalidInput("a duration is at most 366 days; write a shorter one")
    return int(exact)


def format_duration(duration_ns: int) -> str:
    """The shortest exact text of a duration: the largest unit that needs no decimals."""
    for unit in ("d", "h", "min", "s", "ms", "us"):
        if duration_ns and duration_ns % _UNITS_NS[unit] == 0:
            return f"{duration_ns // _UNITS_NS[unit]}{unit}"
    return f"{duration_ns}ns" if duration_ns else "0s"


def parse_rate(text: object) -> float:
    """Events a second of a rate such as "2/s", "120/min" or "3600 / h".

    Raises:
        InvalidInput: no unit, an unknown unit or a negative value.
    """
    match = re.fullmatch(RATE_PATTERN, text) if isinstance(text, str) else None
    if match is None or not isinstance(text, str):
        raise InvalidInput(
            "a rate is a number of events per unit of time; write for example 2/s, 120/min or 50/h"
        )
    return float(Decimal(text.split("/")[0].strip()) / _PER_SECONDS[match.group(1)])


def format_rate(per_second: float) -> str:
    """The text of a rate, per second, such that reading it back gives the same float."""
    text = repr(float(per_second))
    if "e" in text:
        text = format(Decimal(text), "f")
    return f"{text.removesuffix('.0')}/s"


def parse_share(value: object) -> float:
    """A share between 0 and 1, from a number (0.05) or a percentage ("5%").

    Raises:
        InvalidInput: not a number, or outside 0 to 1.
    """
    if isinstance(value, str) and re.fullmatch(_SHARE_PATTERN, value):
        value = float(Decimal(value.rstrip("% ")) / 100)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput("a share is a number from 0 to 1 or a percentage; write 0.05 or 5%")
    if not 0.0 <= value <= 1.0:
        raise InvalidInput("a share lies between 0 and 1; write for example 0.05 or 5%")
    return float(value)


def parse_difference(value: object) -> float:
    """A difference of a metric, from a number (0.05, 12.5) or a percentage ("5%").

    Raises:
        InvalidInput: not a finite number, or below 0.
    """
    if isinstance(value, str) and re.fullmatch(_SHARE_PATTERN, value):
        value = float(Decimal(value.rstrip("% ")) / 100)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput("a difference is a number or a percentage; write 0.05 or 5%")
    try:
        difference = float(value)
    except OverflowError:
        difference = math.inf
    if not 0.0 <= difference < math.inf:
        raise InvalidInput("a difference is a finite number above 0; write for example 0.05 or 5%")
    return difference


def parse_effect(value: object) -> float:
    """A signed difference of a metric, from a number (-0.02, 12.5) or a percentage ("-2%").

    Raises:
        InvalidInput: not a finite number or a percentage.
    """
    if isinstance(value, str) and re.fullmatch(_EFFECT_PATTERN, value):
        value = float(Decimal(value.rstrip("% ")) / 100)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput("an effect is a number or a percentage; write -0.02 or -2%")
    try:
        effect = float(value)
    except OverflowError:
        effect = math.inf
    if not math.isfinite(effect):
        raise InvalidInput("an effect is a finite number; write for example -0.02 or -2%")
    return effect


def seconds(duration_ns: int | float) -> float:
    """Nanoseconds as seconds."""
    return duration_ns / NANOSECONDS_PER_SECOND
