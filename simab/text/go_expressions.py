"""Regular expressions of Go: their text becomes a program that searches without backtracking.

Syntax: https://github.com/google/re2/wiki/Syntax. Refused are what Go refuses, and of what it has
Unicode classes, quoted and octal characters, and flags other than a leading (?i).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from simab.errors import InvalidInput
from simab.text.go_search import WORD, Characters, Fork, Instruction, Place, found

__all__ = ["Expression"]

_MOST_STEPS: Final = 5_000
_MOST_DEEP: Final = 100
_MOST_REPEATS: Final = 1_000  # Go's own
_REPEAT: Final = re.compile(r"\{(\d{1,9})(,(\d{0,9}))?\}", re.ASCII)
_GROUP: Final = re.compile(r"\((?:\?(?::|P?<[A-Za-z_]\w*>))?(?!\?)", re.ASCII)
_CLASS: Final = re.compile(r"\[:(\^?)(\w+):\]|\\([dwsDWS])", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")
_DIGITS: Final = (("0", "9"),)
_SPACES: Final = (("\t", "\n"), ("\f", "\r"), (" ", " "))
_CLASSES: Final = {"d": _DIGITS, "w": WORD, "s": _SPACES}
_NAMED: Final = {
    "alnum": (("0", "9"), ("A", "Z"), ("a", "z")),
    "alpha": (("A", "Z"), ("a", "z")),
    "digit": _DIGITS,
    "lower": (("a", "z"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "space": (("\t", "\r"), (" ", " ")),
    "upper": (("A", "Z"),),
    "word": WORD,
    "xdigit": (("0", "9"), ("A", "F"), ("a", "f")),
}
_CONTROLS: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLACES: Final = {
    "^": Place.START,
    "$": Place.END,
    "\\A": Place.START,
    "\\z": Place.END,
    "\\b": Place.WORD_EDGE,
    "\\B": Place.NO_WORD_EDGE,
}
_LAST: Final = chr(0x10FFFF)
Program = list[Instruction]
Ranges = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression, by its text."""

    text: str
    program: tuple[Instruction, ...]

    @classmethod
    def of(cls, text: str) -> Expression:
        """Read an expression.

        Raises:
            InvalidInput: Go has no such expression, or it is not read here.
        """
        return cls(text, tuple(_Parser(text).whole()))

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in the text."""
        return found(self.program, text)


class _Parser:
    """Descends into groups, no deeper than a fixed bound."""

    def __init__(self, text: str) -> None:
        self.any_case = text.startswith("(?i)")
        self.text = text
        self.at = 4 if self.any_case else 0
        self.depth = 0

    def whole(self) -> Program:
        """The program of all of the text."""
        program = self._alternatives()
        if self.at < len(self.text):
            self._refuse("')' is one too many")
        return program

    def _alternatives(self) -> Program:
        program = self._sequence()
        while self._next_is("|"):
            other = self._sequence()
            program = [Fork((1, len(program) + 2)), *program, Fork((len(other) + 1,)), *other]
            self._require_short(len(program))
        return program

    def _sequence(self) -> Program:
        program: Program = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            program += self._repeated(self._piece())
            self._require_short(len(program))
        return program

    def _repeated(self, piece: Program) -> Program:
        """What follows a piece: `*`, `+`, `?` or a count, lazy or not, which finds the same."""
        counts = self._counts()
        if counts is None:
            return piece
        self._next_is("?")
        if self._counts() is not None:
            self._refuse("a repetition is repeated")
        least, most = counts
        self._require_short(len(piece) * max(least, most or 0, 1))
        if most is None:
            again = [Fork((1, len(piece) + 2)), *piece, Fork((-len(piece) - 1,))]
            return piece * least + again
        # Each further one may be left out, and with it all that follow.
        size = len(piece) + 1
        optional = [
            step for left in range(most - least, 0, -1) for step in (Fork((1, left * size)), *piece)
        ]
        return piece * least + optional

    def _counts(self) -> tuple[int, int | None] | None:
        """The least and the most repetitions, None for endless ones; None where none is asked."""
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._next_is(sign):
                return counts
        match = _REPEAT.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        least = int(match[1])
        most = least if match[2] is None else int(match[3]) if match[3] else None
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            self._refuse(f"{match[0]} is not a count of repetitions")
        return least, most

    def _piece(self) -> Program:
        """A group, a place, or a set of characters."""
        sign = self.text[self.at]
        if sign in "*+?" or _REPEAT.match(self.text, self.at):
            self._refuse("nothing stands before a repetition")
        if sign == "(":
            return self._group()
        for written, place in _PLACES.items():
            if self._next_is(written):
                return [place]
        if self._next_is("."):
            return [Characters((("\n", "\n"),), negated=True)]
        if sign == "[":
            return [self._class()]
        if sign == "\\":
            return [self._escaped()]
        self.at += 1
        return [self._set(((sign, sign),))]

    def _group(self) -> Program:
        opened = _GROUP.match(self.text, self.at)
        if opened is None:
            self._refuse("lookaround and flags are not read")
        self.at = opened.end()
        self.depth += 1
        if self.depth > _MOST_DEEP:
            self._refuse(f"groups stand more than {_MOST_DEEP} deep")
        program = self._alternatives()
        self.depth -= 1
        if not self._next_is(")"):
            self._refuse("')' is missing")
        return program

    def _escaped(self) -> Characters:
        kind = self.text[self.at + 1 : self.at + 2]
        if kind.lower() in _CLASSES and kind:
            self.at += 2
            return self._set(_CLASSES[kind.lower()], negated=kind.isupper())
        character = self._single()
        return self._set(((character, character),))

    def _single(self) -> str:
        """One character, written as it is or with a backslash."""
        if self.at >= len(self.text):
            self._refuse("']' is missing")
        if self.text[self.at] != "\\":
            self.at += 1
            return self.text[self.at - 1]
        code = _HEXADECIMAL.match(self.text, self.at)
        if code is not None and int(code[1] or code[2], 16) <= ord(_LAST):
            self.at = code.end()
            return chr(int(code[1] or code[2], 16))
        kind = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if kind in _CONTROLS and kind:
            return _CONTROLS[kind]
        if not kind or kind.isalnum() or not kind.isascii():
            self._refuse(f"\\{kind} is not read")
        return kind

    def _class(self) -> Characters:
        self.at += 1
        negated, ranges = self._next_is("^"), list[tuple[str, str]]()
        first = True
        while first or not self._next_is("]"):
            first = False
            ranges += self._named_class() or self._range()
        return self._set(tuple(ranges), negated=negated)

    def _named_class(self) -> Ranges:
        """Ranges such as those of [:alpha:] or of an escaped class; none where none begins."""
        written = _CLASS.match(self.text, self.at)
        if written is None:
            return ()
        self.at = written.end()
        escaped = written[3] or ""
        if not escaped and written[2] not in _NAMED:
            self._refuse(f"[:{written[2]}:] is not read")
        ranges = _CLASSES[escaped.lower()] if escaped else _NAMED[written[2]]
        return _others(ranges) if written[1] or escaped.isupper() else ranges

    def _range(self) -> Ranges:
        low = high = self._single()
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] != "]":
            self.at += 1
            high = self._single()
        if high < low:
            self._refuse(f"{low}-{high} is not a range")
        return ((low, high),)

    def _set(self, ranges: Ranges, *, negated: bool = False) -> Characters:
        return Characters(ranges, negated=negated, any_case=self.any_case)

    def _next_is(self, sign: str) -> bool:
        is_next = self.text.startswith(sign, self.at)
        self.at += len(sign) * is_next
        return is_next

    def _require_short(self, steps: int) -> None:
        if steps > _MOST_STEPS:
            self._refuse(f"it has more than {_MOST_STEPS:,} steps")

    def _refuse(self, what: str) -> NoReturn:
        raise InvalidInput(f"is not a regular expression of Go that is read here: {what}")


def _others(ranges: Ranges) -> Ranges:
    """All characters outside of ranges that are in order."""
    starts = ["\0", *(chr(ord(high) + 1) for _, high in ranges)]
    ends = [*(chr(ord(low) - 1) for low, _ in ranges), _LAST]
    return tuple((low, high) for low, high in zip(starts, ends, strict=True) if low <= high)
