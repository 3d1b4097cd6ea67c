"""The words of a query: names, numbers, durations, texts and signs, each with its place."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from simab.prometheus.refusals import bad_data

__all__ = ["MOST_CHARACTERS", "Token", "position", "tokens_of"]

MOST_CHARACTERS: Final = 16_384
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<duration>(?:\d+(?:ms|[smhdwy]))+(?![\w.]))
    |(?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.]))
    |(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<sign>==|!=|=~|!~|<=|>=|[-+*/%^<>=(){}\[\],@])""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
_CONTROLS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Token(NamedTuple):
    """A word: its kind (duration, number, name, text, sign or end), itself, and where it stands."""

    kind: str
    text: str
    place: int


def tokens_of(query: str) -> list[Token]:
    """The words of a query, and one that ends it. Texts come without quotes and escapes.

    Raises:
        QueryRefused: it is too long, or something in it is not a word.
    """
    if len(query) > MOST_CHARACTERS:
        raise bad_data(f"a query may have {MOST_CHARACTERS:,} characters; this has {len(query):,}")
    found: list[Token] = []
    at = 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise bad_data(f"{position(query, at)}: parse error: {_why(query, at)}")
        kind = str(match.lastgroup)
        if kind != "space":
            text = _unquoted(match[0], query, at) if kind == "text" else match[0]
            found.append(Token(kind, text, at))
        at = match.end()
    return [*found, Token("end", "", len(query))]


def position(query: str, place: int) -> str:
    """Line and column of a place, both from 1, as Prometheus begins its messages."""
    before = query[:place]
    return f"{before.count(chr(10)) + 1}:{place - (before.rfind(chr(10)) + 1) + 1}"


def _why(query: str, at: int) -> str:
    if query[at] == "$":
        return "'$': variables of a dashboard have to be filled in before"
    if query[at] in "\"'`":
        return "a text is not closed"
    if query[at].isdigit():
        return f"bad number or duration syntax: {query[at : at + 12]!r}"
    return f"unexpected character: {query[at]!r}"


def _unquoted(quoted: str, query: str, at: int) -> str:
    if quoted[0] == "`":
        return quoted[1:-1]

    def plain(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            number = int(code, 16)
            if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
                raise bad_data(f"{position(query, at)}: parse error: {found[0]} is no character")
            return chr(number)
        if found[4] in _CONTROLS:
            return _CONTROLS[found[4]]
        if found[4] in "\\\"'":
            return found[4]
        raise bad_data(f"{position(query, at)}: parse error: unknown escape sequence {found[0]!r}")

    return _ESCAPE.sub(plain, quoted[1:-1])
