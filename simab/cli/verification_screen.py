"""The screen of a verification: what was found, and every check beside theory by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simab.cli import terminal
from simab.text.lists import listed
from simab.text.typeset import plain_spaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simab.result.verification_result import CaseResult, CheckResult, VerificationResult

__all__ = ["print_verification"]

_HEADINGS = ("check", "theory", "simulated", "score", "caught")


def print_verification(result: VerificationResult) -> None:
    """Print a table for each group of cases, then the answer in sentences."""
    from simab.report.verification_text import (
        conclusion,
        groups_of,
        verification_sentences,
    )

    console = terminal.standard_output()
    for group, cases in groups_of(result):
        terminal.print_line(group)
        _print_group(cases)
        click.echo()
    for sentence in (conclusion(result), *verification_sentences(result)):
        terminal.print_item(console, plain_spaces(sentence), mark="")
    terminal.print_item(console, _legend(result), mark="")


def _legend(result: VerificationResult) -> str:
    bounds = {check.test: check.bound for _, check in result.checks()}
    beyond = [
        f"{sign}{bounds[test]:.2f} of a {test}"
        for test, sign in (("value", "±"), ("law", ""))
        if test in bounds
    ]
    return (
        "Score: standard errors above theory, or of a law the distance of its distribution "
        "function times the root of the number of values. A check refuses beyond "
        f"{listed(beyond)}. Caught: the smallest error that would have been. Sources are "
        "in the report, which --out writes."
    )


def _print_group(cases: Sequence[CaseResult]) -> None:
    checks = [(case, check) for case in cases for check in case.checks]
    terminal.print_table(
        terminal.standard_output(),
        _HEADINGS,
        [_row(case, check) for case, check in checks],
        emphasised=[bool(case.broken) or not check.passed for case, check in checks],
    )


def _row(case: CaseResult, check: CheckResult) -> list[str]:
    from simab.report.verification_tables import decimals_of
    from simab.report.verification_text import check_title

    title = check_title(case, check) + ("" if check.passed else " (refused)")
    caught = f"{100.0 * check.smallest_caught:.2f} %"
    if check.test == "law":
        distance = f"{100.0 * check.simulated:.3f} % apart"
        return [title, "its law", distance, f"{check.score:.2f}", caught]
    decimals = decimals_of(check.theory)
    theory, simulated, half = (
        f"{each:,.{decimals}f}"
        for each in (check.theory, check.simulated, (check.high - check.low) / 2.0)
    )
    return [
        title,
        f"{theory} {check.unit}".rstrip(),
        f"{simulated} ± {half}",
        f"{check.score:+.2f}",
        caught,
    ]
