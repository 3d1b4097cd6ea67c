"""The theory that measured rates are held against agrees with its sources, and so do the rates.

No simulated number is asserted: only theory, and that what is committed is consistent with it.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from claims import claim_of, keeps, theory_agrees
from expected_of_rollouts import check_failure, checks_passed_before
from expected_of_tests import looks_of, promotion_by_theory
from policy_cells import Cell, read_cells
from policy_page import theory_of
from policy_studies import AA, TESTS, load_studies
from scipy import stats

from simab.policies.catalogue import PolicyDescription
from simab.policies.naive_peeking import NaivePeeking
from simab.stats.sample_size import exact_power_two_proportions
from simab.theory.controllers import check_failure_probability, flagger_promotion_probability

STUDIES = load_studies()


@pytest.fixture(scope="module")
def cells(repository: Path) -> list[Cell]:
    """What is committed."""
    return read_cells(repository / "reports" / "policies" / "verdicts.csv")


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


def test_the_fixed_test_has_the_textbooks_power() -> None:
    """Normal theory at the labels of its look, against the power summed over all outcomes."""
    scenario = STUDIES[TESTS]
    theory = promotion_by_theory(scenario, "fixed horizon", 0.02)
    assert theory is not None
    labels = round(0.5 * 0.995 * 7500)  # the first tick with 3,600 an arm: 130 min, less 5
    power = exact_power_two_proportions(0.90, 0.92, labels, labels)
    assert theory == pytest.approx(power, abs=0.003)


def test_naive_peeking_has_the_price_of_its_looks() -> None:
    """Armitage, McPherson and Rowe: equal steps from the first look on would cost 26 % at 23."""
    scenario = STUDIES[TESTS]
    policy = scenario.policies["naive peeking"]
    assert isinstance(policy, NaivePeeking)
    looks = looks_of(scenario, policy)
    steps = {round(b - a, 6) for a, b in pairwise(looks)}
    assert len(steps) == 1
    theory = promotion_by_theory(scenario, "naive peeking", 0.0)
    assert theory is not None
    assert 0.0955 < theory < 0.13  # half of what 10 equal looks give, and less than half of 23's


def test_every_kind_of_policy_is_studied() -> None:
    """Add a new one to scenarios/policies_aa.yaml or scenarios/rollouts_aa.yaml."""
    union = PolicyDescription.__origin__  # type: ignore[attr-defined]
    kinds = {each.model_fields["kind"].default for each in union.__args__}
    studied = {policy.kind for study in STUDIES.values() for policy in study.policies.values()}
    assert studied == kinds


def test_every_rule_is_committed_with_enough_replications(cells: list[Cell]) -> None:
    """A thousand of two equal models give intervals of three points at most either way."""
    equal = {(cell.scenario, cell.rule): cell for cell in cells if cell.version == AA}
    assert set(equal) == {(name, rule) for name, s in STUDIES.items() for rule in s.policies}
    assert min(len(cell.verdicts) for cell in equal.values()) >= 1000


def test_committed_rates_are_what_theory_says(cells: list[Cell]) -> None:
    """Each cell for which there is theory, within four of its standard errors and half a point."""
    held = [(cell, theory_of(STUDIES, cell)) for cell in cells]
    away = [
        (cell.rule, cell.version, cell.share, theory)
        for cell, theory in held
        if theory is not None and not theory_agrees(theory, cell, standard_errors=4.0)
    ]
    assert away == []


def test_only_peeking_breaks_its_claim(cells: list[Cell]) -> None:
    """Every rule that promises a rate keeps it, but for the one that cannot."""
    broken = {
        cell.rule
        for cell in cells
        if cell.version == AA
        and keeps(claim_of(STUDIES[cell.scenario], cell.rule), cell, standard_errors=4.0) is False
    }
    assert broken == {"naive peeking"}


def test_a_rate_that_is_off_is_noticed() -> None:
    """Twice the claimed 2.5 % in a thousand replications is outside the band."""
    cell = Cell(TESTS, AA, "fixed horizon", "fixed_horizon", 0.0, None, "P" * 50 + "K" * 950)
    assert keeps(claim_of(STUDIES[TESTS], "fixed horizon"), cell) is False
    assert not theory_agrees(0.025, cell)
