"""The parts of a query, each with its kind of value."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from simab.errors import InvalidInput
from simab.prometheus.refusals import bad_data
from simab.text.go_expressions import Expression as GoExpression

__all__ = [
    "COMPARISONS",
    "SETS",
    "Aggregation",
    "Binary",
    "Call",
    "Expression",
    "Kind",
    "Matcher",
    "Matching",
    "Negative",
    "Number",
    "Selector",
    "number_text",
]

COMPARISONS: Final = frozenset({"==", "!=", "<", ">", "<=", ">="})
SETS: Final = frozenset({"and", "or", "unless"})


class Kind(StrEnum):
    """What an expression gives, in Prometheus's words."""

    SCALAR = "scalar"
    INSTANT = "instant vector"
    RANGE = "range vector"


@lru_cache(maxsize=256)
def _whole(pattern: str) -> GoExpression:
    """An expression of Go that matches whole texts."""
    GoExpression.of(pattern)  # by itself, so that no bracket of it closes the group around it
    flag = "(?i)" if pattern.startswith("(?i)") else ""
    return GoExpression.of(f"{flag}^(?:{pattern.removeprefix(flag)})$")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on a label: `=`, `!=`, `=~` or `!~`; a label that is not there is empty."""

    label: str
    operator: str
    value: str

    def states(self) -> int:
        """How many states its expression has, by which its search takes longer; 0 without one.

        Raises:
            QueryRefused: the expression cannot be read.
        """
        if "~" not in self.operator:
            return 0
        try:
            return len(_whole(self.value).program)
        except InvalidInput as invalid:
            raise bad_data(f"{self.text}: {self.value!r:.60} {invalid}") from None

    def holds(self, value: str) -> bool:
        """Whether a label's value fulfils it."""
        if "~" in self.operator:
            return _whole(self.value).found_in(value) is (self.operator == "=~")
        return (value == self.value) is (self.operator == "=")

    @property
    def text(self) -> str:
        """As in a query."""
        return f"{self.label}{self.operator}{json.dumps(self.value, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is written in the query."""

    value: float

    @property
    def kind(self) -> Kind:
        """Always a scalar."""
        return Kind.SCALAR


@dataclass(frozen=True, slots=True)
class Selector:
    """The series of a family; with `range_ms`, what each had in that time, else its newest."""

    name: str
    matchers: tuple[Matcher, ...] = ()
    range_ms: int = 0
    offset_ms: int = 0

    @property
    def kind(self) -> Kind:
        """A range vector where it has a range."""
        return Kind.RANGE if self.range_ms else Kind.INSTANT


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments."""

    function: str
    arguments: tuple[Expression, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Aggregation:
    """A sum, mean, extreme or count over groups, by some labels or by all others."""

    operator: str
    expression: Expression
    labels: tuple[str, ...] = ()
    without: bool = False

    @property
    def kind(self) -> Kind:
        """Always an instant vector."""
        return Kind.INSTANT


@dataclass(frozen=True, slots=True)
class Matching:
    """Which labels two vectors are matched by: `on` some, or on all but some."""

    on: bool
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; with `as_number` a comparison gives 0 or 1 and keeps every element."""

    operator: str
    left: Expression
    right: Expression
    matching: Matching = Matching(False, ())
    as_number: bool = False

    @property
    def kind(self) -> Kind:
        """A scalar of two scalars, else a vector."""
        scalars = self.left.kind is Kind.SCALAR and self.right.kind is Kind.SCALAR
        return Kind.SCALAR if scalars else Kind.INSTANT


@dataclass(frozen=True, slots=True)
class Negative:
    """The negative of each value."""

    expression: Expression

    @property
    def kind(self) -> Kind:
        """That of the expression."""
        return self.expression.kind


Expression: TypeAlias = Number | Selector | Call | Aggregation | Binary | Negative


def number_text(value: float) -> str:
    """A number as Prometheus writes it in a query or a result: shortest, without an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e15:
        return f"-{abs(int(value))}" if math.copysign(1, value) < 0 else str(int(value))
    return _decimal(value)


def _decimal(value: float) -> str:
    from decimal import Decimal

    return format(Decimal(repr(value)), "f").removesuffix(".0")
