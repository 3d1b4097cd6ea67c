"""The page of how often a gate errs: reports/gate, README.md and gates.csv."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import astuple, fields
from pathlib import Path
from typing import Final

from simab.text.lists import listed
from validation.csv_rows import csv_text, read_rows
from validation.gate_error import AT_ITS_BOUND, LOOKS, GateError, gate_error
from validation.places import made_or_committed, say

__all__ = ["play_gates", "read_gates", "write_gates"]

_PLACE: Final = "reports/gate"
_GATES: Final = 400
_CLAIMED: Final = 0.025
_ALLOWED: Final = 0.05
_TEXT: Final = """# How often a gate passes what does not pass

Made by `python -m validation . gate`. `simab compare --gate` claims to pass what does not meet a
requirement in at most 2.5 % of all gates, over all looks at one store
([how](../../docs/worlds.md#how-a-requirement-is-judged)). Here the rule that is gated lies exactly
at its bound, so that every pass is wrong, and so is every fail. Each of {gates} gates has a store
and seeds of its own and looks after {looks} runs; it counts if it
passed, or failed, at any of these looks.

- *A share*: `false_promotion` of a fixed-horizon test with one look at two equal variants that take
  turns. How often it promotes is a finite sum of binomials over a Poisson number of labels.
- *A mean*: `requests_on_worse` of a split that is never changed, a Poisson number.

{findings}

| requirement | bound, exact | mean of all runs | gates | passed | 95 % interval | failed |
|---|---:|---:|---:|---:|---:|---:|
{table}

What the page does not vouch for: means of laws with heavier tails. Requirements of times, such as
`broken_gone_within`, are of a share of runs, and are judged as that of the first row.
"""
_TITLES: Final = {
    "share": "a share: `false_promotion` at most the bound",
    "mean": "a mean: `requests_on_worse` at most the bound",
}


def play_gates(
    folder: Path,
    executor: Executor | None = None,
    gates: int = _GATES,
    looks: Sequence[int] = LOOKS,
) -> None:
    """Play gates of each kind of requirement and write gates.csv below a folder."""
    rows = []
    for kind in AT_ITS_BOUND:
        say(f"gates on a {kind} at its bound: {gates} of up to {looks[-1]} replications")
        rows.append(gate_error(kind, gates, looks, executor=executor))
    target = folder / _PLACE / "gates.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    header = [field.name for field in fields(GateError)]
    target.write_text(csv_text(header, map(astuple, rows)), encoding="utf-8")


def read_gates(path: Path) -> list[GateError]:
    """The rows that `play_gates` wrote."""
    return read_rows(path, GateError)


def write_gates(folder: Path) -> None:
    """Write the page below a folder from the gates of the last play."""
    rows = read_gates(made_or_committed(folder, f"{_PLACE}/gates.csv"))
    text = _TEXT.format(
        gates=f"{rows[0].gates:,}",
        looks=listed([f"{each:,}" for each in LOOKS]),
        findings=_findings(rows),
        table="\n".join(map(_line, rows)),
    )
    target = folder / _PLACE / "README.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _findings(rows: Sequence[GateError]) -> str:
    """Whether any rate of wrong passes lies above what is claimed, or above 5 %, beyond chance."""
    over = [row.kind for row in rows if row.interval[0] > _ALLOWED]
    unclaimed = [row.kind for row in rows if row.interval[0] > _CLAIMED]
    if over:
        return f"**The interval lies above 5 % for a {listed(over, 'or')}.**"
    if unclaimed:
        return f"**The interval lies above the 2.5 % that are claimed for a {listed(unclaimed)}.**"
    return "No interval lies above the 2.5 % that are claimed, nor above 5 %."


def _line(row: GateError) -> str:
    low, high = row.interval
    bound, seen = (_number(row, each) for each in (row.bound, row.seen))
    return (
        f"| {_TITLES[row.kind]} | {bound} | {seen} | {row.gates:,} | {row.passed:,} "
        f"({_percent(row.passed / row.gates)}) | {_percent(low)} to {_percent(high)} "
        f"| {row.failed:,} ({_percent(row.failed / row.gates)}) |"
    )


def _number(row: GateError, value: float) -> str:
    if row.kind == "share":
        return f"{100 * value:.4f} %"
    return f"{value:,.3f} requests"


def _percent(share: float) -> str:
    return "0 %" if share == 0 else f"{100 * share:.2g} %"
