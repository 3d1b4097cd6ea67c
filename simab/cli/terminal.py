"""What the terminal shows: results on stdout, complaints on stderr, tables of explanations."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from simab.scenario import Explanation
    from simab.scenario.capacity import CapacityRow

__all__ = ["complain", "print_explanation", "print_json", "standard_output"]

_WIDEST_TEXT = 100  # longer lines are hard to read
_PLACE = re.compile(r"^(?P<place>\S+:\d+:\d+: )")


def standard_output() -> Console:
    """The console for results."""
    from rich.console import Console

    return Console(highlight=False)


def complain(message: str) -> None:
    """Print a message to stderr, one line of it for each problem.

    A terminal gets the lines wrapped under their place; a file or pipe gets them whole, so that
    editors and `grep` find `file:line:column:`.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in message.splitlines():
        if not console.is_terminal:
            sys.stderr.write(f"{line}\n")
            continue
        width = min(console.width, _WIDEST_TEXT)
        wrapped = textwrap.wrap(
            line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
        text = Text("\n".join(wrapped))
        text.highlight_regex(_PLACE, "bold")
        console.print(text)


def print_json(result: Any) -> None:
    """Print a result for machines."""
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def print_explanation(explanation: Explanation) -> None:
    """Print what is known of a scenario: sentences, capacity, warnings."""
    from rich.padding import Padding
    from rich.text import Text

    console = standard_output()
    width = min(console.width, _WIDEST_TEXT)
    console.print(Text(explanation.title, style="bold"), width=width)
    if explanation.question:
        console.print(Text(explanation.question), width=width)
    console.print()
    for sentence in explanation.sentences:
        _print_item(console, Text(sentence), width)
    console.print()
    console.print(Padding(_capacity_table(explanation.capacity), (0, 0, 0, 2)))
    for warning in explanation.warnings:
        console.print()
        _print_item(console, Text.assemble(("Warning: ", "yellow"), warning), width)


def _print_item(console: Console, text: Any, width: int) -> None:
    from rich.table import Table

    item = Table.grid(padding=(0, 1))
    item.add_row("-", text)
    console.print(item, width=width)


def _capacity_table(rows: Sequence[CapacityRow]) -> Table:
    from rich.table import Table

    from simab.scenario.wording import number_text, percent_text

    refuses = any(row.refused_share > 0 for row in rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("variant", overflow="fold")
    for heading in ("traffic", "requests/s", "load", "mean wait"):
        table.add_column(heading, justify="right", no_wrap=True)
    if refuses:
        table.add_column("refused", justify="right", no_wrap=True)
    table.add_column("set by")
    previous = ""
    for row in rows:
        table.add_row(
            row.variant if row.variant != previous else "",
            percent_text(row.share),
            number_text(row.rate_per_s),
            f"{row.load:.2f}",
            _wait(row),
            *([percent_text(row.refused_share)] if refuses else []),
            ", ".join(row.set_by),
            style="red" if row.load >= 1 else None,
        )
        previous = row.variant
    return table


def _wait(row: CapacityRow) -> str:
    from simab.scenario.wording import duration_text

    return "grows" if row.mean_wait_s == float("inf") else duration_text(row.mean_wait_s)
