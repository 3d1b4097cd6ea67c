"""The page of how often intervals cover: reports/intervals, README.md and coverage.csv."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

from interval_coverage import RUNS, SAMPLES, Cell, coverage_cells
from policy_cells import tell

__all__ = ["findings", "make_coverage"]

_FLOOR: Final = 0.93
_OFTEN: Final = 0.05
_TEXT: Final = """# How often the intervals cover

Made by `python reports/remake.py . intervals`. Every interval that simab shows has a nominal level of
95 % over replications. This page tries each kind on laws whose true value is known, at {runs} runs:
shares exactly, over every count that is at all likely; means and medians over {samples} studies
each (standard error of a coverage near .95: .0035). Requests and regret are those of three rules of
[twelve rules](../twelve_policies/README.md), whose {rows} rows each stand for the law.

The rule, fixed beforehand: **without a mark an interval covers at least 93 %**. An interval for which
that cannot be vouched for is marked *approximate* (≈ in tables, dashed in figures, `approximate` and
a `reason` in the JSON):

- of a quantity with a known range (requests, shares, time within the horizon), where runs unlike any
  that were seen, up to 3.7 / n of all, could carry the mean past an end of the interval;
- of a quantity without one, under 50 runs; under 400 runs where the skewness is over .05 √n; and
  above that where it is over .5 √n.

| interval of | method |
|---|---|
| a share of runs | Wilson; Clopper and Pearson where fewer than 15 runs are on one side |
| a difference of paired shares | Tango's score interval |
| a mean of costs | the outer ends of Student's t and of Hall's t without skewness, within the range |
| the same, where fewer than 10 runs differ from the usual value | the exact bound of their share times the most that is possible |
| a median | order statistics; an end beyond the horizon is open |

{findings}

| quantity | runs | without a mark: covers | how often marked | marked ones cover | Student or Wald covers | why over 97 % |
|---|---:|---:|---:|---:|---:|---|
{table}

What the page does not vouch for: laws with heavier tails than these (a lognormal with a CV over 2, or
outliers seen in none of many runs and without a known range).
"""  # noqa: E501 - rows of a table are one line


def make_coverage(folder: Path, outcomes: Path, samples: int = SAMPLES) -> list[Cell]:
    """Play all cells and write reports/intervals below a folder."""
    tell(f"coverage of intervals: {samples} studies a cell")
    cells = coverage_cells(outcomes, samples)
    target = folder / "reports" / "intervals"
    target.mkdir(parents=True, exist_ok=True)
    rows = len(outcomes.read_text(encoding="utf-8").splitlines()) - 1
    text = _TEXT.format(
        runs=", ".join(f"{each:,}" for each in RUNS[:-1]) + f" and {RUNS[-1]:,}",
        samples=f"{samples:,}",
        rows=rows // 12,
        findings=findings(cells),
        table="\n".join(_line(cell) for cell in cells),
    )
    (target / "README.md").write_text(text, encoding="utf-8")
    (target / "coverage.csv").write_text(_csv(cells), encoding="utf-8")
    return cells


def findings(cells: Sequence[Cell]) -> str:
    """The least coverage with and without a mark, in words."""
    shown = [cell for cell in cells if cell.marked_share < 1]
    least = min(shown, key=lambda cell: cell.plain)
    student = min((cell for cell in cells if cell.by_student == cell.by_student),
                  key=lambda cell: cell.by_student)  # fmt: skip
    below = [cell for cell in shown if cell.plain < _FLOOR]
    return (
        f"Without a mark, the least coverage is {_share(least.plain)} ({least.quantity}, "
        f"{least.runs:,} runs); {len(below)} of {len(shown)} cells lie under 93 %. "
        f"{_of_the_marked(cells)}Student's or Wald's interval alone would cover as "
        f"little as {_share(student.by_student)} ({student.quantity}, {student.runs:,} runs)."
    )


def _of_the_marked(cells: Sequence[Cell]) -> str:
    """How little marked intervals cover; of a few marked samples a share says nothing."""
    marked = [cell for cell in cells if cell.marked_share >= _OFTEN]
    if not marked:
        return ""
    worst = min(marked, key=lambda cell: (cell.marked, -cell.marked_share))
    needed = ": the mark is needed" if worst.marked < _FLOOR else ""
    return (
        f"Where at least {100 * _OFTEN:g} % of the intervals are marked, the marked ones cover as "
        f"little as {_share(worst.marked)} ({worst.quantity}, {worst.runs:,} runs, "
        f"{_percent(worst.marked_share)} marked){needed}. "
    )


def _line(cell: Cell) -> str:
    return (
        f"| {cell.quantity} | {cell.runs:,} | {_share(cell.plain)} | {_percent(cell.marked_share)} "
        f"| {_share(cell.marked)} | {_share(cell.by_student)} | {cell.reason} |"
    )


def _share(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.3f}".lstrip("0") if value < 0.9995 else "1"


def _percent(value: float) -> str:
    if value == 0:
        return "never"
    return "always" if value == 1 else f"{100 * value:.1f} %"


def _csv(cells: Sequence[Cell]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [field.name for field in fields(Cell)], lineterminator="\n")
    writer.writeheader()
    for cell in cells:
        values = {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in asdict(cell).items()
        }
        writer.writerow({name: "" if value != value else value for name, value in values.items()})
    return buffer.getvalue()
