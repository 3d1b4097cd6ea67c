"""The race of successes: every sequence counted, Miller's table, what is refused."""

from __future__ import annotations

import itertools

import pytest

from simab.errors import InvalidInput
from tests.oracles.success_race import race_lead, race_verdict, race_win_probability


@pytest.mark.parametrize("share", [0.5, 0.35, 0.6])
@pytest.mark.parametrize(("limit", "lead"), [(9, 3), (10, 3), (10, 4), (7, 7), (8, 7), (1, 1)])
def test_every_sequence_counted(limit: int, lead: int, share: float) -> None:
    """All 2^limit orders of successes, each with its probability, played by the rule itself."""
    total = 0.0
    for order in itertools.product((1, 0), repeat=limit):
        verdicts = [
            race_verdict(n - sum(order[:n]), sum(order[:n]), limit=limit, lead=lead)
            for n in range(1, limit + 1)
        ]
        if "b" in verdicts:
            total += share ** sum(order) * (1 - share) ** (limit - sum(order))
    assert race_win_probability(limit, lead, share=share) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(
    ("limit", "lead", "error"),
    [(100, 20, 0.04604), (400, 40, 0.04564), (808, 57, 0.04487), (2_922, 106, 0.04991)],
)
def test_the_published_rule(limit: int, lead: int, error: float) -> None:
    """Evan Miller 2015: a lead of 2 sqrt(N) errs in at most 5 % of the tests, one-sided."""
    assert race_win_probability(limit, lead) == pytest.approx(error, abs=6e-6)
    assert race_lead(limit) <= lead


def test_the_smallest_lead() -> None:
    """It keeps alpha, and one less would not."""
    for limit in (5, 20, 333):
        lead = race_lead(limit, alpha=0.05)
        assert race_win_probability(limit, lead) <= 0.05 < race_win_probability(limit, lead - 1)


def test_leads_and_shares_at_the_border() -> None:
    """A lead beyond the limit is never reached, one of share 1 always, one of share 0 never."""
    assert race_win_probability(5, 6) == 0.0
    assert race_win_probability(5, 5, share=1.0) == 1.0
    assert race_win_probability(5, 1, share=0.0) == 0.0
    assert race_verdict(3, 7, limit=10, lead=5) == "none"
    assert race_verdict(3, 8, limit=10, lead=5) == "b"
    assert race_verdict(3, 6, limit=10, lead=5) == "continue"


def test_bad_rules_are_refused() -> None:
    """No success to wait for, a count below 0, or a limit too short for any lead."""
    with pytest.raises(InvalidInput, match="lead = 0"):
        race_win_probability(10, 0)
    with pytest.raises(InvalidInput, match="successes_a = -1"):
        race_verdict(-1, 0, limit=5, lead=2)
    with pytest.raises(InvalidInput, match="limit = 4: must be larger"):
        race_lead(4, alpha=0.05)
