"""The values of Argo conditions: what operators and functions do with them."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

from simab.text.numbers import figure_text

__all__ = ["OPERATORS", "NoVerdict", "Shape", "functions", "listed", "number", "shown", "truth"]

Shape: TypeAlias = Literal["list", "number", "fields"]
"""What a query gives: a list of one number, the number, or fields one of which holds it."""
_INTEGERS_END: Final = 2.0**63
_LONGEST_RANGE: Final = 10_000
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class NoVerdict(Exception):
    """A condition cannot be evaluated for a result, in words: the measurement is an Error."""


def shown(value: Any) -> str:
    """A value in words."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"[:40]
    if isinstance(value, float) and not math.isfinite(value):
        return figure_text(value, "")
    return "nil" if value is None else f"{value!r}"[:40]


def number(value: Any) -> float:
    """A value that must be a number; raises NoVerdict."""
    if value is None:
        raise NoVerdict("nothing was found")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoVerdict(f"{shown(value)} is not a number")
    return value


def truth(value: Any) -> bool:
    """A value that must be true or false; raises NoVerdict."""
    if not isinstance(value, bool):
        raise NoVerdict(f"{shown(value)} is neither true nor false")
    return value


def listed(value: Any) -> list[Any]:
    """A value that must be a list; raises NoVerdict."""
    if not isinstance(value, list):
        raise NoVerdict(f"{shown(value)} is not a list")
    return value


def _arithmetic(combine: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def combined(one: Any, other: Any) -> Any:
        try:
            value = combine(number(one), number(other))
        except OverflowError:
            return math.inf
        if type(value) is int and not -(2**63) <= value < 2**63:
            return (value + 2**63) % 2**64 - 2**63  # as whole numbers of 64 bits wrap around
        return value

    return combined


def _quotient(one: float, other: float) -> float:
    if other == 0:  # as floating-point division goes, where Python would raise
        if one == 0 or math.isnan(one):
            return math.nan
        return math.copysign(math.inf, one) * math.copysign(1.0, other)
    return one / other


def _remainder(one: float, other: float) -> int:
    if not isinstance(one, int) or not isinstance(other, int):
        raise NoVerdict("% takes whole numbers")
    if other == 0:
        raise NoVerdict("a whole number is divided by zero")
    rest = abs(one) % abs(other)
    return -rest if one < 0 else rest  # with the sign of the dividend


def _power(one: float, other: float) -> float:
    try:
        return math.pow(one, other)
    except ValueError:
        return math.nan


def _range(low: float, high: float) -> list[int]:
    if not isinstance(low, int) or not isinstance(high, int) or high - low >= _LONGEST_RANGE:
        raise NoVerdict(f"a range takes two whole numbers, fewer than {_LONGEST_RANGE:,} apart")
    return list(range(low, high + 1))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)


def _contains(item: Any, those: Any) -> bool:
    return any(_equal(item, each) for each in listed(those))


OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<": _arithmetic(operator.lt),
    "<=": _arithmetic(operator.le),
    ">": _arithmetic(operator.gt),
    ">=": _arithmetic(operator.ge),
    "in": _contains,
    "not in": lambda one, other: not _contains(one, other),
    "..": _arithmetic(_range),
    "+": _arithmetic(operator.add),
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(_quotient),
    "%": _arithmetic(_remainder),
    "**": _arithmetic(_power),
}


def _of_text(value: Any) -> Any:
    """Text as the number that it says."""
    if not isinstance(value, str):
        return number(value)
    if not _NUMBER.fullmatch(value):
        raise NoVerdict(f"{shown(value)} is not a number")
    return float(value)


def _as_int(value: Any) -> int:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d{1,18}", value):
        raise NoVerdict(f"{shown(value)} is not a whole number")
    found = int(value) if isinstance(value, str) else number(value)
    if not abs(found) < _INTEGERS_END:  # NaN neither
        raise NoVerdict(f"asInt of {figure_text(found, 'g')} is not a whole number of 64 bits")
    return math.trunc(found)


def _rounded(value: Any) -> float:
    found = float(number(value))
    return math.copysign(math.floor(abs(found) + 0.5), found) if math.isfinite(found) else found


def _kept_float(function: Callable[[float], float]) -> Callable[[Any], float]:
    def applied(value: Any) -> float:
        found = float(number(value))
        return float(function(found)) if math.isfinite(found) else found

    return applied


def functions(found: tuple[float, ...], shape: Shape) -> Mapping[str, Callable[..., Any]]:
    """The functions of a condition. isNil and default look at the whole result, whatever is given.

    So they do in the source: a list is never nil, though it may be empty.
    """
    is_nil = shape == "number" and not found
    whole: Any = list(found) if shape != "number" else (found[0] if found else None)
    return {
        "len": lambda value: len(listed(value)),
        "isNil": lambda _: is_nil,
        "default": lambda _, otherwise: otherwise if is_nil else whole,
        "isNaN": lambda value: math.isnan(number(value)),
        "isInf": lambda value: math.isinf(number(value)),
        "asFloat": lambda value: float(_of_text(value)),
        "asInt": _as_int,
        "int": _as_int,
        "float": lambda value: float(_of_text(value)),
        "abs": lambda value: abs(number(value)),
        "ceil": _kept_float(math.ceil),
        "floor": _kept_float(math.floor),
        "round": _rounded,
        "min": lambda *values: min(map(number, values)),
        "max": lambda *values: max(map(number, values)),
    }
