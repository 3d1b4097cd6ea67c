"""The page of how often what a plan names meets the requirements: reports/plan, with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import astuple, fields
from pathlib import Path
from typing import Final

from simab.result.requirement_result import Compliance
from simab.stats.intervals import share_interval
from validation.csv_rows import csv_text, read_rows
from validation.places import made_or_committed, say
from validation.plan_error import PLANNED, Named, plan_error

__all__ = ["play_plans", "read_plans", "write_plans"]

_PLACE: Final = "reports/plan"
_PLANS: Final = 40
_ASKED: Final = 0.95
_TEXT: Final = """# How often what a plan names meets the requirements

Made by `python -m validation . plan`. [`simab plan`](../../docs/plans.md) names parameters with
which a policy meets what is required. Here it plans {plans} times for each of three scenarios, each
time with other random numbers, and what it names is judged again on {runs} runs a world that had no
part in any of the plans.

{findings}

| scenario | named | plans | meets all requirements | kept by least |
|---|---|---:|---|---|
{table}

The scenarios are in `validation/plan_error.py`: two classifiers of churn at the pace of the
founding example, a canary behind two alarms, and the revenue of two recommenders. They are small,
and the race may take 800 runs a world, so that {plans} plans end within the hour.
"""


def play_plans(
    folder: Path, executor: Executor | None = None, plans: int = _PLANS, judging_runs: int = 4000
) -> None:
    """Plan so many times for each kind of scenario and write plans.csv below a folder."""
    rows = []
    for kind in PLANNED:
        say(f"plans for the {kind} scenario: {plans}")
        rows += plan_error(kind, plans, judging_runs=judging_runs, executor=executor)
    target = folder / _PLACE / "plans.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    header = [field.name for field in fields(Named)]
    target.write_text(csv_text(header, map(astuple, rows)), encoding="utf-8")


def read_plans(path: Path) -> list[Named]:
    """The rows that `play_plans` wrote."""
    return read_rows(path, Named)


def write_plans(folder: Path) -> None:
    """Write the page below a folder from the plans of the last play."""
    rows = read_plans(made_or_committed(folder, f"{_PLACE}/plans.csv"))
    text = _TEXT.format(
        plans=rows[0].of_plans,
        runs=f"{max(row.runs for row in rows):,}",
        findings="\n".join(_finding(kind, rows) for kind in PLANNED),
        table="\n".join(map(_line, rows)),
    )
    target = folder / _PLACE / "README.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _finding(kind: str, rows: Sequence[Named]) -> str:
    """Of the plans of a kind that named something, how many named what meets everything."""
    own = [row for row in rows if row.kind == kind and row.name]
    named = sum(row.plans for row in own)
    met = sum(row.plans for row in own if row.compliance == Compliance.PASSES)
    if not named:
        return f"- **{kind}: no plan named anything.**"
    interval = share_interval(met, named)
    percents = f"{100 * interval.low:.2g} to {100 * interval.high:.3g} %"
    said = f"{kind}: {met} of {named} named what meets them all ({percents})"
    return f"- {said}." if met >= _ASKED * named else f"- **{said}, fewer than 95 %.**"


def _line(row: Named) -> str:
    name = row.name or "nothing"
    return f"| {row.kind} | {name} | {row.plans} | {row.compliance} | {row.worst} |"
