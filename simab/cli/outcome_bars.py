"""How runs end under each policy, as bars of plain characters with the interval of right ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simab.cli import terminal
from simab.cli.charts import outcome_bar

if TYPE_CHECKING:
    from rich.console import Console

    from simab.result import StudyResult

__all__ = ["print_outcomes"]

_WIDEST_NAME: Final = 28
_WIDEST_BAR: Final = 50
_NARROWEST_BAR: Final = 20


def print_outcomes(console: Console, study: StudyResult) -> None:
    """A bar for each policy; where names and bars do not fit beside each other, name over bar."""
    from simab.text import typeset
    from simab.text.untrusted import visible

    names = [visible(policy.name) for policy in study.policies]
    shares = [
        typeset.plain_spaces(typeset.whole_percent(policy.correct.share)).rjust(6)
        for policy in study.policies
    ]
    room = terminal.text_width(console) - 2 - 7
    margin = min(max(map(len, names)), _WIDEST_NAME)
    beside = room - margin - 2 >= _NARROWEST_BAR and max(map(len, names)) <= _WIDEST_NAME
    width = min(room - margin - 2 if beside else room, _WIDEST_BAR)
    bars = [
        outcome_bar(
            policy.correct.share,
            (policy.correct.low, policy.correct.high),
            policy.wrong.share,
            max(width, 10),
        )
        for policy in study.policies
    ]
    one = ", | both ends in one character" if any("|" in bar for bar in bars) else ""
    terminal.print_item(
        console,
        "How runs end: # right, x wrong, . neither; [ and ] are the ends of the 95 % interval of "
        f"right{one}.",
        mark="",
    )
    for name, share, drawn in zip(names, shares, bars, strict=True):
        if beside:
            terminal.print_line(f"  {name:<{margin}}  {drawn} {share}")
        else:
            terminal.print_item(console, name, mark="  ")
            terminal.print_line(f"  {drawn} {share}")
