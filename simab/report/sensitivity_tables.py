"""The table of a sensitivity: each assumption halved and doubled, what it moves and turns."""

from __future__ import annotations

from simab.documents.violations import short_text
from simab.report.sensitivity_text import (
    QUANTITY_TITLES,
    change_text,
    largest,
    verdict_text,
    world_title,
)
from simab.report.table import Cell, Column, Table
from simab.result.sensitivity_result import AssumptionEffect, SensitivityResult
from simab.text import typeset

__all__ = ["assumptions_table", "values_text"]

_STILL = Cell("–")


def values_text(effect: AssumptionEffect) -> str:
    """What was changed: "10/s to 5/s"; of several variants those that differ in it."""
    was = list(dict.fromkeys(short_text(each) for each in effect.was.values()))
    becomes = list(dict.fromkeys(short_text(each) for each in effect.becomes.values()))
    if effect.assumption == "effect":
        was, becomes = (
            [f"{float(each):+g}".replace("-", typeset.MINUS) for each in values]
            for values in (was, becomes)
        )
    return f"{', '.join(was)} to {', '.join(becomes)}"


def assumptions_table(result: SensitivityResult) -> Table:
    """A row a change: the rule to use then, verdicts that are others, and the largest moves."""
    policies = [policy.name for policy in result.base.policies]
    columns = (
        Column("Assumption", numeric=False),
        Column("Change", numeric=False),
        Column("Rule to use", numeric=False),
        Column("Verdicts that change", numeric=False),
        *(Column(name, "what moves most, run by run", numeric=False) for name in policies),
    )
    rows = [
        (
            Cell(effect.name),
            Cell(values_text(effect)),
            Cell("none" if effect.recommended is None else effect.recommended),
            Cell(verdict_text(effect)),
            *(_moves(result, effect, name) for name in policies),
        )
        for effect in result.effects
    ]
    caption = "Each assumption halved and doubled, beside the study as described"
    return Table(caption, columns, tuple(rows))


def _moves(result: SensitivityResult, effect: AssumptionEffect, policy: str) -> Cell:
    """The largest difference of promotions and of time that is more than chance."""
    parts = []
    for quantity in ("promotes", "time_to_decision", "requests_on_worse"):
        found = largest(effect.of(policy), quantity)
        if found is not None:
            title = QUANTITY_TITLES[quantity]
            parts.append(f"{title} {change_text(found)}, {world_title(result, found.world)}")
    if not parts:
        return _STILL
    return Cell(parts[0], "; ".join(parts[1:]))
