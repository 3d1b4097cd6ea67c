"""The table of a sensitivity: each assumption halved and doubled, what it moves and turns."""

from __future__ import annotations

from typing import Any

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
from simab.scenario.sweeps import amount_of
from simab.text import typeset

__all__ = ["assumptions_table", "values_text"]

_STILL = Cell("–")
_IN_FIGURES_S = 60.0  # beyond, minutes and seconds are exact enough
_SCALE = ".scale"  # a factor on what stands beside it


def values_text(effect: AssumptionEffect) -> str:
    """What was changed: "10/s to 5/s"; of several variants those that differ in it."""
    was, becomes = (
        list(dict.fromkeys(_value_text(effect, path, value) for path, value in values.items()))
        for values in (effect.was, effect.becomes)
    )
    return f"{', '.join(was)} to {', '.join(becomes)}"


def _value_text(effect: AssumptionEffect, path: str, value: Any) -> str:
    """A value of a file for reading: in the unit of its size, to three figures."""
    amount = amount_of(value)
    if amount is None:
        return short_text(value)
    number = float(amount.value)
    if effect.assumption == "effect":
        return f"{number:+.3g}".replace("-", typeset.MINUS)
    if path.endswith(_SCALE):
        return f"×{typeset.THIN}{number:.3g}"
    match amount.unit:
        case "seconds":
            return _seconds_text(number)
        case "share":
            return f"{100 * number:.3g}{typeset.THIN}%"
        case "per second":
            return f"{number:.3g}/s"
    return typeset.count(number) if number == int(number) else f"{number:.3g}"


def _seconds_text(seconds: float) -> str:
    """A duration whose half can be told from it: 22.5 s, 89.4 ms; long ones as everywhere."""
    if not 0 < seconds < _IN_FIGURES_S:
        return typeset.duration(seconds)
    size, unit = (1.0, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{seconds * size:.3g}{typeset.THIN}{unit}"


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
