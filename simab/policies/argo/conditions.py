"""The conditions of Argo analysis metrics: a small language over `result`, parsed and never run.

It is the part of Argo's expression language (expr-lang) that a single number needs: comparisons,
`&&`, `||`, `!` (or `and`, `or`, `not`), arithmetic, `? :`, `??`, `in`, lists and ranges, nil, the
tool's functions (asFloat, asInt, isNaN, isInf, isNil, default), len, abs, ceil, floor, round, min
and max, and predicates such as `all(result, # < 1)`. The result is a list where `result[0]` or
`len(result)` stands, one number where `result` is read as it is, and fields where one is named,
as in `result.rate`; the metric's number is then that field's.
"""

from __future__ import annotations

from typing import Final

from simab.policies.argo.condition_parser import parsed
from simab.policies.argo.condition_values import NoVerdict, Shape

__all__ = ["NoVerdict", "checked_condition", "comparison_of", "holds", "shape_of"]

_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def checked_condition(text: str) -> str:
    """The text itself, if it is a condition.

    Raises:
        InvalidInput: it is none, with what is wrong and what to write.
    """
    parsed(text)
    return text


def shape_of(condition: str) -> tuple[Shape, str] | None:
    """What a condition takes its result for, and the field that it reads; None where any does."""
    program = parsed(condition)
    return None if program.shape is None else (program.shape, program.field)


def comparison_of(condition: str) -> tuple[str, float] | None:
    """The comparison of the result with a number that a condition is: `>=` and 0.95, say.

    None for any other condition. `asFloat` around the result changes nothing.
    """
    parts = [part for part in parsed(condition).instructions if part != ("call", ("asFloat", 1))]
    match parts:
        case [("result", _), ("push", int() | float() as number), ("operator", str() as sign)]:
            pass
        case [("push", int() | float() as number), ("result", _), ("operator", str() as sign)]:
            sign = _MIRRORED.get(sign, sign)
        case _:
            return None
    known = sign in _MIRRORED and not isinstance(number, bool)
    return (sign, float(number)) if known else None


def holds(condition: str, result: tuple[float, ...], shape: Shape | None = None) -> bool:
    """Whether a condition holds for what a query found: one number, or nothing.

    `shape` is what a condition that leaves it open takes the result for: by default the number.

    Raises:
        NoVerdict: the condition reads a number that is not there, or asks for an impossible one.
    """
    program = parsed(condition)
    return program.holds(result, program.shape or shape or "number")
