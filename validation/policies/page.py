"""The page and the table of rates of all policies: measured, claimed, predicted.

Every sentence with a figure in it is computed from the cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simab.analyse import Verdict
from simab.expected import expected_promotion
from simab.report import formatting
from simab.result import Proportion
from simab.scenario import Scenario
from simab.text import typeset
from validation.csv_rows import csv_text
from validation.markdown import plain
from validation.played_rules import Cell, letters_in
from validation.policies.claims import (
    STANDARD_ERRORS,
    STANDARD_TAIL,
    THEORY_ERROR,
    Claim,
    claim_of,
    keeps,
    theory_agrees,
    theory_error,
)
from validation.policies.studies import ROLLOUTS, scenario_at

__all__ = ["measured", "policy_page", "rates_csv", "theory_of"]

_EQUAL: Final = "equal"
_LESS_RIGHT: Final = "less right"
_NUMBERS: Final = (
    "promoted_share", "low", "high", "median_s", "claim_at_most", "claim_at_least", "theory"
)  # fmt: skip
_TITLES: Final = {
    "policies_aa": "Rules that decide by answers, or by the clock",
    "rollouts_aa": "Rollout controllers",
}


def measured(cell: Cell) -> str:
    """The share of promotions with its interval, in words."""
    interval = cell.interval
    share = Proportion(cell.promoted, cell.share, interval.low, interval.high)
    return plain(formatting.proportion(share))


def theory_of(scenarios: Mapping[str, Scenario], cell: Cell) -> float | None:
    """What theory predicts for a cell; None where it says nothing."""
    of_errors = cell.scenario == ROLLOUTS and cell.version != _LESS_RIGHT
    scenario = scenario_at(scenarios[cell.scenario], cell.effect, of_errors=of_errors)
    expected = expected_promotion(scenario, scenario.policies[cell.rule])
    return None if expected is None else expected.probability


def policy_page(scenarios: Mapping[str, Scenario], cells: Sequence[Cell]) -> str:
    """The page in Markdown, without the section on naive rules."""
    page = [_opening(cells)]
    for name, scenario in scenarios.items():
        ours = [cell for cell in cells if cell.scenario == name and cell.version == _EQUAL]
        page += [f"\n## {_TITLES[name]}\n\n", _table(scenario, ours)]
        if name == "rollouts_aa":
            page.append(_blindness(cells))
    page.append(_curves(scenarios, cells))
    return "".join(page)


def _opening(cells: Sequence[Cell]) -> str:
    equal = [cell for cell in cells if cell.version == _EQUAL]
    kinds = {cell.kind for cell in equal}
    count = typeset.count(len(equal[0].verdicts))
    return plain(
        "# What each rule does with two equal models, and with a difference\n\n"
        "Made by `python -m validation` from "
        "[scenarios/policies_aa.yaml](../../scenarios/policies_aa.yaml) and "
        "[scenarios/rollouts_aa.yaml](../../scenarios/rollouts_aa.yaml), whose headers say where "
        "their numbers come from.\n\n"
        f"{len(equal)} rules of {len(kinds)} kinds, {count} replications each, of a candidate that "
        "is described exactly as the control. A promotion of it is a false promotion. Intervals "
        "are of 95 %, over replications ([coverage](../intervals/README.md)). A rate *keeps its "
        "claim*, or is *as theory says*, unless a binomial count would lie as far off in fewer "
        f"than {typeset.percent(2 * STANDARD_TAIL, 2)} of such studies "
        f"({STANDARD_ERRORS:g} standard errors of a normal law); theory "
        "that takes shares as normal or labels as arriving evenly is allowed "
        f"{100 * THEORY_ERROR:g} points more (marked ~). All rules of one table meet the same "
        "clients, so that their rates stray together. "
        "Rates: [rates.csv](rates.csv); how every replication ended: "
        f"[verdicts.csv](verdicts.csv), one letter each ({letters_in(cells)}).\n"
    )


def _table(scenario: Scenario, cells: Sequence[Cell]) -> str:
    lines = [
        "| rule | kind | promotes an equal candidate | undecided | its claim | theory | reading |",
        "|---|---|---:|---:|---|---|---|",
    ]
    for cell in cells:
        claim = claim_of(scenario, cell.rule)
        lines.append(
            f"| {cell.rule} | `{cell.kind}` | {measured(cell)} | {_undecided(cell)} "
            f"| {_claimed(claim)} | {_predicted(claim, theory_error(scenario, cell.rule))} "
            f"| {reading(claim, cell, theory_error(scenario, cell.rule))} |"
        )
    return plain("\n".join(lines)) + "\n"


def _claimed(claim: Claim) -> str:
    if claim.at_most is not None:
        return f"{claim.says}: at most {100 * claim.at_most:g} %"
    if claim.at_least is not None:
        return f"{claim.says}: at least {100 * claim.at_least:g} %"
    return claim.says


def _predicted(claim: Claim, error: float) -> str:
    if claim.theory is None:
        return ""
    about = "~ " if error else ""
    return f"{about}{typeset.percent(claim.theory, 1)}, {claim.source}"


def _undecided(cell: Cell) -> str:
    return typeset.percent(cell.count(Verdict.UNDECIDED) / len(cell.verdicts), 1)


def reading(claim: Claim, cell: Cell, error: float) -> str:
    """What the measured rate says of claim and theory, in words, and why it is so."""
    words = []
    kept = keeps(claim, cell)
    if kept is not None:
        words.append("keeps its claim" if kept else "**breaks its claim**")
    if claim.theory is not None:
        agrees = theory_agrees(claim.theory, cell, error)
        words.append("as theory says" if agrees else "**not what theory says**")
    return "; ".join(words) + (f": {claim.because}" if claim.because else "")


def _blindness(cells: Sequence[Cell]) -> str:
    """That rollout controllers do not see correct answers, replication by replication."""
    equal = {cell.rule: cell for cell in cells if cell.version == _EQUAL}
    same = total = 0
    blind = [cell for cell in cells if cell.version == _LESS_RIGHT]
    for cell in blind:
        pairs = zip(cell.verdicts, equal[cell.rule].verdicts, strict=False)
        same += sum(ours == theirs for ours, theirs in pairs)
        total += len(cell.verdicts)
    return plain(
        f"\nA candidate that is right {-100 * blind[0].effect:g} points less often, with the same "
        f"errors and latencies, ends as the equal one in {typeset.count(same)} of "
        f"{typeset.count(total)} replications: these rules see no labels.\n"
    )


def _curves(scenarios: Mapping[str, Scenario], cells: Sequence[Cell]) -> str:
    """The section on power, with how many points lie where theory puts them."""
    unequal = [cell for cell in cells if cell.version != _EQUAL]
    marks = [cell for cell in unequal if cell.version != _LESS_RIGHT]
    least = min(len(cell.verdicts) for cell in marks)
    return plain(
        "\n## How the probability to promote grows with the difference\n\n"
        "![Probability to promote against the true difference, by rule](power.svg)\n\n"
        f"{least} replications a mark, and those of the tables for equal models; the bar through a "
        "mark is its 95 % interval, and marks of several rules at one difference stand a little "
        "beside each other. A line is theory where there is one, and joins the marks where there "
        "is none. The grey line stands where both models are alike. Shares of 5XX are on a "
        "square-root scale, for the small ones are many. What a mark lacks to 100 % kept the "
        "control, rolled back or stayed undecided: [rates.csv](rates.csv).\n\n"
        f"{_held(scenarios, marks, 'marks of unequal models')} "
        f"{_held(scenarios, _of_rollouts(unequal), 'rates of the candidate that is less right')}\n"
    )


def _of_rollouts(cells: Sequence[Cell]) -> list[Cell]:
    """Those that are not drawn: what a rule cannot see is not a place on its curve."""
    return [cell for cell in cells if cell.version == _LESS_RIGHT]


def _held(scenarios: Mapping[str, Scenario], cells: Sequence[Cell], what: str) -> str:
    """Of how many of these rates there is theory, and which of them are not where it says."""
    held = [(cell, theory_of(scenarios, cell)) for cell in cells]
    known = [(cell, theory) for cell, theory in held if theory is not None]
    away = [
        cell
        for cell, theory in known
        if not theory_agrees(theory, cell, theory_error(scenarios[cell.scenario], cell.rule))
    ]
    words = "all of them are within the band"
    if away:
        names = ", ".join(f"{cell.rule} at {cell.version}" for cell in away)
        words = f"{len(known) - len(away)} of them are within the band; outside: {names}"
    return f"Theory predicts {len(known)} of the {len(cells)} {what}: {words}."


def rates_csv(scenarios: Mapping[str, Scenario], cells: Sequence[Cell]) -> str:
    """One row a cell: counts, share and interval of promotions, claim and theory."""
    header = ["scenario", "version", "rule", "kind", "effect", "replications"]
    header += [*map(str, Verdict), *_NUMBERS]
    return csv_text(header, (_rates(scenarios, cell) for cell in cells))


def _rates(scenarios: Mapping[str, Scenario], cell: Cell) -> list[object]:
    claim = claim_of(scenarios[cell.scenario], cell.rule)
    bounds = (claim.at_most, claim.at_least) if cell.version == _EQUAL else (None, None)
    interval, theory = cell.interval, theory_of(scenarios, cell)
    numbers = (cell.share, interval.low, interval.high, cell.median_s, *bounds, theory)
    return [
        *(cell.scenario, cell.version, cell.rule, cell.kind, f"{cell.effect:g}"),
        *(len(cell.verdicts), *(cell.count(verdict) for verdict in Verdict)),
        *("" if number is None else f"{number:.6g}" for number in numbers),
    ]
