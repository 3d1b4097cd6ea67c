"""How an explanation of a scenario looks on a terminal: sentences, and a table of capacity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simab.cli.terminal import print_item, print_table, standard_output
from simab.text.untrusted import visible

if TYPE_CHECKING:
    from rich.console import Console

    from simab.cli.described_worlds import DescribedWorld
    from simab.explain import Explanation
    from simab.explain.capacity import CapacityRow

__all__ = ["print_explanation"]


def print_explanation(explanation: Explanation, worlds: list[DescribedWorld]) -> None:
    """Print what is known of a scenario without playing it."""
    from rich.text import Text

    console = standard_output()
    console.print(Text(visible(explanation.title), style="bold"))
    if explanation.question:
        print_item(console, explanation.question, mark="")
    console.print()
    for sentence in explanation.sentences:
        print_item(console, sentence)
    if explanation.capacity:
        console.print()
        _print_capacity(console, explanation)
    console.print()
    print_item(console, "What may be true, a world of a study each:", mark="")
    for world in worlds:
        print_item(console, f"{world.sentence()}.")
    if explanation.warnings:
        console.print()
        number = len(explanation.warnings)
        noun = "warning" if number == 1 else f"{number} warnings"
        print_item(console, f"`simab check` has {'a ' * (number == 1)}{noun} on it.", mark="")


def _print_capacity(console: Console, explanation: Explanation) -> None:
    from simab.explain.capacity import setter_text
    from simab.text.numbers import number_text, percent_text

    refuses = any(row.refused_share > 0 for row in explanation.capacity)
    headings = ["variant", "traffic", "requests/s", "load", "mean wait", "set by"]
    if refuses:
        headings.insert(-1, "refused")
    lines, previous = [], ""
    for row in explanation.capacity:
        cells = [
            row.variant if row.variant != previous else "",
            f"copies of {percent_text(row.copied_share)}"
            if row.copied_share
            else percent_text(row.share),
            number_text(row.rate_per_s),
            f"{row.load:.2f}",
            _wait(row),
            ", ".join(setter_text(name) for name in row.set_by),
        ]
        if refuses:
            cells.insert(-1, _refused(row))
        lines.append(cells)
        previous = row.variant
    saturated = [row.load >= 1 for row in explanation.capacity]
    print_table(console, headings, lines, emphasised=saturated)
    console.print()
    estimated = any(row.approximate for row in explanation.capacity)
    what = "Waits and refusals are those" if refuses else "Waits are those"
    known = "; ≈ marks estimates, as no closed form is exact there" if estimated else ""
    print_item(console, f"{what} of the long run{known}.", mark="")


def _wait(row: CapacityRow) -> str:
    from simab.text.durations import duration_text
    from simab.text.numbers import two_figures

    if math.isinf(row.mean_wait_s):
        return "grows"
    if 0 < row.mean_wait_s < 1e-4:
        return "< 0.1 ms"
    if row.approximate and row.mean_wait_s > 0:
        return f"≈ {duration_text(two_figures(row.mean_wait_s))}"
    return duration_text(row.mean_wait_s)


def _refused(row: CapacityRow) -> str:
    from simab.text.numbers import percent_text, two_figures

    if row.approximate and row.refused_share >= 1e-3:
        return f"≈ {percent_text(two_figures(row.refused_share))}"
    return percent_text(row.refused_share)
