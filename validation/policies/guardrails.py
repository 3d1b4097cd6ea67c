"""How often each rule with guardrails promotes a candidate at the edge of its guardrail.

The candidate's answers are much better and its errors exceed the control's by the whole margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from simab.analyse import Verdict
from simab.report import formatting
from simab.result import Proportion
from simab.scenario import Scenario
from simab.text import typeset
from validation.candidate_rates import share
from validation.candidates import with_errors, with_probability_gain
from validation.csv_rows import csv_text, read_rows
from validation.markdown import plain
from validation.places import say
from validation.played_rules import Cell, Version, play_cells

__all__ = [
    "ALPHA",
    "MARGIN",
    "GuardrailRate",
    "at_the_margin",
    "guardrail_cells",
    "guardrail_section",
    "play_guardrail_rates",
    "read_guardrail_rates",
]

MARGIN: Final = 0.01
ALPHA: Final = 0.05
GAIN: Final = 0.05
EDGE: Final = "at the margin"
FINE: Final = "no more errors"
PLACE: Final = "reports/policies/guardrails.csv"


@dataclass(frozen=True, slots=True)
class GuardrailRate:
    """Runs of a rule with one of the two candidates, and how many ended how."""

    candidate: str
    rule: str
    kind: str
    excess: float
    promoted: int
    kept: int
    rolled_back: int
    undecided: int
    replications: int

    @property
    def promotions(self) -> Proportion:
        """The share of runs that promoted the candidate."""
        return share(self.promoted, self.replications)


def at_the_margin(scenario: Scenario, excess: float = MARGIN) -> Scenario:
    """The rules that take guardrails, each with the same one, and a candidate with more errors."""
    healthy = scenario.endpoint.variants[scenario.objective.control].error_rate
    moved = with_errors(with_probability_gain(scenario, GAIN), round(healthy + excess, 9))
    data = moved.model_dump(mode="json")
    guardrail = {"metric": "error_rate", "margin": MARGIN, "alpha": ALPHA}
    data["policies"] = {
        name: data["policies"][name] | {"guardrails": [guardrail]}
        for name, policy in scenario.policies.items()
        if "guardrails" in type(policy).model_fields
    }
    return Scenario.model_validate(data)


def guardrail_cells(
    scenario: Scenario, executor: Executor | None, replications: int
) -> tuple[list[Cell], list[Cell]]:
    """The cells of the candidate at the margin, and of one with the control's errors."""
    edge, fine = (
        play_cells(
            Version("guardrails", name, excess, at_the_margin(scenario, excess), replications),
            executor=executor,
        )
        for name, excess in ((EDGE, MARGIN), (FINE, 0.0))
    )
    return edge, fine


def play_guardrail_rates(
    folder: Path, scenario: Scenario, executor: Executor | None, replications: int = 1000
) -> None:
    """Play both candidates and write guardrails.csv below a folder."""
    say(f"guardrails: {replications} replications a rule, twice")
    edge, fine = guardrail_cells(scenario, executor, replications)
    target = folder / PLACE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_csv([*edge, *fine]), encoding="utf-8")


def _csv(cells: Sequence[Cell]) -> str:
    header = (field.name for field in fields(GuardrailRate))
    return csv_text(header, (astuple(_rate(cell)) for cell in cells))


def _rate(cell: Cell) -> GuardrailRate:
    return GuardrailRate(
        candidate=cell.version,
        rule=cell.rule,
        kind=cell.kind,
        excess=cell.effect,
        promoted=cell.promoted,
        kept=cell.count(Verdict.KEPT_CONTROL),
        rolled_back=cell.count(Verdict.ROLLED_BACK),
        undecided=cell.count(Verdict.UNDECIDED),
        replications=len(cell.verdicts),
    )


def read_guardrail_rates(path: Path) -> list[GuardrailRate]:
    """The rows that `play_guardrail_rates` wrote."""
    return read_rows(path, GuardrailRate)


def guardrail_section(rates: Sequence[GuardrailRate]) -> str:
    """The page's section: promotions of both candidates, and what stays undecided."""
    edge, fine = ([each for each in rates if each.candidate == name] for name in (EDGE, FINE))
    count = typeset.count(edge[0].replications)
    worst = max(edge, key=lambda each: each.promoted)
    over = [each.rule for each in edge if each.promotions.low > ALPHA]
    kept = "no interval lies above it" if not over else f"**above it: {', '.join(over)}**"
    lines = [
        f"| {each.rule} | `{each.kind}` | {_shown(each)} | {_shown(other)} |"
        for each, other in zip(edge, fine, strict=True)
    ]
    opening = (
        "\n## A candidate at the edge of its guardrail\n\n"
        f"Every rule that takes guardrails, with one on errors: a margin of {100 * MARGIN:g} point "
        f"and alpha {100 * ALPHA:g} %. The candidate is right {100 * GAIN:g} points more often, so "
        f"that rules want to promote it; {count} replications each. At the margin its errors "
        f"exceed the control's by the whole {100 * MARGIN:g} point, and alpha is the largest "
        f"probability with which it may be promoted, over all looks: {kept}; the highest rate is "
        f"{typeset.count(worst.promoted)} of {count}, {formatting.proportion(worst.promotions)}, "
        f"of {worst.rule}.{_idle(fine)} Counts: [guardrails.csv](guardrails.csv).\n\n"
    )
    head = (
        "| rule | kind | promotes at the margin | promotes with no more errors |\n"
        "|---|---|---:|---:|\n"
    )
    return plain(opening + head + "\n".join(lines)) + "\n"


def _shown(rate: GuardrailRate) -> str:
    written = str(formatting.proportion(rate.promotions))
    if rate.undecided:
        written += f"; undecided {typeset.percent(rate.undecided / rate.replications, 1)}"
    return written


def _idle(fine: Sequence[GuardrailRate]) -> str:
    """Rules whose rates say nothing, for they promote nothing anyway."""
    idle = [each.rule for each in fine if not each.promoted]
    if not idle:
        return ""
    return f" {', '.join(idle)} promotes nothing here in any case, which says nothing of its level."
