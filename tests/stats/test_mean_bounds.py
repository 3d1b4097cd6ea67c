"""Where a mean over runs lies at all looks: by hand, and by how often it is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simab.errors import InvalidInput
from simab.stats.always_valid import confidence_sequence
from simab.stats.mean_bounds import MeanBounds, runs_until_apart
from simab.stats.share_bounds import largest_plausible_share


def test_runs_that_differ_have_a_confidence_sequence_and_what_none_has_shown() -> None:
    """Half of alpha for each: the sequence of 95 % on both sides is 2.5 % on one."""
    values = [400.0, 600.0] * 200
    found = MeanBounds.of(values, 1000.0, alpha=0.05)
    deviation = float(np.std(values, ddof=1))
    sequence = confidence_sequence(500.0, deviation, 400, target_count=500, level=0.95)
    unseen = largest_plausible_share(0, 400, alpha=0.025)
    assert found.mean == 500.0
    assert found.low == pytest.approx(sequence.low)
    assert found.high == pytest.approx(sequence.high + unseen * 400.0)


def test_runs_all_alike_may_still_differ() -> None:
    """The share of runs that differ, bounded exactly, times all that one may cost."""
    share = largest_plausible_share(0, 200)
    found = MeanBounds.of([3.0] * 200, 1000.0)
    assert (found.mean, found.low, found.high) == (
        3.0,
        pytest.approx(3.0 * (1 - share)),
        pytest.approx(3.0 + share * 997.0),
    )
    assert MeanBounds.of([0.0] * 5, 0.0).high == 0.0


@pytest.mark.parametrize("rare", [0.005, 0.02])
def test_a_rare_catastrophe_does_not_pass(rare: float) -> None:
    """Runs cost about 1,000, and one in 200 (or 50) costs 288,000; the bound is below the mean."""
    draw = np.random.Generator(np.random.Philox(key=[5, int(1000 * rare)]))
    mean, samples, runs = 1000.0 * (1 - rare) + 288_000.0 * rare, 400, 200
    wrong = 0
    for _ in range(samples):
        costly = draw.random(runs) < rare
        values = np.where(costly, 288_000.0, draw.uniform(800.0, 1200.0, runs))
        wrong += MeanBounds.of(values.tolist(), 288_000.0).high <= 0.9 * mean
    assert wrong <= stats.binom(samples, 0.025).isf(1e-4)


@pytest.mark.parametrize("law", ["uniform", "exponential"])
@pytest.mark.long
def test_it_is_wrong_at_eight_looks_together_as_rarely_as_said(law: str) -> None:
    """From 50 runs on, 2.5 % a side at most; costs up to twenty times their mean."""
    draw = np.random.Generator(np.random.Philox(key=[9, len(law)]))
    samples, looks = 300, (50, 100, 150, 200, 300, 400, 600, 800)
    below = above = 0
    for _ in range(samples):
        drawn = draw.random(looks[-1]) * 2 if law == "uniform" else draw.exponential(1.0, looks[-1])
        values = np.minimum(drawn, 20.0)
        found = [MeanBounds.of(values[:count].tolist(), 20.0) for count in looks]
        below += any(each.high < 1.0 - 3e-9 for each in found)
        above += any(each.low > 1.0 for each in found)
    most = stats.binom(samples, 0.025).isf(1e-4)
    assert below <= most
    assert above <= most


@pytest.mark.parametrize(
    ("values", "most", "bound"),
    [([0.0] * 200, 288_000.0, 5000.0), ([400.0, 600.0] * 20, 1000.0, 520.0)],
)
def test_runs_until_apart_are_enough_and_not_far_too_many(
    values: list[float], most: float, bound: float
) -> None:
    """Runs that go on alike are told apart there, and not at a half of it."""
    needed = runs_until_apart(values, most, bound)
    assert needed is not None

    def known(runs: int) -> bool:
        alike = (values * (runs // len(values) + 1))[:runs]
        return MeanBounds.of(alike, most).high <= bound

    assert known(needed)
    assert not known(needed // 2)
    assert runs_until_apart([400.0, 600.0] * 20, 1000.0, 500.0) is None


def test_values_out_of_range_are_refused() -> None:
    for values, most in (([], 1.0), ([2.0], 1.0), ([-1.0], 1.0)):
        with pytest.raises(InvalidInput):
            MeanBounds.of(values, most)
