"""Through the simulator: honest routers pass the sample-ratio check, and a wrong one does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from simab.stats.sample_ratio import share_test_power
from validation.sample_ratio.probe import ALPHAS, Case, probe
from validation.sample_ratio.rates import (
    FAULTS,
    HONEST,
    RULES,
    last_look_power,
    play_ratio_rates,
    ratio_section,
    read_ratio_rates,
    rule_alarms,
)


@pytest.mark.long
@pytest.mark.parametrize("case", HONEST, ids=[case.name for case in HONEST])
def test_an_honest_router_alarms_in_at_most_alpha_of_the_runs(case: Case) -> None:
    """40 runs of each, at a level of 1e-4."""
    found = probe(case, 40, None)
    assert found.runs == 40
    for alpha in ALPHAS:
        assert found.alarms[alpha] <= stats.binom(40, alpha).isf(1e-4)


def test_a_router_that_splits_otherwise_alarms_as_often_as_the_last_look_says_or_more() -> None:
    """20 runs of 55 to 45: the power at the last look, by the binomial law, is a lower bound."""
    case = next(case for case in FAULTS if case.shares == (0.55,))
    found = probe(case, 20, None)
    for alpha in ALPHAS:
        least = last_look_power(round(found.assigned / 20), 0.55, 0.5, alpha)
        assert found.alarms[alpha] >= stats.binom(20, least).isf(1 - 1e-4) - 1


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_check_at_one_look_has_less_power_than_the_chi_square(alpha: float) -> None:
    """Evidence that holds at any look costs power at a look planned beforehand; both see 60/40."""
    for share in (0.51, 0.52, 0.53):
        chi_square = share_test_power(3_000, (1 - share, share), (0.5, 0.5), alpha=alpha)
        assert last_look_power(3_000, share, 0.5, alpha) < chi_square
    assert last_look_power(3_000, 0.6, 0.5, alpha) > 0.999
    assert last_look_power(3_000, 0.5, 0.5, alpha) <= alpha / 2


@pytest.mark.long
def test_no_rule_holds_a_candidate_for_an_honest_split() -> None:
    """20 runs of each router and rule, at a level of 1e-4."""
    rows = rule_alarms(None, 20)
    assert {row.case.split("`")[1] for row in rows} == set(RULES)
    assert [row for row in rows if row.alarms > stats.binom(20, row.alpha).isf(1e-4)] == []


@pytest.mark.long
def test_the_section_shows_every_router(tmp_path: Path) -> None:
    """One row each, with the counts in sample_ratio.csv."""
    play_ratio_rates(tmp_path, None, replications=2)
    rows = read_ratio_rates(tmp_path / "reports" / "policies" / "sample_ratio.csv")
    assert all(f"| {case.name} |" in ratio_section(rows) for case in (*HONEST, *FAULTS))
    assert len(rows) == len(ALPHAS) * (len(HONEST) + len(FAULTS) + 4 * len(RULES))
