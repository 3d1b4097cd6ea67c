"""Numbers as a sentence has them, rounded for reading: counts, shares, rates, limits."""

from __future__ import annotations

import math

__all__ = [
    "counted",
    "exact_text",
    "figure_text",
    "number_text",
    "percent_text",
    "rate_text",
    "two_figures",
]


def number_text(value: float) -> str:
    """Three figures, or all of a larger whole number: 0.0123, 4.57, 18,778."""
    if not math.isfinite(value):
        return "not known"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def figure_text(value: float, form: str) -> str:
    """A number in a format of Python's; in words where it is not known, or beyond all numbers."""
    if math.isfinite(value):
        return format(value, form)
    if math.isnan(value):
        return "not known"
    return "infinite" if value > 0 else "minus infinite"


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


def two_figures(value: float) -> float:
    """A number rounded to two significant figures, as estimates are written: 0.0347 is 0.035."""
    return float(f"{value:.2g}")


def rate_text(per_second: float) -> str:
    """Requests a second, or a minute or an hour where fewer come."""
    for factor, unit in ((1.0, "second"), (60.0, "minute")):
        if per_second * factor >= 1:
            return f"{counted(per_second * factor, 'request')} a {unit}"
    return f"{counted(per_second * 3_600, 'request')} an hour"


def exact_text(value: float) -> str:
    """A limit as a file would have it, digits grouped where it is whole: 0.05, 1,000."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
