"""The committed pages say what the committed rows hold: nothing on them is written by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simab.result.verification_result import read_saved_verification
from simab.verify import all_cases
from validation import remaking
from validation.founding_studies import write_founding_studies
from validation.gate_page import write_gates
from validation.intervals.page import write_coverage
from validation.places import made_or_committed
from validation.plan_page import write_plans
from validation.policy_report import write_policies
from validation.twelve.studies import write_twelve_policies
from validation.verified_world import PLACE, write_verified_world


def test_the_pages_of_rules_coverage_gates_and_plans_are_what_their_rows_make(
    repository: Path, tmp_path: Path
) -> None:
    """Byte for byte, and README's table with them."""
    table = write_twelve_policies(tmp_path)
    write_coverage(tmp_path)
    write_gates(tmp_path)
    write_plans(tmp_path)
    for page in ("twelve_policies", "intervals", "gate", "plan"):
        place = f"reports/{page}/README.md"
        assert (tmp_path / place).read_bytes() == (repository / place).read_bytes(), page
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert remaking.with_table(readme, "twelve policies", table) == readme


def test_the_other_studies_of_the_founding_example_are_what_their_results_make(
    repository: Path, tmp_path: Path
) -> None:
    """Pages, with their links to each other, and the picture that heads README."""
    shutil.copytree(repository / "reports/churn", tmp_path / "reports/churn")
    write_founding_studies(tmp_path)
    for name in ("convergence/report.html", "convergence/sizes.csv", "fairness/report.html"):
        place = f"reports/churn/{name}"
        assert (tmp_path / place).read_bytes() == (repository / place).read_bytes(), name
    assert (tmp_path / "docs/f1.svg").read_bytes() == (repository / "docs/f1.svg").read_bytes()


@pytest.mark.long
def test_the_page_of_the_promotion_scripts_is_what_its_result_makes(
    repository: Path, tmp_path: Path
) -> None:
    """And so are the tables beside it."""
    pytest.importorskip("boto3")
    from validation import promotion_scripts

    place = promotion_scripts.PLACE
    promotion_scripts.write_promotion_scripts(tmp_path)
    for name in ("report.html", "summary.csv", "paired.csv"):
        assert (tmp_path / place / name).read_bytes() == (repository / place / name).read_bytes(), (
            name
        )


def test_the_page_of_the_simulator_against_theory_is_what_its_result_makes(
    repository: Path, tmp_path: Path
) -> None:
    """And every check in it passes, and would have caught 2 %."""
    write_verified_world(tmp_path)
    for name in ("report.html", "verification.json", "verification.csv"):
        made, committed = (folder / PLACE / name for folder in (tmp_path, repository))
        assert made.read_bytes() == committed.read_bytes(), name
    file = repository / PLACE / "verification.json"
    found = read_saved_verification(file.read_bytes(), str(file))
    assert found.passed
    assert max(check.smallest_caught for _, check in found.checks()) < 0.02
    names = [case.name for case in all_cases() if not case.slow]
    assert [case.name for case in found.cases] == names


@pytest.mark.long
def test_the_page_of_all_policies_is_what_its_rows_make(repository: Path, tmp_path: Path) -> None:
    """With its rates and its figure."""
    write_policies(tmp_path)
    for name in ("README.md", "rates.csv", "power.svg"):
        place = f"reports/policies/{name}"
        assert (tmp_path / place).read_bytes() == (repository / place).read_bytes(), name


def test_what_has_been_made_comes_before_what_is_committed(tmp_path: Path) -> None:
    """A page below another folder is of the rows there, where there are any."""
    made = tmp_path / "reports" / "intervals" / "coverage.csv"
    made.parent.mkdir(parents=True)
    made.write_text("rows", encoding="utf-8")
    place = "reports/intervals/coverage.csv"
    assert made_or_committed(tmp_path, place) == made
    assert made_or_committed(tmp_path / "elsewhere", place).is_absolute()
