"""Reads a query of the subset, and refuses what is not part of it by its name.

Operators bind as in Prometheus: `^` most closely and from the right, then signs, `* / %`, `+ -`,
comparisons, `and unless`, `or`.
"""

from __future__ import annotations

from typing import Final, NoReturn

from simab.prometheus.durations import LONGEST_MS, duration_ms
from simab.prometheus.expressions import (
    COMPARISONS,
    SETS,
    Aggregation,
    Binary,
    Call,
    Expression,
    Kind,
    Matcher,
    Matching,
    Negative,
    Number,
    Selector,
)
from simab.prometheus.functions import AGGREGATIONS, FUNCTIONS, OTHER_AGGREGATIONS
from simab.prometheus.refusals import bad_data
from simab.prometheus.tokens import Token, position, tokens_of
from simab.text.lists import listed

__all__ = ["MOST_DEEP", "MOST_PARTS", "MOST_STATES", "parsed"]

MOST_DEEP: Final = 64
MOST_PARTS: Final = 200
MOST_STATES: Final = 10_000
_POWER: Final = 6
_STRENGTH: Final = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(COMPARISONS, 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys("*/%", 5),
    "^": _POWER,
}
_NUMBERS: Final = {"inf": float("inf"), "nan": float("nan")}
_MATCHERS: Final = ("=", "!=", "=~", "!~")
_NAME_LABEL: Final = "__name__"


def parsed(query: str) -> Expression:
    """What a query says.

    Raises:
        QueryRefused: it cannot be read, is too long or too deep, or asks for what is not supported.
    """
    return _Parser(query).whole()


class _Parser:
    """Reads word by word; depth, operands and states of expressions each have a bound."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.tokens = tokens_of(query)
        self.at = 0
        self.depth = 0
        self.parts = 0
        self.states = 0

    def whole(self) -> Expression:
        """The query, with nothing behind it."""
        if self._token.kind == "end":
            raise bad_data("parse error: no expression found in input")
        found = self._operation(1)
        if self._token.kind != "end":
            self._refuse(f"unexpected {self._token.text!r}")
        return found

    # ------------------------------------------------------------------------------- operators

    def _operation(self, weakest: int) -> Expression:
        """Operands and the operators between them that bind at least so strongly."""
        self.depth += 1
        self.parts += 1
        if self.depth > MOST_DEEP:
            self._refuse(f"it is nested more than {MOST_DEEP} deep")
        if self.parts > MOST_PARTS:
            self._refuse(f"it has more than {MOST_PARTS} operands and arguments")
        left = self._signed(weakest)
        while (strength := _STRENGTH.get(self._token.text.lower(), 0)) >= weakest:
            if self._token.kind not in ("sign", "name"):
                break
            left = self._joined(left, strength)
        self.depth -= 1
        return left

    def _signed(self, weakest: int) -> Expression:
        if self._token.kind == "sign" and self._token.text in "+-":
            place, sign = self._token, self._take().text
            operand = self._operation(max(weakest, _POWER))
            if operand.kind is Kind.RANGE:
                self._refuse("unary expression only allowed on scalar or instant vector", place)
            if sign == "+":
                return operand
            return Number(-operand.value) if isinstance(operand, Number) else Negative(operand)
        return self._operand()

    def _joined(self, left: Expression, strength: int) -> Expression:
        place = self._token
        operator = self._take().text.lower()
        as_number = self._next_word("bool")
        if as_number and operator not in COMPARISONS:
            self._refuse("bool modifier can only be used on comparison operators", place)
        matching = self._matching()
        right = self._operation(strength if operator == "^" else strength + 1)
        for operand in (left, right):
            if operand.kind is Kind.RANGE:
                self._refuse("binary expression must contain only scalar and instant vector types",
                             place)  # fmt: skip
        found = Binary(operator, left, right, matching or Matching(False, ()), as_number)
        scalars = [each.kind is Kind.SCALAR for each in (left, right)]
        if all(scalars) and operator in COMPARISONS and not as_number:
            self._refuse("comparisons between scalars must use BOOL modifier", place)
        if any(scalars) and operator in SETS:
            self._refuse(f"set operator {operator!r} not allowed in binary scalar expression",
                         place)  # fmt: skip
        if any(scalars) and matching is not None:
            self._refuse("vector matching only allowed between instant vectors", place)
        return found

    def _matching(self) -> Matching | None:
        for word in ("on", "ignoring"):
            if self._next_word(word):
                labels = self._labels()
                if self._token.text.lower() in ("group_left", "group_right"):
                    self._unsupported(f"{self._token.text} (many-to-one matching)")
                return Matching(word == "on", labels)
        return None

    # ------------------------------------------------------------------------------- operands

    def _operand(self) -> Expression:
        token = self._token
        if token.kind == "number":
            text = self._take().text
            hexadecimal = text[:2].lower() == "0x"
            return self._not_ranged(Number(float(int(text, 16)) if hexadecimal else float(text)))
        if token.kind == "sign" and token.text == "(":
            self._take()
            found = self._operation(1)
            self._require(")")
            return self._not_ranged(found)
        if token.kind == "sign" and token.text == "{":
            return self._selector("")
        if token.kind == "name":
            return self._named()
        if token.kind == "duration":
            self._unsupported(f"{token.text}, a duration that stands for a number of seconds")
        if token.kind == "text":
            self._unsupported("a text as a value")
        return self._refuse(f"unexpected {token.text!r}" if token.text else "unexpected end")

    def _named(self) -> Expression:
        """A function, an aggregation, a number by its name, or a selector."""
        name, lower = self._token.text, self._token.text.lower()
        follows = self.tokens[self.at + 1]
        is_called = follows.kind == "sign" and follows.text == "("
        grouped = follows.kind == "name" and follows.text.lower() in ("by", "without")
        if lower in OTHER_AGGREGATIONS and (is_called or grouped):
            self._unsupported(f"{lower}; aggregations are {listed(AGGREGATIONS)}")
        if lower in AGGREGATIONS and (is_called or grouped):
            return self._not_ranged(self._aggregation())
        if is_called:
            return self._not_ranged(self._call())
        if lower in _NUMBERS:
            self._take()
            return self._not_ranged(Number(_NUMBERS[lower]))
        if lower in _STRENGTH or lower in ("by", "without", "on", "ignoring", "bool", "offset"):
            self._refuse(f"unexpected {name!r}")
        return self._selector(self._take().text)

    def _call(self) -> Expression:
        place = self._token
        function = self._take().text
        signature = FUNCTIONS.get(function)
        if signature is None:
            self._unsupported(f"function {function!r}; functions are {listed(sorted(FUNCTIONS))}",
                              place)  # fmt: skip
        self._require("(")
        arguments: list[Expression] = []
        while not self._next_sign(")"):
            if arguments:
                self._require(",")
            arguments.append(self._operation(1))
        if len(arguments) != len(signature.arguments):
            self._refuse(
                f"expected {len(signature.arguments)} argument(s) in call to {function!r}, "
                f"got {len(arguments)}", place
            )  # fmt: skip
        for argument, kind in zip(arguments, signature.arguments, strict=True):
            self._require_kind(argument, kind, f'call to function "{function}"', place)
        return Call(function, tuple(arguments), signature.result)

    def _aggregation(self) -> Expression:
        place = self._token
        operator = self._take().text.lower()
        grouping = self._grouping()
        self._require("(")
        inner = self._operation(1)
        if self._token.text == ",":
            self._refuse(f"{operator} takes one argument")
        self._require(")")
        grouping = grouping or self._grouping() or (False, ())
        self._require_kind(inner, Kind.INSTANT, "aggregation expression", place)
        return Aggregation(operator, inner, grouping[1], grouping[0])

    def _grouping(self) -> tuple[bool, tuple[str, ...]] | None:
        for word in ("by", "without"):
            if self._next_word(word):
                return word == "without", self._labels()
        return None

    # ------------------------------------------------------------------------------- selectors

    def _selector(self, name: str) -> Selector:
        place = self._token
        matchers = self._matchers() if self._next_sign("{") else ()
        named = [each.value for each in matchers if each == Matcher(_NAME_LABEL, "=", each.value)]
        rest = tuple(each for each in matchers if each.label != _NAME_LABEL)
        if len(matchers) - len(rest) != len(named) or len(named) + bool(name) > 1:
            self._unsupported("more than one name, or a pattern of names", place)
        if not name and not named:
            self._unsupported("a selector without the name of a metric", place)
        range_ms = self._range() if self._next_sign("[") else 0
        if self._token.text == "[":
            self._refuse("a range has a range")
        offset_ms = self._offset() if self._next_word("offset") else 0
        if self._token.text == "[":
            self._refuse("no offset modifiers allowed before range")
        if self._token.text == "@":
            self._unsupported("the modifier @")
        return Selector(name or named[0], rest, range_ms, offset_ms)

    def _matchers(self) -> tuple[Matcher, ...]:
        found: list[Matcher] = []
        while not self._next_sign("}"):
            if self._token.text == "{":
                self._refuse("unexpected '{'; templates have to be filled in before")
            if found:
                self._require(",")
                if self._next_sign("}"):
                    break
            label = self._take_kind("name", "a label")
            operator = self._take()
            if operator.kind != "sign" or operator.text not in _MATCHERS:
                self._refuse(f"unexpected {operator.text!r}, expected one of {listed(_MATCHERS)}",
                             operator)  # fmt: skip
            matcher = Matcher(label, operator.text, self._take_kind("text", "a label's value"))
            self.states += matcher.states()
            if self.states > MOST_STATES:
                self._refuse(f"its expressions have more than {MOST_STATES:,} states")
            found.append(matcher)
        return tuple(found)

    def _range(self) -> int:
        if self._token.text == "{":
            self._refuse("unexpected '{'; templates have to be filled in before")
        length_ms = self._duration()
        if length_ms == 0:
            self._refuse("duration must be greater than 0")
        if self._token.text[:1] == ":":
            self._unsupported("a subquery")
        self._require("]")
        return length_ms

    def _offset(self) -> int:
        sign = -1 if self._next_sign("-") else 1
        return sign * self._duration()

    def _duration(self) -> int:
        token = self._token
        length_ms = duration_ms(self._take_kind("duration", "a duration such as 5m"))
        if length_ms is None or length_ms > LONGEST_MS:
            self._refuse(f"{token.text!r} is not a duration up to 366 days", token)
        return length_ms

    # ------------------------------------------------------------------------------- words

    @property
    def _token(self) -> Token:
        return self.tokens[self.at]

    def _take(self) -> Token:
        token = self._token
        self.at += token.kind != "end"
        return token

    def _next_sign(self, sign: str) -> bool:
        is_next = self._token.kind == "sign" and self._token.text == sign
        self.at += is_next
        return is_next

    def _next_word(self, word: str) -> bool:
        is_next = self._token.kind == "name" and self._token.text.lower() == word
        self.at += is_next
        return is_next

    def _require(self, sign: str) -> None:
        if not self._next_sign(sign):
            self._refuse(f"unexpected {self._token.text!r}, expected {sign!r}")

    def _take_kind(self, kind: str, what: str) -> str:
        if self._token.kind != kind:
            self._refuse(f"unexpected {self._token.text!r}, expected {what}")
        return self._take().text

    def _labels(self) -> tuple[str, ...]:
        self._require("(")
        found: list[str] = []
        while not self._next_sign(")"):
            if found:
                self._require(",")
                if self._next_sign(")"):
                    break
            found.append(self._take_kind("name", "a label"))
        return tuple(found)

    def _not_ranged(self, found: Expression) -> Expression:
        """What is not a selector has neither range nor offset of its own."""
        if self._token.text == "[":
            self._unsupported("a range of an expression (a subquery)")
        if self._token.text.lower() == "offset":
            self._refuse("offset modifier must be preceded by a selector")
        if self._token.text == "@":
            self._unsupported("the modifier @")
        return found

    def _require_kind(self, found: Expression, kind: Kind, what: str, place: Token) -> None:
        if found.kind is not kind:
            self._refuse(f"expected type {kind} in {what}, got {found.kind}", place)

    def _unsupported(self, what: str, place: Token | None = None) -> NoReturn:
        at = position(self.query, (place or self._token).place)
        raise bad_data(f"{at}: not supported by simab: {what}")

    def _refuse(self, what: str, place: Token | None = None) -> NoReturn:
        raise bad_data(f"{position(self.query, (place or self._token).place)}: parse error: {what}")
