"""What a person at the keyboard may ask for, as a line of text: weights, promote, wait, quit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from simab import units
from simab.errors import InvalidInput
from simab.policies import Action, Promote, RollBack, SetWeights
from simab.scenario.suggestions import remedy_for_name

__all__ = ["HELP", "Act", "HandCommand", "Quit", "Show", "Wait", "hand_command"]

HELP: Final = (
    ("weights NAME=W NAME=W", "set weights, such as: weights current=9 new=1"),
    ("promote NAME", "decide: all traffic to this variant, and the game ends"),
    ("rollback", "decide: all traffic back to the control, and the game ends"),
    ("wait 10min", "let time pass; without a duration one look of the controller"),
    ("show", "what production shows now"),
    ("help", "these lines"),
    ("quit", "end without a decision"),
)
_BECAUSE: Final = "by hand"


@dataclass(frozen=True, slots=True)
class Act:
    """Ask the endpoint for something; `decides` ends the game if it is accepted."""

    action: Action
    decides: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass, in ns; None: one look of the controller."""

    duration_ns: int | None


@dataclass(frozen=True, slots=True)
class Show:
    """Show what production shows, or with `help` the commands."""

    help: bool = False


@dataclass(frozen=True, slots=True)
class Quit:
    """End without a decision."""


HandCommand: TypeAlias = Act | Wait | Show | Quit


def hand_command(line: str, variants: Collection[str]) -> HandCommand:
    """The command that a line says; names with blanks in them may stand in quotes.

    Raises:
        InvalidInput: what is wrong with it, and what can be written.
    """
    words = _words(line)
    if not words:
        return Wait(None)
    name, rest = words[0].lower(), words[1:]
    match name:
        case "weights" | "w":
            return Act(SetWeights(_weights(rest, variants), because=_BECAUSE), decides=False)
        case "promote" | "p":
            return Act(Promote(_one_variant(rest, variants), because=_BECAUSE), decides=True)
        case "rollback" | "r":
            _nothing_more(name, rest)
            return Act(RollBack(because=_BECAUSE), decides=True)
        case "wait":
            return Wait(_duration(rest))
        case "show" | "s" | "help" | "h" | "?":
            _nothing_more(name, rest)
            return Show(help=name in ("help", "h", "?"))
        case "quit" | "q" | "exit":
            _nothing_more(name, rest)
            return Quit()
    commands = [form.split()[0] for form, _ in HELP]
    raise InvalidInput(f"{name!r} is no command. {remedy_for_name(name, commands, 'There are')}")


def _words(line: str) -> list[str]:
    import shlex

    try:
        return shlex.split(line)
    except ValueError:
        raise InvalidInput(f"{line!r}: a quote is not closed. Close it.") from None


def _weights(parts: Sequence[str], variants: Collection[str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in parts:
        name, sign, written = part.rpartition("=")
        if not sign:
            raise InvalidInput(f"{part!r}: a weight is NAME=NUMBER, such as {_example(variants)}")
        try:
            weight = float(written)
        except ValueError:
            weight = -1.0
        if not 0 <= weight < float("inf"):
            raise InvalidInput(f"{part!r}: {written!r} is no weight. Write a number from 0 on.")
        weights[_known(name, variants)] = weight
    if not weights:
        raise InvalidInput(f"weights of which variants? Write weights {_example(variants)}")
    return weights


def _one_variant(parts: Sequence[str], variants: Collection[str]) -> str:
    if len(parts) != 1:
        raise InvalidInput(f"promote which one variant? Write promote {next(iter(variants))}")
    return _known(parts[0], variants)


def _known(name: str, variants: Collection[str]) -> str:
    if name not in variants:
        remedy = remedy_for_name(name, list(variants), "There are")
        raise InvalidInput(f"{name!r}: there is no such variant. {remedy}")
    return name


def _duration(parts: Sequence[str]) -> int | None:
    if not parts:
        return None
    try:
        duration_ns = units.parse_duration("".join(parts))
    except (InvalidInput, ValueError) as error:
        raise InvalidInput(f"wait {' '.join(parts)}: {error}") from None
    if duration_ns <= 0:
        raise InvalidInput(f"wait {' '.join(parts)}: must be longer than nothing. Write wait 10min")
    return duration_ns


def _nothing_more(name: str, parts: Sequence[str]) -> None:
    if parts:
        raise InvalidInput(f"{name} {' '.join(parts)}: takes nothing more. Write {name} alone.")


def _example(variants: Collection[str]) -> str:
    return " ".join(f"{name}=1" for name in list(variants)[:2])
