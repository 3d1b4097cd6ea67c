"""The tables of a verification: every check beside theory, by group of cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simab.report.table import Cell, Column, Table
from simab.report.verification_text import check_title
from simab.result.verification_result import CaseResult, CheckResult, VerificationResult
from simab.text import typeset

__all__ = ["checks_table", "decimals_of", "deviation", "verification_rows"]

_FIGURES = 5


def checks_table(group: str, cases: Sequence[CaseResult]) -> Table:
    """One row for each check of a group."""
    columns = (
        Column("Check", "and its source", numeric=False),
        Column("Theory"),
        Column("Simulated", f"95{typeset.THIN}% interval"),
        Column("Score", "of its bound"),
        Column("Caught", "smallest error"),
    )
    return Table(
        group, columns, tuple(_row(case, check) for case in cases for check in case.checks)
    )


def _row(case: CaseResult, check: CheckResult) -> tuple[Cell, ...]:
    refused = "" if check.passed else ", refused"
    title = Cell(f"{check_title(case, check)}{refused}", check.source)
    bound = typeset.decimal(check.bound, 2)
    if check.test == "law":
        return (
            title,
            Cell("its law"),
            Cell(f"{typeset.decimal(100.0 * check.simulated, 3)} points", "largest distance"),
            Cell(typeset.decimal(check.score, 2), bound),
            Cell(f"{typeset.decimal(100.0 * check.smallest_caught, 2)} points"),
        )
    unit = f"{typeset.THIN}{check.unit}" if check.unit else ""
    decimals = decimals_of(check.theory)
    low, high = (typeset.decimal(each, decimals) for each in (check.low, check.high))
    return (
        title,
        Cell(f"{typeset.decimal(check.theory, decimals)}{unit}"),
        Cell(f"{typeset.decimal(check.simulated, decimals)}{unit}", f"{low} to {high}"),
        Cell(typeset.signed(check.score, 2), f"±{bound}"),
        Cell(typeset.percent(check.smallest_caught, 2)),
    )


def decimals_of(value: float) -> int:
    """So many that five figures are shown."""
    return max(0, _FIGURES - 1 - math.floor(math.log10(abs(value))))


def deviation(check: CheckResult) -> tuple[float, float, float, float]:
    """How far a check is from theory, its interval, and its bound: in per cent or points."""
    if check.test == "law":
        distance = 100.0 * check.simulated
        return distance, distance, distance, 100.0 * check.bound * check.error
    scale = 100.0 / abs(check.theory)
    apart, low, high = (
        (each - check.theory) * scale for each in (check.simulated, check.low, check.high)
    )
    return apart, low, high, check.bound * check.error * scale


def verification_rows(result: VerificationResult) -> list[dict[str, object]]:
    """One row a check with every number unrounded, for CSV and pandas."""
    return [
        {
            "group": case.group,
            "case": case.name,
            "check": check.name,
            "source": check.source,
            "test": check.test,
            "unit": check.unit,
            "theory": check.theory,
            "simulated": check.simulated,
            "low": check.low,
            "high": check.high,
            "error": check.error,
            "score": check.score,
            "bound": check.bound,
            "smallest_caught": check.smallest_caught,
            "passed": check.passed,
            "replications": case.replications,
            "requests": case.requests,
            "horizon_s": case.horizon_s,
            "identities_broken": len(case.broken),
        }
        for case, check in result.checks()
    ]
