"""Twelve rules on one scenario: its report, and what each does with four kinds of candidate.

Writes reports/twelve_policies: the report of the version with the effect, and README.md and
versions.csv over all four.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policy_cells import Cell, Version, cells_csv, cells_of, letters_in, tell
from policy_page import plain
from policy_versions import equal, with_errors, with_probability_gain

from simab.analyse import Outcome, Verdict
from simab.analyse.columns import COLUMNS, RunLimits
from simab.comparison import compare
from simab.report import numerals
from simab.report.study_result import Mean, Proportion, Quantiles
from simab.scenario import Scenario, load
from simab.stats.cost_intervals import cost_mean
from simab.stats.intervals import quantile_interval, share_interval
from simab.units import seconds

__all__ = ["BROKEN", "SCENARIO", "four_versions", "make_twelve_policies", "short_table"]

REPOSITORY: Final = Path(__file__).resolve().parent.parent
NAME: Final = "twelve_policies"
SCENARIO: Final = REPOSITORY / "scenarios" / f"{NAME}.yaml"
BROKEN: Final = 0.3
_STOPPED: Final = frozenset({Verdict.KEPT_CONTROL, Verdict.ROLLED_BACK})
Rows = Mapping[str, Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one rule does in the four versions; `back_s` holds the times until the control is alone.

    Times of runs that never get there are infinite.
    """

    rule: str
    false_promotion: Proportion
    power: Proportion
    decided: Quantiles
    worse_if_better: Mean
    wrong_promotion: Proportion
    worse_if_worse: Mean
    broken_promotion: Proportion
    stopped: Proportion
    back_s: float


def four_versions(scenario: Scenario) -> list[Version]:
    """The scenario as it is, and with an equal, a worse and a broken candidate."""
    count = scenario.study.replications
    qualities = [
        variant.model_dump()["quality"]["probability"]
        for variant in scenario.endpoint.variants.values()
    ]
    gain = round(qualities[1] - qualities[0], 6)
    return [
        Version(NAME, "better", gain, scenario, count),
        Version(NAME, "equal", 0.0, equal(scenario), count),
        Version(NAME, "worse", -gain, with_probability_gain(scenario, -gain), count),
        Version(NAME, "broken", BROKEN, with_errors(scenario, BROKEN), count),
    ]


def make_twelve_policies(folder: Path, executor: Executor) -> list[Standing]:
    """Play all versions, write reports/twelve_policies below a folder; what each rule does."""
    target = folder / "reports" / NAME
    scenario, played, cells = load(SCENARIO), {}, []
    for version in four_versions(scenario):
        tell(f"{NAME}, {version.version}: {version.replications} replications a rule")
        words = ["simab", "compare", f"scenarios/{NAME}.yaml", "--replications"]
        words += [str(version.replications), "--seed", str(scenario.study.seed), "--out", "DIR"]
        study = compare(version.scenario, executor=executor, command=shlex.join(words))
        if version.version == "better":
            study.report(target)
            # Megabytes; the page's command makes it again.
            (target / "study.json").unlink()
        played[version.version] = study.rows
        cells += cells_of(version, study.rows)
    (target / "versions.csv").write_text(cells_csv(cells), encoding="utf-8")
    standings = [_standing(scenario, rule, played) for rule in scenario.policies]
    page = _page(scenario, standings, cells)
    (target / "README.md").write_text(page, encoding="utf-8")
    return standings


def _standing(scenario: Scenario, rule: str, played: Mapping[str, Rows]) -> Standing:
    better, equal_, worse, broken = (
        played[version][rule] for version in ("better", "equal", "worse", "broken")
    )
    update_s = seconds(scenario.endpoint.weight_update)
    back = [
        row.decided_s + update_s
        if row.decided_s is not None and row.verdict in _STOPPED
        else math.inf
        for row in broken
    ]
    return Standing(
        rule=rule,
        false_promotion=_promoted(equal_),
        power=_promoted(better),
        decided=_times([math.inf if row.decided_s is None else row.decided_s for row in better]),
        worse_if_better=_mean(better),
        wrong_promotion=_promoted(worse),
        worse_if_worse=_mean(worse),
        broken_promotion=_promoted(broken),
        stopped=_share(sum(row.verdict in _STOPPED for row in broken), len(broken)),
        back_s=quantile_interval(back, 0.5).estimate,
    )


def _promoted(rows: Sequence[Outcome]) -> Proportion:
    return _share(sum(row.verdict is Verdict.PROMOTED_CANDIDATE for row in rows), len(rows))


def _share(count: int, trials: int) -> Proportion:
    interval = share_interval(count, trials)
    return Proportion(count, count / trials, interval.low, interval.high)


def _mean(rows: Sequence[Outcome]) -> Mean:
    column = COLUMNS["requests_on_worse"]
    values = column.values(rows)
    found = cost_mean(values, *column.range_of(values, RunLimits.of(rows)))
    return Mean(found.estimate, found.interval.low, found.interval.high, found.approximate)


def _times(values: Sequence[float]) -> Quantiles:
    low, middle, high = (quantile_interval(values, p).estimate for p in (0.1, 0.5, 0.9))
    decided = sum(math.isfinite(value) for value in values)
    return Quantiles(decided, low, middle, high, math.nan, math.nan)


def _page(scenario: Scenario, standings: Sequence[Standing], cells: Sequence[Cell]) -> str:
    count = numerals.count(scenario.study.replications)
    total = scenario.study.replications
    blind = [each for each in standings if each.broken_promotion.count * 2 >= total]
    quick = [each for each in standings if math.isfinite(each.back_s)]
    lenient = [each for each in quick if each.wrong_promotion.count * 2 >= total]
    strict = [each for each in quick if each.wrong_promotion.high < 0.05]
    lines = [
        "# Twelve rules, four candidates\n",
        f"Made by `python reports/remake.py` from [scenarios/{NAME}.yaml](../../scenarios/{NAME}"
        f".yaml). The whole [report](report.html) is of the candidate that is better by 2 points; "
        "the equal one, the one that is worse by 2 points and the one that fails "
        f"{numerals.percent(BROKEN)} of its requests differ from it in nothing else. {count} "
        "replications a rule and candidate, with 95 % intervals over replications; all rules meet "
        "the same clients.\n",
        *_wide_table(scenario, standings),
        "",
        f"- **Blind to 5XX.** {_listed(blind)} promoted the broken candidate in half of the runs "
        "or more: no label comes with a 5XX, and none of them reads 5XX.",
        f"- **Blind to quality.** {_listed(lenient)} had stopped the broken candidate in half of "
        "the runs or more, and promoted the worse one in half or more.",
        f"- **Both.** {_listed(strict)} stopped the broken candidate, and promoted the worse one "
        "in less than 5 % of the runs with the whole interval.",
        "\nHow every replication ended: [versions.csv](versions.csv), one letter each "
        f"({letters_in(cells)}).",
    ]
    return plain("\n".join(lines)) + "\n"


def _wide_table(scenario: Scenario, standings: Sequence[Standing]) -> list[str]:
    horizon_s = seconds(scenario.horizon)
    heads = (
        "rule",
        "promotes an equal one (type I)",
        "promotes the better one (power)",
        "decides after, median (10 to 90 %)",
        "requests on the worse variant if the candidate is better",
        "promotes the worse one",
        "requests on the worse variant if the candidate is worse",
        "stops the broken one",
        "control serves all again after, median",
    )
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    lines += [
        f"| {each.rule} | {numerals.proportion(each.false_promotion)} "
        f"| {numerals.proportion(each.power)} "
        f"| {numerals.duration_quantiles(each.decided, horizon_s)} "
        f"| {numerals.count(each.worse_if_better.mean)} "
        f"| {numerals.proportion(each.wrong_promotion)} "
        f"| {numerals.count(each.worse_if_worse.mean)} "
        f"| {numerals.proportion(each.stopped)} | {_back(each)} |"
        for each in standings
    ]
    return lines


def _back(standing: Standing) -> str:
    return numerals.duration(standing.back_s) if math.isfinite(standing.back_s) else "never"


def _listed(standings: Sequence[Standing]) -> str:
    names = [f"*{each.rule}*" for each in standings]
    if len(names) < 2:
        return "".join(names) or "No rule"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def short_table(standings: Sequence[Standing]) -> str:
    """README's table in Markdown: the point estimates alone."""
    lines = [
        "| rule | promotes an equal candidate | one better by 2 points | one worse by 2 points "
        "| a broken one is gone after, median |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {each.rule} | {numerals.percent(each.false_promotion.share)} "
        f"| {numerals.percent(each.power.share)} | {numerals.percent(each.wrong_promotion.share)} "
        f"| {_back(each)} |"
        for each in standings
    ]
    return plain("\n".join(lines)) + "\n"
