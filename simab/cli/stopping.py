"""When a study ends on the command line: after so many replications, when it knows, or in time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli.terminal import say
from simab.errors import InvalidInput
from simab.text.numbers import counted
from simab.units import parse_duration, seconds

if TYPE_CHECKING:
    from simab.study.plan import StudyPlan
    from simab.study.stopping import Stop

__all__ = ["Stopping", "stopping_options"]

_MANY: Final = 10_000  # replications that a study may come to which stops by itself
_OPTIONS: Final = (
    click.option(
        "--replications", "-n", type=click.IntRange(1), help="Instead of the scenario's; with "
        "--precision or --budget at most so many.",
    ),
    click.option(
        "--precision",
        "precisions",
        multiple=True,
        metavar="TEXT",
        help="Play until intervals are so narrow: 'false_promotion <= 0.5 points'; repeatable.",
    ),
    click.option(
        "--budget", metavar="DURATION", help="Play for so long, as 5min, and use what is complete."
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stopping:
    """What the options say of the end of a study."""

    replications: int | None
    precisions: tuple[str, ...]
    budget: str | None

    def most(self, count: int) -> int:
        """How many replications it may come to, where it is `count` unless it stops by itself."""
        if not self.precisions and self.budget is None:
            return count
        return self.replications or _MANY

    def rule(self, policies: Collection[str]) -> Stop | None:
        """When to stop, or None after a fixed count; `policies` are those that play.

        Raises:
            InvalidInput: a precision or the budget cannot be read.
        """
        if not self.precisions and self.budget is None:
            return None
        from simab.scenario.precision import precision_of
        from simab.study.stopping import Stop

        return Stop(
            precision=tuple(precision_of(text, policies) for text in self.precisions),
            budget_s=None if self.budget is None else _budget_s(self.budget),
            at_most=self.replications,
        )

    def say_end(self, plan: StudyPlan, precise: bool | None, *, quiet: bool) -> None:
        """A line that says why a study ended where it did; `precise` as `StoppedPlan` has it."""
        played = counted(plan.replications, "replication")
        if precise:
            say(f"Precise enough after {played}.", quiet=quiet)
        elif precise is False:
            say(f"Not yet as precise as asked for, after {played}.", quiet=quiet)
        elif self.budget is not None:
            say(f"{played[:1].upper()}{played[1:]} are complete.", quiet=quiet)


def _budget_s(text: str) -> float:
    try:
        budget_s = seconds(parse_duration(text))
    except InvalidInput as refused:
        raise InvalidInput(f"--budget {text!r}: {refused}") from None
    if budget_s <= 0:
        raise InvalidInput(f"--budget {text!r}: must be positive; write for example 5min")
    return budget_s


def stopping_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of its end, as one argument `stopping`."""

    @wraps(command)
    def packed(
        *positional: Any,
        replications: int | None,
        precisions: tuple[str, ...],
        budget: str | None,
        **named: Any,
    ) -> Any:
        return command(*positional, stopping=Stopping(replications, precisions, budget), **named)

    found: Callable[..., Any] = packed
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
