"""Through the simulator: a candidate at the edge of its guardrail is promoted in at most alpha."""

from __future__ import annotations

from pathlib import Path

import pytest
from guardrail_rates import ALPHA, at_the_margin, guardrail_cells, make_guardrail_rates
from policy_studies import TESTS, load_studies
from scipy import stats


@pytest.mark.long
def test_every_rule_with_guardrails_keeps_alpha_over_all_looks() -> None:
    """200 runs of each rule, at a level of 1e-4."""
    edge, fine = guardrail_cells(load_studies()[TESTS], None, 200)
    most = stats.binom(200, ALPHA).isf(1e-4)
    assert {cell.rule: cell.promoted for cell in edge if cell.promoted > most} == {}
    # The first stage of the safe rollout gives the candidate 36 requests an hour: too few.
    assert all(cell.promoted > most for cell in fine if cell.kind != "safe_rollout")


@pytest.mark.long
def test_the_section_shows_every_rule_that_takes_guardrails(tmp_path: Path) -> None:
    """One row each, with the counts in guardrails.csv."""
    scenario = load_studies()[TESTS]
    rules = at_the_margin(scenario).policies
    section = make_guardrail_rates(tmp_path, scenario, None, replications=1)
    assert all(f"| {rule} |" in section for rule in rules)
    rows = (tmp_path / "reports" / "policies" / "guardrails.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * len(rules)
