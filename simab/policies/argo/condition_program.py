"""A parsed Argo condition as a program for a stack.

Nothing recurses, so a condition may be nested as deeply as a file can write it. What the tool finds
wrong only when it evaluates is a NoVerdict here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from simab.policies.argo.condition_values import (
    OPERATORS,
    NoVerdict,
    Shape,
    functions,
    listed,
    number,
    shown,
    truth,
)

__all__ = ["Instruction", "Program"]

Instruction: TypeAlias = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Program:
    """Instructions that leave one truth on the stack; `shape` is None where any would do."""

    instructions: Sequence[Instruction]
    shape: Shape | None
    field: str = ""

    def holds(self, found: tuple[float, ...], shape: Shape) -> bool:
        """Whether the condition holds for what a query found: one number, or nothing."""
        verdict = _Machine(found, shape).run(self.instructions)
        if not isinstance(verdict, bool):
            raise NoVerdict(f"{shown(verdict)} is neither true nor false")
        return verdict


class _Machine:
    """The stack, and the loops that are open."""

    def __init__(self, found: tuple[float, ...], shape: Shape) -> None:
        self.found = found
        self.shape = shape
        self.functions = functions(found, shape)
        self.stack: list[Any] = []
        self.loops: list[_Loop] = []

    def run(self, instructions: Sequence[Instruction]) -> Any:
        at = 0
        while at < len(instructions):
            what, argument = instructions[at]
            at = self._step(what, argument, at)
        return self.stack.pop()

    def _step(self, what: str, argument: Any, at: int) -> int:
        stack = self.stack
        match what:
            case "push":
                stack.append(argument)
            case "result":
                stack.append(self._result(argument))
            case "item":
                stack.append(self.loops[-1].item)
            case "operator":
                self._apply(OPERATORS[argument], 2)
            case "minus" | "plus":
                stack.append((-1 if what == "minus" else 1) * number(stack.pop()))
            case "not":
                stack.append(not truth(stack.pop()))
            case "call":
                self._apply(self.functions[argument[0]], argument[1])
            case "gather":
                cut = len(stack) - argument
                stack[cut:] = [stack[cut:]]
            case _:
                return self._jump(what, argument, at)
        return at + 1

    def _jump(self, what: str, argument: Any, at: int) -> int:
        """Instructions that may go on elsewhere than at the next one."""
        stack = self.stack
        match what:
            case "jump":
                return int(argument)
            case "unless":
                return at + 1 if truth(stack.pop()) else int(argument)
            case "&&" | "||" | "??":
                decided = (
                    stack[-1] is not None if what == "??" else truth(stack[-1]) is (what == "||")
                )
                if decided:
                    return int(argument)
                stack.pop()
            case "each":
                self.loops.append(_Loop(argument, iter(listed(stack.pop()))))
            case "next":
                if not self.loops[-1].advanced():
                    stack.append(self.loops.pop().outcome())
                    return int(argument)
            case _:  # "feed": the verdict on one item
                self.loops[-1].holding += truth(stack.pop())
                return int(argument)
        return at + 1

    def _apply(self, function: Callable[..., Any], count: int) -> None:
        cut = len(self.stack) - count
        self.stack[cut:] = [function(*self.stack[cut:])]

    def _result(self, part: str) -> Any:
        if part == "first" and not self.found:
            raise NoVerdict("nothing was found")
        if part == "whole" and self.shape == "list":
            return list(self.found)
        return self.found[0] if self.found else None


@dataclass
class _Loop:
    """A predicate over a list: its name, what is left, and how many items it held for."""

    name: str
    rest: Any
    item: Any = None
    seen: int = 0
    holding: int = 0

    def advanced(self) -> bool:
        """Whether there was another item."""
        for item in self.rest:
            self.item = item
            self.seen += 1
            return True
        return False

    def outcome(self) -> bool | int:
        """What the predicate says once all items are seen."""
        verdicts = {
            "all": self.holding == self.seen,
            "any": self.holding > 0,
            "none": self.holding == 0,
            "one": self.holding == 1,
        }
        return verdicts.get(self.name, self.holding)
