"""What a verification found, in sentences: for the page, the terminal, and captions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simab.result.verification_result import CaseResult, CheckResult, VerificationResult
from simab.text import typeset
from simab.text.lists import listed, named
from simab.text.numbers import counted

__all__ = [
    "WANTED",
    "check_title",
    "conclusion",
    "figure_finding",
    "groups_of",
    "verification_sentences",
]

WANTED = 0.02
"""Errors of this size should be caught."""
_MOST_NAMED = 6


def check_title(case: CaseResult, check: CheckResult) -> str:
    """A check by the names of its case and itself."""
    return f"{case.name}: {check.name}"


def groups_of(result: VerificationResult) -> Iterator[tuple[str, list[CaseResult]]]:
    """The cases by group, in the order of the table."""
    names = dict.fromkeys(case.group for case in result.cases)
    for name in names:
        yield name, [case for case in result.cases if case.group == name]


def conclusion(result: VerificationResult) -> str:
    """Whether everything holds, or what does not."""
    checks = list(result.checks())
    refused = [check_title(*each) for each in checks if not each[1].passed]
    broken = [case.name for case in result.cases if case.broken]
    found = []
    if refused:
        found.append(
            f"{counted(len(refused), 'check')} of {len(checks)} refused: {_some(refused)}."
        )
    if broken:
        found.append(f"Identities are broken in {_some(broken)}.")
    if found:
        return " ".join(found)
    return (
        f"All {counted(len(checks), 'check')} of {counted(len(result.cases), 'case')} agree with "
        f"theory, and every identity holds for {typeset.count(result.requests)} requests."
    )


def _some(names: Sequence[str]) -> str:
    shown = [named(name) for name in names[:_MOST_NAMED]]
    rest = len(names) - len(shown)
    return listed([*shown, f"{rest} more"] if rest else shown)


def verification_sentences(result: VerificationResult) -> list[str]:
    """What the bounds promise, which errors they leave, and what the identities are."""
    size = typeset.percent(result.size)
    power = typeset.percent(result.power)
    found = [
        f"A simulator without any error would be refused somewhere in this table with a "
        f"probability of {size} at most: each check has its part of it.",
        _caught(result, power),
    ]
    for case in result.cases:
        found += [f"{case.name}: {text}." for text in case.broken]
    found.append(
        "On every run: requests are conserved, windows and sums that the engine books agree with "
        "its records, Little's law holds over the closed run to the nanosecond, queues are first "
        "come, first served, no more requests are in service than there are workers, and no worker "
        "is idle while a request waits for it."
    )
    return found


def _caught(result: VerificationResult, power: str) -> str:
    checks = list(result.checks())
    blunt = [each for each in checks if each[1].smallest_caught > WANTED]
    if not blunt:
        most = max(check.smallest_caught for _, check in checks)
        return (
            f"An error of {typeset.percent(WANTED)} would have been caught by every check with a "
            f"probability of {power} or more; the bluntest catches {typeset.percent(most, 2)}."
        )
    titles = [
        f"{check_title(*each)} ({typeset.percent(each[1].smallest_caught, 1)})" for each in blunt
    ]
    return (
        f"An error of {typeset.percent(WANTED)} would have been caught with a probability of "
        f"{power} or more by {len(checks) - len(blunt)} of {len(checks)} checks. Not by "
        f"{_some(titles)}."
    )


def figure_finding(cases: Sequence[CaseResult], *, first: bool) -> str:
    """Which check of a group lies nearest to its bound; the first figure says how to read all."""
    checks = [(case, check) for case in cases for check in case.checks]
    case, check = max(checks, key=lambda each: abs(each[1].score) / each[1].bound)
    near = typeset.percent(abs(check.score) / check.bound)
    refused = sum(not each.passed for _, each in checks)
    text = f"{counted(refused, 'check')} refused. " if refused else "All within their bounds. "
    text += f"Nearest to its bound, at {near} of it: {check_title(case, check)}."
    if not first:
        return text
    return (
        f"{text} A grey bar is what is accepted. Circles: deviation of a value with its "
        f"95{typeset.THIN}% interval; diamonds: the largest distance of a distribution function, "
        "in points; crosses: refused."
    )
