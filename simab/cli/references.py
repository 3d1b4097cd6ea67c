"""How the reference of kinds looks on a terminal: one kind in full, or all in a line each."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from simab.cli.terminal import print_item, print_table, standard_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from simab.scenario.reference import Entry, Parameter

__all__ = ["print_entries", "print_kinds"]


def print_entries(entries: Sequence[Entry]) -> None:
    """Print the rule, source, faults and parameters of each kind."""
    console = standard_output()
    for number, entry in enumerate(entries):
        if number:
            console.print()
        _print_entry(console, entry)


def print_kinds(entries: Sequence[Entry]) -> None:
    """Print each kind with the first sentence of its rule, group by group."""
    console = standard_output()
    for number, (group, kinds) in enumerate(groupby(entries, key=lambda entry: entry.group)):
        if number:
            console.print()
        rows = [(entry.kind, entry.summary) for entry in kinds]
        print_table(console, (group, "what it does"), rows)


def _print_entry(console: Console, entry: Entry) -> None:
    _print_heading(console, f"{entry.kind} ({entry.group})")
    for paragraph in entry.rule:
        print_item(console, paragraph, mark="")
    if entry.source:
        print_item(console, entry.source, mark="Source: ", style="bold")
    if entry.misleads:
        fault = entry.misleads.removeprefix("It misleads")
        print_item(console, fault, mark="It misleads", style="bold yellow")
    _print_parameters(console, entry.parameters)
    for part in entry.parts:
        console.print()
        print_item(console, part.text, mark=f"{part.name}: ", style="bold")
        _print_parameters(console, part.parameters)


def _print_heading(console: Console, heading: str) -> None:
    from rich.text import Text

    console.print(Text(heading, style="bold"))


def _print_parameters(console: Console, parameters: Sequence[Parameter]) -> None:
    for parameter in parameters:
        console.print()
        default = f"default {parameter.default}" if parameter.default else "required"
        print_item(
            console, f"{parameter.values}; {default}", mark=f"  {parameter.name}: ", style="bold"
        )
        if parameter.text:
            print_item(console, parameter.text, mark="    ")
