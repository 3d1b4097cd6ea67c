"""How often each rule with guardrails promotes a candidate at the edge of its guardrail.

The candidate's answers are much better and its errors exceed the control's by the whole margin.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from policy_cells import Cell, Version, play_cells, tell
from policy_page import measured, plain
from policy_versions import with_errors, with_probability_gain

from simab.report import numerals
from simab.scenario import Scenario

__all__ = ["ALPHA", "MARGIN", "at_the_margin", "guardrail_cells", "make_guardrail_rates"]

MARGIN: Final = 0.01
ALPHA: Final = 0.05
GAIN: Final = 0.05


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
        for name, excess in (("at the margin", MARGIN), ("no more errors", 0.0))
    )
    return edge, fine


def make_guardrail_rates(
    folder: Path, scenario: Scenario, executor: Executor | None, replications: int = 1000
) -> str:
    """Play both candidates, write guardrails.csv below a folder, return the page's section."""
    tell(f"guardrails: {replications} replications a rule, twice")
    edge, fine = guardrail_cells(scenario, executor, replications)
    target = folder / "reports" / "policies"
    target.mkdir(parents=True, exist_ok=True)
    (target / "guardrails.csv").write_text(_csv([*edge, *fine]), encoding="utf-8")
    return _section(edge, fine)


def _section(edge: Sequence[Cell], fine: Sequence[Cell]) -> str:
    count = numerals.count(len(edge[0].verdicts))
    worst = max(edge, key=lambda cell: cell.share)
    over = [cell.rule for cell in edge if cell.interval.low > ALPHA]
    kept = "no interval lies above it" if not over else f"**above it: {', '.join(over)}**"
    lines = [
        f"| {cell.rule} | `{cell.kind}` | {measured(cell)} | {measured(other)} |"
        for cell, other in zip(edge, fine, strict=True)
    ]
    opening = (
        "\n## A candidate at the edge of its guardrail\n\n"
        f"Every rule that takes guardrails, with one on errors: a margin of {100 * MARGIN:g} point "
        f"and alpha {100 * ALPHA:g} %. The candidate is right {100 * GAIN:g} points more often, so "
        f"that rules want to promote it; {count} replications each. At the margin its errors "
        f"exceed the control's by the whole {100 * MARGIN:g} point, and alpha is the largest "
        f"probability with which it may be promoted, over all looks: {kept}; the highest rate is "
        f"{worst.promoted} of {count}, {measured(worst)}, of {worst.rule}.{_idle(fine)} "
        "Counts: [guardrails.csv](guardrails.csv).\n\n"
    )
    head = (
        "| rule | kind | promotes at the margin | promotes with no more errors |\n"
        "|---|---|---:|---:|\n"
    )
    return plain(opening + head + "\n".join(lines)) + "\n"


def _idle(fine: Sequence[Cell]) -> str:
    """Rules whose rates say nothing, for they promote nothing anyway."""
    idle = [cell.rule for cell in fine if not cell.promoted]
    if not idle:
        return ""
    return f" {', '.join(idle)} promotes nothing here in any case, which says nothing of its level."


def _csv(cells: Sequence[Cell]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["candidate", "rule", "kind", "excess", "promoted", "replications"])
    for cell in cells:
        counts = (cell.promoted, len(cell.verdicts))
        writer.writerow((cell.version, cell.rule, cell.kind, f"{cell.effect:g}", *counts))
    return buffer.getvalue()
