"""Writes a query that has been read, so that a test may read it again. No tests."""

from __future__ import annotations

import math

from simab.prometheus.expressions import (
    Aggregation,
    Binary,
    Call,
    Expression,
    Negative,
    Number,
    Selector,
    number_text,
)

__all__ = ["written"]


def written(expression: Expression) -> str:
    """The text of a query, each operand that has operands itself in parentheses."""
    match expression:
        case Number():
            return number_text(expression.value)
        case Selector():
            return _selector(expression)
        case Call():
            return f"{expression.function}({', '.join(map(written, expression.arguments))})"
        case Aggregation():
            return _aggregation(expression)
        case Binary():
            return _binary(expression)
        case Negative():
            return f"-{_operand(expression.expression)}"


def _selector(selector: Selector) -> str:
    inner = ",".join(each.text for each in selector.matchers)
    found = f"{selector.name}{{{inner}}}" if inner else selector.name
    if selector.range_ms:
        found += f"[{selector.range_ms}ms]"
    if selector.offset_ms:
        sign = "-" if selector.offset_ms < 0 else ""
        found += f" offset {sign}{abs(selector.offset_ms)}ms"
    return found


def _aggregation(aggregation: Aggregation) -> str:
    inner = written(aggregation.expression)
    if not (aggregation.labels or aggregation.without):
        return f"{aggregation.operator}({inner})"
    word = "without" if aggregation.without else "by"
    return f"{aggregation.operator} {word} ({', '.join(aggregation.labels)}) ({inner})"


def _binary(binary: Binary) -> str:
    words = [binary.operator, "bool"] if binary.as_number else [binary.operator]
    if binary.matching.on or binary.matching.labels:
        word = "on" if binary.matching.on else "ignoring"
        words.append(f"{word} ({', '.join(binary.matching.labels)})")
    return f"{_operand(binary.left)} {' '.join(words)} {_operand(binary.right)}"


def _operand(expression: Expression) -> str:
    """Of a signed number in parentheses, as a power binds more closely."""
    signed = isinstance(expression, Number) and math.copysign(1, expression.value) < 0
    text = written(expression)
    return f"({text})" if signed or isinstance(expression, Binary | Negative) else text
