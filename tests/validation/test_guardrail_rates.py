"""Through the simulator: a candidate at the edge of its guardrail is promoted in at most alpha."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from validation.policies.guardrails import (
    ALPHA,
    EDGE,
    FINE,
    GuardrailRate,
    at_the_margin,
    guardrail_cells,
    guardrail_section,
    play_guardrail_rates,
    read_guardrail_rates,
)
from validation.policies.studies import TESTS, load_studies


@pytest.mark.long
def test_every_rule_with_guardrails_keeps_alpha_over_all_looks() -> None:
    """80 runs of each rule, at a level of 1e-4."""
    edge, fine = guardrail_cells(load_studies()[TESTS], None, 80)
    most = stats.binom(80, ALPHA).isf(1e-4)
    assert {cell.rule: cell.promoted for cell in edge if cell.promoted > most} == {}
    # The first stage of the safe rollout gives the candidate 36 requests an hour: too few.
    assert all(cell.promoted > most for cell in fine if cell.kind != "safe_rollout")


@pytest.mark.long
def test_the_section_shows_every_rule_that_takes_guardrails(tmp_path: Path) -> None:
    """One row each, with the counts in guardrails.csv."""
    scenario = load_studies()[TESTS]
    rules = at_the_margin(scenario).policies
    play_guardrail_rates(tmp_path, scenario, None, replications=1)
    rows = read_guardrail_rates(tmp_path / "reports" / "policies" / "guardrails.csv")
    assert all(f"| {rule} |" in guardrail_section(rows) for rule in rules)
    assert len(rows) == 2 * len(rules)
    assert all(row.promoted + row.kept + row.rolled_back + row.undecided == 1 for row in rows)


def test_the_section_shows_what_stays_undecided() -> None:
    """Few promotions are not many decisions for the control."""
    counts = {EDGE: (2, 0, 1, 997), FINE: (990, 10, 0, 0)}
    rates = [GuardrailRate(name, "r", "k", 0.0, *each, 1000) for name, each in counts.items()]
    row = guardrail_section(rates).splitlines()[-1]
    assert "undecided 99.7 %" in row.split(" | ")[2]
    assert "undecided" not in row.split(" | ")[3]
