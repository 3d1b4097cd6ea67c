"""Rates of the sample-ratio check: false alarms under honest routers, and power under a fault."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import stats

from simab.comparison import compare
from simab.report import formatting
from simab.result import Proportion
from simab.scenario import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.stats.intervals import share_interval
from simab.stats.sample_ratio import mixed_share_test, share_test_power
from simab.text import typeset
from validation.csv_rows import csv_text, read_rows
from validation.markdown import plain
from validation.places import say
from validation.sample_ratio.probe import ALPHAS, Case, Found, probe, world

__all__ = [
    "FAULTS",
    "HONEST",
    "RULES",
    "RatioRate",
    "last_look_power",
    "play_ratio_rates",
    "ratio_section",
    "read_ratio_rates",
    "rule_alarms",
]

PLACE: Final = "reports/policies/sample_ratio.csv"

RAMP: Final = (0.01, 0.05, 0.25, 0.5)
HONEST: Final = (
    Case("weighted random"),
    Case("weighted random, ramp of 1, 5, 25, 50 %", shares=RAMP),
    Case("weighted random, slow candidate at load 0.94", slow=True),
    Case("in turn (smooth weighted round robin)", "smooth_weighted_round_robin"),
    Case("sticky hash, 200 users", "sticky_hash", clients=200),
    Case("sticky hash, 5,000 users", "sticky_hash"),
    Case("sticky hash, 5,000 users, ramp of 1, 5, 25, 50 %", "sticky_hash", shares=RAMP),
    Case("session cookies, 10 then 50 %", shares=(0.1, 0.5), cookies=True),
    Case("sticky hash and cookies, 10 then 50 %", "sticky_hash", shares=(0.1, 0.5), cookies=True),
)
FAULTS: Final = tuple(
    Case(f"{words}, {100 * share:g} % where 50 % was asked for", routing, shares=(share,), told=0.5)
    for words, routing in (("weighted random", "weighted_random"), ("sticky hash", "sticky_hash"))
    for share in (0.51, 0.52, 0.53, 0.55)
)
_RULE: Final[dict[str, dict[str, Any]]] = {
    "group_sequential": {"labelled_requests": 400, "looks": 5},
    "safe_rollout": {"stages": [0.05, 0.25, 0.5], "bake": "10min"},
}
RULES: Final = tuple(_RULE)
_THEORY: Final = ("assigned", "chi_square_power", "power_at_the_last_look")
_ROUTERS: Final = (
    Case("weighted random"),
    Case("slow candidate", slow=True),
    Case("200 users by a hash", "sticky_hash", clients=200),
    Case("5,000 users by a hash", "sticky_hash"),
)


@dataclass(frozen=True, slots=True)
class RatioRate:
    """A measured share of runs with an alarm at one alpha; of a fault, with what theory says."""

    part: str
    case: str
    alpha: float
    alarms: int
    runs: int
    assigned: float | None = None
    chi_square_power: float | None = None
    power_at_the_last_look: float | None = None

    @property
    def shown(self) -> str:
        """The share with its interval, in words."""
        share, interval = self.alarms / self.runs, share_interval(self.alarms, self.runs)
        shown = Proportion(self.alarms, share, interval.low, interval.high)
        return plain(formatting.proportion(shown))


def last_look_power(total: int, share: float, told: float, alpha: float) -> float:
    """Probability that the check alarms at one look at so many assignments, by the binomial law."""
    counts = np.arange(total + 1)
    law = stats.binom(total, share)
    likely = counts[law.pmf(counts) > 1e-12]
    alarming = [
        count
        for count in likely.tolist()
        if mixed_share_test((total - count, count), (1.0 - told, told)).p_value <= alpha / 2.0
    ]
    return float(law.pmf(alarming).sum())


def _probed(case: Case, found: Found) -> list[RatioRate]:
    """A row for each alpha; of a fault, with what theory says of the last look."""
    rows = []
    for alpha in ALPHAS:
        counts = ("honest" if case.told is None else "fault", case.name, alpha)
        measured = (found.alarms[alpha], found.runs, found.assigned / found.runs)
        theory: tuple[float, ...] = ()
        if case.told is not None:
            total, share = round(measured[2]), case.shares[0]
            actual, planned = (1.0 - share, share), (1.0 - case.told, case.told)
            chi_square = share_test_power(total, actual, planned, alpha=alpha)
            theory = chi_square, last_look_power(total, share, case.told, alpha)
        rows.append(RatioRate(*counts, *measured, *theory))
    return rows


def _with_rules(case: Case, alpha: float) -> Scenario:
    """Both rules with that alpha, and a candidate that each wants to promote."""
    data = world(case).model_dump(mode="json")
    for name, right in (("current", 0.6), ("new", 0.9)):
        data["endpoint"]["variants"][name]["quality"] = {"kind": "success", "probability": right}
    data["policies"] = {
        kind: {"kind": kind, "sample_ratio_alpha": alpha} | fields for kind, fields in _RULE.items()
    }
    return Scenario.model_validate(data)


def rule_alarms(executor: Executor | None, replications: int) -> list[RatioRate]:
    """Runs of each rule in which it held the candidate for its sample ratio."""
    rows = []
    for case in _ROUTERS:
        for alpha in ALPHAS:
            scenario = _with_rules(case, alpha)
            study = compare(
                scenario, worlds=[DESCRIBED], replications=replications, executor=executor
            )
            for rule, played in study.rows.items():
                held = sum("sample ratio" in (row.held_for or "") for row in played)
                rows.append(RatioRate("rule", f"`{rule}`, {case.name}", alpha, held, len(played)))
    return rows


def play_ratio_rates(folder: Path, executor: Executor | None, replications: int = 400) -> None:
    """Play all of it and write sample_ratio.csv below a folder."""
    rows = []
    for case in (*HONEST, *FAULTS):
        runs = replications if case.told is None else replications // 2  # these are not rare
        say(f"sample ratio, {case.name}: {runs} replications")
        rows += _probed(case, probe(case, runs, executor))
    say(f"sample ratio, rules: {replications} replications")
    rows += rule_alarms(executor, replications)
    target = folder / PLACE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_csv(rows), encoding="utf-8")


def read_ratio_rates(path: Path) -> list[RatioRate]:
    """The rows that `play_ratio_rates` wrote."""
    return read_rows(path, RatioRate)


def ratio_section(rows: Sequence[RatioRate]) -> str:
    """The page's section: honest routers, faults, and the rules that ask."""
    honest = [row for row in rows if row.part != "fault"]
    over = [row for row in honest if share_interval(row.alarms, row.runs).low > row.alpha]
    kept = "no interval lies above its alpha"
    if over:
        kept = f"**above alpha: {', '.join(f'{row.case} at {row.alpha:g}' for row in over)}**"
    count = typeset.count(rows[0].runs)
    opening = (
        "\n## The sample-ratio check\n\n"
        "`sample_ratio_alpha` is the largest probability with which an honest split may be taken "
        f"for a wrong one in a whole run, whatever draws it. {count} runs each "
        "(half of that under a fault), of an hour at 100 requests a minute; "
        "the check is asked at every minute's look, and a run counts once it has alarmed. It "
        f"counts requests, or users where a hash or cookies keep them. Of {len(honest)} rates "
        f"{kept}. At alpha 0.05 they lie far below it: the first split gets half of alpha, and an "
        "hour spends little of a level that holds however long one looks; at 0.001 so few runs "
        "cannot tell. "
        "Counts: [sample_ratio.csv](sample_ratio.csv).\n\n"
    )
    faults = (
        "\nA router that splits otherwise than asked. Beside the measured rate: the power of the "
        "chi-square test, at the whole alpha, and of this check (exact, binomial), each at a "
        "single look at the mean of what is assigned in the end. The check may alarm at any look "
        "before, so that its probability is no less than that of the last look; what it lacks of "
        "the chi-square is the price of looking at any time, and of the half of alpha that later "
        "splits would get.\n\n"
    )
    rules = "\nThrough the rules, which ask only when they would go on:\n\n"
    return plain(
        opening
        + _table([row for row in rows if row.part == "honest"])
        + faults
        + _fault_table([row for row in rows if row.part == "fault"])
        + rules
        + _table([row for row in rows if row.part == "rule"])
    )


def _table(rows: Sequence[RatioRate]) -> str:
    heads = "".join(f" alarms at alpha {alpha:g} |" for alpha in ALPHAS)
    lines = [f"| honest router |{heads}", "|---|" + "---:|" * len(ALPHAS)]
    for case in dict.fromkeys(row.case for row in rows):
        cells = [row.shown for row in rows if row.case == case]
        lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _fault_table(rows: Sequence[RatioRate]) -> str:
    lines = [
        "| fault | assigned | alpha | alarms | this check, last look | chi-square, last look |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.case} | {typeset.count(round(row.assigned or 0))} | {row.alpha:g} | {row.shown} "
        f"| {typeset.percent(row.power_at_the_last_look or 0.0, 1)} "
        f"| {typeset.percent(row.chi_square_power or 0.0, 1)} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _csv(rows: Sequence[RatioRate]) -> str:
    header = ("part", "case", "alpha", "alarms", "runs", "low", "high", *_THEORY)
    return csv_text(header, map(_written, rows))


def _written(row: RatioRate) -> list[object]:
    interval = share_interval(row.alarms, row.runs)
    numbers = (
        interval.low,
        interval.high,
        row.assigned,
        row.chi_square_power,
        row.power_at_the_last_look,
    )
    shown = ("" if each is None else f"{each:.6g}" for each in numbers)
    return [row.part, row.case, f"{row.alpha:g}", row.alarms, row.runs, *shown]
