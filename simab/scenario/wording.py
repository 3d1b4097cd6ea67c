"""Numbers in words, rounded for reading: durations, shares, counts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

__all__ = ["duration_text", "name_text", "number_text", "percent_text", "rate_text", "series"]

_MINUTE: Final = 60.0
_UNITS: Final = (
    (365.25 * 86_400, "years"),
    (2 * 86_400, "days"),
    (2 * 3_600, "h"),
    (2 * _MINUTE, "min"),
    (1.0, "s"),
    (1e-3, "ms"),
    (0.0, "us"),
)
_SECONDS: Final = {
    "years": 365.25 * 86_400,
    "days": 86_400.0,
    "h": 3_600.0,
    "min": _MINUTE,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
}


def name_text(name: str) -> str:
    """A name as it reads within a sentence: in quotes unless it is one plain word."""
    return name if re.fullmatch(r"[\w.-]+", name) else f'"{name}"'


def number_text(value: float) -> str:
    """Three figures, or all of a larger whole number: 0.0123, 4.57, 18,778."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percent_text(share: float) -> str:
    """A share as a percentage of at most three figures; never 0 % or 100 % for what is not."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.3g} %"


def duration_text(duration_s: float) -> str:
    """A duration in the unit that suits it: 3.2 ms, 62 s, 10 min, 1.8 h, 5.2 days."""
    if math.isinf(duration_s):
        return "for ever"
    if duration_s < 1e-6:
        return "0 s"
    unit = next(unit for least, unit in _UNITS if duration_s >= least)
    return f"{number_text(float(f'{duration_s / _SECONDS[unit]:.3g}'))} {unit}"


def rate_text(per_second: float) -> str:
    """Requests a second, or a minute or an hour where fewer come."""
    for factor, unit in ((1.0, "second"), (60.0, "minute")):
        if per_second * factor >= 1:
            return f"{number_text(per_second * factor)} requests a {unit}"
    return f"{number_text(per_second * 3_600)} requests an hour"


def series(words: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
