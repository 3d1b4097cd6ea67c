"""The conditions of Argo analysis metrics: a small language over `result`, parsed and never run.

It is the part of Argo's expression language that a single number needs: comparisons, `&&`, `||`,
`!` (or `and`, `or`, `not`), arithmetic, `result` or `result[0]`, len, isNaN, isInf, isNil, asFloat,
asInt and default. A query that finds nothing gives an empty result; reading it is an error.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from simab.errors import InvalidInput

__all__ = ["NoVerdict", "checked_condition", "holds"]

Type: TypeAlias = Literal["number", "truth", "result"]
Value: TypeAlias = float | bool
Result: TypeAlias = tuple[float, ...]
Reading: TypeAlias = Callable[[Result], Value]


class NoVerdict(Exception):
    """A condition cannot be evaluated for a result, in words: the measurement is an Error."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A parsed part of a condition: its type, and its value for a result."""

    type: Type
    value: Reading


def checked_condition(text: str) -> str:
    """The text itself, if it is a condition.

    Raises:
        InvalidInput: it is none, with what is wrong and what to write.
    """
    _parse(text)
    return text


def holds(condition: str, result: Result) -> bool:
    """Whether a condition holds for what a query found: one number, or nothing.

    Raises:
        NoVerdict: the condition reads a number that is not there, or asks for an impossible one.
    """
    return bool(_parse(condition).value(result))


@lru_cache(maxsize=1024)
def _parse(text: str) -> _Part:
    return _Parser(text).condition()


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign>&&|\|\||[<>=!]=|[<>!+\-*/%()\[\],]))"
)
_DEEPEST: Final = 50
_INTEGERS_END: Final = 2.0**63
_LONGEST_SHOWN: Final = 60
_REMEDY: Final = "write for example `result[0] >= 0.95` or `len(result) == 0 || result[0] < 0.01`"


def _quotient(one: float, other: float) -> float:
    if other == 0:  # as floating-point division goes, where Python would raise
        return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one)
    return one / other


def _remainder(one: float, other: float) -> float:
    return math.fmod(one, other) if other != 0 and math.isfinite(one) else math.nan


_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SUMS: Final = {"+": operator.add, "-": operator.sub}
_PRODUCTS: Final = {"*": operator.mul, "/": _quotient, "%": _remainder}
_WORDS: Final = {"and": "&&", "or": "||", "not": "!"}


def _first(result: Result) -> float:
    if not result:
        raise NoVerdict("nothing was found")
    return result[0]


class _Parser:
    """Recursive descent; each method reads one level of precedence, the loosest first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        position, stripped = 0, text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                found = stripped[position:].strip()[:20]
                raise self._wrong(f"cannot read {found!r}")
            token = match.group(match.lastgroup or 0)
            self.tokens.append(_WORDS.get(token, token))
            position = match.end()
        self.at = 0
        self.depth = 0

    def condition(self) -> _Part:
        """The whole text, which is true or false."""
        whole = self._any()
        if self.at < len(self.tokens):
            raise self._wrong(f"{self.tokens[self.at]!r} is one too many")
        return self._of_type(whole, "truth", "the condition")

    def _any(self) -> _Part:
        left = self._all()
        while self._take("||"):
            left = _either(*self._truths(left, self._all(), "||"))
        return left

    def _all(self) -> _Part:
        left = self._comparison()
        while self._take("&&"):
            left = _both(*self._truths(left, self._comparison(), "&&"))
        return left

    def _comparison(self) -> _Part:
        left = self._sum()
        sign = self._take(*_COMPARISONS)
        if not sign:
            return left
        right = self._sum()
        if self._peek() in _COMPARISONS:
            raise self._wrong("comparisons do not chain; join them with &&")
        compare = _COMPARISONS[sign]
        wanted: Type = "truth" if left.type == "truth" and sign in ("==", "!=") else "number"
        one = self._of_type(left, wanted, f"the left of {sign}").value
        other = self._of_type(right, wanted, f"the right of {sign}").value
        return _Part("truth", lambda result: compare(one(result), other(result)))

    def _sum(self) -> _Part:
        left = self._product()
        while sign := self._take(*_SUMS):
            left = self._arithmetic(left, self._product(), sign, _SUMS[sign])
        return left

    def _product(self) -> _Part:
        left = self._unary()
        while sign := self._take(*_PRODUCTS):
            left = self._arithmetic(left, self._unary(), sign, _PRODUCTS[sign])
        return left

    def _arithmetic(
        self, left: _Part, right: _Part, sign: str, combine: Callable[[float, float], float]
    ) -> _Part:
        one = self._of_type(left, "number", f"the left of {sign}").value
        other = self._of_type(right, "number", f"the right of {sign}").value
        return _Part("number", lambda result: combine(one(result), other(result)))

    def _unary(self) -> _Part:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._wrong("it is nested too deeply")
        part = self._signed()
        self.depth -= 1
        return part

    def _signed(self) -> _Part:
        if self._take("!"):
            truth = self._of_type(self._unary(), "truth", "what follows !").value
            return _Part("truth", lambda result: not truth(result))
        if self._take("-"):
            number = self._of_type(self._unary(), "number", "what follows -").value
            return _Part("number", lambda result: -number(result))
        return self._operand()

    def _operand(self) -> _Part:
        token = self._next()
        if token == "(":
            inner = self._any()
            self._expect(")")
            return inner
        if token[0].isdigit() or token[0] == ".":
            constant = float(token)
            return _Part("number", lambda _: constant)
        if token in ("true", "false"):
            return _Part("truth", lambda _: token == "true")
        if token == "result":
            return self._result()
        if token in _FUNCTIONS or token == "default":
            return self._call(token)
        raise self._wrong(f"{token!r} is not known here")

    def _result(self) -> _Part:
        if not self._take("["):
            return _Part("result", _first)
        if self._next() != "0":
            raise self._wrong("a metric here is one number: only result[0] can be read")
        self._expect("]")
        return _Part("number", _first)

    def _call(self, name: str) -> _Part:
        self._expect("(")
        argument = self._any()
        if name == "default":
            self._expect(",")
            otherwise = self._of_type(self._any(), "number", "the second argument of default").value
            self._expect(")")
            self._of_type(argument, "number", "the first argument of default")
            return _Part("number", lambda result: _or_else(argument.value, otherwise, result))
        self._expect(")")
        if name in ("len", "isNil"):
            if argument.type != "result":
                raise self._wrong(f"{name} takes the whole result: {name}(result)")
            if name == "len":
                return _Part("number", lambda result: float(len(result)))
            return _Part("truth", lambda result: not result)
        kind, function = _FUNCTIONS[name]
        number = self._of_type(argument, "number", f"the argument of {name}").value
        return _Part(kind, lambda result: function(number(result)))

    def _truths(self, left: _Part, right: _Part, sign: str) -> tuple[Reading, Reading]:
        one = self._of_type(left, "truth", f"the left of {sign}")
        return one.value, self._of_type(right, "truth", f"the right of {sign}").value

    def _of_type(self, part: _Part, wanted: Type, where: str) -> _Part:
        # A bare `result` stands for its one number, as with providers that give no list.
        if part.type == wanted or (part.type == "result" and wanted == "number"):
            return part
        is_wanted = "a number" if wanted == "number" else "true or false"
        raise self._wrong(f"{where} must be {is_wanted}; put comparisons in parentheses")

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._peek()
        if token not in wanted:
            return ""
        self.at += 1
        return token

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._wrong("it ends too early")
        self.at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take(token) != token:
            raise self._wrong(f"{token!r} is missing")

    def _wrong(self, what: str) -> InvalidInput:
        shown = (
            self.text if len(self.text) <= _LONGEST_SHOWN else f"{self.text[:_LONGEST_SHOWN]}..."
        )
        return InvalidInput(f"condition {shown!r}: {what}; {_REMEDY}")


def _either(one: Reading, other: Reading) -> _Part:
    return _Part("truth", lambda result: one(result) or other(result))


def _both(one: Reading, other: Reading) -> _Part:
    return _Part("truth", lambda result: one(result) and other(result))


def _or_else(value: Reading, otherwise: Reading, result: Result) -> Value:
    try:
        found = value(result)
    except NoVerdict:
        return otherwise(result)
    return otherwise(result) if math.isnan(found) else found


def _as_int(number: float) -> float:
    if not abs(number) < _INTEGERS_END:  # NaN neither
        raise NoVerdict(f"asInt of {number:g} is no whole number of 64 bits")
    return float(math.trunc(number))


_FUNCTIONS: Final[Mapping[str, tuple[Type, Callable[[float], Value]]]] = {
    "len": ("number", float),
    "isNil": ("truth", math.isnan),
    "isNaN": ("truth", math.isnan),
    "isInf": ("truth", math.isinf),
    "asFloat": ("number", float),
    "asInt": ("number", _as_int),
}
