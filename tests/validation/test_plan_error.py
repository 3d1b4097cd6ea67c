"""What plans name, judged by other runs: a small page, and the committed rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.result.requirement_result import Compliance
from validation.plan_error import PLANNED, planned_scenario
from validation.plan_page import play_plans, read_plans, write_plans


@pytest.mark.parametrize("kind", PLANNED)
def test_each_kind_varies_parameters_of_its_policies(kind: str) -> None:
    """And says what is required."""
    scenario, vary = planned_scenario(kind)
    assert scenario.requirements
    assert all(path.startswith("policies.") for path in vary)


@pytest.mark.long
def test_a_small_page_is_made(tmp_path: Path) -> None:
    """Of one plan of each kind; a row for each, read back as made."""
    play_plans(tmp_path, plans=1, judging_runs=400)
    write_plans(tmp_path)
    rows = read_plans(tmp_path / "reports" / "plan" / "plans.csv")
    assert [row.kind for row in rows] == list(PLANNED)
    assert {(row.plans, row.of_plans) for row in rows} == {(1, 1)}
    assert {row.compliance for row in rows if row.name} <= {Compliance.PASSES, Compliance.OPEN}
    page = (tmp_path / "reports" / "plan" / "README.md").read_text(encoding="utf-8")
    assert page.count("| 1 |") == len(rows)


def test_the_committed_plans_meet_the_requirements(repository: Path) -> None:
    """At least 95 % of 40 of each kind."""
    rows = read_plans(repository / "reports" / "plan" / "plans.csv")
    for kind in PLANNED:
        own = [row for row in rows if row.kind == kind and row.name]
        assert sum(row.plans for row in own) >= 38
        met = sum(row.plans for row in own if row.compliance == Compliance.PASSES)
        assert met >= 0.95 * sum(row.plans for row in own)
