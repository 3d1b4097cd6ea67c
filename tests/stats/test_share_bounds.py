"""A share against its bound, at any count of trials: by integration, by hand and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simab.errors import InvalidInput
from simab.stats.share_bounds import (
    evidence,
    is_beyond,
    largest_plausible_share,
    trials_to_tell,
)


@pytest.mark.parametrize(
    ("successes", "trials", "bound"), [(3, 20, 0.3), (18, 20, 0.6), (0, 9, 0.1)]
)
@pytest.mark.parametrize("above", [True, False])
def test_evidence_is_the_integral_of_the_likelihood(
    successes: int, trials: int, bound: float, above: bool
) -> None:
    """Numerical integration of q^x (1 - q)^(n - x) over one side, uniform there."""
    ends = (bound, 1.0) if above else (0.0, bound)
    inside, _ = integrate.quad(
        lambda q: q**successes * (1 - q) ** (trials - successes), *ends, epsabs=0, epsrel=1e-12
    )
    at_bound = bound**successes * (1 - bound) ** (trials - successes)
    expected = math.log(inside / (ends[1] - ends[0]) / at_bound)
    assert evidence(successes, trials, bound, above=above) == pytest.approx(expected, abs=1e-9)


def test_no_success_in_closed_form() -> None:
    """(1 - (1-b)^(n+1)) / ((n+1) b (1-b)^n): 105 trials are the least that tell of 5 %."""
    n, b = 104, 0.05
    ratio = (1 - (1 - b) ** (n + 1)) / ((n + 1) * b * (1 - b) ** n)
    assert evidence(0, n, b, above=False) == pytest.approx(math.log(ratio), abs=1e-12)
    assert not is_beyond(0, n, b, above=False)
    assert is_beyond(0, n + 1, b, above=False)
    assert trials_to_tell(0.0, b) == n + 1


@pytest.mark.parametrize("bound", [0.01, 0.05, 0.5, 0.8])
@pytest.mark.parametrize("above", [True, False])
def test_it_is_wrong_at_any_time_at_most_as_often_as_said(bound: float, above: bool) -> None:
    """4,000 sequences at the bound, each looked at eleven times up to 1,500 trials."""
    alpha, sequences = 0.025, 4_000
    looks = (1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1500)
    draw = np.random.Generator(np.random.Philox(key=[7, int(1000 * bound) + above]))
    counts = (draw.random((sequences, looks[-1])) < bound).cumsum(axis=1)
    wrong = np.zeros(sequences, bool)
    for trials in looks:
        known = [is_beyond(x, trials, bound, above=above) for x in range(trials + 1)]
        wrong |= np.array(known)[counts[:, trials - 1]]
    assert 0 < wrong.sum() <= stats.binom(sequences, alpha).isf(1e-6)


def test_the_expected_evidence_at_the_bound_is_one_after_every_trial() -> None:
    """What Ville's inequality rests on, summed exactly over all outcomes."""
    for above in (True, False):
        for trials in (1, 7, 40):
            counts = range(trials + 1)
            ratios = [math.exp(evidence(x, trials, 0.2, above=above)) for x in counts]
            mean = math.fsum(stats.binom(trials, 0.2).pmf(counts) * ratios)
            assert mean == pytest.approx(1.0, abs=1e-10)


def test_trials_to_tell_have_the_power_that_is_said() -> None:
    """Played: at the count the share is told in about 80 % of samples, at half of it in fewer."""
    share, bound = 0.02, 0.05
    needed = trials_to_tell(share, bound)
    assert needed is not None
    draw = np.random.Generator(np.random.Philox(key=[3, 1]))

    def told(trials: int) -> float:
        found = draw.binomial(trials, share, 3_000)
        return float(np.mean([is_beyond(int(x), trials, bound, above=False) for x in found]))

    assert told(needed) == pytest.approx(0.8, abs=0.06)  # counts are whole numbers
    assert told(needed // 2) < 0.6
    assert trials_to_tell(bound, bound) is None


def test_the_largest_plausible_share_is_where_evidence_begins() -> None:
    for successes, trials in ((0, 50), (3, 200), (50, 60)):
        bound = largest_plausible_share(successes, trials)
        assert is_beyond(successes, trials, bound + 1e-9, above=False)
        assert not is_beyond(successes, trials, bound - 1e-6, above=False)
    assert largest_plausible_share(0, 0) == 1.0
    assert largest_plausible_share(5, 5) == 1.0


def test_impossible_counts_and_bounds_are_refused() -> None:
    with pytest.raises(InvalidInput):
        evidence(3, 2, 0.5, above=True)
    with pytest.raises(InvalidInput):
        evidence(1, 2, 1.0, above=True)
    with pytest.raises(InvalidInput, match="share"):
        trials_to_tell(1.5, 0.5)
