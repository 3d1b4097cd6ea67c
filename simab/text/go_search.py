"""Searches a text by a regular expression in time that grows with the product of their lengths.

All states that the text so far may have led to are followed at once (Thompson, Communications of
the ACM 11, 1968), as Go's own engine does; nothing backtracks, so no expression hangs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

__all__ = ["WORD", "Characters", "Fork", "Instruction", "Place", "found"]

WORD: Final = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
"""The characters of a word: those of ASCII alone, as in Go."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character that lies within one of some ranges, or within none; without case if asked."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False
    any_case: bool = False

    def hold(self, character: str) -> bool:
        """Whether the character is one of these."""
        forms = {character}
        if self.any_case:
            forms |= {each for each in (character.lower(), character.upper()) if len(each) == 1}
        within = any(low <= form <= high for form in forms for low, high in self.ranges)
        return within is not self.negated


class Place(Enum):
    """What holds between two characters."""

    START = "^"
    END = "$"
    WORD_EDGE = "\\b"
    NO_WORD_EDGE = "\\B"

    def holds(self, text: str, at: int) -> bool:
        """Whether it holds before the character at that position."""
        if self is Place.START:
            return at == 0
        if self is Place.END:
            return at == len(text)
        edge = _in_word(text, at - 1) != _in_word(text, at)
        return edge is (self is Place.WORD_EDGE)


@dataclass(frozen=True, slots=True)
class Fork:
    """Go on at each of these distances from here."""

    distances: tuple[int, ...]


Instruction: TypeAlias = Characters | Place | Fork


def found(program: Sequence[Instruction], text: str) -> bool:
    """Whether the program, which matches at its end, does so from any position of the text."""
    states: set[int] = set()
    for at in range(len(text) + 1):
        states = _reached(program, {0, *states}, text, at)
        if len(program) in states:
            return True
        if at < len(text):
            states = _after(program, states, text[at])
    return False


def _after(program: Sequence[Instruction], states: set[int], character: str) -> set[int]:
    """Where a character leads."""
    return {
        state + 1
        for state in states
        if isinstance(wanted := program[state], Characters) and wanted.hold(character)
    }


def _reached(program: Sequence[Instruction], states: set[int], text: str, at: int) -> set[int]:
    """All states that these lead to without a further character."""
    seen, waiting = set(states), list(states)
    while waiting:
        state = waiting.pop()
        step = program[state] if state < len(program) else None
        onward: tuple[int, ...] = ()
        if isinstance(step, Fork):
            onward = step.distances
        elif isinstance(step, Place) and step.holds(text, at):
            onward = (1,)
        fresh = {state + distance for distance in onward} - seen
        seen |= fresh
        waiting += fresh
    return seen


def _in_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and Characters(WORD).hold(text[at])
