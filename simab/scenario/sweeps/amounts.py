"""Values of a file as numbers on an axis: plain numbers, percentages, durations and rates.

A range counts in the unit that its ends are written in, and its points are written likewise.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from simab import units
from simab.errors import InvalidInput

__all__ = ["Amount", "amount_of", "written"]

_PERCENT: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)? ?%")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DIGITS: Final = 12  # of what is written: more would only show how floats round


class Amount(NamedTuple):
    """A number in its unit: "number", "whole number", "share", "seconds" or "per second"."""

    value: Fraction
    unit: str

    @property
    def is_plain(self) -> bool:
        """Whether it is a number without a unit."""
        return self.unit in ("number", "whole number")


def amount_of(value: Any) -> Amount | None:
    """The amount that a value of a file is; None where it is none, such as a name or a list."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Amount(Fraction(value), "whole number")
    if isinstance(value, float):
        finite = value == value and abs(value) != float("inf")
        return Amount(Fraction(repr(value)), "number") if finite else None
    if not isinstance(value, str):
        return None
    return _amount_of_text(value.strip())


def _amount_of_text(text: str) -> Amount | None:
    if _PERCENT.fullmatch(text):
        return Amount(Fraction(text.rstrip("% ")) / 100, "share")
    if _NUMBER.fullmatch(text):
        whole = re.fullmatch(r"[+-]?[0-9]+", text)
        return Amount(Fraction(Decimal(text)), "whole number" if whole else "number")
    try:
        return Amount(Fraction(units.parse_duration(text), 10**9), "seconds")
    except InvalidInput:
        pass
    try:
        return Amount(Fraction(repr(units.parse_rate(text))), "per second")
    except InvalidInput:
        return None


def written(amount: Amount, digits: int = _DIGITS) -> Any:
    """The amount as a file has it, to so many significant digits."""
    match amount.unit:
        case "share":
            return f"{_decimal(100 * amount.value, digits)}%"
        case "seconds":
            return units.format_duration(round(_rounded(amount.value * 10**9, digits)))
        case "per second":
            return f"{_decimal(amount.value, digits)}/s"
        case "whole number":
            return round(amount.value)
    return float(_rounded(amount.value, digits))


def _decimal(value: Fraction, digits: int) -> str:
    """Plain decimals without an exponent, which no unit is written with."""
    text = format(Decimal(f"{float(_rounded(value, digits)):.{digits}g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(value: Fraction, digits: int) -> Fraction:
    return Fraction(Decimal(f"{float(value):.{digits}g}")) if value.denominator > 1 else value
