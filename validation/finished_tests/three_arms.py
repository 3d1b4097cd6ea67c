"""Hillstrom's test as it was: no e-mail against two e-mails at once, replayed.

Writes three_arms.csv in reports/finished_tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from simab.comparison import compare
from simab.scenario.models import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.stats.intervals import quantile_interval, share_interval
from simab.text import typeset
from validation.csv_rows import read_rows
from validation.finished_tests.day_of_requests import HOURS, LOOKS, day_of_requests
from validation.finished_tests.records import FinishedTest, hillstrom_tests

__all__ = ["ThreeArms", "play_three_arms", "read_three_arms", "three_arms_section"]

_ARMS: Final = ("no e-mail", "women's e-mail", "men's e-mail")
_TEXT: Final = """
## Hillstrom's test with all three arms

The publisher's conclusion is that the men's e-mail does best. Each rule has both e-mails as candidates: the fixed horizon
with Dunnett's correction, the group sequential test with the joint bounds of two candidates, the always valid one with
Bonferroni's, and the Bayesian asks for the probability to be the best of all. {runs} runs each, as above:

| by | rule | men's e-mail | women's e-mail | neither | at |
|---|---|---:|---:|---:|---:|
{lines}

{finding}
"""  # noqa: E501 - lines of text are those of the page


@dataclass(frozen=True, slots=True)
class ThreeArms:
    """What a rule made of both e-mails at once; `part` is as in the replays of pairs."""

    metric: str
    rule: str
    runs: int
    mens: int
    womens: int
    part: float | None


def three_arms(pairs: Sequence[FinishedTest]) -> Scenario:
    """The scenario of one metric: of the pairs of the men's e-mail and the women's with none."""
    mens, womens = pairs
    sizes = (mens.requests[0], womens.requests[1], mens.requests[1])
    qualities = (mens.qualities[0], womens.qualities[1], mens.qualities[1])
    objective = {
        "control": _ARMS[0],
        "candidates": [*_ARMS[1:]],
        "metric": mens.metric,
        "smallest_effect": min(abs(mens.difference), abs(womens.difference)) / 2.0,
    }
    arms = dict(zip(_ARMS, zip(sizes, qualities, strict=True), strict=True))
    return day_of_requests("No e-mail, and two e-mails", arms, objective, _rules(min(sizes)))


def _rules(sample: int) -> dict[str, dict[str, Any]]:
    looking = {
        "labelled_requests": sample // LOOKS,
        "labelled_requests_per_look": sample // LOOKS,
        "maximum_duration": f"{HOURS}h",
    }
    planned = {"labelled_requests": sample, "maximum_duration": f"{HOURS + 3}h"}
    return {
        "fixed horizon": {"kind": "fixed_horizon", **planned},
        "group sequential": {"kind": "group_sequential", **planned},
        "always valid": {"kind": "always_valid", "tight_at": sample, **looking},
        "Bayesian": {"kind": "bayesian", **looking},
    }


def play_three_arms(
    records: Path, runs: int, executor: Executor | None = None
) -> Iterator[ThreeArms]:
    """A row a metric and rule."""
    tests = [*hillstrom_tests(records)]
    metrics = dict.fromkeys(test.name.partition(", ")[2] for test in tests)
    pairs = [[test for test in tests if test.name.endswith(f", {each}")] for each in metrics]
    play = partial(_played, runs=runs)
    played = executor.map(play, pairs) if executor else map(play, pairs)
    for metric, rules in zip(metrics, played, strict=True):
        for rule, ends in rules.items():
            promoted = [name for name, _ in ends]
            part = quantile_interval([each for _, each in ends], 0.5).estimate
            yield ThreeArms(
                metric=metric,
                rule=rule,
                runs=len(ends),
                mens=promoted.count(_ARMS[2]),
                womens=promoted.count(_ARMS[1]),
                part=round(part, 4) if part < float("inf") else None,
            )


def _played(pairs: Sequence[FinishedTest], runs: int) -> dict[str, list[tuple[str | None, float]]]:
    study = compare(three_arms(pairs), worlds=[DESCRIBED], replications=runs, store={})
    whole_s = 3600.0 * HOURS
    return {
        rule: [(row.decided_for, row.time_to_decision_s / whole_s) for row in rows]
        for rule, rows in study.rows.items()
    }


def read_three_arms(path: Path) -> list[ThreeArms]:
    """The rows that were written."""
    return read_rows(path, ThreeArms)


def three_arms_section(rows: Sequence[ThreeArms]) -> str:
    """The section of the page."""
    return _TEXT.format(
        runs=typeset.count(rows[0].runs),
        lines="\n".join(map(_line, rows)),
        finding=_finding(rows),
    )


def _line(row: ThreeArms) -> str:
    shares = (row.mens, row.womens, row.runs - row.mens - row.womens)
    cells = " | ".join(typeset.percent(each / row.runs) for each in shares)
    at = "" if row.part is None else typeset.percent(min(row.part, 1.0))
    return f"| {row.metric} | {row.rule} | {cells} | {at} |"


def _finding(rows: Sequence[ThreeArms]) -> str:
    """Where the other e-mail is promoted most, and whether the men's is chosen by all."""
    worst = max(rows, key=lambda row: row.womens / row.runs)
    least = min(rows, key=lambda row: row.mens / row.runs)
    other, mens = (
        share_interval(count, row.runs)
        for count, row in ((worst.womens, worst), (least.mens, least))
    )
    return (
        f"The men's e-mail is promoted least by the {least.rule} rule by {least.metric}, in "
        f"{typeset.percent(least.mens / least.runs)} of runs ({typeset.percentage(mens.low, 0)} to "
        f"{typeset.percent(mens.high)}); the women's, which is worse by the record, most by the "
        f"{worst.rule} rule by {worst.metric}, in {typeset.percent(worst.womens / worst.runs)} "
        f"({typeset.percentage(other.low, 0)} to {typeset.percent(other.high)})."
    )
