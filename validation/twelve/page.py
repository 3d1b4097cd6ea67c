"""The page of the twelve rules and README's table of them, from the committed rates and letters.

Which rule stands in which sentence is decided by its rates and endings, never by its name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from simab.report import formatting
from simab.report.tables import APPROXIMATE
from simab.text import typeset
from simab.text.lists import listed
from validation.candidate_rates import CandidateRates
from validation.markdown import plain
from validation.played_rules import Cell, letters_in

__all__ = ["passes", "same_endings", "short_table", "stopped", "twelve_page"]

VERSIONS: Final = ("equal", "better", "worse", "broken")
RARELY: Final = 0.05
Rates = Mapping[str, Mapping[str, CandidateRates]]
"""By rule, then by version."""


def by_rule(rates: Iterable[CandidateRates]) -> Rates:
    """The rows of each rule, in the order of the file."""
    found: dict[str, dict[str, CandidateRates]] = {}
    for each in rates:
        found.setdefault(each.rule, {})[each.version] = each
    return found


def passes(rates: Rates, version: str) -> list[str]:
    """Rules that promoted the candidate in half of the runs or more."""
    return [rule for rule, own in rates.items() if own[version].promoted * 2 >= own[version].runs]


def stopped(rates: Rates, version: str) -> list[str]:
    """Rules that ended with the control in half of the runs, and whose promotions are rare.

    Rare: the whole interval of their share lies under 5 %.
    """
    return [
        rule
        for rule, own in rates.items()
        if 2 * own[version].stopped.count >= own[version].runs
        and own[version].promotions.high < RARELY
    ]


def same_endings(
    cells: Sequence[Cell], rules: Iterable[str], versions: tuple[str, str]
) -> list[str]:
    """Rules whose every run ended with one candidate as with another."""
    letters = {(cell.rule, cell.version): cell.verdicts for cell in cells}
    first, second = versions
    return [rule for rule in rules if letters[rule, first] == letters[rule, second]]


def twelve_page(
    rates: Iterable[CandidateRates], cells: Sequence[Cell], horizon_s: float, broken: float
) -> str:
    """The page in Markdown."""
    rules = by_rule(rates)
    runs = typeset.count(next(iter(next(iter(rules.values())).values())).runs)
    lines = [
        f"# {_number(len(rules)).capitalize()} rules, four candidates\n",
        "Made by `python -m validation` from [scenarios/twelve_policies.yaml]"
        "(../../scenarios/twelve_policies.yaml). The whole [report](report.html) is of the "
        "candidate that is better by 2 points; the equal one, the one that is worse by 2 points "
        f"and the one that fails {typeset.percent(broken)} of its requests differ from it in "
        "nothing else. The report has a fifth, three times as slow, since Kayenta reads latency; "
        "most rules do not, and promote it like the one as described. "
        f"{runs} replications a rule and candidate, with 95 % intervals over "
        "replications; all rules meet the same clients.\n",
        *_endings_table(rules),
        "",
        "The other runs kept the control or went back to it; undecided is what has decided "
        f"nothing within the horizon of {typeset.duration(horizon_s)}.\n",
        *_cost_table(rules, horizon_s),
        "",
        f"{_legend(rules)}\n",
        *(f"- {sentence}" for sentence in sentences(rules, cells)),
        "\nAll rates, times and costs: [rates.csv](rates.csv); how every replication ended: "
        f"[versions.csv](versions.csv), one letter each ({letters_in(cells)}).",
    ]
    return plain("\n".join(lines)) + "\n"


def sentences(rules: Rates, cells: Sequence[Cell]) -> list[str]:
    """Which candidates get through with whom, which with nobody, and what stays undecided."""
    return [
        *_broken(rules),
        *_worse(rules, cells),
        *_neither(rules),
        *_undecided(rules),
    ]


def _broken(rules: Rates) -> list[str]:
    """Who promotes what fails; whether they stop it for what it is, the better one shows."""
    passing = passes(rules, "broken")
    if not passing:
        return []
    oftener = [
        f"*{rule}* ({_rate(rules[rule]['broken'].stopped)} against "
        f"{_rate(rules[rule]['better'].stopped)})"
        for rule in passing
        if rules[rule]["broken"].stopped.count > rules[rule]["better"].stopped.count
    ]
    some = [
        f"the {_rate(rules[rule]['broken'].stopped)} of *{rule}* are no sign of it: it stopped "
        f"{_rate(rules[rule]['better'].stopped)} of the better ones"
        for rule in passing
        if 0 < rules[rule]["broken"].stopped.count <= rules[rule]["better"].stopped.count
    ]
    seen = f"stopped more often than the better one by {listed(oftener)}" if oftener else (
        "stopped by none of them more often than the better one"
    )  # fmt: skip
    doubt = f" ({'; '.join(some)})" if some else ""
    return [
        f"**The broken one gets through** with {_with_rates(rules, passing, 'broken')}: no label "
        f"comes with a 5XX, and it was {seen}{doubt}."
    ]


def _worse(rules: Rates, cells: Sequence[Cell]) -> list[str]:
    passing = passes(rules, "worse")
    if not passing:
        return []
    same = same_endings(cells, passing, ("better", "worse"))
    parts = []
    if same:
        verb = "ended every run" if len(same) == 1 else "each ended every run"
        parts.append(f"{_listed(same)} {verb} with the worse one as with the better one")
    for rule in passing:
        if rule not in same:
            own = rules[rule]["worse"]
            parts.append(
                f"*{rule}* stopped the worse one in {typeset.count(own.stopped.count)} of "
                f"{typeset.count(own.runs)} runs, the better one in "
                f"{typeset.count(rules[rule]['better'].stopped.count)}"
            )
    return [
        f"**The worse one gets through** with {_with_rates(rules, passing, 'worse')}. "
        f"{'; '.join(parts)}."
    ]


def _neither(rules: Rates) -> list[str]:
    good = [rule for rule in stopped(rules, "worse") if rule in stopped(rules, "broken")]
    if not good:
        return ["**Every rule lets one of the two through** in 5 % of the runs or more, or may."]
    parts = [
        f"*{rule}* promoted the worse one in "
        f"{formatting.proportion(rules[rule]['worse'].promotions)} and the broken one in "
        f"{formatting.proportion(rules[rule]['broken'].promotions)} of the "
        f"runs, and the better one in {formatting.proportion(rules[rule]['better'].promotions)}"
        for rule in good
    ]
    return [f"**Neither of the two gets through:** {'; '.join(parts)}."]


def _undecided(rules: Rates) -> list[str]:
    late = [rule for rule, own in rules.items() if 2 * own["equal"].undecided >= own["equal"].runs]
    if not late:
        return []
    parts = [
        f"*{rule}* in {typeset.count(rules[rule]['equal'].undecided)} of "
        f"{typeset.count(rules[rule]['equal'].runs)} runs"
        for rule in late
    ]
    return [
        f"**The equal one stays undecided** with {listed(parts)}: few promotions of it are no "
        "decision for the control there."
    ]


def _with_rates(rules: Rates, names: Iterable[str], version: str) -> str:
    return listed([f"*{name}* ({_rate(rules[name][version].promotions)})" for name in names])


def _listed(names: Iterable[str]) -> str:
    return listed([f"*{name}*" for name in names])


def _rate(value: object) -> str:
    return formatting.proportion(value).value  # type: ignore[arg-type]


def _endings_table(rules: Rates) -> list[str]:
    heads = (
        "rule",
        "promotes the equal one (type I error)",
        "promotes the better one (power)",
        "promotes the worse one",
        "promotes the broken one",
    )
    return [
        *_head(heads),
        *(
            f"| {rule} | {' | '.join(_promotes(own[version]) for version in VERSIONS)} |"
            for rule, own in rules.items()
        ),
    ]


def _promotes(rates: CandidateRates) -> str:
    written = str(formatting.proportion(rates.promotions))
    if rates.undecided:
        written += f"; undecided {typeset.percent(rates.undecided / rates.runs, 1)}"
    return written


def _cost_table(rules: Rates, horizon_s: float) -> list[str]:
    heads = (
        "rule",
        "decides on the better one after, median (10 to 90 %)",
        "requests on the worse variant: the candidate is better",
        "worse",
        "broken",
        "stops the broken one",
        "control has all traffic again after the broken one, median",
    )
    return [
        *_head(heads),
        *(
            f"| {rule} | {formatting.duration_quantiles(own['better'].decided, horizon_s)} "
            f"| {formatting.mean(own['better'].requests_on_worse)} "
            f"| {formatting.mean(own['worse'].requests_on_worse)} "
            f"| {formatting.mean(own['broken'].requests_on_worse)} "
            f"| {formatting.proportion(own['broken'].stopped)} | {_back(own['broken'])} |"
            for rule, own in rules.items()
        ),
    ]


def _head(heads: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]


def _legend(rules: Rates) -> str:
    words = (
        "Times are of all runs, undecided ones later than the horizon; requests are means of a "
        "run. The broken candidate answers as well as the better one where it answers, and is the "
        "worse variant for its errors."
    )
    approximate = any(each.worse_approximate for own in rules.values() for each in own.values())
    return f"{words} {formatting.ABOUT}: {APPROXIMATE}." if approximate else words


def _back(rates: CandidateRates) -> str:
    """When half of all runs have the control alone again; none, or fewer than half, is said."""
    if math.isfinite(rates.control_p50):
        return typeset.duration(rates.control_p50)
    return "not in half of the runs" if rates.control else "in no run"


def _number(count: int) -> str:
    words = {10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen"}
    return words.get(count, typeset.count(count))


def short_table(rates: Iterable[CandidateRates]) -> str:
    """README's table in Markdown: the point estimates alone."""
    lines = [
        "| rule | promotes an equal candidate | one better by 2 points | one worse by 2 points "
        "| a broken one | control alone again after the broken one, median |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for rule, own in by_rule(rates).items():
        shares = " | ".join(_briefly(own[version]) for version in VERSIONS)
        lines.append(f"| {rule} | {shares} | {_back(own['broken'])} |")
    return plain("\n".join(lines)) + "\n"


def _briefly(rates: CandidateRates) -> str:
    promoted = _rate(rates.promotions)
    if not rates.undecided:
        return promoted
    return f"{promoted} ({typeset.percent(rates.undecided / rates.runs)} undecided)"
