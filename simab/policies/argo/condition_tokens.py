"""The tokens of an Argo condition, and what they take the result for."""

from __future__ import annotations

import re
from typing import Final

from simab.errors import InvalidInput
from simab.policies.argo.condition_values import Shape

__all__ = ["PREDICATES", "refusal", "tokens_of"]

PREDICATES: Final = ("all", "any", "none", "one", "count")

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?!\.\.)(?:\.\d*)?(?:[eE][+-]?\d+)?|\d+|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<text>\"[^\"\\\n]*\"|'[^'\\\n]*')"
    r"|(?P<sign>&&|\|\||\?\?|\?\.|\.\.|\*\*|[<>=!]=|[<>!+\-*/%^()\[\]{},?:.#]))"
)
_LONGEST_SHOWN: Final = 60
_REMEDY: Final = "write for example `result[0] >= 0.95` or `len(result) == 0 || result[0] < 0.01`"
_SIGNS: Final = {"and": "&&", "or": "||", "not": "!", "^": "**"}


def tokens_of(text: str) -> tuple[list[str], Shape | None, str]:
    """The tokens, the shape of the result that they need (None: any), and the field they read.

    Each `result`, with what selects the number in it, is one token: `result whole`, `result first`
    or `result value`.

    Raises:
        InvalidInput: a part is not a token, or the result is read in two ways.
    """
    reader = _Reader(text)
    return reader.tokens, reader.shape, reader.field


def refusal(text: str, what: str) -> InvalidInput:
    """The error of a condition: what is wrong with it, and what to write."""
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
    return InvalidInput(f"condition {shown!r}: {what}; {_REMEDY}")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.shape: Shape | None = None
        self.field = ""
        self.tokens = self._read()
        self._find_shape()

    def _read(self) -> list[str]:
        tokens: list[str] = []
        position, stripped = 0, self.text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                raise refusal(self.text, f"cannot read {stripped[position:].strip()[:20]!r}")
            token = match.group(match.lastgroup or 0)
            tokens.append(_SIGNS.get(token, token))
            position = match.end()
        return tokens

    def _find_shape(self) -> None:
        """Each `result`, with what selects the number in it, becomes one token."""
        tokens, after, at, is_number = self.tokens, list[str](), 0, False
        while at < len(tokens):
            before = tokens[at - 1] if at else ""
            if tokens[at] != "result" or before in (".", "?."):
                after.append(tokens[at])
                at += 1
                continue
            end = self._path_end(at + 1)
            path = "".join(tokens[at + 1 : end]).replace("?.", ".")
            path = re.sub(r"\[[\"']([A-Za-z_]\w*)[\"']\]", r".\1", path)
            called = before == "(" and at > 1 and tokens[at - 2] in ("len", *PREDICATES)
            whole = not path
            if path == "[0]" or (whole and (called or before == "in")):
                self._shaped("list")
            elif path and re.fullmatch(r"\[\d+\]", path):
                raise refusal(self.text, "a metric here is one number: only result[0] can be read")
            elif path:
                self._shaped("fields", path)
            elif not self._asks_for_nil(at, end):
                is_number = True
            after.append("result whole" if whole else "result value")
            if path == "[0]":
                after[-1] = "result first"
            at = end
        self.tokens = after
        if is_number and self.shape is None:
            self.shape = "number"

    def _asks_for_nil(self, at: int, end: int) -> bool:
        """Whether only a property of the result is used, which leaves its type open."""
        tokens = self.tokens
        if at > 1 and tokens[at - 1] == "(" and tokens[at - 2] in ("isNil", "default"):
            return True
        after = tokens[end : end + 2]
        return len(after) == 2 and after[0] in ("==", "!=") and after[1] == "nil"

    def _path_end(self, at: int) -> int:
        tokens = self.tokens
        while at + 1 < len(tokens):
            if tokens[at] in (".", "?.") and re.fullmatch(r"[A-Za-z_]\w*", tokens[at + 1]):
                at += 2
            elif tokens[at] == "[" and re.fullmatch(r"\d+|[\"'].*", tokens[at + 1]):
                if tokens[at + 2 : at + 3] != ["]"]:
                    break
                at += 3
            else:
                break
        return at

    def _shaped(self, shape: Shape, field: str = "") -> None:
        if self.shape not in (None, shape):
            raise refusal(self.text, "the result cannot be a list and have fields; read one")
        if self.field and field != self.field:
            raise refusal(
                self.text,
                f"a metric here is one number: result{self.field} and result{field} cannot both be",
            )
        self.shape, self.field = shape, field
