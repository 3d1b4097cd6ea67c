"""The theory that measured rates are held against agrees with its sources, and so do the rates.

No simulated number is asserted: only theory, and that what is committed is consistent with it.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from scipy import stats

from simab.analyse import Verdict
from simab.expected import expected_promotion
from simab.expected.answers import looks_of
from simab.expected.checks import check_failure, checks_passed_before
from simab.policies.catalogue import PolicyDescription
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.scenario import Scenario
from simab.scenario.changes import with_effect
from simab.stats.sample_size import exact_power_two_proportions
from simab.text import typeset
from simab.theory.controllers import check_failure_probability, flagger_promotion_probability
from validation.markdown import plain
from validation.played_rules import Cell, read_cells
from validation.policies.claims import THEORY_ERROR, claim_of, keeps, theory_agrees, theory_error
from validation.policies.page import policy_page, theory_of
from validation.policies.power_figure import PANELS
from validation.policies.studies import AA, BLIND, TESTS, load_studies


@pytest.fixture(scope="module")
def studies() -> dict[str, Scenario]:
    """The two A/A scenarios, by name."""
    return load_studies()


@pytest.fixture(scope="module")
def cells(repository: Path) -> list[Cell]:
    """What is committed."""
    return read_cells(repository / "reports" / "policies" / "verdicts.csv")


@pytest.fixture(scope="module")
def page(cells: list[Cell], studies: dict[str, Scenario]) -> str:
    """What the committed cells make, with theory beside each."""
    return policy_page(studies, cells)


@pytest.mark.parametrize("failure", [0.01, 0.2, 0.6])
@pytest.mark.parametrize(("needed", "threshold"), [(10, 1), (10, 5), (5, 10)])
def test_like_checks_have_flaggers_closed_form(needed: int, threshold: int, failure: float) -> None:
    """With one failure probability the sum of geometric laws is P(Bin(n + T - 1, 1 - q) >= n)."""
    formula = flagger_promotion_probability(needed, threshold, failure)
    assert checks_passed_before(threshold, [failure] * needed) == pytest.approx(formula, abs=1e-12)


def test_unlike_checks_in_any_order_are_the_same() -> None:
    """The failures before each pass are added up, whatever their order."""
    failures = [0.1, 0.5, 0.02]
    forwards, backwards = (checks_passed_before(3, each) for each in (failures, failures[::-1]))
    assert forwards == pytest.approx(backwards, abs=1e-14)
    assert checks_passed_before(1, failures) == pytest.approx(0.9 * 0.5 * 0.98)


def test_a_check_of_a_poisson_count_averages_over_counts() -> None:
    """By hand for a limit of 100 %: no error among Poisson(m) requests, of which there is one."""
    mean, errors = 5.0, 0.1
    passes = stats.poisson.pmf(0, mean * errors) - stats.poisson.pmf(0, mean)
    assert check_failure(mean, errors, 1.0) == pytest.approx(1.0 - passes, abs=1e-8)
    assert check_failure_probability(50, 0.005, 0.99) == pytest.approx(1 - 0.995**50)


def test_the_fixed_test_has_the_textbooks_power(studies: dict[str, Scenario]) -> None:
    """Normal theory at the labels of its look, against the power summed over all outcomes."""
    scenario = studies[TESTS]
    theory = expected_promotion(with_effect(scenario, 0.02), scenario.policies["fixed horizon"])
    assert theory is not None
    labels = round(0.5 * 0.995 * 7500)  # the first tick with 3,600 an arm: 130 min, less 5
    power = exact_power_two_proportions(0.90, 0.92, labels, labels)
    assert theory.probability == pytest.approx(power, abs=0.003)


def test_naive_peeking_has_the_price_of_its_looks(studies: dict[str, Scenario]) -> None:
    """Armitage, McPherson and Rowe: equal steps from the first look on would cost 26 % at 23."""
    scenario = studies[TESTS]
    policy = scenario.policies["naive peeking"]
    assert isinstance(policy, NaivePeeking)
    looks = looks_of(scenario, policy)
    steps = {round(b - a, 6) for a, b in pairwise(looks)}
    assert len(steps) == 1
    theory = expected_promotion(scenario, policy)
    assert theory is not None
    # Half of what 10 equal looks give, and less than half of 23's.
    assert 0.0955 < theory.probability < 0.13


STUDIED_BY_THEIR_TESTS = {
    "guarded_release",
    "sequential_alerts",
    "bayesian_rope",
    "capped_sprt",
    "rounds",
    "ship_decision",
    "risk_budgeted_ramp",
    "ramp_by_power",
}
"""Kinds whose A/A study is in the file of tests/policies that has their name, not on the page."""


def test_every_kind_of_policy_is_studied(studies: dict[str, Scenario], repository: Path) -> None:
    """Add a new one to scenarios/policies_aa.yaml or scenarios/rollouts_aa.yaml."""
    union = PolicyDescription.__origin__  # type: ignore[attr-defined]
    kinds = {each.model_fields["kind"].default for each in union.__args__}
    studied = {policy.kind for study in studies.values() for policy in study.policies.values()}
    assert studied == kinds - STUDIED_BY_THEIR_TESTS
    for kind in STUDIED_BY_THEIR_TESTS:
        own = repository / "tests" / "policies" / f"test_{kind}.py"
        assert "@pytest.mark.long" in own.read_text(encoding="utf-8")


def test_every_rule_is_committed_with_enough_replications(
    cells: list[Cell], studies: dict[str, Scenario]
) -> None:
    """A thousand of two equal models give intervals of three points at most either way."""
    equal = {(cell.scenario, cell.rule): cell for cell in cells if cell.version == AA}
    assert set(equal) == {(name, rule) for name, s in studies.items() for rule in s.policies}
    assert min(len(cell.verdicts) for cell in equal.values()) >= 1000


@pytest.mark.long
def test_committed_rates_are_what_theory_says(
    cells: list[Cell], studies: dict[str, Scenario]
) -> None:
    """Each cell for which there is theory, by its binomial law; half a point more where normal."""
    held = [(cell, theory_of(studies, cell)) for cell in cells]
    away = [
        (cell.rule, cell.version, cell.share, theory)
        for cell, theory in held
        if theory is not None
        and not theory_agrees(
            theory, cell, theory_error(studies[cell.scenario], cell.rule), standard_errors=4.0
        )
    ]
    assert away == []


def test_only_peeking_breaks_its_claim(cells: list[Cell], studies: dict[str, Scenario]) -> None:
    """Every rule that promises a rate keeps it, but for the one that cannot."""
    broken = {
        cell.rule
        for cell in cells
        if cell.version == AA
        and keeps(claim_of(studies[cell.scenario], cell.rule), cell, standard_errors=4.0) is False
    }
    assert broken == {"naive peeking"}


def test_a_rate_that_is_off_is_noticed(studies: dict[str, Scenario]) -> None:
    """Twice the claimed 2.5 % in a thousand replications is outside the band."""
    cell = Cell(TESTS, AA, "fixed horizon", "fixed_horizon", 0.0, None, "P" * 50 + "K" * 950)
    assert keeps(claim_of(studies[TESTS], "fixed horizon"), cell) is False
    assert not theory_agrees(0.025, cell, THEORY_ERROR)


def test_exact_theory_is_held_to_what_it_says(studies: dict[str, Scenario]) -> None:
    """What approximates nothing is allowed nothing: 4 of 1,000 is not 0, nor 996 of them 1."""
    exact = {"schedule", "Thompson", "staged canary", "Flagger, threshold 1", "Argo, 99 %, limit 1"}
    for scenario in studies.values():
        for rule in exact & set(scenario.policies):
            assert theory_error(scenario, rule) == 0.0, rule
    for scenario, rule in ((TESTS, "fixed horizon"), (TESTS, "SPRT"), ("rollouts_aa", "Kayenta")):
        assert theory_error(studies[scenario], rule) == THEORY_ERROR, rule
    few = Cell(TESTS, AA, "schedule", "manual_schedule", 0.0, None, "P" * 4 + "K" * 996)
    assert not theory_agrees(0.0, few, 0.0)
    assert theory_agrees(0.0, few, THEORY_ERROR)
    most = Cell(TESTS, AA, "schedule", "manual_schedule", 0.0, None, "P" * 996 + "K" * 4)
    assert not theory_agrees(1.0, most, 0.0)


def test_a_rare_count_is_judged_by_its_binomial_law() -> None:
    """One of 200 at a probability of .0004 is not a surprise (p = .08); three are (p = 8e-5)."""
    for count, agrees in ((1, True), (3, False)):
        cell = Cell(TESTS, AA, "rule", "kind", 0.0, None, "P" * count + "K" * (200 - count))
        assert stats.binom(200, 0.0004).sf(count - 1) == pytest.approx(
            0.077 if agrees else 8e-5, rel=0.1
        )
        assert theory_agrees(0.0004, cell, 0.0) == agrees


@pytest.mark.long
def test_the_page_counts_only_marks_that_are_drawn(cells: list[Cell], page: str) -> None:
    """Every cell is a mark of one panel, but for what a rule cannot see."""
    drawn = {(panel.scenario, rule) for panel in PANELS for rule in panel.rules}
    assert len(drawn) == sum(len(panel.rules) for panel in PANELS)
    assert drawn == {(cell.scenario, cell.rule) for cell in cells}
    unequal = [cell for cell in cells if cell.version != AA]
    marks = [cell for cell in unequal if cell.version != BLIND]
    assert f"of the {len(marks)} marks of unequal models" in page
    assert f"of the {len(unequal) - len(marks)} rates of the candidate that is less right" in page


def test_rules_with_one_look_or_none_have_no_more(cells: list[Cell]) -> None:
    """The safe rollout looks at every tick, and stands elsewhere."""
    (panel,) = [each for each in PANELS if each.title == "One look, or none"]
    kinds = {cell.kind for cell in cells if cell.rule in panel.rules}
    assert kinds == {"manual_schedule", "metric_majority", "fixed_horizon"}


def test_undecided_runs_are_shown_beside_promotions(cells: list[Cell], page: str) -> None:
    """Each row of the tables of equal models has its share of undecided runs."""
    for cell in cells:
        if cell.version == AA:
            (row,) = [line for line in page.splitlines() if line.startswith(f"| {cell.rule} |")]
            share = cell.count(Verdict.UNDECIDED) / len(cell.verdicts)
            assert row.split(" | ")[3] == plain(typeset.percent(share, 1))
