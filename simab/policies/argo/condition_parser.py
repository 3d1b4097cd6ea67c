"""The text of an Argo condition becomes a program: tokens, precedence, types.

Operators wait on a stack until one that binds less tightly comes, so that nothing recurses. What
the tool's compiler refuses, because types do not fit, is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from simab.policies.argo.condition_grammar import (
    BINARY,
    CALLS,
    COMPARISONS,
    CONSTANTS,
    ENDS,
    NOT,
    SIGN,
    TERNARY,
    Type,
    joined,
)
from simab.policies.argo.condition_program import Program
from simab.policies.argo.condition_tokens import PREDICATES, refusal, tokens_of
from simab.policies.argo.condition_types import require, type_of

__all__ = ["parsed"]


@dataclass
class _Waiting:
    """An operator or an open bracket; `at` is the instruction to fill in, if there is one."""

    sign: str
    binds: int = 0  # 0: a bracket, which only its end removes
    at: int = -1
    name: str = ""
    arguments: int = 0


@lru_cache(maxsize=256)
def parsed(text: str) -> Program:
    """The program of a condition.

    Raises:
        InvalidInput: it is none, with what is wrong and what to write.
    """
    return _Parser(text).program()


class _Parser:
    """One pass over the tokens: an operand is expected, then an operator, and so on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens, self.shape, self.field = tokens_of(text)
        self.at = 0
        self.code: list[tuple[str, Any]] = []
        self.types: list[Type] = []
        self.waiting: list[_Waiting] = []

    def program(self) -> Program:
        """The whole text, which is true or false."""
        operand = True
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            operand = self._operand(token) if operand else self._after_operand(token)
        if operand:
            self._refuse("it ends too early")
        opened = self._reduce(0)
        if opened is not None:
            self._refuse(f"{ENDS[opened.sign]!r} is missing")
        self._require(self.types.pop(), "truth", "the condition")
        return Program(tuple(self.code), self.shape, self.field)

    # -- grammar ---------------------------------------------------------------------------------

    def _operand(self, token: str) -> bool:
        """Take what may stand where a value begins; whether one is still expected."""
        if token in ("!", "-", "+"):
            self.waiting.append(_Waiting(f"unary {token}", NOT if token == "!" else SIGN))
            return True
        if token in ("(", "["):
            self.waiting.append(_Waiting(token))
            if token == "[" and self._next_is("]"):
                self._close("]", empty=True)
                return False
            return True
        if token in PREDICATES and any(each.name in PREDICATES for each in self.waiting):
            self._refuse("a predicate within a predicate is not read; join two with &&")
        if token in CALLS or token in PREDICATES:
            if not self._next_is("("):
                self._refuse("'(' is missing")
            self.waiting.append(_Waiting("call", name=token))
            return True
        self._value(token)
        return False

    def _value(self, token: str) -> None:
        if token in CONSTANTS:
            self._emit("push", *CONSTANTS[token])
        elif token.startswith("result "):
            part = token.removeprefix("result ")
            is_list = part == "whole" and self.shape == "list"
            if part == "whole" and self.shape == "fields":
                self._refuse("the whole result is not a number; read its field everywhere")
            self._emit("result", part, "list" if is_list else "number")
        elif token == "#":
            if not any(each.name in PREDICATES and each.at >= 0 for each in self.waiting):
                self._refuse("'#' stands only in a predicate, such as all(result, # < 1)")
            self._emit("item", None, "number")
        elif token[0] in "\"'":
            self._emit("push", token[1:-1], "text")
        elif re.fullmatch(r"\d{1,18}", token):
            self._emit("push", int(token), "integer")
        elif token[0].isdigit() or (token[0] == "." and len(token) > 1 and token != ".."):
            self._emit("push", float(token), "number")
        elif token in (")", "]", "}", ",", ":") or (not token[0].isalpha() and token[0] != "_"):
            self._refuse(f"{token!r} stands where a value is expected")
        else:
            self._refuse(f"{token!r} is not known here")

    def _after_operand(self, token: str) -> bool:
        """Take what may follow a value; whether another one is expected."""
        if token == "!" and self._next_is("in"):
            token = "not in"
        if token in BINARY:
            self._binary(token)
            return True
        if token == "?":
            self._reduce(TERNARY + 1)
            self._require(self.types.pop(), "truth", "the left of ?")
            self.waiting.append(_Waiting("?", at=self._jump("unless")))
            return True
        if token == ":":
            return self._otherwise()
        if token == ",":
            return self._argument()
        if token not in (")", "]", "}"):
            self._refuse(f"{token!r} is one too many")
        self._close(token)
        return False

    def _binary(self, sign: str) -> None:
        binds = BINARY[sign]
        chained = self._reduce(binds + (sign == "**"), chains=sign in COMPARISONS)
        if sign in COMPARISONS and chained is not None and chained.sign in COMPARISONS:
            self._refuse("comparisons do not chain; join them with &&")
        at = -1
        if sign in ("&&", "||"):
            self._require(self.types[-1], "truth", f"the left of {sign}")
        if sign in ("&&", "||", "??"):
            at = self._jump(sign)
        self.waiting.append(_Waiting(sign, binds, at))

    def _otherwise(self) -> bool:
        opened = self._reduce(0)
        if opened is None or opened.sign != "?":
            self._refuse("':' is one too many")
        self.waiting.pop()
        end = self._jump("jump")
        self._fill(opened.at)
        self.waiting.append(_Waiting(":", TERNARY, end))
        return True

    def _argument(self) -> bool:
        opened = self._reduce(0)
        if opened is None or opened.sign not in ("call", "["):
            self._refuse("',' is one too many")
        opened.arguments += 1
        if opened.name in PREDICATES:
            if opened.arguments > 1:
                self._refuse(f"{opened.name} takes a list and a predicate")
            self._require(self.types.pop(), "list", f"the first argument of {opened.name}")
            self.code.append(("each", opened.name))
            opened.at = self._jump("next")
            if self._next_is("{"):
                self.waiting.append(_Waiting("{"))
        return True

    def _close(self, token: str, *, empty: bool = False) -> None:
        opened = None if empty else self._reduce(0)
        if empty:
            opened = self.waiting[-1]
        if opened is None or ENDS[opened.sign] != token:
            self._refuse(f"{token!r} is one too many")
        self.waiting.pop()
        opened.arguments += not empty
        if opened.sign == "call":
            self._call(opened)
        elif opened.sign == "[":
            count = opened.arguments
            self.code.append(("gather", count))
            self.types[len(self.types) - count :] = ["list"]

    def _call(self, call: _Waiting) -> None:
        name, count = call.name, call.arguments
        if name in PREDICATES:
            if call.at < 0:
                self._refuse(f"{name} takes a list and a predicate, as in {name}(result, # < 1)")
            self._require(self.types.pop(), "truth", f"the predicate of {name}")
            self.code.append(("feed", call.at))
            self._fill(call.at)
            self.types.append("integer" if name == "count" else "truth")
            return
        wanted, given = CALLS[name]
        if count != len(wanted) and not (name in ("min", "max") and count):
            self._refuse(f"{name} takes {len(wanted)} argument{'s' * (len(wanted) > 1)}")
        cut = len(self.types) - count
        for found in self.types[cut:]:
            if name == "len" and found not in ("list", "any"):
                self._refuse("len takes the whole result: len(result)")
            if wanted[0] != "any":
                self._require(found, wanted[0], f"the argument of {name}")
        self.types[cut:] = [given]
        self.code.append(("call", (name, count)))

    # -- the stack of operators ------------------------------------------------------------------

    def _reduce(self, binds: int, *, chains: bool = False) -> _Waiting | None:
        """Emit the waiting operators that bind at least so tightly.

        Gives the open bracket that they stand in, or with `chains` the last operator emitted.
        """
        last = None
        while self.waiting and self.waiting[-1].binds >= max(binds, 1):
            last = self.waiting.pop()
            self._finish(last)
        if chains:
            return last if last is not None and last.binds == binds else None
        return self.waiting[-1] if self.waiting else None

    def _finish(self, it: _Waiting) -> None:
        sign = it.sign
        right = self.types.pop()
        if sign.startswith("unary "):
            self._unary(sign.removeprefix("unary "), right)
            return
        left = self.types.pop()
        if it.at >= 0:
            self._fill(it.at)
            if sign in ("&&", "||"):
                self._require(right, "truth", f"the right of {sign}")
            self.types.append(joined(left, right))
            return
        self.types.append(type_of(self.text, sign, left, right))
        self.code.append(("operator", sign))

    def _unary(self, sign: str, of: Type) -> None:
        self._require(of, "truth" if sign == "!" else "number", f"what follows {sign}")
        self.code.append(({"!": "not", "-": "minus", "+": "plus"}[sign], None))
        self.types.append(of if sign != "!" else "truth")

    # -- output ----------------------------------------------------------------------------------

    def _emit(self, what: str, argument: Any, of: Type) -> None:
        self.code.append((what, argument))
        self.types.append(of)

    def _jump(self, what: str) -> int:
        self.code.append((what, None))
        return len(self.code) - 1

    def _fill(self, at: int) -> None:
        """A jump goes to what comes next."""
        self.code[at] = (self.code[at][0], len(self.code))

    def _next_is(self, token: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at] == token
        self.at += found
        return found

    def _require(self, found: Type, wanted: Type, where: str) -> None:
        require(self.text, found, wanted, where)

    def _refuse(self, what: str) -> NoReturn:
        raise refusal(self.text, what)
