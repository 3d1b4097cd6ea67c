"""The page of how often intervals cover: reports/intervals, README.md and coverage.csv."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import astuple, fields
from pathlib import Path
from typing import Final

from validation.csv_rows import csv_text, read_rows
from validation.intervals.coverage import RUNS, SAMPLES, Cell, coverage_cells
from validation.intervals.laws import RULES, is_of
from validation.places import made_or_committed, say

__all__ = ["findings", "play_coverage", "read_coverage", "write_coverage"]

_PLACE: Final = "reports/intervals"
_OUTCOMES: Final = "reports/twelve_policies/outcomes.csv"
_FLOOR: Final = 0.93
_OFTEN: Final = 0.05
_ENOUGH: Final = 100  # studies, of fewer of which a coverage says little
_TEXT: Final = """# How often the intervals cover

Made by `python -m validation . intervals`. Every interval over replications has a nominal level of
95 %. This page tries each kind on laws whose true value is known, at {runs} runs:
shares exactly, over every count that is at all likely; means and medians over {samples} studies
each. The table says of how many of these a coverage is: one near .95 has a standard error of
{errors}. Requests and regret are those of three rules
of [twelve rules](../twelve_policies/README.md), whose {rows} rows each stand for the law.

The rule, fixed beforehand: **without a mark an interval covers at least 93 %**. An interval for which
that cannot be vouched for is marked *approximate* (≈ in tables, dashed in figures, `approximate` and
a `reason` in the JSON):

- of a quantity with a known range (requests, shares, time within the horizon), where runs unlike any
  that were seen, up to 3.7 / n of all, could carry the mean past an end of the interval;
- of a quantity without one, under 50 runs; from there to 399 runs where the skewness is over .05 √n;
  and from 400 runs on where it is over .5 √n.

| interval of | method |
|---|---|
| a share of runs | Wilson; Clopper and Pearson where fewer than 15 runs are on one side |
| a difference of paired shares | Tango's score interval |
| a mean of costs | the outer ends of Student's t and of Hall's t without skewness, within the range |
| the same, where fewer than 10 runs differ from the usual value | the exact bound of their share times the most that is possible |
| a median | order statistics; an end beyond the horizon is open |

{findings}

| quantity | runs | without a mark: covers, of so many studies | how often marked | marked ones cover | Student or Wald covers | why over 97 % |
|---|---:|---:|---:|---:|---:|---|
{table}

The reasons are measured: a choice of samples is given where all intervals together, marked ones
included, cover 97 % or less. What the page does not vouch for: laws with heavier tails than these (a lognormal with a CV over 2, or
outliers seen in none of many runs and without a known range).
"""  # noqa: E501 - rows of a table are one line


def play_coverage(
    folder: Path,
    executor: Executor | None = None,  # noqa: ARG001 - one process is enough
    samples: int = SAMPLES,
) -> None:
    """Try all intervals and write coverage.csv below a folder."""
    say(f"coverage of intervals: {samples} studies a cell")
    cells = coverage_cells(made_or_committed(folder, _OUTCOMES), samples)
    target = folder / _PLACE / "coverage.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_csv(cells), encoding="utf-8")


def write_coverage(folder: Path) -> None:
    """Write the page below a folder from the cells of the last play."""
    cells = read_coverage(made_or_committed(folder, f"{_PLACE}/coverage.csv"))
    with made_or_committed(folder, _OUTCOMES).open(encoding="utf-8", newline="") as file:
        rows = sum(is_of(row, RULES[0]) for row in csv.DictReader(file))
    text = _TEXT.format(
        runs=", ".join(f"{each:,}" for each in RUNS[:-1]) + f" and {RUNS[-1]:,}",
        samples=f"{max(cell.samples for cell in cells):,}",
        errors=_errors(),
        rows=rows,
        findings=findings(cells),
        table="\n".join(_line(cell) for cell in cells),
    )
    target = folder / _PLACE / "README.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def findings(cells: Sequence[Cell]) -> str:
    """The least coverage with and without a mark, in words."""
    shown = [
        cell
        for cell in cells
        if cell.marked_share < 1 and (not cell.samples or cell.unmarked_samples >= _ENOUGH)
    ]
    least = min(shown, key=lambda cell: cell.plain)
    student = min((cell for cell in cells if cell.by_student == cell.by_student),
                  key=lambda cell: cell.by_student)  # fmt: skip
    below = [cell for cell in shown if cell.plain < _FLOOR]
    return (
        f"Without a mark, the least coverage is {_share(least.plain)} ({least.quantity}, "
        f"{least.runs:,} runs); {len(below)} of {len(shown)} cells with {_ENOUGH} such studies or "
        "more, or worked out exactly, lie under 93 %. "
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
        f"| {cell.quantity} | {cell.runs:,} | {_covers(cell.plain, cell.unmarked_samples)} "
        f"| {_percent(cell.marked_share)} "
        f"| {_covers(cell.marked, cell.samples - cell.unmarked_samples)} "
        f"| {_share(cell.by_student)} | {cell.reason} |"
    )


def _covers(share: float, samples: int) -> str:
    """A coverage and of how many studies it is, or that it is exact."""
    if math.isnan(share):
        return _share(share)
    return f"{_share(share)} of {samples:,}" if samples else f"{_share(share)} (exact)"


def _share(value: float) -> str:
    """Three decimals, and 0 or 1 only where it is that."""
    if math.isnan(value):
        return "–"
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    if not 0.0005 <= value < 0.9995:
        return "under .001" if value < 0.5 else "over .999"
    return f"{value:.3f}".lstrip("0")


def _errors() -> str:
    """Standard errors of a coverage near .95, by the number of studies."""
    parts = [
        f"{math.sqrt(0.95 * 0.05 / studies):.2g} over {studies:,}".lstrip("0")
        for studies in (SAMPLES, 1000, _ENOUGH)
    ]
    return f"{', '.join(parts[:-1])} and {parts[-1]} studies"


def _percent(value: float) -> str:
    if value == 0:
        return "never"
    return "always" if value == 1 else f"{100 * value:.1f} %"


def _csv(cells: Sequence[Cell]) -> str:
    header = (field.name for field in fields(Cell))
    return csv_text(header, ([_written(value) for value in astuple(cell)] for cell in cells))


def _written(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else round(value, 6)


def read_coverage(path: Path) -> list[Cell]:
    """The cells that `play_coverage` wrote."""
    return read_rows(path, Cell)
