"""The screen of a comparison: the answer, and the operating characteristics as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from simab.cli import terminal

if TYPE_CHECKING:
    from simab.report.study_result import PolicyResult, Proportion, StudyResult

__all__ = ["print_comparison"]

_Column: TypeAlias = "tuple[str, Callable[[PolicyResult], str]]"
_WIDE: Final = 100  # narrower terminals leave out what users suffer; remarks and files tell it


def print_comparison(result: Mapping[str, Any]) -> None:
    """Print the answer in sentences, then a row a policy."""
    from simab.report import numerals, verdict_columns
    from simab.report.answer import answer
    from simab.report.study_result import read_result

    console, study = terminal.standard_output(), read_result(result)
    said = answer(study)
    for sentence in (said.verdict, said.truth):
        terminal.print_item(console, sentence, mark="")
    click.echo()
    last = verdict_columns.endings(study) if verdict_columns.endings_add(study) else []
    judged = verdict_columns.judgements(study)
    used = verdict_columns.used([*verdict_columns.decisions(study), *last], study)
    columns: list[_Column] = [
        ("policy", lambda policy: policy.name),
        *((each.short, partial(_percent, each.share)) for each in used),
        ("is right", lambda policy: str(numerals.proportion(policy.correct))),
        *((each.short, partial(_percent, each.share)) for each in judged[1:]),
        *(_harms(study) if console.width >= _WIDE else ()),
        (
            "decides after (10-90 %)",
            lambda policy: str(numerals.duration_quantiles(policy.decision_time_s)),
        ),
    ]
    headings = [heading for heading, _ in columns]
    rows = [[written(policy) for _, written in columns] for policy in study.policies]
    terminal.print_table(console, headings, rows)
    click.echo()
    for remark in said.remarks:
        terminal.print_item(console, remark)


def _percent(share: Callable[[PolicyResult], Proportion], policy: PolicyResult) -> str:
    from simab.report import numerals

    return numerals.percent(share(policy).share)


def _harms(study: StudyResult) -> list[_Column]:
    """Columns of what users suffer, where any do: requests in error, time in breach."""
    from simab.report import numerals

    columns: list[_Column] = []
    if any(policy.error_share.mean > 0 for policy in study.policies):
        columns.append(("in error", lambda policy: numerals.mean_share(policy.error_share).value))
    if any(policy.guardrail_breach_excess_s.mean for policy in study.policies):
        columns.append(
            (
                "breach in excess",
                lambda policy: numerals.mean_excess(policy.guardrail_breach_excess_s).value,
            )
        )
    return columns
